"""What comparing weights showed, as JSON and back."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelaudit.domain.sketch import Weighed
from modelaudit.domain.weighed import parse, plain
from tests.comparisons import PERMUTED, comparison, kin, recipe, score, tensor, weighed

FULL = weighed(
    "hf:a/mix",
    kin(
        others={"vae": "identical", "text_encoder": "common-ancestry"},
        tensors=(tensor(), tensor("v", "vae", None)),
        anchor=PERMUTED,
        permuted=True,
        commons=("vae.x",),
        remarks=("finer than bfloat16",),
    ),
    kin("sha256:" + "ab" * 32, "same-architecture-only"),
    **recipe({"hf:acme/root": 0.4, "hf:b/other": 0.6}),
    notes=("half of it is constant",),
)
SAMPLES = [FULL, weighed("folder:x.pt"), weighed("hf:a/b", kin(part=None), source=None)]


@pytest.mark.parametrize("value", SAMPLES)
def test_a_value_comes_back_from_json_as_it_was(value: Weighed) -> None:
    assert parse(json.loads(json.dumps(plain(value)))) == value


def test_words_stand_for_codes() -> None:
    told = plain(FULL)
    one = told["kin"][0]["comparison"]
    assert (told["component"], one["component"], one["overall"]["grade"]) == (
        "unet", "unet", "derived",
    )  # fmt: skip
    assert list(one["components"]) == ["unet", "text_encoder", "vae"]
    assert one["components"]["text_encoder"]["grade"] == "common-ancestry"
    assert [t["component"] for t in one["tensors"]] == ["unet", "vae"]


def test_numbers_have_six_digits_and_are_numbers() -> None:
    odd = score("derived", score=0.123456789, median=math.nan, floor=math.inf)
    told = plain(weighed("hf:a/b", kin(overall=odd)))
    one = told["kin"][0]["comparison"]["overall"]
    assert (one["score"], one["median"]) == (0.123457, 0.0)
    assert json.loads(json.dumps(one, allow_nan=False))["floor"] == 1e9


def test_names_of_tensors_are_cut_and_addresses_are_not() -> None:
    long = "n" * 1_000_000
    found = weighed("hf:a/b", kin(tensors=(tensor(long), tensor("\ud800"))), path="p" * 3000)
    told = plain(found)
    first, second = told["kin"][0]["comparison"]["tensors"]
    assert len(first["name"]) == 1000
    assert second["name"] == "?"
    assert told["path"] == "p" * 3000


def changed(**fields: Any) -> dict[str, Any]:
    return {**plain(FULL), **fields}


def with_score(**fields: Any) -> dict[str, Any]:
    told = plain(FULL)
    told["kin"][0]["comparison"]["overall"] |= fields
    return told


@pytest.mark.parametrize(
    "record",
    [
        None, [], "x", 5, {}, {"model": "hf:a/b"},
        changed(model="a/b"), changed(model=5), changed(path=None), changed(observed="now"),
        changed(component="nose"), changed(component=2), changed(bytes_read=-1),
        changed(kin=5), changed(kin="ab"), changed(kin=[5]), changed(kin=[{}]),
        changed(kin={"a": 1}),
        changed(kin=[{"parent": "nowhere", "comparison": plain(FULL)["kin"][0]["comparison"]}]),
        changed(kin=[{"parent": " hf:a/b", "comparison": plain(FULL)["kin"][0]["comparison"]}]),
        changed(kin=[{"parent": "hf:a/b", "comparison": {"overall": {"grade": "kin"}}}]),
        changed(ingredients=[{"parent": "x", "share": plain(FULL)["ingredients"][0]["share"]}]),
        with_score(grade="take-down"), with_score(grade=6), with_score(score=1.5),
        with_score(median=-0.1), with_score(coverage=2), with_score(tensors=-1),
        with_score(score="high"), with_score(values=1e99),
    ],
)  # fmt: skip
def test_what_no_comparison_gives_is_refused(record: object) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parse(record)


def test_what_a_later_version_adds_is_left_out() -> None:
    assert parse(changed(colour="red")) == FULL
    assert parse(with_score(colour="red")) == FULL


VALUES = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8),
        st.sampled_from(["hf:a/b", "unet", "derived"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from([*sorted(plain(FULL)), "comparison", "overall"]), inner),
    ),
    max_leaves=12,
)  # fmt: skip


@given(st.dictionaries(st.sampled_from(sorted(plain(FULL))), VALUES))
def test_whatever_stands_there_is_a_value_or_refused(fields: dict[str, Any]) -> None:
    try:
        found = parse({**plain(FULL), **fields})
    except ValueError:
        return
    assert parse(json.loads(json.dumps(plain(found)))) == parse(plain(found))


def test_equal_comparisons_give_equal_text() -> None:
    swapped = comparison(others={"vae": "identical"})
    parts = dict(reversed(swapped.components.items()))
    one = weighed("hf:a/b", replace(kin(), comparison=swapped))
    other = weighed("hf:a/b", replace(kin(), comparison=replace(swapped, components=parts)))
    assert json.dumps(plain(one)) == json.dumps(plain(other))
