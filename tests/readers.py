"""Files in memory, as Readers."""

from __future__ import annotations


class Bytes:
    """A file in memory that notes what was read."""

    def __init__(self, content: bytes, size: int | None = None) -> None:
        """``size`` is what the file is said to have; by default what it has."""
        self.content = content
        self.size = len(content) if size is None else size
        self.reads: list[tuple[int, int]] = []

    def read(self, offset: int, length: int) -> bytes:
        self.reads.append((offset, length))
        return self.content[offset : offset + length]
