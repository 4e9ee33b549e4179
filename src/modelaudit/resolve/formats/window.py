"""A Reader that asks for each byte once: one first read sized by the file, then what is missing."""

from __future__ import annotations

from modelaudit.domain.reader import Reader

_SMALL, _STEP = 0x1000, 0x10000
_MOST_KEPT = 64 << 20
"""Bytes kept; what was read longest ago is forgotten first."""


def first_read(size: int) -> int:
    """Bytes of the first read: nearly every header fits, and one request is what costs.

    An adapter of 5 MB may have a header of 100 kB, a checkpoint of SDXL one of 365 kB
    (``benchmarks/headers.py`` compares other steps).
    """
    return 0x10000 if size < 5_000_000 else 0x40000 if size < 50_000_000 else 0x80000


class Window:
    """What was read of a file, kept; a read that begins inside it asks for the missing tail only.

    Reads of a few bytes are rounded up: whoever takes small steps goes on with more of them.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._pieces: dict[int, bytearray] = {}

    @property
    def size(self) -> int:
        """Length of the file in bytes."""
        return self._reader.size

    def read(self, offset: int, length: int) -> bytes:
        """Up to ``length`` bytes from ``offset``; shorter only at the end of the file."""
        length = min(length, self.size - offset)
        if length <= 0:
            return b""
        for start, piece in self._pieces.items():
            skip = offset - start
            if 0 <= skip <= len(piece):
                missing = skip + length - len(piece)
                if missing > 0:
                    piece += self._reader.read(start + len(piece), self._wish(missing))
                    self._forget(but=start)
                return bytes(memoryview(piece)[skip : skip + length])
        piece = bytearray(self._reader.read(offset, self._wish(length)))
        self._pieces[offset] = piece
        self._forget(but=offset)
        return bytes(memoryview(piece)[:length])

    def _wish(self, length: int) -> int:
        if not self._pieces:
            return max(length, min(first_read(self.size), self.size))
        return length if length >= _SMALL else _STEP

    def _forget(self, *, but: int) -> None:
        kept = sum(map(len, self._pieces.values()))
        for start in list(self._pieces):
            if kept <= _MOST_KEPT:
                return
            if start != but:
                kept -= len(self._pieces.pop(start))
