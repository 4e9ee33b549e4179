"""A file of this machine as a Reader."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from modelaudit.domain.reader import ReadError
from modelaudit.domain.words import GapReason

_FLAGS: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
"""A link at the end of a path is not followed, and a pipe does not make us wait."""


class LocalReader:
    """One regular file, open until it is closed; its name may be given to another meanwhile."""

    def __init__(self, path: str | Path) -> None:
        """``ReadError`` where there is no regular file that we may read."""
        self.bytes_read = 0
        self._file = -1
        try:
            self._file = os.open(path, _FLAGS)
            about = os.fstat(self._file)
        except (OSError, ValueError) as error:  # ValueError: a name that holds NUL
            self.close()
            raise _refusal("opened", error) from None
        if not stat.S_ISREG(about.st_mode):
            self.close()
            raise ReadError("not a regular file")
        self.size = about.st_size

    def read(self, offset: int, length: int) -> bytes:
        """Up to ``length`` bytes from ``offset``; ``ReadError`` when they cannot be had."""
        if self._file < 0:
            raise ReadError("the file is closed")
        length = min(length, self.size - offset)
        parts: list[bytes] = []
        while length > 0:  # one call gives at most 2 GiB
            try:
                part = os.pread(self._file, length, offset)
            except OSError as error:
                raise _refusal("read", error) from None
            if not part:
                raise ReadError("the file became shorter while it was read")
            parts.append(part)
            offset, length = offset + len(part), length - len(part)
            self.bytes_read += len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def close(self) -> None:
        """Let go of the file; again does no harm."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _refusal(what: str, error: OSError | ValueError) -> ReadError:
    gone = isinstance(error, FileNotFoundError)
    why = (error.strerror if isinstance(error, OSError) else None) or "no name of a file"
    reason = GapReason.GONE if gone else GapReason.UNREADABLE
    return ReadError(f"the file cannot be {what}: {why}", reason)
