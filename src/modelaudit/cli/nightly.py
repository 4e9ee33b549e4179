"""``--report-dir``: a folder for every report, and a note of how each command ended."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from modelaudit.cli.errors import (
    BUG,
    INCOMPLETE,
    INTERRUPTED,
    LOCKED,
    PIPE_CLOSED,
    exit_code,
)

if TYPE_CHECKING:
    from modelaudit.domain.finding import Run
    from modelaudit.store.report import StoredReport
    from modelaudit.store.runs import OpenRun


@dataclass(slots=True)
class Night:
    """What is known so far of the command under way; without a folder it does nothing."""

    root: Path | None
    keep: int
    started: int = field(default_factory=lambda: int(time.time()))
    run: Run | None = None
    numbers: dict[str, Any] | None = None
    folder: str | None = None
    before: dict[str, Any] | None = None
    why: str = ""
    """What ended the work early."""

    def begun(self, opened: OpenRun) -> None:
        """Note which run it is, in case that no report comes of it."""
        self.run = opened.run

    def publish(self, report: StoredReport, code: int) -> Path | None:
        """Write the reports into a folder of their own, and remove the oldest."""
        from modelaudit.report import folder, lastrun

        self.run = report.run
        if self.root is None:
            return None
        self.numbers = lastrun.numbers_of(report)
        name = folder.free_name(self.root, report.run.id)
        folder.publish(self.root, name, report, self._record(code, name))
        self.folder = name
        folder.prune(self.root, self.keep, name)
        return self.root / name

    def note(self, code: int, error: str | None) -> None:
        """Say how the command ended."""
        from modelaudit.report import folder

        if self.root is not None:
            folder.note(self.root, self._record(code, self.folder, error))

    def _record(self, code: int, name: str | None, error: str | None = None) -> dict[str, Any]:
        from modelaudit.report import lastrun

        if error is None and code == INCOMPLETE:
            error = self.why or "incomplete: the report says what was not examined"
        return lastrun.last_run(
            started=self.started,
            finished=int(time.time()),
            exit_code=code,
            error=error,
            run=self.run,
            numbers=self.numbers,
            folder=name,
            versions=_versions(),
            previous=self.before,
        )


@contextmanager
def night(root: Path | None, keep: int) -> Iterator[Night]:
    """Watch over a command: however it ends, ``last-run.json`` says so.

    Only a command that another run kept out says nothing: the folder is that run's.
    """
    from modelaudit.report import folder, lastrun

    tonight = Night(root, keep)
    if root is not None:
        folder.check(root)
        tonight.before = lastrun.read(root / lastrun.NAME)
    try:
        yield tonight
    except typer.Exit as ended:
        tonight.note(ended.exit_code, None)
        raise
    except BaseException as error:
        code = exit_code(error)
        if code != LOCKED:
            _note_failure(tonight, code, error)
        raise


def _note_failure(tonight: Night, code: int, error: BaseException) -> None:
    """The note must not hide what happened: where it cannot be written, both are told."""
    from modelaudit.cli.output import Output
    from modelaudit.domain.errors import UsageError

    said = {
        BUG: f"this is a bug in modelaudit ({type(error).__name__})",
        INTERRUPTED: "interrupted",
        PIPE_CLOSED: "whoever read the output has gone",
    }
    try:
        tonight.note(code, said.get(code, str(error)))
    except UsageError as also:
        (Output.current or Output()).error(f"error: {also}")


def _versions() -> dict[str, str]:
    import platform
    import sqlite3

    from modelaudit import __version__

    return {
        "modelaudit": __version__,
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
    }
