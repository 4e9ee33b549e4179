"""Other sets of parents that explain a suspect as well: what a recipe must not keep to itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Final, NamedTuple

import numpy as np

from modelaudit.resolve.weights._shares import LEAST, Fit, System, eliminate, fit

_STORED: Final = 1.05
"""rms of what is left, up to which a sum was made of the very values that are at hand."""
_MORE: Final = 1.01
"""Times as much may be left by another sum of such values: that much is chance."""
_MORE_ROUNDED: Final = 1.25
"""The same where parents were rounded or added in ways that cannot be known."""


class Rivals(NamedTuple):
    """What else the parents could be."""

    fewest: Fit
    """The smallest set of parents that was found."""
    like: tuple[tuple[int, int], ...]
    """A parent, and another column that can stand for it with the same share."""
    others: tuple[int, ...]
    """Columns that can be parents in a set as small, with other shares: nobody can tell."""


def rivals(systems: Sequence[System], found: Fit, candidates: Sequence[int]) -> Rivals:
    """Looks for sets no larger than that of a complete fit, one column exchanged at a time."""
    while smaller := next(_fewer(systems, found, candidates), None):
        found = smaller
    like, others = list[tuple[int, int]](), list[int]()
    for column in sorted(set(candidates) - set(found.parents)):
        for parent in found.parents:
            other = fit(systems, [column if p == parent else p for p in found.parents])
            if not _explains(other, found):
                continue
            if np.allclose(other.weights, found.weights, atol=LEAST / 2):
                like.append((parent, column))
            else:
                others.append(column)
    return Rivals(found, tuple(like), tuple(dict.fromkeys(others)))


def made_of(one: System, parent: int, candidates: Sequence[int], most: float) -> tuple[int, ...]:
    """The candidates that a parent is itself a sum of, if it leaves no more than ``most``."""
    itself = one._replace(target=one.columns[:, parent])
    found = eliminate([itself], [column for column in candidates if column != parent])
    return found.parents if found.left <= most else ()


def _fewer(systems: Sequence[System], found: Fit, candidates: Sequence[int]) -> Iterator[Fit]:
    """Fits with one parent less."""
    for column in sorted(set(candidates) - set(found.parents)):
        for pair in combinations(found.parents, 2):
            other = fit(systems, sorted({column, *found.parents} - {*pair}))
            if _explains(other, found):
                yield other


def _explains(other: Fit, found: Fit) -> bool:
    """Whether a fit leaves hardly more than a complete one."""
    more = _MORE if found.left <= _STORED else _MORE_ROUNDED
    return (
        bool(other.parents) and not other.weak().any() and other.left <= more * max(found.left, 1)
    )
