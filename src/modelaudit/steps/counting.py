"""A reader that counts what goes through it, and is closed in the end."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from modelaudit.domain.reader import Reader


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
