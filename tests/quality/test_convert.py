import json
from collections import Counter

import pytest

from modelaudit.crawl.pacing import sleep
from modelaudit.crawl.registry import open_platforms
from modelaudit.crawl.sources import parse_source
from modelaudit.domain.words import GapReason
from tests.quality import convert, make_example
from tests.shared import shared


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    out = tmp_path_factory.mktemp("recorded") / "recorded.jsonl"
    return out, convert.convert(out)


@pytest.fixture(scope="module")
def pages(recorded):
    platforms = open_platforms(offline=True, wait=sleep)
    (source,) = parse_source(f"catalogue:{recorded[0]}")
    try:
        return list(platforms["catalogue"].list(source, None))
    finally:
        platforms.close()


def test_every_recorded_item_becomes_a_line(recorded):
    assert recorded[1] == {
        "civitai_horde": 58,
        "civitai_facts": 8991,
        "civitai_bodies": 26,
        "hub_models": 22,
        "hub_cards": 73 + 28,
        "hub_listings": 20,
        "hub_mess": 20 + 2,
        "hub_odd": 40,
    }


def test_converting_again_gives_the_same_bytes(recorded, tmp_path):
    convert.convert(tmp_path / "again.jsonl")
    assert (tmp_path / "again.jsonl").read_bytes() == recorded[0].read_bytes()


def test_facts_put_back_in_the_api_shape_agree_with_the_recorded_answers():
    bodies = {
        body["id"]: body
        for body in json.loads(shared("civitai/bodies/models_2023-07.json").read_bytes())["items"]
    }
    compared = 0
    for line in convert.civitai_facts():
        model = line["record"]
        if model["id"] in bodies:
            assert summary(model) == summary(bodies[model["id"]])
            compared += 1
    assert compared == 23


def summary(model):
    return {
        "kind": (model["type"], model["poi"], model["nsfw"], model.get("mode")),
        "versions": {
            version["id"]: (
                version["baseModel"],
                version["createdAt"][:10],
                Counter(
                    (
                        file["type"],
                        file["hashes"].get("SHA256"),
                        file["hashes"].get("AutoV1"),
                        file["metadata"].get("format"),
                    )
                    for file in version["files"]
                    if file["type"] in ("Model", "Pruned Model", "VAE")
                ),
            )
            for version in model["modelVersions"]
        },
    }


def test_the_platforms_read_every_recorded_line(recorded, pages):
    malformed = [
        gap.detail for page in pages for gap in page.gaps if gap.reason is GapReason.MALFORMED
    ]
    assert malformed == []
    refs = {record.model.ref for page in pages for record in page.records}
    counts = Counter(ref.partition(":")[0] for ref in refs)
    lines = [json.loads(text) for text in recorded[0].read_bytes().splitlines()]
    versions = {
        version["id"]
        for line in lines
        if line["platform"] == "civitai"
        for version in line["record"].get("modelVersions", [line["record"]])
    }
    assert counts["civitai"] == len(versions) > 13_782
    assert counts["hf"] == 22 + 73 + 20 + 20 + 40
    texts = Counter(document.kind for page in pages for document in page.documents)
    assert texts == {"card": 28 + 2}


def test_digests_of_the_listings_are_files_of_their_repositories(pages):
    owners: dict[str, set[str]] = {}
    for page in pages:
        for record in page.records:
            for file in record.files or ():
                if record.model.ref.startswith("hf:") and file.sha256:
                    owners.setdefault(file.sha256, set()).add(record.model.ref)
    shared_by = {frozenset(refs) for refs in owners.values() if len(refs) > 1}
    assert shared_by >= {
        frozenset({"hf:meta-llama/Llama-3.2-3B-Instruct", "hf:unsloth/Llama-3.2-3B-Instruct"}),
        frozenset(
            {
                "hf:context-labs/Meta-Llama-3.1-8B-Instruct-FP16",
                "hf:meta-llama/Llama-3.1-8B-Instruct",
                "hf:unsloth/Llama-3.1-8B-Instruct",
                "hf:unsloth/Meta-Llama-3.1-8B-Instruct",
            }
        ),
    }


def test_the_shipped_example_is_what_the_recorded_data_gives():
    assert make_example.rendered().encode() == make_example.EXAMPLE.read_bytes()


def test_the_shipped_example_is_small_and_shows_no_images_or_descriptions():
    text = make_example.EXAMPLE.read_bytes()
    assert len(text) < 1_000_000
    for key in (b'"images"', b'"description"', b'"meta"'):
        assert key not in text


def test_what_is_invented_says_so(recorded):
    real = {json.loads(text)["record"].get("id") for text in recorded[0].read_bytes().splitlines()}
    listed = {
        found["id"]
        for model in json.loads(shared("blocklist/models.json").read_bytes())["models"]
        for place in ("repos", "rehosts")
        for found in model.get(place, {}).get("huggingface", ())
    }
    listed |= {
        entry["repo"]
        for entry in json.loads(shared("blocklist/hashes.json").read_bytes())["entries"]
    }
    for text in make_example.EXAMPLE.read_bytes().splitlines():
        line = json.loads(text)
        number = line["record"].get("id")
        if line["platform"] == "civitai":
            assert number in real or number >= 2_000_000_000
            creator = line["record"].get("creator", {"username": "example-"})["username"]
            assert creator.startswith("example-")
        elif number:
            assert number in real | listed or number.startswith("example-")
