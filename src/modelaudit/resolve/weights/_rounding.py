"""How far from what was computed a stored value may lie: the steps of each type."""

from __future__ import annotations

from math import prod
from typing import Final

import numpy as np
from numpy.typing import NDArray

from modelaudit.domain.sketch import Block

Doubles = NDArray[np.float64]

_FLOATS: Final = {
    "F64": (23, -126), "F32": (23, -126), "F16": (10, -14), "BF16": (7, -126),
    "F8_E4M3": (3, -6), "F8_E4M3FNUZ": (3, -7), "F8_E5M2": (2, -14), "F8_E5M2FNUZ": (2, -15),
}  # fmt: skip
"""Bits of the mantissa and the smallest normal exponent; a sketch keeps F64 as F32."""

COMPUTED: Final = frozenset({"F64", "F32", "F16", "BF16"})
"""Types that weights are also added in; other ones are only stored."""


def roundings(block: Block, sizes: Doubles) -> Doubles | None:
    """The rms error of storing values of these sizes in this block: a step over √12.

    A float's step is the place of its last bit; that of 8-bit integers and of ``Q8_0`` is their
    scale, whatever the size. ``None`` for types whose steps are not known or too coarse to show
    what a merge is made of. ``sizes`` has one entry for each value of the block.
    """
    scales = _scales(block)
    if not (np.isfinite(scales).all() and scales.min() > 0):
        return None
    if block.dtype in _FLOATS:
        bits, floor = _FLOATS[block.dtype]
        _, exponents = np.frexp(sizes / scales)  # of a mantissa in [0.5, 1)
        exponents = np.where(sizes == 0, floor, np.maximum(exponents - 1, floor))
        steps = np.ldexp(scales, exponents - bits)
    elif block.dtype == "I8":
        steps = scales
    elif block.dtype == "Q8_0":
        groups = np.frombuffer(block.data, [("scale", "<f2"), ("values", "i1", 32)])["scale"]
        steps = np.repeat(np.abs(groups.astype(float)), 32)[block.skip : block.skip + block.count]
    else:
        return None
    known = np.maximum(steps, steps.max() / 1024)  # a group of zeros has no step of its own
    return known / np.sqrt(12) if np.isfinite(known).all() and known.min() > 0 else None


def _scales(block: Block) -> Doubles:
    """Of every value."""
    scales = np.abs(np.array(block.scales or (1.0,), float))
    if len(scales) == 1:
        return np.full(block.count, scales[0])
    row = prod(block.shape[1:])
    touched = np.arange(block.start, block.start + block.count) // row - block.start // row
    return np.asarray(scales[touched])
