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
from modelaudit.resolve.formats.errors import FormatError
from modelaudit.resolve.formats.warnings import Warnings
from modelaudit.resolve.formats.window import first_read

name = "gguf"
suffixes = (".gguf",)

MAX_HEADER: Final = 32 << 20
"""Bytes before the tensors' own; the largest tokenizers take some 10 MB."""
MAX_TENSORS: Final = 100_000
MAX_KEYS: Final = 65_536
MOST_ELEMENTS: Final = 1000
"""Longer arrays are kept as their type and count."""
MOST_TEXT: Final = 0x10000
"""Bytes kept of one string; a chat template has some 10 kB."""

_BLOCKS: Final = (0x80000, 0x100000)
"""Bytes of the second read, and of each one after it; the first is the head that is there."""
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

TYPES: Final = {
    0: ("F32", 1, 4), 1: ("F16", 1, 2), 30: ("BF16", 1, 2), 28: ("F64", 1, 8),
    24: ("I8", 1, 1), 25: ("I16", 1, 2), 26: ("I32", 1, 4), 27: ("I64", 1, 8),
    2: ("Q4_0", 32, 18), 3: ("Q4_1", 32, 20), 6: ("Q5_0", 32, 22), 7: ("Q5_1", 32, 24),
    8: ("Q8_0", 32, 34), 10: ("Q2_K", 256, 84), 11: ("Q3_K", 256, 110), 12: ("Q4_K", 256, 144),
    13: ("Q5_K", 256, 176), 14: ("Q6_K", 256, 210), 15: ("Q8_K", 256, 292),
    16: ("IQ2_XXS", 256, 66), 17: ("IQ2_XS", 256, 74), 22: ("IQ2_S", 256, 82),
    18: ("IQ3_XXS", 256, 98), 21: ("IQ3_S", 256, 110), 19: ("IQ1_S", 256, 50),
    29: ("IQ1_M", 256, 56), 20: ("IQ4_NL", 32, 18), 23: ("IQ4_XS", 256, 136),
    34: ("TQ1_0", 256, 54), 35: ("TQ2_0", 256, 66), 39: ("MXFP4", 32, 17),
    40: ("NVFP4", 64, 36), 41: ("Q1_0", 128, 18),
}  # fmt: skip
"""Name, values per block and bytes per block of ggml's types. Without Q8_1, which no file stores
and whose size ggml and its Python package give differently."""


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
    cursor = _Cursor(reader)
    if cursor.take(4) != b"GGUF":
        raise FormatError("bad_magic", "the file does not begin with GGUF")
    cursor.set_version(cursor.take(4))
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


class _Cursor:
    """A position that goes forward only, and the block of bytes around it."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._block = b""
        self._base = self._at = 0
        self._steps = [_BLOCKS[1], _BLOCKS[0], first_read(reader.size)]
        self._order = "<"
        self._word = struct.Struct("<Q")
        self.arrays = 0
        """Arrays met; each costs time, however few bytes it takes."""

    @property
    def position(self) -> int:
        return self._base + self._at

    def set_version(self, raw: bytes) -> None:
        """Byte order and width of counts, as the four bytes of the version show them."""
        (version,) = struct.unpack("<I", raw)
        if not version & 0xFFFF:
            self._order = ">"
            (version,) = struct.unpack(">I", raw)
        if version not in (1, 2, 3):
            raise FormatError("unsupported_version", f"GGUF of version {version}")
        self._word = struct.Struct(self._order + ("I" if version == 1 else "Q"))

    def take(self, length: int) -> bytes:
        """The next bytes; no more than a block of them is ever asked for."""
        self._fill(length)
        taken = self._block[self._at : self._at + length]
        self._at += length
        return taken

    def skip(self, length: int) -> None:
        self._check(length)
        self._at += length

    def count(self) -> int:
        (value,) = self._word.unpack(self.take(self._word.size))
        return int(value)

    def numbers(self, code: str, count: int = 1) -> tuple[Any, ...]:
        layout = f"{self._order}{count}{code}"
        return struct.unpack(layout, self.take(struct.calcsize(layout)))

    def counts(self, count: int) -> tuple[int, ...]:
        return self.numbers(self._word.format[-1:], count)

    def text(self, most: int) -> tuple[str, bool]:
        """A string, and whether it is whole; bytes that are not UTF-8 appear as U+FFFD."""
        length = self.count()
        self._check(length)
        kept = self.take(min(length, most))
        self.skip(length - len(kept))
        return kept.decode("utf-8", "replace"), length <= most

    def skip_strings(self, count: int) -> None:
        size, length = self._word.size, self._word.unpack_from
        self._check(count * size)
        while count:
            self._fill(size)
            block, at, last = self._block, self._at, len(self._block) - size
            while count and at <= last:
                at += size + length(block, at)[0]
                count -= 1
            self._at = at
            self._check(0)

    def _check(self, length: int) -> None:
        end = self.position + length
        if end > self._reader.size:
            raise FormatError("header_past_eof", "the file ends inside its header")
        if end > MAX_HEADER:
            raise FormatError("header_too_large", f"the header is over {MAX_HEADER} bytes")

    def _fill(self, length: int) -> None:
        """Have that many bytes in the block."""
        if self._at + length <= len(self._block):
            return
        self._check(length)
        step = self._steps.pop() if len(self._steps) > 1 else self._steps[0]
        self._base, self._at = self.position, 0
        self._block = self._reader.read(self._base, max(step, length))
        if len(self._block) < length:
            raise FormatError("header_past_eof", "the file ends inside its header")


def _metadata(cursor: _Cursor, count: int, warnings: Warnings) -> dict[str, Any]:
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
            detail = f"{key[:60]!a} is also {str(found[key])[:100]!a}"
            warnings.add("duplicate_metadata", detail)
        found[key] = value
    return found


def _has_length(value: object) -> bool:
    return isinstance(value, str | list)


def _value(cursor: _Cursor, kind: int, most: int, depth: int = 0) -> tuple[Any, bool]:
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


def _info(cursor: _Cursor) -> _Info:
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
