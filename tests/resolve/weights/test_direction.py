from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from modelaudit.domain.sketch import Descent, Sketch
from modelaudit.domain.words import Component
from modelaudit.resolve.weights._pairs import by_name, samples
from modelaudit.resolve.weights.decode import cast
from modelaudit.resolve.weights.direction import dates, descent, remarks
from tests.resolve.weights.sketches import network, noisy, sketch_of

BASE = network(1)


@pytest.mark.parametrize("dtype", ["F16", "BF16", "F8_E4M3", "F8_E5M2"])
def test_what_was_rounded_is_not_what_the_finer_values_were_made_from(dtype: str) -> None:
    fine, coarse = sketch_of(BASE), sketch_of(BASE, dtype)
    # However they are stored: a rounded file may have been saved in a wide type again.
    widened = sketch_of({name: cast(np.float32(v), dtype) for name, v in BASE.items()})
    for rounded in (coarse, widened):
        assert _remarks(rounded, fine) == (
            f"16 of 16 tensors of the suspect are base's rounded to {dtype}: base was not made from"
            " the suspect",
        )
        assert _remarks(fine, rounded) == (
            f"16 of 16 tensors of base are the suspect's rounded to {dtype}: the suspect was not"
            " made from base",
        )
    assert _remarks(coarse, widened) == ()


def test_training_on_from_rounded_weights_shows_no_direction() -> None:
    """It leaves values that no rounded type keeps: that is no proof of another source."""
    rounded = {name: cast(np.float32(v), "BF16") for name, v in BASE.items()}
    assert _remarks(sketch_of(noisy(rounded, 0.1)), sketch_of(rounded, "BF16")) == ()


def test_parts_that_were_left_alone_are_told() -> None:
    tuned = noisy(BASE, 0.1)
    names = [block.name for block in samples(sketch_of(BASE).blocks)]
    for name in names[2:5]:
        tuned[name] = BASE[name]
    (line,) = _remarks(sketch_of(tuned), sketch_of(BASE))
    assert line == (
        f"3 of 16 tensors are exactly base's, the others are not ({', '.join(names[2:5])}): parts"
        " left as they were speak for a direct descent, one way or the other"
    )


def test_so_are_matrices_that_keep_many_of_the_values() -> None:
    pruned = {name: np.where(np.abs(v) > 0.013, v, 0) for name, v in BASE.items()}
    (line,) = _remarks(sketch_of(pruned, "F16"), sketch_of(BASE, "F16"))
    assert line.startswith("16 of 16 tensors keep more than 20% of base's exact values (")
    assert _remarks(sketch_of(noisy(BASE, 0.01), "F8_E5M2"), sketch_of(BASE, "F8_E5M2")) == ()


def test_a_copy_and_a_stranger_give_no_direction() -> None:
    assert _remarks(sketch_of(BASE), sketch_of(BASE)) == ()
    assert _remarks(sketch_of(network(2)), sketch_of(BASE)) == ()


def test_constant_and_broken_blocks_say_nothing() -> None:
    broken: dict[str, Any] = {
        name: np.full_like(values, value)
        for (name, values), value in zip(BASE.items(), [0, np.nan, np.inf] * 9, strict=False)
    }
    assert _remarks(sketch_of(broken), sketch_of(broken)) == ()


@pytest.mark.parametrize(
    ("suspect", "reference", "words"),
    [
        (1_700_000_000, 1_600_000_000, "published 2023-11-14, base 2020-09-13: the dates allow"),
        (1_600_000_000, 1_700_000_000, "published 2020-09-13, base 2023-11-14: the suspect is"),
        (1_700_000_000, 1_700_000_001, "both published 2023-11-14: the dates show no direction"),
    ],
)
def test_dates_are_told_with_what_they_allow(suspect: int, reference: int, words: str) -> None:
    line = dates(suspect, reference, "base")
    assert line is not None
    assert line.startswith(words)


@pytest.mark.parametrize("date", [None, 10**30, -(10**30)])
def test_dates_that_are_none_say_nothing(date: int | None) -> None:
    assert dates(date, 0, "base") is None
    assert dates(0, date, "base") is None


class TestDescent:
    """From a reference that has itself a base."""

    base = sketch_of(BASE, every=True)
    listed = noisy(BASE, 0.3, seed=5)
    reference = sketch_of(listed, every=True)
    child = noisy(listed, 0.05, seed=6)
    sibling = noisy(BASE, 0.3, seed=7)

    def way(self, weights: dict[str, Any]) -> Descent:
        return descent(sketch_of(weights), self.reference, self.base)[0]

    def test_a_child_goes_its_way_and_a_sibling_another(self) -> None:
        assert self.way(self.listed) is Descent.DIRECT
        assert self.way(self.child) is Descent.DIRECT
        assert self.way(self.sibling) is Descent.ASIDE
        assert self.way(BASE) is Descent.ASIDE
        half = {name: 0.5 * (self.listed[name] + self.sibling[name]) for name in BASE}
        assert self.way(half) is Descent.PART

    def test_so_they_do_under_other_names(self) -> None:
        for weights, way in ((self.child, Descent.DIRECT), (self.sibling, Descent.ASIDE)):
            renamed = {f"MatMul_{n}.weight": v for n, v in enumerate(weights.values())}
            whole = sketch_of(renamed, part=Component.FULL, family="unknown")
            assert descent(whole, self.reference, self.base)[0] is way
            assert self.way(renamed) is way

    def test_so_they_do_with_decoys_under_their_names(self) -> None:
        moved = {f"other_2.{name}": values for name, values in self.child.items()}
        assert self.way({**network(9), **moved}) is Descent.DIRECT

    def test_one_matrix_of_the_base_under_its_name_leads_nowhere_else(self) -> None:
        renamed = {f"MatMul_{n}.weight": v for n, v in enumerate(self.child.values())}
        first = next(iter(BASE))
        assert self.way({**renamed, first: BASE[first]}) is not Descent.ASIDE

    def test_so_they_do_negated(self) -> None:
        assert self.way({name: -values for name, values in self.child.items()}) is Descent.DIRECT
        assert self.way({name: -values for name, values in self.sibling.items()}) is Descent.ASIDE

    def test_what_only_has_traces_of_both_is_seen_by_what_is_named_alike(self) -> None:
        assert self.way(noisy(BASE, 3)) is Descent.ASIDE

    def test_where_no_way_can_be_seen_a_person_looks(self) -> None:
        other = {name + ".other": values for name, values in network(2).items()}
        for suspect, reference, base in (
            (other, self.listed, BASE),
            (self.child, self.listed, {f"x.{name}": v for name, v in network(3).items()}),
            (self.child, BASE, BASE),
            ({n: v * np.nan for n, v in self.child.items()}, self.listed, BASE),
            ({}, {}, {}),
        ):
            sketches = [sketch_of(suspect), *(sketch_of(w, every=True) for w in (reference, base))]
            way, line = descent(*sketches)
            assert way is Descent.PART
            assert "cannot be told" in line


def _remarks(suspect: Sketch, reference: Sketch) -> tuple[str, ...]:
    return remarks(by_name(samples(suspect.blocks), samples(reference.blocks)), "base")
