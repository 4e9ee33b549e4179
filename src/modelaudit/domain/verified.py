"""What a platform says today about something that a list names."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Standing(StrEnum):
    """One word for it; those that contradict the list come first."""

    RENAMED = "renamed"
    """It answers under another name, which its entry lacks."""
    SIZE_DIFFERS = "size-differs"
    COMPONENT_DIFFERS = "component-differs"
    """The file lies where another part of a model belongs."""
    OTHER_ENTRY = "other-entry"
    """What is listed here is shown by something that another entry names."""
    UNREACHABLE = "unreachable"
    """Nobody answered, or nobody was asked."""
    DISABLED = "disabled"
    GATED = "gated"
    GONE = "gone"
    """Or private: the platform does not always tell."""
    UNSEEN = "unseen"
    """A digest that nothing shows which was asked for."""
    OK = "ok"

    @property
    def contradicts(self) -> bool:
        """True where the list says something that the platform does not."""
        return self in _CONTRADICTIONS


_CONTRADICTIONS = frozenset(
    {
        Standing.RENAMED,
        Standing.SIZE_DIFFERS,
        Standing.COMPONENT_DIFFERS,
        Standing.OTHER_ENTRY,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Verified:
    """One line of an entry, as it stands today."""

    list: str
    entry: str
    what: str
    """A reference: a model, a data set, or a digest."""
    standing: Standing
    detail: str = ""
