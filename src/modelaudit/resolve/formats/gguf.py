"""GGUF headers, streamed: keys and values first, then the tensors, then their bytes.

``GGUF | u32 version | tensor count | key count | keys and values | tensor infos | padding | data``
in the byte order that the version shows (github.com/ggml-org/ggml, docs/gguf.md). Versions 1 to 3
differ in the width of counts only. Tokenizers lie before the tensors, megabytes of short strings:
they are walked over, never kept.
"""

from __future__ import annotations

import math
import struct
from collections import Counter
from itertools import pairwise
from typing import Any, Final

from modelaudit.domain.reader import Reader
from modelaudit.domain.refs import MAX_LENGTH
from modelaudit.domain.weights import Header, Tensor
from modelaudit.resolve.formats._ggml import TYPES, Cursor
from modelaudit.resolve.formats.errors import FormatError
from modelaudit.resolve.formats.warnings import Warnings

name = "gguf"
suffixes = (".gguf",)

MAX_TENSORS: Final = 50_000
MAX_KEYS: Final = 65_536
MOST_ELEMENTS: Final = 1000
"""Longer arrays are kept as their type and count."""
MOST_TEXT: Final = 0x10000
"""Bytes kept of one string; a chat template has some 10 kB."""

_MOST_KEPT: Final = 8 << 20
"""Of all values together: characters, and 64 for each element of an array."""
_MAX_DIMENSIONS: Final = 8
_MAX_NESTING: Final = 2
_MAX_OFFSET: Final = 2**63
_STRING, _ARRAY = 8, 9
_SCALARS: Final = {
    0: ("uint8", "B"), 1: ("int8", "b"), 2: ("uint16", "H"), 3: ("int16", "h"),
    4: ("uint32", "I"), 5: ("int32", "i"), 6: ("float32", "f"), 7: ("bool", "?"),
    10: ("uint64", "Q"), 11: ("int64", "q"), 12: ("float64", "d"),
}  # fmt: skip


def recognises(head: bytes) -> bool:
    """The four letters that begin such a file."""
    return head[:4] == b"GGUF"


def read_header(reader: Reader) -> Header:
    """The header, in blocks up to where the tensors' bytes begin.

    Raises ``FormatError``; what ``reader`` raises passes through.
    """
    if reader.size < 24:
        raise FormatError("too_short", f"a file of {reader.size} bytes has no GGUF header")
    warnings = Warnings()
    cursor = Cursor(reader)
    if cursor.take(4) != b"GGUF":
        raise FormatError("bad_magic", "the file does not begin with GGUF")
    cursor.set_version(cursor.take(4))
    if cursor.is_big_endian:
        warnings.add("big_endian", "the most significant byte comes first")
    tensor_count, key_count = cursor.count(), cursor.count()
    if tensor_count > MAX_TENSORS:
        raise FormatError("too_many_tensors", f"the header lists more than {MAX_TENSORS} tensors")
    if key_count > MAX_KEYS:
        raise FormatError("header_too_large", f"the header has more than {MAX_KEYS} keys")
    metadata = _metadata(cursor, key_count, warnings)
    alignment = metadata.get("general.alignment", 32)
    if type(alignment) is not int or alignment <= 0 or alignment & (alignment - 1):
        raise FormatError("bad_header", "general.alignment is not a power of two")
    infos = [_info(cursor) for _ in range(tensor_count)]
    start = -(-cursor.position // alignment) * alignment
    tensors = _tensors(infos, start, reader.size, alignment, warnings)
    if tensors:
        _check_spans(tensors, start, reader.size, alignment, warnings)
    return Header(
        format=name,
        tensors=tuple(tensors),
        metadata=metadata,
        length=start,
        warnings=warnings.lines(),
    )


def _metadata(cursor: Cursor, count: int, warnings: Warnings) -> dict[str, Any]:
    found: dict[str, Any] = {}
    room = _MOST_KEPT
    for _ in range(count):
        key, whole = cursor.text(MAX_LENGTH)
        (kind,) = cursor.numbers("I")
        value, complete = _value(cursor, kind, MOST_ELEMENTS if room > 0 else 0)
        room -= len(value) * (1 if isinstance(value, str) else 64) if _has_length(value) else 0
        if not (whole and complete) or room < 0:
            warnings.add("metadata_too_long", ascii(key[:100]))
        if not whole or room < 0:
            continue
        if key in found:
            warnings.add("duplicate_metadata", ascii(key[:100]))  # a value may be a caption
        found[key] = value
    return found


def _has_length(value: object) -> bool:
    return isinstance(value, str | list)


def _value(cursor: Cursor, kind: int, most: int, depth: int = 0) -> tuple[Any, bool]:
    """A value, and whether it is complete; an array of over ``most`` is its type and count."""
    if kind in _SCALARS:
        return _plain(cursor.numbers(_SCALARS[kind][1])[0]), True
    if kind == _STRING:
        return cursor.text(MOST_TEXT if depth == 0 else MAX_LENGTH)
    if kind != _ARRAY or depth == _MAX_NESTING:
        raise FormatError("bad_header", f"a value of type {kind} at depth {depth}")
    cursor.arrays += 1
    (kind,) = cursor.numbers("I")
    count = cursor.count()
    if kind in _SCALARS:
        label, code = _SCALARS[kind]
        if count <= most:
            return [_plain(number) for number in cursor.numbers(code, count)], True
        cursor.skip(count * struct.calcsize("=" + code))
        return {"array": label, "count": count}, True
    if kind == _STRING and count > most:
        cursor.skip_strings(count)
        return {"array": "string", "count": count}, True
    if count > MOST_ELEMENTS or cursor.arrays > MAX_KEYS:
        raise FormatError("header_too_large", f"{count} arrays in an array")
    values = [_value(cursor, kind, most, depth + 1) for _ in range(count)]
    return [value for value, _ in values], all(complete for _, complete in values)


def _plain(number: Any) -> Any:
    # NaN and infinity have no place in JSON, where metadata ends up.
    return str(number) if isinstance(number, float) and not math.isfinite(number) else number


_Info = tuple[str, bool, tuple[int, ...], int, int]
"""Name, whether the name is whole, dimensions outermost first, type, offset in the data."""


def _info(cursor: Cursor) -> _Info:
    label, whole = cursor.text(MAX_LENGTH)
    (dimensions,) = cursor.numbers("I")
    if dimensions > _MAX_DIMENSIONS:
        raise FormatError("bad_header", f"tensor {label[:100]!a} has {dimensions} dimensions")
    shape = cursor.counts(dimensions)[::-1]
    (kind,) = cursor.numbers("I")
    (offset,) = cursor.numbers("Q")
    return label, whole, shape, kind, offset


def _tensors(
    infos: list[_Info], start: int, size: int, alignment: int, warnings: Warnings
) -> list[Tensor]:
    """The tensors that can be; ``start`` is where their bytes begin."""
    offsets = sorted({offset for *_, offset in infos} | {max(0, size - start)})
    following = dict(pairwise(offsets))
    tensors = []
    for label, whole, shape, kind, offset in infos:
        if kind in TYPES:
            dtype, values, width = TYPES[kind]
            row = shape[-1] if shape else 1
            length = math.prod(shape) // values * width
            valid = not row % values
        else:
            dtype, valid = f"ggml-type-{kind}", True
            length = following.get(offset, offset) - offset
            warnings.add("unknown_dtype", dtype)
        if not (whole and valid and start + offset + length < _MAX_OFFSET):
            warnings.add("invalid_tensor", ascii(label[:100]))
            continue
        if offset % alignment:
            warnings.add("unaligned", ascii(label[:100]))
        tensors.append(Tensor(label, dtype, shape, start + offset, length))
    for label, count in Counter(tensor.name for tensor in tensors).items():
        if count > 1:
            warnings.add("duplicate_tensor", ascii(label[:100]))
    return tensors


def _check_spans(
    tensors: list[Tensor], start: int, size: int, alignment: int, warnings: Warnings
) -> None:
    """Whether the tensors cover the bytes from ``start`` to ``size`` but for padding, each once."""
    covered = start
    for offset, length, label in sorted({(t.offset or 0, t.bytes, t.name) for t in tensors}):
        if offset - covered >= alignment:
            warnings.add("hole", f"{offset - covered} bytes before {label[:100]!a}")
        elif offset < covered:
            warnings.add("overlap", ascii(label[:100]))
        covered = max(covered, offset + length)
    if size - covered >= alignment:
        warnings.add("trailing_bytes", str(size - covered))
    elif covered > size:
        warnings.add("truncated", f"{covered - size} bytes are missing")
