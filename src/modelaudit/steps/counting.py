"""Readers that count what goes through them, and are closed in the end."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Self

from modelaudit.crawl.ranges import HttpReader
from modelaudit.domain.reader import Reader, ReadError


class Counting:
    """Another reader, with the number of bytes that were read of it."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.bytes = 0

    @property
    def size(self) -> int:
        """Length of the file in bytes."""
        return self._reader.size

    def read(self, offset: int, length: int) -> bytes:
        """Up to ``length`` bytes from ``offset``."""
        data = self._reader.read(offset, length)
        self.bytes += len(data)
        return data

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        close = getattr(self._reader, "close", None)
        if close is not None:
            close()


class Tally:
    """Counts the bytes of all files that are opened through it, and stops them when asked to."""

    def __init__(self, halted: Callable[[], str] = lambda: "") -> None:
        """``halted`` says why nothing more is to be read; empty while it is."""
        self.bytes = 0
        self.halted = halted

    def through(self, open_file: Callable[[str], Reader]) -> Callable[[str], Reader]:
        """The same way to open files, watched."""
        return lambda path: Watched(open_file(path), self)


class Watched:
    """One file of a tally."""

    def __init__(self, reader: Reader, tally: Tally) -> None:
        self._reader = reader
        self._tally = tally

    @property
    def size(self) -> int:
        """Length of the file in bytes."""
        return self._reader.size

    def read(self, offset: int, length: int) -> bytes:
        """Up to ``length`` bytes from ``offset``; ``ReadError`` once the tally was halted."""
        if why := self._tally.halted():
            raise ReadError(why)
        data = self._reader.read(offset, length)
        self._tally.bytes += len(data)
        return data

    def allow(self, seconds: float) -> None:
        """Give a server more time, where there is one."""
        if isinstance(self._reader, HttpReader):
            self._reader.allow(seconds)

    def close(self) -> None:
        """Let go of the file."""
        close = getattr(self._reader, "close", None)
        if close is not None:
            close()
