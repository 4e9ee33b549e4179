"""Models, fine-tunes and merges of them, as arrays and as sketches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from modelaudit.domain.sketch import Block, Sketch
from modelaudit.domain.words import Component
from modelaudit.resolve.weights import decode
from tests.resolve.weights.sketches import sketch_of

Model = NDArray[np.float64]
"""``TENSORS`` matrices of 64 x 64, of which a sketch holds 16 rows each."""

TENSORS = 8


def drawn(trial: int, count: int) -> list[float]:
    """Shares of which none is below 0.05."""
    return list(0.05 + (1 - 0.05 * count) * np.random.default_rng(trial).dirichlet([2] * count))


def mixed(shares: Sequence[float]) -> Model:
    return np.asarray(sum(share * fine_tune(i) for i, share in enumerate(shares)))


def named(i: int) -> tuple[str, Sketch]:
    return f"p{i}", _named(i)


@cache
def _named(i: int) -> Sketch:
    return sketch(fine_tune(i))


@cache
def independent(seed: int) -> Model:
    """A model like trained ones: some of it of low rank, columns of different sizes."""
    rng = np.random.default_rng(1000 + seed)
    low = rng.standard_normal((TENSORS, 64, 4)) @ rng.standard_normal((TENSORS, 4, 64)) / 4
    sizes = 0.03 * np.exp(0.4 * rng.standard_normal((TENSORS, 1, 64)))
    return stored((rng.standard_normal((TENSORS, 64, 64)) + low) * sizes)


def common() -> Model:
    return independent(100)


@cache
def fine_tune(i: int) -> Model:
    return stored(tuned(np.random.default_rng(2000 + i), common(), 0.1))


def tuned(rng: np.random.Generator, model: Model, size: float) -> Model:
    """With a change of low rank and heavy tails: relL2 about ``size``, not the same in all."""
    change = rng.standard_normal((TENSORS, 64, 3)) @ rng.standard_normal((TENSORS, 3, 64))
    change += rng.standard_t(3, (TENSORS, 64, 64))
    lengths = np.linalg.norm(model, axis=(1, 2)) / np.linalg.norm(change, axis=(1, 2))
    lengths *= size * np.exp(0.5 * rng.standard_normal(TENSORS))
    return np.asarray(model + lengths[:, None, None] * change)


def stored(model: Model, dtype: str = "F16") -> Model:
    return decode.cast(model.astype(np.float32), dtype).astype(float)


def spoilt(sketch: Sketch, count: int, value: float = np.nan) -> Sketch:
    """With some F16 blocks that are not finite."""
    data = np.full(1024, value, "<f2").tobytes()
    bad = tuple(replace(block, data=data) for block in sketch.blocks[:count])
    return replace(sketch, blocks=(*bad, *sketch.blocks[count:]))


def sketch(model: Model, dtype: str = "F16", part: Component = Component.UNET) -> Sketch:
    packed = {"Q8_0": _q8, "Q4_0": _q4, "I8": _i8}.get(dtype)
    arrays = {f"blocks.{i}.mlp.fc1.weight": matrix for i, matrix in enumerate(model)}
    made = sketch_of(arrays, "F32" if packed else dtype, part=part)
    return replace(made, blocks=tuple(map(packed, made.blocks))) if packed else made


def _q8(block: Block) -> Block:
    groups = decode.values(block).reshape(-1, 32)
    scales = np.abs(groups).max(axis=1) / 127
    made = np.zeros(len(groups), [("scale", "<f2"), ("values", "i1", 32)])
    made["scale"], made["values"] = scales, np.round(groups / scales[:, None])
    return replace(block, dtype="Q8_0", data=made.tobytes())


def _q4(block: Block) -> Block:
    groups = decode.values(block).reshape(-1, 32)
    scales = np.abs(groups).max(axis=1) / 7
    codes = (np.round(groups / scales[:, None]) + 8).astype(np.uint8)
    made = np.zeros(len(groups), [("scale", "<f2"), ("values", "u1", 16)])
    made["scale"], made["values"] = scales, codes[:, :16] | codes[:, 16:] << 4
    return replace(block, dtype="Q4_0", data=made.tobytes())


def _i8(block: Block) -> Block:
    rows = decode.values(block).reshape(-1, 64)
    scales = np.abs(rows).max(axis=1).astype(np.float32) / 127
    data = np.round(rows / scales[:, None]).astype("i1").tobytes()
    return replace(block, dtype="I8", data=data, scales=tuple(scales.tolist()))
