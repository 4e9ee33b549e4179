"""Sketches of matrices that a test has at hand, without a file around them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelaudit.domain.sketch import Block, Sketch, Use
from modelaudit.domain.weights import Architecture
from modelaudit.domain.words import Component
from modelaudit.resolve.weights import decode
from modelaudit.resolve.weights.roles import block_start, choose, is_input, is_vocabulary

Arrays = Mapping[str, NDArray[Any]]

ROWS = 32
"""Of a vocabulary, to match channels by; as many to check by."""
CHECK_ROW = 2000


def sketch_of(
    arrays: Arrays,
    dtype: str = "F32",
    *,
    source: str = "reference",
    every: bool = False,
    part: Component = Component.TRANSFORMER,
    family: str = "family",
    keys: Mapping[str, str] | None = None,
    chosen: Collection[str] | None = None,
    anchors: bool = True,
    count: int = 1024,
) -> Sketch:
    """The sketch of a model with these matrices, all of one part.

    ``keys`` are the names as the family spells them, where they are others; ``chosen`` are keys.
    With ``every`` one it is a reference, transposed blocks and all.
    """
    named = {(keys or {}).get(name, name): name for name in arrays}
    shapes = {key: arrays[name].shape for key, name in named.items()}
    picked = set(choose(shapes) if chosen is None else chosen)
    blocks: list[Block] = []
    for key, name in named.items():
        values = arrays[name]
        length = min(count, values.size)

        def cut(
            use: Use, start: int, length: int, values: NDArray[Any] = values, kept: str = dtype,
            name: str = name, key: str = key,
        ) -> Block:  # fmt: skip
            return Block(
                name=name,
                key=key,
                component=part,
                dtype=kept,
                shape=values.shape,
                start=start,
                count=length,
                data=encode(values.ravel()[start : start + length], kept),
                use=use,
                chosen=key in picked,
            )

        if key in picked or every:
            blocks.append(cut(Use.SAMPLE, block_start(key, values.shape, count), length))
        if every and values.ndim == 2:
            turned = decode.cast(values.T.astype(np.float32), dtype)
            start = block_start(key, turned.shape, count)
            blocks.append(cut(Use.TRANSPOSED, start, length, turned, "F32"))
        if anchors and is_input(key):
            blocks += [cut(*place) for place in _places(key, values.shape)]
    return Sketch(
        source=source,
        architecture=Architecture(family=family, components=(part,)),
        blocks=tuple(sorted(blocks, key=lambda block: (block.component, block.use, block.key))),
        every=every,
    )


def joined(*sketches: Sketch) -> Sketch:
    """One model of several parts, called as the first of them is."""
    blocks = [block for sketch in sketches for block in sketch.blocks]
    first = sketches[0]
    return Sketch(
        source=first.source,
        architecture=first.architecture,
        blocks=tuple(sorted(blocks, key=lambda block: (block.component, block.use, block.key))),
        every=first.every,
    )


def encode(values: NDArray[Any], dtype: str) -> bytes:
    """Values as a file stores them."""
    kept = decode.cast(np.ascontiguousarray(values, np.float32), dtype)
    if dtype == "F16":
        return kept.astype("<f2").tobytes()
    if dtype == "BF16":
        return (kept.view(np.uint32) >> 16).astype("<u2").tobytes()
    if dtype.startswith("F8"):
        codes = _codes(dtype)
        return bytes(codes[float(value)] for value in kept)
    return kept.astype({"F32": "<f4", "F64": "<f8"}[dtype]).tobytes()


def network(seed: int, layers: int = 4, width: int = 64, *, tail: float = 0.0) -> dict[str, Any]:
    """The matrices of a small language model, made of a seed: 2 + 6 for each layer.

    ``tail`` above 0 gives their values heavy tails, as trained ones have: kurtosis 3 + 6 ``tail``.
    """
    rng = np.random.default_rng(seed)
    shapes = {"model.embed_tokens.weight": (4096, width), "lm_head.weight": (4096, width)}
    for layer in range(layers):
        for role in ("q", "k", "v", "o"):
            shapes[f"model.layers.{layer}.self_attn.{role}_proj.weight"] = (width, width)
        shapes[f"model.layers.{layer}.mlp.up_proj.weight"] = (4 * width, width)
        shapes[f"model.layers.{layer}.mlp.down_proj.weight"] = (width, 4 * width)
    return {name: _values(rng, shape, tail) for name, shape in shapes.items()}


def noisy(arrays: Arrays, size: float, seed: int = 99) -> dict[str, Any]:
    """The matrices with noise of so many times their own size: relL2."""
    rng = np.random.default_rng(seed)
    return {
        name: values + size * values.std() * rng.standard_normal(values.shape)
        for name, values in arrays.items()
    }


def _values(rng: np.random.Generator, shape: tuple[int, ...], tail: float) -> NDArray[Any]:
    values = 0.02 * rng.standard_normal(shape)
    if tail:
        # A normal value times the root of a gamma-distributed one: the variance gamma family.
        values *= np.sqrt(rng.gamma(0.5 / tail, 2 * tail, shape))
    return values


def _places(key: str, shape: tuple[int, ...]) -> list[tuple[Use, int, int]]:
    columns = int(np.prod(shape[1:]))
    if not is_vocabulary(key):
        return [(Use.ANCHOR, 0, shape[0] * columns)]
    first = block_start(key, shape)
    check = min(CHECK_ROW, (shape[0] - 1) // 2)
    rows, checks = min(ROWS, check - first // columns), min(ROWS, shape[0] - check)
    return [
        (Use.ANCHOR, first, rows * columns),
        (Use.CHECK, check * columns, checks * columns),
    ]


@cache
def _codes(dtype: str) -> dict[float, int]:
    table = decode.decoded(dtype, bytes(range(256)))
    return {float(value): code for code, value in reversed(list(enumerate(table)))}
