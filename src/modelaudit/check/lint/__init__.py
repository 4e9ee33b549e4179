"""Lint: what a list may say by its schema and still should not, alone or beside other lists.

One message for each mistake: what has the wrong form is told once and not judged further, and
everything else in the list is. The rules are in ``docs/reference/blocklists.md``, by subject in
the files of this package.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

from modelaudit.check import listfile
from modelaudit.check.lint import (
    claim,
    days,
    evidence,
    exceptions,
    files,
    head,
    marks,
    models,
    patterns,
    quotes,
    sketches,
    together,
)
from modelaudit.check.lint.item import Item, Known
from modelaudit.check.lint.quotes import HASHES
from modelaudit.check.listfile import ListFile, Problem

__all__ = ["HASHES", "Known", "lint", "lint_many"]

_OF_A_LIST = (quotes.problems, head.problems, marks.labels_twice)
_OF_AN_ENTRY = (
    claim.problems,
    models.problems,
    marks.problems,
    files.problems,
    sketches.problems,
    patterns.problems,
    evidence.problems,
    exceptions.problems,
    days.problems,
)


def lint(
    path: str | Path, *, today: date | None = None, known: Known | None = None
) -> list[Problem]:
    """Everything wrong with one list, by line."""
    return lint_many([path], today=today, known=known)


def lint_many(
    paths: Iterable[str | Path], *, today: date | None = None, known: Known | None = None
) -> list[Problem]:
    """Everything wrong with lists that are used together, list by list, then by line.

    ``known`` is what only other parts of the program know; without it, what depends on it is not
    judged. Raises ``BlocklistError`` only for a file that cannot be read at all.
    """
    day = (today or datetime.now(UTC).date()).isoformat()
    lists = [listfile.read(path) for path in dict.fromkeys(map(str, paths))]
    found = [problem for written in lists for problem in _alone(written, known or Known(), day)]
    together_ = [p for p in together.problems(lists) if not _is_told(lists, p)]
    order = {written.path: number for number, written in enumerate(lists)}
    return sorted([*found, *together_], key=lambda problem: (order[problem.path], problem.line))


def _alone(written: ListFile, known: Known, day: str) -> Iterator[Problem]:
    yield from written.problems
    for of_list in _OF_A_LIST:
        yield from (p for p in of_list(written, day) if not written.is_told(p.place))
    for place, entry in written.entries():
        item = Item(written, place, entry, known, day)
        for of_entry in _OF_AN_ENTRY:
            yield from (p for p in of_entry(item) if not written.is_told(p.place))


def _is_told(lists: Iterable[ListFile], problem: Problem) -> bool:
    return any(w.is_told(problem.place) for w in lists if w.path == problem.path)
