"""Claims from a list record of the Hub."""

from __future__ import annotations

import json

import pytest

from modelaudit.domain.refs import hf
from tests.resolve.evidence import AT, CHILD, read, short
from tests.shared import shared

RECORD = {
    "tags": ["lora", "dataset:acme/set", "base_model:acme/root", "base_model:adapter:acme/root"],
    "baseModels": {"relation": "adapter", "models": [{"_id": "6" * 24, "id": "acme/root"}]},
    "cardData": {"base_model": "acme/root", "datasets": ["acme/set", "gsm8k"]},
}


def test_one_record_gives_one_claim_per_source_and_parent() -> None:
    claims, gaps = read("hf.record", RECORD)
    assert not gaps
    assert sorted((c.extractor, *line) for c, line in zip(claims, short(claims), strict=True)) == [
        ("hub-base-models", "hf:acme/root", "adapter", "declared", "/baseModels/models/0"),
        ("hub-card", "hf:acme/root", "adapter", "declared", "/cardData/base_model"),
        ("hub-datasets", "dataset:acme/set", "trained-on", "declared", "/tags/1"),
        ("hub-datasets", "dataset:gsm8k", "trained-on", "declared", "/cardData/datasets/1"),
        ("hub-tags", "hf:acme/root", "adapter", "declared", "/tags/3"),
    ]
    assert {c.parent_stable_id for c in claims if c.extractor == "hub-base-models"} == {"6" * 24}
    assert {(c.child, c.observed, c.excerpt) for c in claims} == {(CHILD, AT, None)}


@pytest.mark.parametrize("key", ["base_model", "Base_model", "base model", "base-model"])
def test_the_key_is_read_in_any_spelling(key: str) -> None:
    claims, _ = read("hf.record", {"cardData": {key: ["x/y"]}})
    assert short(claims) == [("hf:x/y", "finetune", "declared", f"/cardData/{key}/0")]


@pytest.mark.parametrize(
    ("card", "tags", "relation"),
    [
        ({"base_model": "x/y"}, [], "finetune"),
        ({"base_model": "x/y", "base_model_relation": "quantized"}, [], "quantized"),
        ({"base_model": "x/y", "base_model_relation": "distilled"}, [], "distilled"),
        ({"base_model": "x/y", "base_model_relation": "remix"}, [], "finetune"),
        ({"base_model": "x/y", "base_model_relation": ["merge"]}, [], "finetune"),
        ({"base_model": ["x/y", "x/z"]}, ["merge"], "merge"),
        ({"base_model": ["x/y", "x/z"], "tags": ["merge"]}, [], "merge"),
        ({"base_model": ["x/y"]}, ["merge"], "finetune"),
        ({"base_model": ["x/y", "x/z"]}, [], "finetune"),
        ({"base_model": "x/y"}, ["base_model:quantized:x/y"], "quantized"),
        ({"base_model": "datasets/x/y"}, [], "trained-on"),
    ],
)
def test_the_card_says_or_the_hub_infers_the_relation(
    card: dict[str, object], tags: list[str], relation: str
) -> None:
    claims, _ = read("hf.record", {"cardData": card, "tags": tags}, only="hub-card")
    assert {claim.relation.word for claim in claims} == {relation}


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        (["base_model:x/y"], [("hf:x/y", "finetune", "declared", "/tags/0")]),
        (["base_model:x/y", "base_model:quantized:x/y"],
         [("hf:x/y", "quantized", "declared", "/tags/1")]),
        (["base_model:merge:x/y", "base_model:merge:x/z"],
         [("hf:x/y", "merge", "declared", "/tags/0"), ("hf:x/z", "merge", "declared", "/tags/1")]),
        (["base_model:adapter:C:\\u\\models--x--y\\snapshots\\1"],
         [("hf:x/y", "adapter", "declared", "/tags/0")]),
        (["base_model:adapter:/root/models/thing-7b"],
         [("hf:thing-7b", "adapter", "hinted", "/tags/0")]),
        (["base_model:https://hf.co/x/y"], [("hf:x/y", "finetune", "declared", "/tags/0")]),
        (["base_model:merge:datasets/x/y", "base_model:adapter:datasets/x/y"],
         [("dataset:x/y", "trained-on", "declared", "/tags/0")]),
        (["base_model:", "base_model:merge:", "base_model::", 5, None], []),
        (["base_model:acme/Child"], []),
    ],
)  # fmt: skip
def test_tags(tags: list[object], expected: list[tuple[str, str, str, str]]) -> None:
    assert short(read("hf.record", {"tags": tags})[0]) == expected


def test_what_was_written_is_quoted_where_it_differs_from_the_parent() -> None:
    claims, _ = read("hf.record", {"cardData": {"base_model": [" x/y ", "https://hf.co/x/z"]}})
    assert [claim.excerpt for claim in claims] == [None, "https://hf.co/x/z"]


def test_a_stable_id_is_only_taken_in_the_hubs_own_form() -> None:
    models = [{"_id": "<script>", "id": "x/y"}, {"_id": 5, "id": "x/z"}, {"id": 5}, None]
    claims, _ = read("hf.record", {"baseModels": {"relation": None, "models": models}})
    assert [(c.parent, c.parent_stable_id) for c in claims] == [("hf:x/y", None), ("hf:x/z", None)]


def test_odd_records_lose_nothing_that_their_tags_say() -> None:
    lines = shared("huggingface/synthetic_odd_records.jsonl").read_text(encoding="utf-8")
    for line in lines.splitlines():
        record = json.loads(line)["record"]
        claims, gaps = read("hf.record", record, only="hub-tags", model=hf("acme/odd"))
        assert not gaps
        expected = ["hf:acme/root"] if record["tags"] else []
        assert [claim.parent for claim in claims] == expected
        assert all(c.parent != c.child for c in read("hf.record", record, model=hf("acme/odd"))[0])


def test_a_recorded_list_gives_the_parents_that_the_hub_resolved() -> None:
    page = json.loads(shared("huggingface/lists/list_expand_baseModels_2026-10.json").read_text())
    named = {
        record["id"]: [model["id"] for model in record["baseModels"]["models"]]
        for record in page
        if "baseModels" in record
    }
    assert named
    for record in page:
        claims, _ = read("hf.record", record, model=hf(record["id"]))
        assert [c.parent for c in claims] == [hf(i) for i in named.get(record["id"], [])]
