"""Channels of two models, each with the one of the other that it is most like."""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from modelaudit.domain.sketch import Block
from modelaudit.resolve.weights import decode

Floats64 = NDArray[np.float64]

_MOST: Final = 1024
"""Channels that are matched with all of the other model."""
_CHUNK: Final = 256
"""Of them at a time: bounds what is held."""


class Rows(NamedTuple):
    """Whole rows of a matrix."""

    first: int
    values: decode.Floats
    """Rows by columns; at least one of each."""


class Channels(NamedTuple):
    """One model's channels: what they are matched by, and other values to check the match."""

    matching: decode.Floats
    """Channels by values."""
    checks: decode.Floats
    numbers: NDArray[np.intp]
    """Of the channels, in rising order."""


class Match(NamedTuple):
    """How the channels of one model lie in another."""

    numbers: NDArray[np.intp]
    """Of the channels that were matched."""
    order: NDArray[np.intp]
    """For each the place among the other model's of the one that it, or its opposite, is like."""
    signs: Floats64
    """-1 for opposites."""
    mutual: NDArray[np.bool_]
    """Neither has a better one, and both vary."""
    r: float
    """Mean correlation of the checks of mutual ones."""
    error: float
    """Standard error of that mean."""


def rows(block: Block) -> Rows | None:
    """The whole rows in a block; ``None`` where there are none, or not of finite numbers."""
    columns = math.prod(block.shape[1:])
    try:
        values = decode.values(block)
    except ValueError:
        return None
    if not columns or not np.isfinite(values).all():
        return None
    first, end = -(-block.start // columns), (block.start + block.count) // columns
    if first >= end:
        return None
    begin = first * columns - block.start
    return Rows(first, values[begin : begin + (end - first) * columns].reshape(-1, columns))


def common(one: Rows, other: Rows) -> tuple[decode.Floats, decode.Floats]:
    """The rows that both have, by their number; possibly none."""
    first = max(one.first, other.first)
    end = max(first, min(one.first + len(one.values), other.first + len(other.values)))
    return (
        one.values[first - one.first : end - one.first],
        other.values[first - other.first : end - other.first],
    )


def matched(one: Channels, other: Channels, *, apart: bool = False) -> Match:
    """Each channel of ``one`` with the best of ``other``; ``apart`` with none of its own number.

    Of very many channels a part is matched, evenly spread, with all of the other model.
    """
    one = _spread(one)
    mine, theirs = _units(one.matching), _units(other.matching)
    count = len(mine)
    order = np.zeros(count, np.intp)
    sizes = np.zeros(count, np.float32)
    best = np.full(len(theirs), -1, np.float32)
    back = np.zeros(len(theirs), np.intp)
    own = np.searchsorted(other.numbers, one.numbers)
    for begin in range(0, count, _CHUNK):
        here = np.arange(begin, min(begin + _CHUNK, count))
        r = mine[here] @ theirs.T
        if apart:
            r[here - begin, own[here]] = 0
        size = np.abs(r)
        order[here] = size.argmax(axis=1)
        sizes[here] = r[here - begin, order[here]]
        top = size.argmax(axis=0)
        reached = size[top, np.arange(len(theirs))]
        better = reached > best
        best[better], back[better] = reached[better], top[better] + begin
    signs = np.where(sizes < 0, -1.0, 1.0)
    checks, their_checks = _units(one.checks), _units(other.checks)[order]
    varies = checks.any(axis=1) & their_checks.any(axis=1) & (sizes != 0)
    mutual = (back[order] == np.arange(count)) & varies
    products = (checks * their_checks).sum(axis=1, dtype=np.float64) * signs
    rs = products[mutual]
    # Within one model every pair is seen from both ends, and counts once.
    seen = max(1.0, len(rs) / 2 if apart else len(rs))
    return Match(
        numbers=one.numbers,
        order=order,
        signs=signs,
        mutual=mutual,
        r=float(rs.mean()) if len(rs) else 0.0,
        error=float(rs.std() / math.sqrt(seen)) if len(rs) else 1.0,
    )


def _spread(channels: Channels) -> Channels:
    count = len(channels.numbers)
    some = np.arange(min(count, _MOST)) * count // min(count, _MOST)
    return Channels(channels.matching[some], channels.checks[some], channels.numbers[some])


def _units(channels: decode.Floats) -> decode.Floats:
    """Each row centred and of length 1; constant ones are zero."""
    values = channels.astype(np.float64)
    values -= values.mean(axis=1, keepdims=True)
    values[np.ptp(channels, axis=1) == 0] = 0
    lengths = np.linalg.norm(values, axis=1, keepdims=True)
    return (values / np.where(lengths > 0, lengths, 1.0)).astype(np.float32)
