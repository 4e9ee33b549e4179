"""What is kin to one reference, those with most downloads first."""

from __future__ import annotations

from dataclasses import replace

import pytest

from modelaudit.domain.refs import ModelRef
from modelaudit.domain.words import Kinship
from modelaudit.store import kin as store
from tests.comparisons import kin, weighed
from tests.steps.catalogue import ROOT, Catalogue
from tests.store.test_weighed import FIRST, bare, hold, keep, shards, take


def test_kin_of_a_node_are_those_whose_weights_derive_from_it(catalogue: Catalogue) -> None:
    for ref, downloads, found in (
        ("hf:a/tuned", 5, kin(ROOT)),
        ("hf:b/same", 9, kin(ROOT, "identical")),
        ("hf:c/part", 9, kin(ROOT, "partial")),
        ("hf:d/vae", 9, kin(ROOT, "same-architecture-only", others={"vae": "identical"})),
        ("hf:e/else", 9, kin("hf:x/else")),
    ):
        hold(catalogue, ref, bare(ref), downloads=downloads)
        take(catalogue, weighed(ref, found))
        keep(catalogue, weighed(ref, found), ref)
    rows = store.kin_of(catalogue.connection, ModelRef(ROOT), 10)
    assert [(row.model, row.kinship) for row in rows] == [
        ("hf:b/same", Kinship.IDENTICAL), ("hf:a/tuned", Kinship.DERIVED),
    ]  # fmt: skip
    assert store.kin_of(catalogue.connection, ModelRef(ROOT), 1) == rows[:1]
    assert rows[1].name == "hf:a/tuned model.safetensors"
    assert store.load(catalogue.connection, rows[1]) == weighed("hf:a/tuned", kin(ROOT))
    assert rows[1].file.head == rows[1].head
    with pytest.raises(LookupError):
        store.load(catalogue.connection, replace(rows[1], head=b"?"))


def test_kin_of_equal_first_shards_are_told_apart(catalogue: Catalogue) -> None:
    for ref, last, found in (
        ("hf:a/big", "3", kin(ROOT)), ("hf:b/big", "else", kin(ROOT, "identical")),
    ):  # fmt: skip
        shards(catalogue, ref, "same", "2", last)
        take(catalogue, weighed(ref, found, path=FIRST))
        keep(catalogue, weighed(ref, found, path=FIRST), "same")
    one, other = store.kin_of(catalogue.connection, ModelRef(ROOT), 10)
    assert one.head == other.head
    assert one.key != other.key == other.file.key
    assert (one.kinship, other.kinship) == (Kinship.DERIVED, Kinship.IDENTICAL)
    assert store.load(catalogue.connection, one) == weighed("hf:a/big", kin(ROOT), path=FIRST)
