"""Matrices found by their values, where names or positions don't help.

Whoever renames tensors, drops layers or puts some in twice changes no value: each block of the
suspect is held against all blocks of the reference that lie at the same place of an equal shape.
The largest of many correlations is larger than one of them by chance: a match must reach what two
independent blocks hardly ever do, leave the second best far behind, and not be alone.

Measured on blocks of 1024 values, the largest |r| among 300 independent ones: .15 at most where
values are normal, .17 and .22 with heavy tails (kurtosis 12 and 33). Between the layers of a real
sentence encoder .10 in the median, above .3 in 6 of 10,368 blocks, and .50 in one of them.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from modelaudit.domain.sketch import Block, Use
from modelaudit.resolve.weights import decode
from modelaudit.resolve.weights._pairs import Pair, Vector, pair, unit
from modelaudit.resolve.weights.grades import KIN

GAP: Final = 0.2
"""By which the best match leaves the next one behind: what resembles many blocks is none."""
TOGETHER: Final = 3
"""Matches that make a part; fewer may be chance, and are looked at by a person."""

_ALIKE: Final = 0.9
"""|r| of two blocks of a reference that are one for this: layers that it holds twice."""
_CERTAIN: Final = 0.8
"""|r| from which a match needs no neighbours in order: layers may have been put in another one."""

_SAMPLES: Final = (Use.SAMPLE, Use.TRANSPOSED)

_Place = tuple[int, int, int, int]
"""First value, count, rows, columns."""


class Found(NamedTuple):
    """What was matched, and of how many."""

    pairs: tuple[Pair, ...]
    """In the order of the suspect's blocks."""
    unmatched: tuple[Block, ...]
    """Blocks of the suspect that something could have matched."""


class _Match(NamedTuple):
    suspect: Block
    reference: Block
    r: float


def match(suspects: Sequence[Block], references: Sequence[Block]) -> Found:
    """The blocks of one component of a suspect, each with that of the reference that it is.

    Blocks without a counterpart of their shape and place are left out, as are those that are
    constant, not finite, or cannot be decoded.
    """
    known: dict[_Place, list[tuple[Block, Vector]]] = {}
    for block in references:
        if block.use in _SAMPLES and (values := _unit(block)) is not None:
            for place in _places(block):
                known.setdefault(place, []).append((block, values))
    asked: dict[_Place, list[tuple[Block, Vector]]] = {}
    for block in suspects:
        place = _place(block, block.shape)
        if place in known and (values := _unit(block)) is not None:
            asked.setdefault(place, []).append((block, values))
    matches: list[_Match] = []
    for place, blocks in asked.items():
        matches += _best(blocks, known[place])
    kept = {match.suspect: match for match in _in_order(matches)}
    candidates = {block for blocks in asked.values() for block, _ in blocks}
    return Found(
        tuple(pair(block, kept[block].reference) for block in suspects if block in kept),
        tuple(block for block in suspects if block in candidates and block not in kept),
    )


def _best(
    suspects: Sequence[tuple[Block, Vector]], references: Sequence[tuple[Block, Vector]]
) -> list[_Match]:
    known = np.stack([values for _, values in references])
    sizes = np.abs(np.stack([values for _, values in suspects]) @ known.T)
    found: list[_Match] = []
    for (block, _), row in zip(suspects, sizes, strict=True):
        best = int(row.argmax())
        if row[best] < KIN:
            continue
        twins = np.abs(known @ known[best]) >= _ALIKE
        others = row[~twins]
        if len(others) and row[best] - others.max() < GAP:
            continue
        found.append(_Match(block, _own(block, references, twins, best), float(row[best])))
    return found


def _own(
    suspect: Block,
    references: Sequence[tuple[Block, Vector]],
    twins: NDArray[np.bool_],
    best: int,
) -> Block:
    """Of a layer that the reference holds twice, the one of the suspect's name."""
    for index in np.flatnonzero(twins).tolist():
        block = references[index][0]
        if block.key == suspect.key and block.use is Use.SAMPLE:
            return block
    return references[best][0]


def _in_order(matches: Sequence[_Match]) -> list[_Match]:
    """Without matches that are not certain and lie where their neighbours' order forbids it."""
    roles: dict[tuple[str, Use], list[_Match]] = {}
    for found in matches:
        role = re.sub(r"\d+", "#", found.reference.key), found.reference.use
        roles.setdefault(role, []).append(found)
    kept: list[_Match] = []
    for layers in roles.values():
        layers.sort(key=lambda found: _natural(found.suspect.name))
        chain = _longest_rise([_numbers(found.reference.key) for found in layers])
        kept += [f for index, f in enumerate(layers) if index in chain or f.r >= _CERTAIN]
    return kept


def _longest_rise(numbers: Sequence[tuple[int, ...]]) -> set[int]:
    """Indices of the longest part that never falls; layers may stand twice."""
    ends: list[tuple[int, ...]] = []
    at: list[int] = []
    before: list[int] = []
    for index, number in enumerate(numbers):
        length = bisect_right(ends, number)
        before.append(at[length - 1] if length else -1)
        ends[length:] = [number, *ends[length + 1 :]]
        at[length:] = [index, *at[length + 1 :]]
    chain: set[int] = set()
    index = at[-1] if at else -1
    while index >= 0:
        chain.add(index)
        index = before[index]
    return chain


def _places(block: Block) -> set[_Place]:
    places = {_place(block, block.shape)}
    if block.use is Use.TRANSPOSED:
        places.add(_place(block, block.shape[::-1]))
    return places


def _place(block: Block, shape: tuple[int, ...]) -> _Place:
    """A convolution of one by one pixel and a linear layer are the same matrix."""
    rows = shape[0] if shape else 1
    columns = math.prod(shape[1:])
    return block.start, block.count, rows, columns


def _unit(block: Block) -> Vector | None:
    try:
        return unit(decode.values(block))
    except ValueError:
        return None


def _natural(name: str) -> list[tuple[int, str]]:
    """Sorts ``layer.10`` behind ``layer.9``."""
    return [(int(part), "") if _is_number(part) else (-1, part) for part in _split(name)]


def _numbers(key: str) -> tuple[int, ...]:
    return tuple(int(part) for part in _split(key) if _is_number(part))


def _split(name: str) -> list[str]:
    return [part for part in re.split(r"([0-9]+)", name) if part]


def _is_number(part: str) -> bool:
    return len(part) < 10 and part.isascii() and part.isdigit()
