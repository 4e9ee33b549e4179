"""What is not the same in two versions of a list."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Fate(StrEnum):
    """What became of an entry."""

    REMOVED = "removed"
    WITHDRAWN = "withdrawn"
    MOVED = "moved"
    ADDED = "added"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Detail:
    """One difference of an entry, or of a list itself."""

    field: str
    text: str
    matters: bool = True
    """False where only words changed: the same models are found, to the same verdict."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryChange:
    """One entry that is not as it was."""

    fate: Fate
    entry: str
    text: str = ""
    """What is added, or why it is there no more."""
    details: tuple[Detail, ...] = ()
    matters: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ListVersion:
    """Which text of a list."""

    id: str
    version: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListChange:
    """Two versions of a list, or one that stands alone."""

    old: ListVersion | None
    new: ListVersion | None
    head: tuple[Detail, ...] = ()
    entries: tuple[EntryChange, ...] = ()
    private: bool = False
    """Either version is: of its entries only the ids may be told."""

    @property
    def matters(self) -> bool:
        """False where the same models are found, to the same verdict."""
        return any(detail.matters for detail in self.head) or any(e.matters for e in self.entries)
