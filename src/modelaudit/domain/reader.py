"""Bytes of a file that somebody else opened: local, or behind HTTP ranges."""

from __future__ import annotations

from typing import Protocol

from modelaudit.domain.words import GapReason


class Reader(Protocol):
    """Random access to one file; formats and sketches take nothing else."""

    @property
    def size(self) -> int:
        """Length of the file in bytes."""

    def read(self, offset: int, length: int) -> bytes:
        """Up to ``length`` bytes from ``offset``; shorter only at the end of the file.

        Raises ``ReadError`` when the bytes cannot be had.
        """


class ReadError(Exception):
    """The bytes cannot be had: the text is one line fit for a gap."""

    def __init__(self, message: str, reason: GapReason = GapReason.UNREADABLE) -> None:
        super().__init__(message)
        self.reason = reason
        """How a gap calls it."""
