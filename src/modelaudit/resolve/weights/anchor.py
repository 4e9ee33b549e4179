"""Whether the input channels of one model are those of another, in another order.

Who permutes the channels of a network, and everything that reads them, changes no output and leaves
no trace in blocks that are compared in place. But tokens, or pixels, keep their order: what
channels do with some of them tells which is which, and what they do with others tells whether that
was right (the idea of AWM, arXiv 2510.06738). Signs may be turned as well.

Channels resemble one another: smooth filters, or tokens that mean the same, let a match be right
about what it was not made by even where two models have nothing in common. How far is seen within
each of them, where every channel is matched with another one of the same model.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from modelaudit.domain.sketch import Anchor, Block, Use
from modelaudit.resolve.weights._channels import Channels, Match, Rows, common, matched, rows
from modelaudit.resolve.weights._pairs import Pair, pearson, round_off

LEAST: Final = 0.3
"""Mean correlation of channels that are the same."""
LEAST_OF_FILTERS: Final = 0.6
"""The same of a first convolution, where independent networks may learn the same filters."""
MOVED: Final = 0.2
"""Share of the matched channels that lie elsewhere, or have the other sign, in what was permuted:
where fewer do, the matrix agrees in place."""

_FEWEST_CHANNELS: Final = 32
_MOST_CHANNELS: Final = 16384
"""Time grows with their square."""
_FEWEST_MATCHING: Final = 6
_FEWEST_CHECKS: Final = 4
_DEVIATIONS: Final = 6
_TELLING: Final = 8
"""Values by which a copy with noise of .3 of its size is still found among 8192 channels."""


class Tested(NamedTuple):
    """What the test showed."""

    anchor: Anchor
    floor: float
    """What ``anchor.r`` must reach."""
    match: Match
    reordered: bool
    """Some lie in another place; else only signs may have been turned."""

    @property
    def permuted(self) -> bool:
        """The channels are the reference's, and a good part of them was moved."""
        return self.anchor.r >= self.floor and self.anchor.moved >= MOVED

    @property
    def how(self) -> str:
        """What was done to them, as sentences go on."""
        return "in another order" if self.reordered else "with the other sign"


class _Inputs(NamedTuple):
    """The input matrices of two models, as far as both were read."""

    anchors: tuple[Rows, Rows]
    checks: tuple[Rows, Rows] | None
    """Of a vocabulary: its columns are the channels. Elsewhere the rows are."""


def examine(suspect: Iterable[Block], reference: Iterable[Block]) -> Tested | None:
    """The test on the input matrix of one component of both models.

    ``None`` where its blocks are not there, or are too small to show anything.
    """
    inputs = _inputs(suspect, reference)
    if inputs is None:
        return None
    one, other = _channels(inputs)
    if not (_is_enough(one) and _is_enough(other)):
        return None
    found = matched(one, other)
    within = [matched(channels, channels, apart=True) for channels in (one, other)]
    own = min(1.0, max(0.0, *(match.r + 3 * match.error for match in within)))
    channels, values = len(found.order), one.checks.shape[1]
    mutual = np.flatnonzero(found.mutual)
    elsewhere = found.numbers[mutual] != other.numbers[found.order[mutual]]
    moved = elsewhere | (found.signs[mutual] < 0)
    least = LEAST if inputs.checks else LEAST_OF_FILTERS
    chance = _DEVIATIONS / math.sqrt(max(1, len(mutual)) * (values - 1))
    floor = max(least, own + LEAST * (1 - own), chance)
    return Tested(
        anchor=Anchor(
            r=round_off(found.r),
            matched=round(len(mutual) / channels, 6),
            moved=round(float(moved.mean()), 6) if len(mutual) else 0.0,
            channels=channels,
            values=values,
            floor=round_off(floor),
            excludes=found.r < LEAST and one.matching.shape[1] >= _TELLING,
        ),
        floor=floor,
        match=found,
        reordered=bool(elsewhere.any()),
    )


def in_place(
    suspect: Iterable[Block], reference: Iterable[Block]
) -> tuple[float | None, float | None]:
    """r of two parts of the input matrix that share no value; ``None`` for what is not there."""
    inputs = _inputs(suspect, reference)
    if inputs is None:
        return None, None
    one, other = common(*inputs.anchors)
    if inputs.checks:
        return _r(one, other), _r(*common(*inputs.checks))
    half = len(one) // 2
    return _r(one[:half], other[:half]), _r(one[half:], other[half:])


def in_order(tested: Tested, pairs: Iterable[Pair]) -> list[float]:
    """r of the matrices that read the channels, with these put back in the reference's order.

    Only blocks with a whole row of such a matrix tell; what else was permuted stays so.
    """
    order, signs = tested.match.order, tested.match.signs
    found: list[float | None] = []
    for pair in pairs:
        one, other = rows(pair.suspect), rows(pair.reference)
        if one is None or other is None or one.values.shape != other.values.shape:
            continue
        if one.values.shape[1] == len(order) > order.max():
            found.append(_r(one.values, other.values[:, order] * signs))
    return [r for r in found if r is not None]


def _inputs(suspect: Iterable[Block], reference: Iterable[Block]) -> _Inputs | None:
    one = {block.use: block for block in suspect}
    other = {block.use: block for block in reference}
    if Use.ANCHOR not in one or Use.ANCHOR not in other:
        return None
    if (Use.CHECK in one) != (Use.CHECK in other):
        return None  # only one of them is a vocabulary
    anchors = rows(one[Use.ANCHOR]), rows(other[Use.ANCHOR])
    if anchors[0] is None or anchors[1] is None:
        return None
    if Use.CHECK not in one:
        return _Inputs((anchors[0], anchors[1]), None)
    checks = rows(one[Use.CHECK]), rows(other[Use.CHECK])
    if checks[0] is None or checks[1] is None:
        return None
    return _Inputs((anchors[0], anchors[1]), (checks[0], checks[1]))


def _channels(inputs: _Inputs) -> tuple[Channels, Channels]:
    if inputs.checks:
        matching, checks = common(*inputs.anchors), common(*inputs.checks)
        one, other = (
            Channels(values.T, others.T, np.arange(values.shape[1]))
            for values, others in zip(matching, checks, strict=True)
        )
        return one, other
    # An inpainting model's filters see more inputs, the first of which are the others'.
    width = min(found.values.shape[1] for found in inputs.anchors)
    split = width * 2 // 3
    one, other = (
        Channels(
            found.values[:, :split],
            found.values[:, split:width],
            np.arange(found.first, found.first + len(found.values)),
        )
        for found in inputs.anchors
    )
    return one, other


def _is_enough(channels: Channels) -> bool:
    return (
        _FEWEST_CHANNELS <= len(channels.matching) <= _MOST_CHANNELS
        and channels.matching.shape[1] >= _FEWEST_MATCHING
        and channels.checks.shape[1] >= _FEWEST_CHECKS
    )


def _r(one: NDArray[Any], other: NDArray[Any]) -> float | None:
    return pearson(one.ravel(), other.ravel()) if one.shape == other.shape else None
