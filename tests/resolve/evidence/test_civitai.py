"""Claims from a Civitai version."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from modelaudit.domain.refs import civitai
from modelaudit.domain.times import parse_time
from modelaudit.domain.words import GapReason
from modelaudit.resolve.extractor import extract
from tests.resolve.evidence import document, read, short
from tests.shared import shared

LATER = parse_time("2022-12-21T00:00:00Z")
REF = civitai(10, 20)


def body(
    version: dict[str, Any], kind: object = "LORA", created: object = LATER, **model: object
) -> dict[str, Any]:
    return {
        "model": {"type": kind, **model},
        "version": version,
        "files": [],
        "created": created,
        "detailed": True,
    }


@pytest.mark.parametrize(
    ("kind", "relation"),
    [
        ("Checkpoint", "finetune"), ("LORA", "adapter"), ("LoCon", "adapter"), ("DoRA", "adapter"),
        ("TextualInversion", "adapter"), ("Hypernetwork", "adapter"), ("Controlnet", "adapter"),
        ("AestheticGradient", "adapter"), ("MotionModule", "adapter"), ("VAE", "component"),
        ("TextEncoder", "component"), ("CLIP", "component"), ("CLIPVision", "component"),
        ("Poses", None), ("Workflows", None), ("Upscaler", None), (None, None), (["LORA"], None),
    ],
)  # fmt: skip
def test_the_type_decides_the_relation(kind: object, relation: str | None) -> None:
    claims, _ = read("civitai.version", body({"baseModel": "SD 1.5"}, kind), model=REF)
    expected = [("civitai-base:SD 1.5", relation, "declared", "/version/baseModel")]
    assert short(claims) == (expected if relation else [])


def test_a_checkpoint_that_the_platform_calls_a_merge_is_one() -> None:
    item = body({"baseModel": "SD 1.5"}, "Checkpoint", checkpointType="Merge")
    assert [c.relation.word for c in read("civitai.version", item, model=REF)[0]] == ["merge"]


@pytest.mark.parametrize(
    ("created", "grade"),
    [(LATER, "declared"), ((LATER or 0) - 1, "hinted"), (None, "hinted"), ("2024", "hinted")],
)
def test_labels_from_before_the_bulk_change_are_hints(created: object, grade: str) -> None:
    claims, _ = read("civitai.version", body({"baseModel": "SD 1.5"}, created=created), model=REF)
    assert [claim.grade.word for claim in claims] == [grade]


@pytest.mark.parametrize(
    ("label", "parents", "gaps"),
    [
        ("SDXL 1.0", ["civitai-base:SDXL 1.0"], []),
        ("MiniMax", ["civitai-base:MiniMax H3"], []),
        ("Other", [], []),
        ("Upscaler", [], []),
        ("", [], []),
        (None, [], []),
        ("ACE-Step", ["civitai-base:ACE-Step"], [GapReason.UNMAPPED]),
        ("SD\x001.5", [], [GapReason.MALFORMED]),
        ("\ud800", [], [GapReason.MALFORMED]),
        ("x" * 101, [], [GapReason.MALFORMED]),
        (["SD 1.5"], [], [GapReason.MALFORMED]),
    ],
)
def test_labels(label: object, parents: list[str], gaps: list[GapReason]) -> None:
    claims, found = read("civitai.version", body({"baseModel": label}), model=REF)
    assert [claim.parent for claim in claims] == parents
    assert [gap.reason for gap in found] == gaps


def trained(details: object, kind: str = "LORA") -> list[tuple[str, str, str, str]]:
    item = body({"trainingDetails": details}, kind)
    return short(read("civitai.version", item, only="civitai-training", model=REF)[0])


@pytest.mark.parametrize(
    ("base", "parent"),
    [
        ("sd_1_5", "civitai:127227@139180"),
        ("pony", "civitai:257749@290640"),
        ("hy_720_fp8", "civitai-base:Hunyuan Video"),
        ("boogu", "hf:Boogu/Boogu-Image-0.1-Base"),
        ("civitai:4384@128713", "civitai:4384@128713"),
        ("urn:air:sdxl:checkpoint:civitai:101055@128078", "civitai:101055@128078"),
    ],
)
def test_the_trainer_records_the_exact_checkpoint(base: str, parent: str) -> None:
    at = "/version/trainingDetails/baseModel"
    assert trained({"baseModel": base}) == [(parent, "adapter", "recorded", at)]


@pytest.mark.parametrize("details", [None, [], "x", {"baseModel": 5}, {"baseModel": "tomorrow"}])
def test_training_details_that_name_nothing_make_no_claim(details: object) -> None:
    assert trained(details) == []


def test_a_list_that_leaves_the_training_out_says_nothing_about_it() -> None:
    item = body({"trainingDetails": {"baseModel": "sd_1_5"}})
    assert "civitai-training" in extract(document("civitai.version", item, REF)).covered
    del item["detailed"]
    assert "civitai-training" not in extract(document("civitai.version", item, REF)).covered


def test_a_continued_training_comes_from_the_earlier_model() -> None:
    version = json.loads(shared("civitai/bodies/synthetic_version_trained.json").read_text())
    model = civitai(version["modelId"], version["id"])
    claims, _ = read("civitai.version", body(version), only="civitai-training", model=model)
    assert short(claims) == [
        ("civitai:4384@128713", "adapter", "recorded", "/version/trainingDetails/baseModel"),
        ("civitai:900001@900011", "finetune", "recorded",
         "/version/trainingDetails/params/continueFrom"),
    ]  # fmt: skip


LINK = '<a rel="merged" href="https://civitai.com/models/7/a-merge-of-mixes">there</a>'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"<p>This is a merge of {LINK}</p>", [("civitai:7", "merge")]),
        ("<p>Mix of <b>https://huggingface.co/x/y</b>.", [("hf:x/y", "merge")]),
        ("trained on https://huggingface.co/x/y, nice", [("hf:x/y", "finetune")]),
        ("Based&nbsp;on https://huggingface.co/x/y", [("hf:x/y", "finetune")]),
        (f"No word. {LINK} {LINK}", []),
        (f"A merge. See also {LINK}", []),
        (f"merge {'x' * 300} {LINK}", []),
        ("merge of https://civitai.com/models/10?modelVersionId=20", []),
        ("merge of https://civitai.com/models/10", []),
        ("merge of https://civitai.com/models/10?modelVersionId=19", [("civitai:10@19", "merge")]),
        ("merge of https://example.org/x/y and https://huggingface.co/x", []),
        ("merge of https://huggingface.co/datasets/x/y", [("dataset:x/y", "trained-on")]),
        (5, []),
    ],
)
def test_links_count_with_a_word_before_them(text: object, expected: list[tuple[str, str]]) -> None:
    claims, _ = read("civitai.version", body({"description": text}), model=REF)
    assert [(claim.parent, claim.relation.word) for claim in claims] == expected
    assert {claim.grade.word for claim in claims} <= {"hinted"}
    assert {claim.locator for claim in claims} <= {"/model/description", "/version/description"}
    assert all(claim.excerpt and claim.excerpt in str(text) for claim in claims)


def test_every_recorded_version_is_read() -> None:
    items = json.loads(shared("civitai/bodies/models_2023-07.json").read_text())["items"]
    for item in items:
        for version in item["modelVersions"]:
            record = {"model": item, "version": version, "created": LATER}
            ref = civitai(item["id"], version["id"])
            claims, gaps = read("civitai.version", record, model=ref)
            labels = [claim for claim in claims if claim.extractor == "civitai-label"]
            informative = item["type"] != "Poses" and version["baseModel"] != "Other"
            assert not gaps
            assert len(labels) == informative
            assert not any(claim.parent in (ref, f"civitai:{item['id']}") for claim in claims)


def test_every_label_of_the_recorded_crawl_is_known() -> None:
    path = shared("civitai/civitai_2023-07_facts.half.jsonl.gz")
    labels = set()
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            labels |= {version["bm"] for version in json.loads(line)["v"]}
    gaps = [
        gap for label in labels for gap in read("civitai.version", body({"baseModel": label}))[1]
    ]
    assert len(labels) > 5
    assert not gaps
