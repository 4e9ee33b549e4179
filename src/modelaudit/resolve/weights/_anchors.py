"""Where the input matrix is read to match channels, should they have been permuted.

Rows of a vocabulary stand for the same tokens in any copy, and the inputs of a first convolution
for the same pixels: what channels do with them tells which is which (the idea of AWM,
arXiv 2510.06738).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from modelaudit.domain.sketch import Use

_MOST_ROWS: Final = 32
"""Of a vocabulary, to match channels by; 16 are enough."""
_FEWEST_ROWS: Final = 6
_CHECK_ROW: Final = 2000
"""The vocabulary's first row to check by; where it is small, the middle one."""
_CHECK_VALUES: Final = 32768
_FEWEST_CHECKS: Final = 8
_FEWEST_CHANNELS: Final = 16
_FEWEST_INPUTS: Final = 12
"""Of a channel: two thirds are for matching, the others for checking."""
_SUSPECT: Final = 32 << 10
"""Bytes of channels that are rows."""
_REFERENCE: Final = 512 << 10
"""Bytes of either kind."""


@dataclass(frozen=True, slots=True)
class Place:
    """Values of a matrix that lie in a row."""

    use: Use
    start: int
    count: int


def of_vocabulary(
    shape: tuple[int, ...], first: int, width: int, room: int, every: bool
) -> tuple[Place, ...]:
    """Rows from ``first`` on, and rows to check by; none where too few of them fit.

    ``width`` is the bytes of a row, ``room`` what may be read. Both places are the same whatever
    is stored and however many rows fit: two files are compared by what they have in common.
    """
    rows, channels = shape[0], math.prod(shape[1:])
    check = min(_CHECK_ROW, (rows - 1) // 2)
    checks = min(max(_CHECK_VALUES // channels, _FEWEST_CHECKS), _MOST_ROWS, rows - check)
    room = _REFERENCE if every else room - checks * width
    fitting = min(_MOST_ROWS, check - first, max(room // width, _FEWEST_ROWS if every else 0))
    if fitting < _FEWEST_ROWS or checks < _FEWEST_CHECKS:
        return ()
    return (
        Place(Use.ANCHOR, first * channels, fitting * channels),
        Place(Use.CHECK, check * channels, checks * channels),
    )


def of_channels(shape: tuple[int, ...], width: int, room: int, every: bool) -> tuple[Place, ...]:
    """Whole rows from the first on, as many as fit; each is a channel and matches and checks."""
    rows, inputs = shape[0], math.prod(shape[1:])
    fitting = min(rows, (_REFERENCE if every else min(room, _SUSPECT)) // width)
    if fitting < _FEWEST_CHANNELS or inputs < _FEWEST_INPUTS:
        return ()
    return (Place(Use.ANCHOR, 0, fitting * inputs),)
