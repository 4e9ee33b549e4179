"""Values as files store them: casts and 8-bit integers, written apart from the code that reads
them.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from functools import cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tests.quality.zoo.tape import Array, Weights

_EIGHTS: Final = {"F8_E4M3": (3, 7), "F8_E5M2": (2, 15)}
"""Bits of the fraction, bias of the exponent."""


class Stored(NamedTuple):
    """A tensor of a safetensors file."""

    dtype: str
    shape: tuple[int, ...]
    data: bytes


def stored(value: Array, dtype: str) -> Stored:
    """The values in a floating type; norms and other vectors are cast alike."""
    if dtype == "F32":
        data = value.astype("<f4").tobytes()
    elif dtype == "F16":
        data = value.astype("<f2").tobytes()
    elif dtype == "BF16":
        data = (_bfloat(value).view("<u4") >> 16).astype("<u2").tobytes()
    else:
        data = _codes(value, dtype).tobytes()
    return Stored(dtype, value.shape, data)


def cast(value: Array, dtype: str) -> Array:
    """The values that are left of them in that type."""
    if dtype == "F16":
        return value.astype(np.float16).astype(np.float32)
    if dtype == "BF16":
        return _bfloat(value)
    return _table(dtype)[_codes(value, dtype)] if dtype in _EIGHTS else value


def by_row(name: str, value: Array) -> dict[str, Stored]:
    """8-bit integers and one scale a row, as compressed-tensors names them."""
    flat = value.reshape(len(value), -1)
    scale = np.abs(flat).max(axis=1) / 127
    codes = np.round(flat / np.maximum(scale, 1e-12)[:, None]).astype(np.int8)
    return {
        name: Stored("I8", value.shape, codes.tobytes()),
        f"{name}_scale": Stored("F32", (len(value), 1), scale.astype("<f4").tobytes()),
    }


def packed(weights: Weights, dtype: str) -> dict[str, Stored]:
    """All tensors in a type; ``I8`` leaves vectors as they are."""
    found: dict[str, Stored] = {}
    for name, value in weights.items():
        if dtype == "I8" and value.ndim > 1:
            found |= by_row(name, value)
        else:
            found[name] = stored(value, "F16" if dtype == "I8" else dtype)
    return found


def safetensors(tensors: Mapping[str, Stored]) -> bytes:
    """The file."""
    entries, at = {}, 0
    for name, (dtype, shape, data) in tensors.items():
        span = [at, at := at + len(data)]
        entries[name] = {"dtype": dtype, "shape": shape, "data_offsets": span}
    header = json.dumps(entries).encode()
    header += b" " * (-len(header) % 8)
    return struct.pack("<Q", len(header)) + header + b"".join(t.data for t in tensors.values())


def _bfloat(value: Array) -> Array:
    bits = np.ascontiguousarray(value, np.float32).view(np.uint32)
    upper = (bits + np.uint32(0x7FFF) + ((bits >> 16) & 1)) & np.uint32(0xFFFF0000)
    return np.asarray(upper.astype(np.uint32).view(np.float32).reshape(value.shape))


def _codes(value: Array, dtype: str) -> NDArray[np.uint8]:
    """The nearest finite value's code."""
    table = _table(dtype)
    order = np.argsort(table, kind="stable")[: np.isfinite(table).sum()]
    borders = (table[order][1:] + table[order][:-1]) / 2
    return order[np.searchsorted(borders, value)].astype(np.uint8)


@cache
def _table(dtype: str) -> Array:
    """The value of every code; NaN where it is none or infinite."""
    fraction_bits, bias = _EIGHTS[dtype]
    found = []
    for code in range(256):
        exponent = (code & 0x7F) >> fraction_bits
        fraction = (code & ((1 << fraction_bits) - 1)) / (1 << fraction_bits)
        size = (exponent > 0) + fraction
        found.append((-1) ** (code >> 7) * size * 2.0 ** (max(exponent, 1) - bias))
    table = np.asarray(found, np.float32)
    table[[0x7F, 0xFF]] = np.nan
    if dtype == "F8_E5M2":
        table[0x7C:0x80] = table[0xFC:] = np.nan
    return table
