"""Which of several vectors another one is a sum of, and in what shares: least squares in float64.

All rows are divided by the rounding error of their value beforehand, so that what a complete sum
leaves has an rms of about 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from modelaudit.resolve.weights._rounding import Doubles

LEAST: Final = 0.02
"""Share, below which a parent is none."""
SURE: Final = 5.0
"""Standard errors that a parent's share must be away from 0."""
KNOWN: Final = 0.05
"""Standard error, above which one tensor does not tell a parent's share."""

_PIECE: Final = 8192
"""Numbers in a matrix, below which OpenBLAS and others work in one thread."""
_LUCK: Final = 0.5
"""The least rms of what is left that an error is computed from: rounding leaves more."""
_NOTHING: Final = 1e-10
"""Of a length, below which it is what float64 itself leaves."""


class System(NamedTuple):
    """One set of equations, turned so that there are not more rows than columns plus one."""

    columns: Doubles
    target: Doubles
    rows: int
    """How many there were."""


class Fit(NamedTuple):
    """Shares of the parents in each system."""

    parents: tuple[int, ...]
    """Their columns."""
    weights: Doubles
    """One row for each system, one column for each parent."""
    errors: Doubles
    """Their standard errors."""
    rms: Doubles
    """Of what is left, in each system."""
    left: float
    """The rms over all systems."""

    @property
    def shares(self) -> Doubles:
        """Of each parent: the mean over the systems that tell it."""
        known = self.errors < KNOWN
        sums = np.where(known, self.weights, 0).sum(axis=0)
        return np.asarray(sums / np.maximum(known.sum(axis=0), 1))

    @property
    def certain(self) -> Doubles:
        """How many standard errors each parent's share is away from 0, where it is most so."""
        return np.asarray((self.weights / self.errors).max(axis=0, initial=0))

    def weak(self, sure: float = SURE) -> NDArray[np.bool_]:
        """The parents whose share is small, or not so many standard errors away from 0."""
        return (self.certain < sure) | (self.shares < LEAST)


def system(columns: Doubles, target: Doubles) -> System:
    """The equations ``columns @ weights = target``; rows of columns, and one value for each row.

    Turned piece by piece, so small that no BLAS starts threads, whose sums differ by their number.
    """
    turned = np.column_stack([columns, target])
    width = turned.shape[1]
    rows = max(2 * width, _PIECE // width)
    while len(turned) > width:
        turned = np.concatenate([turned, np.zeros((-len(turned) % rows, width))])
        pieces = turned.reshape(-1, rows, width)
        turned = np.asarray(np.linalg.qr(pieces, mode="r")).reshape(-1, width)
    return System(turned[:, :-1], turned[:, -1], len(target))


def together(systems: Sequence[System]) -> System:
    """Several systems as one, with one share of each parent for all of them."""
    joined = system(
        np.concatenate([one.columns for one in systems]),
        np.concatenate([one.target for one in systems]),
    )
    return joined._replace(rows=sum(one.rows for one in systems))


def fit(systems: Sequence[System], parents: Sequence[int]) -> Fit:
    """The shares of these parents, none of them negative, in each system by itself."""
    chosen = list(parents)
    rows = np.array([one.rows for one in systems])
    weights = np.zeros((len(systems), len(chosen)))
    spread, left = np.zeros_like(weights), np.zeros(len(systems))
    for i, one in enumerate(systems):
        columns = one.columns[:, chosen]
        weights[i] = nonnegative(columns, one.target)
        spread[i] = _spread(columns)
        left[i] = float(np.sum((one.target - columns @ weights[i]) ** 2))
    noise = np.sqrt(left / np.maximum(rows - len(chosen), 1))
    return Fit(
        parents=tuple(chosen),
        weights=weights,
        errors=np.maximum(noise, _LUCK)[:, None] * spread,
        rms=np.sqrt(left / rows),
        left=float(np.sqrt(left.sum() / rows.sum())),
    )


def eliminate(systems: Sequence[System], parents: Sequence[int], sure: float = SURE) -> Fit:
    """The fit without those that are weak: all that have no share, then one after another."""
    found = fit(systems, parents)
    while (weak := found.weak(sure)).any():
        order = np.where(weak, found.certain, np.inf)
        worst = len(order) - 1 - int(order[::-1].argmin())  # of equal ones, the one named last
        dropped = order == 0 if order.min() == 0 else np.arange(len(order)) == worst
        found = fit(systems, [p for p, out in zip(found.parents, dropped, strict=True) if not out])
    return found


def _spread(columns: Doubles) -> Doubles:
    """Standard errors of the shares for a noise of 1; huge where columns stand for one another."""
    lengths = np.linalg.norm(columns, axis=0)
    scaled = columns / np.where(lengths > 0, lengths, 1)
    _, sizes, ways = np.linalg.svd(scaled, full_matrices=False)
    errors = np.sqrt(np.sum((ways / np.maximum(sizes, _NOTHING)[:, None]) ** 2, axis=0))
    return np.asarray(errors / np.where(lengths > 0, lengths, _NOTHING))


def nonnegative(columns: Doubles, target: Doubles) -> Doubles:
    """Least squares with no weight below 0 (Lawson and Hanson 1974, algorithm NNLS)."""
    lengths = np.linalg.norm(columns, axis=0)
    scaled = columns / np.where(lengths > 0, lengths, 1)
    weights = _least_squares(scaled, target)
    if weights.min(initial=0) < 0:
        weights = _without_negative(scaled, target)
    return np.asarray(weights / np.where(lengths > 0, lengths, 1))


def _without_negative(scaled: Doubles, target: Doubles) -> Doubles:
    """The weights of columns of length 1, those that help most let in one after another."""
    weights, free = np.zeros(scaled.shape[1]), np.zeros(scaled.shape[1], bool)
    for _ in range(3 * len(weights)):
        slope = np.where(free, -np.inf, scaled.T @ (target - scaled @ weights))
        if slope.max() <= _NOTHING * np.linalg.norm(target):
            break
        free[slope.argmax()] = True
        while free.any():
            aim = np.zeros_like(weights)
            aim[free] = _least_squares(scaled[:, free], target)
            falling = free & (aim <= 0)
            if not falling.any():
                weights = aim
                break
            step = weights[falling] / np.maximum(weights[falling] - aim[falling], 1e-300)
            weights += step.min() * (aim - weights)
            free &= weights > _NOTHING * max(1.0, weights.max())
            weights[~free] = 0
    return weights


def _least_squares(columns: Doubles, target: Doubles) -> Doubles:
    return np.asarray(np.linalg.lstsq(columns, target, rcond=None)[0])
