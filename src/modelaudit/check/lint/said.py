"""Values of entries with who says them, to be held against each other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from modelaudit.check.lint.item import IDLE, indexed
from modelaudit.check.listfile import ListFile
from modelaudit.check.strict_yaml import Place


@dataclass(frozen=True, slots=True)
class Said:
    """A value of an entry, and who says it."""

    written: ListFile
    place: Place
    entry: str
    value: Any


def each(written: ListFile, *keys: str, acting: bool = True) -> Iterator[Said]:
    """The items of the list at nested keys of every entry; with ``acting`` of those that act."""
    for place, entry in written.entries():
        if acting and entry.get("status") in IDLE:
            continue
        value: Any = entry
        for key in keys:
            value = value.get(key) if isinstance(value, dict) else None
        for at, inner in indexed((*place, *keys), value):
            yield Said(written, at, entry.get("id", f"#{place[1]}"), inner)
