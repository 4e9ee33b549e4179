"""What a rule looks at: one entry as written, and what is known besides."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from modelaudit.check.listfile import ListFile, Problem
from modelaudit.check.strict_yaml import Place

IDLE = ("draft", "withdrawn")
"""Entries with such a status are kept, and never match."""


@dataclass(frozen=True, slots=True)
class Known:
    """What only other parts of the program know."""

    labels: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Platform → the family labels that it defines."""
    mute: frozenset[str] = frozenset()
    """Labels that say nothing about a family, and are not read."""
    sketch: Callable[[Path], frozenset[str]] | None = None
    """The components that a sketch file holds; ``ValueError`` says why it cannot be used."""


@dataclass(frozen=True, slots=True)
class Item:
    """An entry, with its place in its list. Fields with the wrong form are not in it."""

    written: ListFile
    place: Place
    entry: dict[str, Any]
    known: Known
    today: str
    """``YYYY-MM-DD``; days so written compare as text."""

    def get(self, *keys: str) -> Any:
        """The value at nested keys; ``None`` where one is not there."""
        value: Any = self.entry
        for key in keys:
            value = value.get(key) if isinstance(value, dict) else None
        return value

    def each(self, *keys: str) -> Iterator[tuple[Place, Any]]:
        """The items of the list at nested keys, each with its place in the entry."""
        yield from indexed(keys, self.get(*keys))

    @property
    def blocks(self) -> bool:
        """True on a block list."""
        return self.written.kind == "block"

    @property
    def allows(self) -> bool:
        """True on an allow list."""
        return self.written.kind == "allow"

    @property
    def acts(self) -> bool:
        """False where it is known that the entry never matches."""
        return self.get("status") not in IDLE

    @property
    def policy(self) -> str:
        """As inherited, or what an entry without one means."""
        return str(self.entry.get("policy", "review"))

    def error(self, at: Place, text: str, fix: str = "") -> Problem:
        """An error at a place in the entry."""
        return self.written.problem((*self.place, *at), text, fix=fix)

    def warning(self, at: Place, text: str, fix: str = "") -> Problem:
        """A warning at a place in the entry."""
        return self.written.problem((*self.place, *at), text, level="warning", fix=fix)


def indexed(at: Place, values: Any) -> Iterator[tuple[Place, Any]]:
    """The sound items of a list, each with its place."""
    for index, value in enumerate(values or ()):
        if value is not None:
            yield (*at, index), value
