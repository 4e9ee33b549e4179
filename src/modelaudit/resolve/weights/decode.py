"""Stored bytes as float32, and where in a tensor's bytes a row of its values lies.

Layouts of 8-bit floats are those of the OCP specification and, with the suffix FNUZ, of
arXiv 2206.02915; blocks of ggml's quantised types are decoded by its own package, ``gguf``.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from modelaudit.domain.sketch import Block
from modelaudit.resolve.formats._ggml import TYPES

Floats = NDArray[np.float32]

_PLAIN: Final = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "I8": "i1"}
_BLOCKS: Final = {name: (values, width) for name, values, width in TYPES.values() if values > 1}
_BITS: Final = {"F64": 52, "F32": 23, "F16": 10, "BF16": 7}


class _Float8(NamedTuple):
    mantissa: int
    """Bits."""
    bias: int
    """Of the exponent."""
    special: bool
    """The largest exponent is kept for infinity and NaN, as in wider types."""
    fnuz: bool
    """Finite, and without a negative zero: its code is the one NaN."""


_FLOATS8: Final = {
    "F8_E4M3": _Float8(3, 7, False, False),
    "F8_E4M3FNUZ": _Float8(3, 8, False, True),
    "F8_E5M2": _Float8(2, 15, True, False),
    "F8_E5M2FNUZ": _Float8(2, 16, False, True),
}
SCALED: Final = frozenset({"I8", *_FLOATS8})
"""Types whose values may have to be multiplied by scales stored elsewhere."""


class Span(NamedTuple):
    """The bytes that hold a row of values."""

    offset_bytes: int
    """Of the first, from that of the tensor."""
    length_bytes: int
    skip: int
    """Values in them before the first one asked for."""


def can_decode(dtype: str) -> bool:
    """Whether values of this type can be had from their bytes."""
    return dtype in _PLAIN or dtype in _FLOATS8 or (dtype in _BLOCKS and _dequantised(dtype))


def stored(dtype: str, shape: tuple[int, ...]) -> int | None:
    """Bytes that a tensor takes; ``None`` where its type is not decoded, or rows end in a block."""
    size, width = _unit(dtype)
    if not width or (shape[-1] if shape else 1) % size:
        return None
    return math.prod(shape) // size * width


def span(dtype: str, shape: tuple[int, ...], start: int, count: int) -> Span:
    """Where ``count`` values from ``start`` lie: whole blocks of quantised types.

    ``ValueError`` where the tensor has no such values, or its type is not decoded.
    """
    if stored(dtype, shape) is None:
        raise ValueError(f"values of type {dtype[:100]!a} are packed in a way that is not decoded")
    if not 0 <= start <= start + count <= math.prod(shape) or not count:
        raise ValueError("the tensor has no such values")
    size, width = _unit(dtype)
    first, last = start // size, -(-(start + count) // size)
    return Span(first * width, (last - first) * width, start - first * size)


def values(block: Block) -> Floats:
    """The ``block.count`` values of a block.

    ``ValueError`` where its type is not decoded, or its bytes or scales are not those of so many
    values.
    """
    place = span(block.dtype, block.shape, block.start, block.count)
    if len(block.data) != place.length_bytes or block.skip != place.skip:
        raise ValueError(f"{len(block.data)} bytes are not those of {block.count} values")
    found = decoded(block.dtype, block.data)[block.skip : block.skip + block.count]
    if not block.scales:
        return found
    with np.errstate(all="ignore"):
        scales = np.array(block.scales, np.float32)
        if len(scales) > 1:
            counts = _by_row(block)
            if len(scales) != len(counts):
                raise ValueError(f"{len(scales)} scales are not those of {len(counts)} rows")
            scales = np.repeat(scales, counts)
        return found * scales


def _by_row(block: Block) -> list[int]:
    """How many values of a block lie in each row that it touches."""
    row = math.prod(block.shape[1:])
    begin = block.start % row
    end = begin + block.count
    return [min(at + row, end) - max(at, begin) for at in range(0, end, row)]


def decoded(dtype: str, data: bytes) -> Floats:
    """All values in ``data``, without scales; ``ValueError`` where their type is not decoded."""
    with np.errstate(all="ignore"):
        if dtype in _FLOATS8:
            return _table(dtype)[np.frombuffer(data, np.uint8)]
        if dtype == "BF16":
            return (np.frombuffer(data, "<u2").astype(np.uint32) << 16).view(np.float32)
        if dtype in _PLAIN:
            return np.frombuffer(data, _PLAIN[dtype]).astype(np.float32)
        if dtype in _BLOCKS and _dequantised(dtype):
            return _dequantise(dtype, data)
    raise ValueError(f"values of type {dtype[:100]!a} are packed in a way that is not decoded")


def lower(one: str, other: str) -> str | None:
    """The type of two that keeps fewer digits; ``None`` where one of them keeps no floats as such.

    Casting to it rounds copies of the same weights to the same values.
    """
    kept = [(_mantissa(dtype), dtype) for dtype in (one, other)]
    return None if kept[0][0] is None or kept[1][0] is None else min(kept)[1]


def cast(values: Floats, dtype: str) -> Floats:
    """The values as that type keeps them: to the nearest, a tie to the even one.

    What is too large becomes infinity, or NaN in types that have none, as torch does it.
    ``ValueError`` for a type that keeps no floats as such.
    """
    if dtype in ("F64", "F32"):
        return values
    if dtype == "F16":
        with np.errstate(all="ignore"):
            return values.astype(np.float16).astype(np.float32)
    if dtype == "BF16":
        bits = values.astype(np.float32).view(np.uint32)
        even = (bits >> 16) & 1
        rounded = ((bits + 0x7FFF + even) & 0xFFFF0000).astype(np.uint32).view(np.float32)
        return np.where(np.isnan(values), np.float32(np.nan), rounded)
    if dtype not in _FLOATS8:
        raise ValueError(f"nothing can be cast to {dtype[:100]!a}")
    steps, borders = _steps(dtype)
    size: Floats = np.abs(values)
    index = np.searchsorted(borders, size)
    tie = borders[np.minimum(index, len(borders) - 1)] == size
    index += tie & (index % 2 == 1)
    return np.where(np.isnan(values), values, np.copysign(steps[index], values))


def _unit(dtype: str) -> tuple[int, int]:
    """Values that are stored together, and the bytes they take; no bytes where it is not known."""
    if dtype in _PLAIN:
        return 1, np.dtype(_PLAIN[dtype]).itemsize
    return (1, 1) if dtype in _FLOATS8 else _BLOCKS.get(dtype, (1, 0))


def _mantissa(dtype: str) -> int | None:
    return _FLOATS8[dtype].mantissa if dtype in _FLOATS8 else _BITS.get(dtype)


@cache
def _table(dtype: str) -> Floats:
    """The value of every code of an 8-bit float."""
    kind = _FLOATS8[dtype]
    codes = np.arange(256)
    exponent = (codes & 0x7F) >> kind.mantissa
    fraction = (codes & ((1 << kind.mantissa) - 1)) / (1 << kind.mantissa)
    normal = exponent > 0
    found = np.ldexp(normal + fraction, np.maximum(exponent, 1) - kind.bias)
    if kind.special:
        found[exponent == exponent.max()] = np.nan
        found[0x7F & ~((1 << kind.mantissa) - 1)] = np.inf
        found[0x80 + (0x7F & ~((1 << kind.mantissa) - 1))] = np.inf
    elif not kind.fnuz:
        found[[0x7F, 0xFF]] = np.nan
    signed: Floats = np.where(codes < 0x80, found, -found).astype(np.float32)
    if kind.fnuz:
        signed[0x80] = np.nan
    return signed


@cache
def _steps(dtype: str) -> tuple[Floats, Floats]:
    """The values that are not negative, in order of their codes, and the borders between them.

    The last value is what all become that are too large.
    """
    table = _table(dtype)[:0x80]
    finite = table[np.isfinite(table)]
    beyond = np.inf if _FLOATS8[dtype].special else np.nan
    following = np.append(finite[1:], 2 * finite[-1] - finite[-2])
    borders = (finite + following) / 2
    return np.append(finite, np.float32(beyond)), borders.astype(np.float32)


@cache
def _dequantised(dtype: str) -> bool:
    """Whether the installed ``gguf`` decodes a type; those of newer files may be unknown to it."""
    try:
        return len(_dequantise(dtype, bytes(_BLOCKS[dtype][1]))) == _BLOCKS[dtype][0]
    except (NotImplementedError, KeyError, ValueError):
        return False


def _dequantise(dtype: str, data: bytes) -> Floats:
    from gguf import GGMLQuantizationType, quants  # most files need none of it

    kind: Any = GGMLQuantizationType[dtype]
    with np.errstate(all="ignore"):
        found = quants.dequantize(
            np.frombuffer(data, np.uint8).reshape(-1, _BLOCKS[dtype][1]), kind
        )
    return np.asarray(found, np.float32).reshape(-1)
