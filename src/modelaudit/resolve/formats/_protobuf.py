"""Protobuf fields of a file, read in blocks (protobuf.dev/programming-guides/encoding).

Payloads are jumped over by their length, so that a file of weights costs little more than its
listing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from modelaudit.domain.reader import Reader
from modelaudit.resolve.formats.errors import FormatError
from modelaudit.resolve.formats.window import first_read

MAX_READ: Final = 32 << 20
"""Bytes read of one file."""
MAX_FIELDS: Final = 600_000

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
"""Wire types."""

_GAP: Final = 0x10000
"""Bytes of a long jump; while jumps are shorter, or none, reads grow."""
_FAR, _NEAR, _NEXT = 0x4000, 0x40000, 0x100000
"""Bytes of a read behind a long jump, as the head of a tensor is short, and of the longest ones
behind a short jump and behind none."""

Span = tuple[int, int]
"""First byte of a message or string, and where it ends."""
Field = tuple[int, int, Span, int]
"""Number, wire type, where the value lies, and the value of a varint."""


class Wire:
    """Protobuf fields of a file, read in blocks (protobuf.dev/programming-guides/encoding)."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._size = reader.size
        self._block = b""
        self._base = 0
        self._step = first_read(reader.size)
        self._read = self._fields = 0

    def fields(self, span: Span) -> Iterator[Field]:
        """The fields of a message."""
        at, end = span
        while at < end:
            self._fields += 1
            if self._fields > MAX_FIELDS:
                raise FormatError("header_too_large", f"the model has over {MAX_FIELDS} fields")
            tag, begin = self.varint(at, end)
            number, kind, value = tag >> 3, tag & 7, 0
            if kind == BYTES:
                length, begin = self.varint(begin, end)
                at = begin + length
            elif kind == VARINT:
                value, at = self.varint(begin, end)
            elif kind in (FIXED32, FIXED64):
                at = begin + (4 if kind == FIXED32 else 8)
            else:
                raise FormatError("bad_header", f"a field of wire type {kind}, which ONNX has not")
            if number == 0:
                raise FormatError("bad_header", "a field of number 0")
            if at > self._size:
                raise FormatError("header_past_eof", f"a field ends at {at} of {self._size} bytes")
            if at > end:
                raise FormatError("bad_header", "a field is longer than what holds it")
            yield number, kind, (begin, at), value

    def varint(self, at: int, end: int) -> tuple[int, int]:
        """The number at an offset, and where it ends."""
        index = at - self._base
        if index < 0 or index + 10 > len(self._block):
            index = self._load(at, 10)
        if at < end and self._block[index] < 0x80:
            return self._block[index], at + 1  # nearly every one
        value = shift = 0
        for byte in self._block[index : index + min(10, end - at)]:
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                if value >= 1 << 64:
                    break
                return value, at + shift // 7
        code = "header_past_eof" if end - at < 10 and end == self._size else "bad_header"
        raise FormatError(code, f"a number without an end at {at}")

    def text(self, span: Span, most: int) -> str:
        """A string, or its beginning; bytes that are not UTF-8 appear as U+FFFD."""
        start, end = span
        length = min(end - start, most)
        index = start - self._base
        if index < 0 or index + length > len(self._block):
            index = self._load(start, length)
        return self._block[index : index + length].decode("utf-8", "replace")

    def _load(self, at: int, length: int) -> int:
        """Have a block from an offset on, and say where in it the offset lies."""
        stop = self._base + len(self._block)
        if self._base <= at and stop == self._size:
            return at - self._base
        if self._block:
            longest = _NEXT if at <= stop else _NEAR
            self._step = _FAR if at - stop > _GAP else min(2 * self._step, longest)
        step = max(self._step, length)
        self._read += step
        if self._read > MAX_READ:
            raise FormatError("header_too_large", f"the model takes over {MAX_READ} bytes to read")
        self._base, self._block = at, self._reader.read(at, step)
        if len(self._block) < min(length, self._size - at):
            raise FormatError("header_past_eof", "the file ends inside its header")
        return 0
