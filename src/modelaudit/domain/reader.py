"""Bytes of a file that somebody else opened: local, or behind HTTP ranges."""

from __future__ import annotations

from typing import Protocol


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
