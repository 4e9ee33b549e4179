from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelaudit.domain.sketch import Block, Sketch
from modelaudit.domain.words import Component
from modelaudit.resolve.weights.compare import compare
from modelaudit.resolve.weights.library import BLOCK, DEVIATIONS, MOST, VALUES, Library
from tests.resolve.weights.sketches import joined, network, noisy, sketch_of

FLOOR = DEVIATIONS / (16 * VALUES) ** 0.5


def matrices(seed: int) -> dict[str, Any]:
    """A model of 16 matrices, cheaper than a network."""
    rng = np.random.default_rng(seed)
    return {f"blocks.{i}.mlp.fc1.weight": rng.standard_normal((64, 64)) for i in range(16)}


def sketch(seed: int, family: str = "sd1", **changes: Any) -> Sketch:
    changes = {"family": family, "part": Component.UNET, **changes}
    return sketch_of(matrices(seed), "F16", **changes)


def library(**sketches: Sketch) -> Library:
    made = Library()
    for name, one in sketches.items():
        made.add(name, one)
    return made


def test_a_copy_is_found_with_a_correlation_of_one() -> None:
    found = library(a=sketch(1), b=sketch(2), c=sketch(3)).search(sketch(2))
    assert found == [("b", 1.0, 1.0)]


@pytest.mark.parametrize("size", [0.1, 0.5, 1.0, 3.0])
def test_a_changed_copy_is_found_with_the_correlation_that_is_left(size: float) -> None:
    refs = {f"r{i}": network(i) for i in range(6)}
    made = library(**{name: sketch_of(arrays, every=True) for name, arrays in refs.items()})
    (hit,) = made.search(sketch_of(noisy(refs["r4"], size), "BF16"))
    assert hit.name == "r4"
    assert hit.mean_r == pytest.approx(1 / (1 + size**2) ** 0.5, abs=0.02)


def test_the_mean_is_that_of_a_full_comparison_of_as_many_values() -> None:
    one, other = network(1), noisy(network(1), 0.7)
    short = [sketch_of(arrays, count=VALUES) for arrays in (one, other)]
    (hit,) = library(one=short[0]).search(short[1])
    whole = compare(short[1], short[0])
    assert hit.mean_r == pytest.approx(whole.overall.score, abs=1e-4)
    assert hit.best_r == pytest.approx(max(t.r or 0 for t in whole.tensors), abs=1e-4)


def test_a_negated_copy_is_found() -> None:
    turned = {name: -values for name, values in network(1).items()}
    assert library(a=sketch_of(network(1))).search(sketch_of(turned)) == [("a", -1.0, -1.0)]


def test_what_shares_one_block_is_found_by_it() -> None:
    own, other = matrices(50), matrices(7)
    name = "blocks.5.mlp.fc1.weight"
    refs = {"near": noisy(own, 3), **{f"r{i}": matrices(i) for i in range(20)}}
    made = library(**{name: sketch_of(arrays) for name, arrays in refs.items()})
    for share in (1, 0.5):
        mixed = own | {name: share * other[name] + (1 - share) * own[name]}
        near, hit = made.search(sketch_of(mixed))
        assert (near.name, hit.name) == ("near", "r7")
        assert hit.best_r == pytest.approx(share / (share**2 + (1 - share) ** 2) ** 0.5, abs=0.1)
        assert abs(hit.mean_r) < FLOOR


def test_the_nearest_is_told_where_none_is_close() -> None:
    found = library(**{f"r{i}": sketch(i) for i in range(30)}).search(sketch(99))
    assert len(found) == 1
    assert abs(found[0].mean_r) < FLOOR
    assert abs(found[0].best_r) < BLOCK


def test_independent_references_are_seldom_above_the_floor() -> None:
    made = library(**{f"r{i}": sketch(i) for i in range(200)})
    hits = [hit for seed in range(1000, 1020) for hit in made.search(sketch(seed))]
    assert sum(abs(hit.mean_r) >= FLOOR for hit in hits) == 0  # of 4,000 pairs


def test_the_closest_come_first_and_no_more_than_the_most() -> None:
    arrays = matrices(1)
    sizes = np.linspace(0.05, 1, MOST + 10)
    made = library(**{f"{size:.3f}": sketch_of(noisy(arrays, size, 7)) for size in sizes})
    found = made.search(sketch_of(arrays))
    assert [hit.name for hit in found] == [f"{size:.3f}" for size in sizes[:MOST]]
    assert all(one.mean_r >= other.mean_r for one, other in itertools.pairwise(found))


def test_equals_are_told_by_name_whatever_the_order_they_were_added_in() -> None:
    names = [f"r{i}" for i in range(10)]
    for order in (names, names[::-1]):
        found = library(**{name: sketch(1) for name in order}).search(sketch(1))
        assert [hit.name for hit in found] == names


def test_a_name_that_was_added_twice_is_told_once_with_the_closer_one() -> None:
    made = library(a=sketch_of(noisy(network(1), 0.5)))
    made.add("a", sketch_of(network(1)))
    assert made.search(sketch_of(network(1))) == [("a", 1.0, 1.0)]


def test_references_may_be_added_between_searches() -> None:
    made = Library()
    assert made.search(sketch(1)) == []
    for i in range(40):
        made.add(f"r{i}", sketch(i))
        assert made.search(sketch(i)) == [(f"r{i}", 1.0, 1.0)]
        assert made.search(sketch(0)) == [("r0", 1.0, 1.0)]


def test_only_families_that_do_not_contradict_the_suspects_are_searched() -> None:
    made = library(other=sketch(1, "sd2"), same=sketch(1, "sd1"), kin=sketch(1, "unknown"))
    assert {hit.name for hit in made.search(sketch(1, "sd1"))} == {"same", "kin"}
    assert library(other=sketch(1, "sd2")).search(sketch(1, "sd1")) == []


def test_only_the_same_component_is_searched() -> None:
    made = library(a=sketch(1, part=Component.TRANSFORMER), b=sketch(1, part=Component.UNET))
    assert [hit.name for hit in made.search(sketch(1, part=Component.UNET))] == ["b"]


def test_the_main_component_alone_is_searched_where_there_is_one() -> None:
    unet, text = sketch(1), sketch(2, part=Component.TEXT_ENCODER)
    made = library(unet=unet, text=text, both=joined(sketch(3), text))
    assert [hit.name for hit in made.search(joined(unet, text))] == ["unet"]
    assert {hit.name for hit in made.search(text)} == {"text", "both"}


def test_a_reference_with_other_chosen_places_is_compared_by_those_that_both_have() -> None:
    whole = sketch(1)
    fewer = replace(whole, blocks=tuple(b for i, b in enumerate(whole.blocks) if i % 3))
    others = tuple(replace(b, key=f"other.{b.key}") for b in sketch(2).blocks)
    more = replace(whole, blocks=tuple(sorted((*whole.blocks, *others), key=lambda b: b.key)))
    made = library(whole=whole, fewer=fewer, more=more)
    for suspect in (whole, fewer, more):
        assert made.search(suspect) == [(name, 1.0, 1.0) for name in ("fewer", "more", "whole")]


def test_a_block_elsewhere_in_its_matrix_is_another_place() -> None:
    moved = replace(
        sketch(1), blocks=tuple(replace(b, start=b.start + 1) for b in sketch(1).blocks)
    )
    made = library(a=moved)
    assert made.search(sketch(1)) == []
    assert not made.knows(sketch(1))


def test_blocks_that_have_no_correlation_are_left_out() -> None:
    one = sketch(1)
    spoilt = tuple(
        replace(b, data=np.full(b.count, value, "<f2").tobytes())
        for b, value in zip(one.blocks, [np.nan, np.inf, 0, 1], strict=False)
    )
    bad = replace(one, blocks=(*spoilt, *one.blocks[4:]))
    assert library(a=one).search(bad) == [("a", 1.0, 1.0)]
    assert library(a=bad).search(one) == [("a", 1.0, 1.0)]
    assert library(a=replace(one, blocks=spoilt)).search(one) == []


def test_it_knows_architectures_that_it_has_references_of() -> None:
    made = library(a=sketch(1, "sd1"))
    assert made.knows(sketch(2, "sd1"))
    assert not made.knows(sketch(2, "sdxl"))
    assert not made.knows(sketch(2, "sd1", part=Component.VAE))
    assert not made.knows(sketch_of(network(1), family="sd1", part=Component.UNET))
    assert not Library().knows(sketch(1))


_BLOCKS = st.builds(
    Block,
    name=st.just("t"),
    key=st.sampled_from(["a", "b"]),
    component=st.sampled_from([Component.UNET, Component.VAE]),
    dtype=st.sampled_from(["F16", "F32", "Q8_0", "Q4_K", "I8", "X"]),
    shape=st.lists(st.integers(0, 2**62), max_size=3).map(tuple),
    start=st.integers(-5, 2**62),
    count=st.integers(-5, 2**62),
    data=st.binary(max_size=80),
    skip=st.integers(0, 40),
    scales=st.lists(st.floats(), max_size=3).map(tuple),
)


@given(st.lists(_BLOCKS, max_size=6), st.lists(_BLOCKS, max_size=6))
def test_any_blocks_are_added_and_searched(ones: list[Block], others: list[Block]) -> None:
    made = library(a=replace(sketch(1), blocks=tuple(ones)), b=sketch(1))
    suspect = replace(sketch(1), blocks=tuple(others))
    assert made.knows(suspect) in (True, False)
    assert all(-1 <= hit.mean_r <= 1 for hit in made.search(suspect))
