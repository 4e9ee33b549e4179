"""Entries as they are drafted: ids, what is left open, what is listed already."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from modelaudit.check.drafting import Handles, Stated, entry, listed_already, new_id
from modelaudit.domain.model import File
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.words import Component

TODAY = date(2026, 11, 28)
HF = ModelRef("hf:acme/dream")
FILE = File(path="a.safetensors", size=7, sha256="a" * 64, component=Component.UNET)
KNOWN = Handles(models=(HF,), files=(FILE,), tainted=(Component.UNET,), pages=("https://a.b/c",))
SOURCE = {"url": "https://example.org", "kind": "primary", "where": "", "summary": ""}


def drafted(head: dict[str, Any], stated: Stated = Stated(), known: Handles = KNOWN) -> Any:  # noqa: B008 - frozen
    return entry({"id": "own", **head}, "own/dream", "Dream", stated, known, TODAY)


@pytest.mark.parametrize(
    ("name", "private", "id"),
    [
        ("Dream Shaper XL (v2.1)", False, "own/dream-shaper-xl-v2.1"),
        ("Dream", False, "own/dream-3"),
        ("夢", False, "own/entry"),
        ("../..", False, "own/entry"),
        ("x" * 200, False, f"own/{'x' * 71}"),
        ("Dream", True, "own/entry-1"),
    ],
)
def test_an_id_follows_from_a_name(name: str, private: bool, id: str) -> None:
    assert new_id("own", name, {"own/dream", "own/dream-2"}, private=private) == id


def test_without_evidence_it_is_an_unverified_draft() -> None:
    made = drafted({})
    assert (made["status"], made["claim"]["confidence"]) == ("draft", "unverified")
    assert made["claim"]["relation"] == "is"
    assert "policy" not in made
    assert made["review_by"] == "2027-05-27"
    (digests,) = made["evidence"]
    assert (digests["url"], digests["supports"]) == ("https://a.b/c", ["files"])
    assert made["match"]["files"][0].keys() == {"sha256", "name", "size", "component"}


def test_evidence_makes_it_act() -> None:
    made = drafted({}, Stated(evidence=SOURCE, of=("dataset:a/b",)))
    assert (made["status"], made["claim"]["confidence"]) == ("active", "declared")
    assert made["claim"]["relation"] == "trained-on"
    assert made["evidence"][0] == {
        "url": "https://example.org", "kind": "primary", "retrieved": "2026-11-28",
        "supports": ["claim"],
    }  # fmt: skip
    assert drafted({}, Stated(of=("own/base",)))["claim"]["relation"] == "derived-from"


def test_defaults_of_the_list_are_left_to_it_unless_they_are_too_much() -> None:
    assert "policy" not in drafted({"defaults": {"policy": "note"}})
    assert drafted({"defaults": {"policy": "take-down"}})["policy"] == "review"
    acting = drafted({"defaults": {"policy": "take-down"}}, Stated(evidence=SOURCE))
    assert "policy" not in acting
    assert drafted({"kind": "allow"})["policy"] == "none"
    assert "review_by" not in drafted({"defaults": {"review_by": "2027-01-01"}})
    assert "review_by" in drafted({"defaults": {"review_by": "2026-11-01"}})


def test_what_kind_it_is_follows_from_what_it_is_known_by() -> None:
    assert drafted({})["kind"] == "model"
    assert drafted({}, known=Handles(files=(FILE,), tainted=(Component.UNET,)))["kind"] == "file"
    assert drafted({}, known=Handles(models=(HF,), tainted=(Component.VAE,)))["kind"] == "component"


def test_digests_of_nothing_are_left_out() -> None:
    file = File(path="a", sha256="a" * 64, autov1="e3b0c442", autov3="b" * 12)
    told = drafted({}, known=Handles(files=(file,)))["match"]["files"][0]
    assert "autov1" not in told
    assert told["autov3"] == "b" * 12
    assert told["component"] == "other"


@pytest.mark.parametrize(
    ("model", "listed", "same"),
    [
        ("hf:Acme/Dream", "hf:acme/dream", True),
        ("civitai:4@5", "civitai:4@5", True),
        ("civitai:4@5", "civitai:4", True),
        ("civitai:4", "civitai:4@5", False),
        ("hf:acme/other", "hf:acme/dream", False),
    ],
)
def test_what_is_listed_is_known_by_any_spelling(model: str, listed: str, same: bool) -> None:
    entries = [{"id": "own/a", "match": {"models": ["hf:other/a"], "rehosts": [listed]}}]
    told = listed_already(entries, [ModelRef(model)], [])
    assert told == (f"{listed} is listed already, under own/a" if same else "")


def test_a_digest_is_listed_once() -> None:
    entries = [{"id": "own/a", "match": {"files": [{"sha256": "a" * 64}]}}]
    assert "own/a" in listed_already(entries, [], [FILE])
