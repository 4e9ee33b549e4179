"""What changed between two versions of a list, as text for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from modelaudit.domain.listdiff import EntryChange, Fate, ListChange, ListVersion
from modelaudit.report.clean import for_terminal


def render(changes: Sequence[ListChange]) -> Iterator[str]:
    """List by list, cleaned for a terminal; of a private list the entries' ids only."""
    for number, change in enumerate(changes):
        if number:
            yield "\n"
        yield from _list(change)


def _list(change: ListChange) -> Iterator[str]:
    old, new = change.old, change.new
    yield _line(0, " → ".join(dict.fromkeys(one.id for one in (old, new) if one)))
    yield _line(1, f"old  {_version(old)}")
    yield _line(1, f"new  {_version(new)}")
    if old and new and old.sha256 == new.sha256 and not change.entries:  # sketches lie beside it
        yield _line(1, "the same file")
        return
    yield from (_line(1, f"{detail.field}: {detail.text}") for detail in change.head)
    for entry in change.entries:
        yield from _entry(entry, private=change.private)
    if not change.matters:
        yield _line(1, "no change in what is matched")


def _version(one: ListVersion | None) -> str:
    return f"{one.version}  sha256 {one.sha256}" if one else "not there"


def _entry(change: EntryChange, *, private: bool) -> Iterator[str]:
    if private:
        must = ": must be withdrawn instead" if change.fate is Fate.REMOVED else ""
        yield _line(1, f"{change.fate:<9}  {change.entry}{must}")
        return
    yield _line(1, f"{change.fate:<9}  {change.entry}{change.text and f': {change.text}'}")
    yield from (_line(3, f"{detail.field}: {detail.text}") for detail in change.details)


def _line(depth: int, text: str) -> str:
    return f"{'  ' * depth}{for_terminal(text)}\n"
