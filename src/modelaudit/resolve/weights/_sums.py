"""Sums of candidates that explain a suspect, and whether anything is left that rounding is not."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from modelaudit.resolve.weights._candidates import Case
from modelaudit.resolve.weights._rounding import COMPUTED, Doubles
from modelaudit.resolve.weights._shares import LEAST, Fit, System, system

COMPLETE: Final = 2.5
"""rms of what is left in units of rounding, up to which nothing is missing. Sums in float32 leave
1.0, parents that were rounded themselves 1.3, sums of sums in the type of the file 1.9; a missing
parent whose training moved weights by 0.3 % leaves 6 or more."""
CHANCE: Final = 2.5
"""Over √n: how far the rms of n values exceeds 1 by chance, where they were rounded once. Nothing
is added in the other types, ``Q8_0`` and such: whatever else is left there was not rounded away."""

FINE: Final = 1 / 16
"""Of a tensor's rms: the least size whose rounding a value is weighed by. Small values have small
rounding, and tell shares best where nothing is missing."""
COARSE: Final = 1.0
"""The same where something is missing: then small values mislead."""


@dataclass(frozen=True, slots=True)
class Sum:
    """One way of adding candidates: differences from a base, or the values themselves.

    With a base, what the shares of the others lack to 1 is its own.
    """

    case: Case
    base: int | None

    @property
    def candidates(self) -> list[int]:
        """The columns that have a share of their own."""
        return [i for i in range(len(self.case.names)) if i != self.base]

    def systems(self, least: float) -> list[System]:
        """The equations of each tensor, with all candidates for columns; the base's is 0."""
        found = []
        for tensor, values in enumerate(self.case.suspect):
            columns = self.case.columns[tensor]
            origin = np.zeros_like(values) if self.base is None else columns[:, self.base]
            sizes = np.maximum(np.abs(values), least * np.sqrt(np.mean(values**2)))
            scale = self.case.roundings(tensor, sizes)
            found.append(
                system((columns - origin[:, None]) / scale[:, None], (values - origin) / scale)
            )
        return found

    def weights(self, found: Fit) -> Doubles:
        """Of all candidates, one row for each tensor."""
        full = np.zeros((len(found.weights), len(self.case.names)))
        full[:, list(found.parents)] = found.weights
        if self.base is not None:
            full[:, self.base] = 1 - found.weights.sum(axis=1)
        return np.broadcast_to(full, (len(self.case.blocks), full.shape[1]))

    def is_complete(self, found: Fit) -> bool:
        """Whether a fit leaves what rounding leaves, in every tensor."""
        return bool(found.parents) and is_complete(self.case, self.weights(found))


@dataclass(frozen=True, slots=True)
class Added:
    """``to`` + times · (``plus`` − ``minus``)."""

    to: int
    plus: int
    minus: int
    times: float
    error: float
    """Standard error of ``times``."""

    def weights(self, case: Case) -> Doubles:
        """Of all candidates, one row for each tensor."""
        full = np.zeros((len(case.blocks), len(case.names)))
        full[:, [self.to, self.plus, self.minus]] = 1, self.times, -self.times
        return full


def differences(case: Case, one: System) -> list[Added]:
    """The two best ways of adding a difference of two candidates to a third, if complete.

    ``one`` holds the candidates as they are, not their differences from a base.
    """
    likely = range(len(case.names))
    pairs = list(permutations(likely, 2))
    if len(likely) < 3:
        return []
    ways = np.stack([one.columns[:, plus] - one.columns[:, minus] for plus, minus in pairs], axis=1)
    squares = np.maximum(np.sum(ways**2, axis=0), np.finfo(float).tiny)
    found = list[tuple[float, Added]]()
    for to in likely:
        rest = one.target - one.columns[:, to]
        times = rest @ ways / squares
        left = np.sum((rest[:, None] - ways * times) ** 2, axis=0)
        errors = np.sqrt(left / one.rows / squares)
        found += [
            (float(left[i]), Added(to, *pair, float(times[i]), float(errors[i])))
            for i, pair in enumerate(pairs)
            if to not in pair and times[i] >= LEAST
        ]
    best = sorted(found, key=lambda tried: (tried[0], tried[1].to, tried[1].plus))[:2]
    return [added for _, added in best if is_complete(case, added.weights(case))]


def is_complete(case: Case, weights: Doubles) -> bool:
    """Whether these weights leave what rounding leaves, in every tensor and in all of them."""
    counts = np.array([block.count for block in case.blocks])
    stored = np.array([block.dtype not in COMPUTED for block in case.blocks])
    found = left(case, weights)
    if np.any(found > np.where(stored, 1 + CHANCE / np.sqrt(counts), COMPLETE)):
        return False
    return not stored.all() or _mean(found, counts) <= 1 + CHANCE / np.sqrt(counts.sum())


def ratio(case: Case, weights: Doubles) -> float:
    """rms of what is left in all tensors, in units of the rounding of each value."""
    return _mean(left(case, weights), np.array([block.count for block in case.blocks]))


def left(case: Case, weights: Doubles) -> Doubles:
    """The same of each tensor.

    A value counts as large as the largest of its parts: they were rounded as well.
    """
    found = np.zeros(len(case.blocks))
    used = np.any(weights, axis=0)
    for tensor, values in enumerate(case.suspect):
        parts = case.columns[tensor][:, used] * weights[tensor, used]
        sizes = np.maximum(np.abs(values), np.abs(parts).max(axis=1, initial=0))
        missing = (values - parts.sum(axis=1)) / case.roundings(tensor, sizes)
        found[tensor] = np.sqrt(np.mean(missing**2))
    return found


def _mean(found: Doubles, counts: NDArray[np.int64]) -> float:
    return float(np.sqrt(np.average(found**2, weights=counts)))
