"""Everything that can go wrong and is not our bug, as one tree.

    AuditError
    ├─ UsageError            a command was called wrongly
    ├─ BlocklistError        a list cannot be used; names file, entry and line
    ├─ StoreError            the database cannot be used
    │  └─ LockedError        another run holds the lock
    └─ PlatformError         a platform would not answer
       ├─ CredentialsError   the token was refused, or the whole source needs one
       └─ IncompleteError    the work stopped early and can be resumed

Bad *data* from outside is no error: it becomes a :class:`~modelaudit.domain.model.Gap`.
Each error is one line that says what is wrong; ``hint`` says what to do.
"""

from __future__ import annotations


class AuditError(Exception):
    """Base of the tree."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


class UsageError(AuditError):
    """A command was called wrongly."""


def extra_missing(what: str, extra: str, package: str) -> UsageError:
    """What to say where a package is wanted that is not always installed."""
    return UsageError(
        f"{what} needs {package}, which is not installed",
        hint=f"pip install 'modelaudit-provenance[{extra}]'",
    )


class BlocklistError(AuditError):
    """A list cannot be used."""


class StoreError(AuditError):
    """The database cannot be used."""


class LockedError(StoreError):
    """Another run holds the lock."""


class PlatformError(AuditError):
    """A platform would not answer."""


class CredentialsError(PlatformError):
    """The token was refused, or the whole source needs one."""


class IncompleteError(PlatformError):
    """The work stopped early; what was received is kept and the next run goes on from there."""
