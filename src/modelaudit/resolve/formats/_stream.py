"""The bytes of a pickle as ``pickletools`` asks for them, fetched while they are parsed."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Final

from modelaudit.resolve.formats.errors import FormatError

MAX_PICKLE: Final = 32 << 20
"""Bytes; the list of 1131 tensors of a Stable Diffusion 1 checkpoint takes 150 kB."""

_MAX_ARGUMENT: Final = 8 << 20
"""Bytes that one opcode may bring along: decoded, they can take four times as much."""
_MAX_LINE: Final = 1 << 20
_FIRST_CHUNK: Final = 0x10000


class Stream:
    """Bytes from ``start`` to ``end`` of whatever ``fetch(offset, length)`` reads.

    Nothing is fetched, and no memory taken, for a length that the pickle merely claims.
    """

    def __init__(self, fetch: Callable[[int, int], bytes], start: int, end: int) -> None:
        self._fetch = fetch
        self._end = end
        self._limit = start + MAX_PICKLE
        self._next = start
        self._chunk = _FIRST_CHUNK
        self._buffer = io.BytesIO()

    @property
    def position(self) -> int:
        """Offset of the byte that comes next."""
        return self._next - len(self._buffer.getbuffer()) + self._buffer.tell()

    def read(self, length: int) -> bytes:
        """``length`` bytes, fewer at the end; raises ``FormatError("pickle_limit", ...)``."""
        data = self._buffer.read(length)
        missing = length - len(data)
        if missing <= 0 or missing > self._end - self._next:
            return data
        if length > _MAX_ARGUMENT:
            raise FormatError("pickle_limit", f"the pickle holds a value of {length} bytes")
        self._refill(missing)
        return data + self._buffer.read(missing)

    def readline(self) -> bytes:
        """Up to and with the next line feed; raises ``FormatError("pickle_limit", ...)``."""
        line = self._buffer.readline()
        while not line.endswith(b"\n") and self._next < self._end:
            self._refill(1)
            line += self._buffer.readline()
            if len(line) > _MAX_LINE:
                raise FormatError("pickle_limit", f"the pickle has a line over {_MAX_LINE} bytes")
        return line

    def _refill(self, least: int) -> None:
        if self._next + least > self._limit:
            raise FormatError("pickle_limit", f"the pickle is longer than {MAX_PICKLE} bytes")
        wanted = min(max(self._chunk, least), self._end - self._next, self._limit - self._next)
        data = self._fetch(self._next, wanted)
        if len(data) < wanted:
            self._end = self._next + len(data)
        self._next += len(data)
        # Twice as much each time: few requests for a long pickle, few bytes for a short one.
        self._chunk *= 2
        self._buffer = io.BytesIO(data)
