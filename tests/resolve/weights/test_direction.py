from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from modelaudit.domain.sketch import Sketch
from modelaudit.resolve.weights._pairs import by_name, samples
from modelaudit.resolve.weights.decode import cast
from modelaudit.resolve.weights.direction import dates, remarks
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


def _remarks(suspect: Sketch, reference: Sketch) -> tuple[str, ...]:
    return remarks(by_name(samples(suspect.blocks), samples(reference.blocks)), "base")
