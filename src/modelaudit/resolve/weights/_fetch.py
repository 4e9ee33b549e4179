"""Bytes of several files, those that touch in one read."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable
from typing import NamedTuple

from modelaudit.domain.reader import Reader

Readers = Callable[[str | None], Reader]
"""A shard by its name; ``None`` is the only file of a model."""


class Range(NamedTuple):
    """Bytes of a file."""

    file: str
    """Empty for the only one."""
    offset: int
    length: int


class Fetched:
    """What was read of the files, to be taken range by range."""

    def __init__(self, readers: Readers, wanted: Iterable[Range]) -> None:
        """Reads ``wanted``; raises what ``readers`` and their readers raise."""
        self.bytes_read = 0
        self._starts: list[tuple[str, int]] = []
        self._data: list[bytes] = []
        for file, offset, length in _joined(wanted):
            data = readers(file or None).read(offset, length)
            self.bytes_read += len(data)
            self._starts.append((file, offset))
            self._data.append(data)

    def take(self, wanted: Range) -> bytes | None:
        """The bytes of a range that was read; ``None`` where the file ends before it does."""
        place = bisect_right(self._starts, (wanted.file, wanted.offset)) - 1
        begin = wanted.offset - self._starts[place][1]
        data = self._data[place][begin : begin + wanted.length]
        return data if len(data) == wanted.length else None


def _joined(wanted: Iterable[Range]) -> list[Range]:
    """The same bytes in as few ranges as they lie in, in order."""
    joined: list[Range] = []
    for found in sorted(wanted):
        last = joined[-1] if joined else None
        if last and last.file == found.file and found.offset <= last.offset + last.length:
            end = max(last.offset + last.length, found.offset + found.length)
            joined[-1] = last._replace(length=end - last.offset)
        else:
            joined.append(found)
    return joined
