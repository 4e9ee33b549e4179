"""What is wrong with lists, for people, for programs that read lines, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Protocol

from modelaudit.report.clean import for_terminal
from modelaudit.report.layout import room, wrapped


class Problem(Protocol):
    """Something wrong, and what to do about it."""

    @property
    def path(self) -> str: ...  # noqa: D102 - as Problem says
    @property
    def line(self) -> int: ...  # noqa: D102 - as Problem says
    @property
    def level(self) -> str: ...  # noqa: D102 - as Problem says
    @property
    def entry(self) -> str | None: ...  # noqa: D102 - as Problem says
    @property
    def text(self) -> str: ...  # noqa: D102 - as Problem says
    @property
    def fix(self) -> str: ...  # noqa: D102 - as Problem says


def render(problems: Iterable[Problem], width: int | None = None) -> Iterator[str]:
    """A line each, ``file:line: level: entry ID: what - remedy``, as editors and grep read it.

    At a ``width``, for people: lines that are wrapped, and the remedy below.
    """
    for problem in problems:
        entry = f"entry {problem.entry}: " if problem.entry else ""
        told = f"{problem.path}:{problem.line}: {problem.level}: {entry}{problem.text}"
        if width is None:
            fix = f" - {problem.fix}" if problem.fix else ""
            yield f"{for_terminal(told + fix)}\n"
        else:
            yield from wrapped(told, room(width), rest="    ")
            if problem.fix:
                yield from wrapped(problem.fix, room(width), first="    fix: ")


def as_json(problems: Iterable[Problem]) -> Iterator[str]:
    """One JSON array."""
    yield "["
    for number, problem in enumerate(problems):
        record = {
            "path": problem.path,
            "line": problem.line,
            "level": problem.level,
            "entry": problem.entry,
            "text": problem.text,
            "fix": problem.fix or None,
        }
        yield f"{',' if number else ''}\n{json.dumps(record)}"
    yield "\n]\n"
