"""The only map from what happened to an exit code, and to the one line that a person reads.

0    finished, nothing at or above --fail-on
1    findings at or above --fail-on; the report is written first
2    usage or configuration, missing database
3    incomplete but resumable
4    credentials refused, or a whole source needs them
5    another run holds the lock
70   our bug
130  Ctrl-C, state saved
141  the reader closed the pipe
"""

from __future__ import annotations

from modelaudit.domain.errors import (
    AuditError,
    BlocklistError,
    CredentialsError,
    IncompleteError,
    LockedError,
    PlatformError,
    StoreError,
    UsageError,
)

OK, FINDINGS, USAGE, INCOMPLETE, CREDENTIALS, LOCKED = 0, 1, 2, 3, 4, 5
BUG, INTERRUPTED, PIPE_CLOSED = 70, 130, 141


class PipeClosedError(Exception):
    """Whoever read our output has gone."""


CODES: tuple[tuple[type[BaseException], int], ...] = (
    (LockedError, LOCKED),
    (CredentialsError, CREDENTIALS),
    (IncompleteError, INCOMPLETE),
    (PlatformError, USAGE),
    (UsageError, USAGE),
    (BlocklistError, USAGE),
    (StoreError, USAGE),
    (AuditError, USAGE),
    (KeyboardInterrupt, INTERRUPTED),
    (PipeClosedError, PIPE_CLOSED),
)
"""The first class that fits decides; whatever fits none is our bug."""


def exit_code(error: BaseException) -> int:
    """The code for an error that ended a command."""
    return next((code for cls, code in CODES if isinstance(error, cls)), BUG)
