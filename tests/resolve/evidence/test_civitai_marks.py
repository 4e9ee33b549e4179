"""Marks that Civitai sets on models: claims that lead to no parent."""

from __future__ import annotations

import json
from typing import Any

import pytest

from modelaudit.domain.refs import civitai
from modelaudit.resolve.extractor import extract
from tests.resolve.evidence import document, read, short
from tests.shared import shared

REF = civitai(10, 20)
MARKS = ("civitai-flags", "civitai-minor")


def marks(**model: object) -> list[tuple[str, str, str, str, str | None]]:
    claims, gaps = read("civitai.version", {"model": model, "version": {}}, model=REF)
    assert not gaps
    return [
        (*row, claim.excerpt)
        for row, claim in zip(short(claims), claims, strict=True)
        if claim.extractor in MARKS
    ]


def test_each_mark_that_is_set_is_a_claim_of_its_own() -> None:
    assert marks(poi=True, minor=True, mode="TakenDown") == [
        ("civitai-flag:poi", "listed", "recorded", "/model/poi", "poi: true"),
        ("civitai-flag:mode:TakenDown", "listed", "recorded", "/model/mode", "mode: TakenDown"),
        ("civitai-flag:minor", "listed", "recorded", "/model/minor", "minor: true"),
    ]


def test_a_mark_on_what_is_meant_for_adults_says_so() -> None:
    assert [row[-1] for row in marks(poi=True, minor=True, nsfw=True)] == [
        "poi: true, nsfw: true", "minor: true, nsfw: true",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "model",
    [
        {}, {"poi": False, "minor": False, "mode": None}, {"poi": "true"}, {"poi": 1},
        {"minor": ["x"]}, {"mode": "Sleeping"}, {"mode": {"TakenDown": 1}}, {"mode": ["TakenDown"]},
    ],
)  # fmt: skip
def test_what_is_not_set_is_no_mark(model: dict[str, Any]) -> None:
    assert marks(**model) == []


@pytest.mark.parametrize(
    ("model", "spoken"),
    [
        ({"poi": False, "minor": False}, set(MARKS)),
        ({"poi": False}, {"civitai-flags"}),
        ({"mode": "Archived"}, {"civitai-flags"}),
        ({"name": "x"}, set()),
    ],
)
def test_a_record_without_the_field_says_nothing_about_it(
    model: dict[str, Any], spoken: set[str]
) -> None:
    found = extract(document("civitai.version", {"model": model, "version": {}}, REF))
    assert set(found.covered) & set(MARKS) == spoken


def test_the_recorded_marks_are_read() -> None:
    items = json.loads(shared("civitai/bodies/models_2023-07.json").read_text())["items"]
    found = {}
    for item in items:
        body = {"model": item, "version": item["modelVersions"][0]}
        claims, _ = read("civitai.version", body, only="civitai-flags", model=REF)
        found[item["id"]] = {claim.parent.partition(":")[2] for claim in claims}
    assert found[20865] == {"mode:Archived"} and found[11367] == {"mode:TakenDown"}
    assert {number for number, flags in found.items() if "poi" in flags} == {
        item["id"] for item in items if item["poi"]
    }
