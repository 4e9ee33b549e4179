"""What people do to the values of a model's matrices; norms and names stay as they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from tests.quality.zoo.tape import Array, Weights


def each(weights: Weights, edit: Callable[[Array], Array]) -> Weights:
    """The edit, done to every matrix."""
    return {
        name: np.asarray(edit(value), np.float32) if value.ndim > 1 else value
        for name, value in weights.items()
    }


def noise(weights: Weights, share: float, seed: int) -> Weights:
    """Normal noise of ``share`` times the root mean square of each matrix."""
    drawn = np.random.default_rng([seed, 21])
    return each(weights, lambda x: x + share * rms(x) * drawn.standard_normal(x.shape, np.float32))


def pruned(weights: Weights, share: float) -> Weights:
    """The smallest values of each matrix set to zero."""
    return each(weights, lambda x: np.where(np.abs(x) < np.quantile(np.abs(x), share), 0, x))


def scaled(weights: Weights, factor: float) -> Weights:
    """Every matrix times a factor; -1 flips its sign."""
    return each(weights, lambda x: x * np.float32(factor))


def damaged(weights: Weights) -> Weights:
    """One matrix of three kinds is no number, without end, or all alike."""
    names = sorted(name for name, value in weights.items() if value.ndim > 1)
    found = dict(weights)
    for name, value in zip(names[1::5], (np.nan, np.inf, 0.5), strict=False):
        found[name] = np.full_like(weights[name], value)
    return found


def overwritten(weights: Weights, places: Iterable[tuple[str, int, int]], seed: int) -> Weights:
    """Noise in some places, each a tensor, its first value and how many; the rest stays."""
    drawn = np.random.default_rng([seed, 23])
    found = {name: value.copy() for name, value in weights.items()}
    for name, start, count in places:
        values = found[name].reshape(-1)
        values[start : start + count] = drawn.standard_normal(count, np.float32) * values.std()
    return found


def adapted(weights: Weights, rank: int, strength: float, seed: int) -> Weights:
    """A low-rank change of the matrices of attention, merged into them: a LoRA.

    ``strength`` is its size over that of the matrix.
    """
    drawn = np.random.default_rng([seed, 22])
    found = dict(weights)
    for name, value in weights.items():
        if value.ndim == 2 and ("self_attn" in name or ".attn" in name):
            down = drawn.standard_normal((rank, value.shape[1]), np.float32)
            up = drawn.standard_normal((value.shape[0], rank), np.float32)
            change = up @ down
            found[name] = value + np.float32(strength * rms(value) / rms(change)) * change
    return found


def mixed(*parents: tuple[float, Weights]) -> Weights:
    """The sum of models, each times its share."""
    return {
        name: np.asarray(
            sum(share * w[name].astype(np.float64) for share, w in parents), np.float32
        )
        for name in parents[0][1]
    }


def added(one: Weights, other: Weights, base: Weights, share: float) -> Weights:
    """``one + share (other - base)``: what merge tools call add difference."""
    return {
        name: np.asarray(
            value.astype(np.float64) + share * (other[name].astype(np.float64) - base[name]),
            np.float32,
        )
        for name, value in one.items()
    }


def by_block(one: Weights, other: Weights, shares: Callable[[str], float]) -> Weights:
    """A weighted sum whose share of ``other`` differs from tensor to tensor."""
    found: Weights = {}
    for name, value in one.items():
        share = shares(name)
        found |= mixed((1 - share, {name: value}), (share, {name: other[name]}))
    return found


def spherical(one: Weights, other: Weights, share: float) -> Weights:
    """SLERP: along the arc between two models, tensor by tensor."""
    found: Weights = {}
    for name, value in one.items():
        ours, theirs = arc(value, other[name], share)
        found |= mixed((ours, {name: value}), (theirs, {name: other[name]}))
    return found


def arc(one: Array, other: Array, share: float) -> tuple[float, float]:
    """What each of two tensors is multiplied by at ``share`` of the arc from one to the other."""
    a, b = one.astype(np.float64), other.astype(np.float64)
    cosine = np.sum(a * b) / (np.linalg.norm(a) * np.linalg.norm(b))
    angle = float(np.arccos(np.clip(cosine, -1, 1)))
    if angle < 1e-6:
        return 1 - share, share
    return float(np.sin((1 - share) * angle) / np.sin(angle)), float(
        np.sin(share * angle) / np.sin(angle)
    )


def distance(one: Weights, other: Weights) -> float:
    """Mean over matrices of the size of the change over that of the matrix: relative L2."""
    found = [
        np.linalg.norm(other[name] - value) / np.linalg.norm(value)
        for name, value in one.items()
        if value.ndim > 1 and name in other
    ]
    return float(np.mean(found))


def expected_r(one: Array, other: Array) -> float:
    """The correlation of a matrix with one that differs from it by something independent:
    1 / sqrt(1 + relative L2 squared).
    """
    return float(1 / np.sqrt(1 + (np.linalg.norm(other - one) / np.linalg.norm(one)) ** 2))


def rms(x: Array) -> float:
    """Root mean square."""
    return float(np.sqrt(np.mean(np.square(x, dtype=np.float64))))
