"""A folder of reports, for jobs that run by themselves.

    DIR/2026-11-22T011502Z-14/   report.html, report.json, findings.tsv, last-run.json
    DIR/latest                   a link to the newest of these
    DIR/last-run.json            how the last command ended, whether or not it wrote a report

A report's folder is filled under a hidden name and takes its own in one step; then it is never
changed, only removed. What is removed is known by its name, by its ``last-run.json``, and by
holding nothing but the files that were written into it.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from modelaudit.domain.errors import UsageError
from modelaudit.domain.finding import Report
from modelaudit.report import lastrun, reporter

REPORTS: Final = {"report.html": "html", "report.json": "json", "findings.tsv": "tsv"}
LATEST: Final = "latest"

_DAY: Final = 86_400
_RUN: Final = re.compile(r"\d{4}-\d\d-\d\dT\d{6}Z-\d+(?:\.\d+)?", re.ASCII)
_PART: Final = re.compile(rf"\.{_RUN.pattern}\.part", re.ASCII)
_NAMES: Final = "|".join(map(re.escape, (*REPORTS, lastrun.NAME)))
_WRITTEN: Final = re.compile(rf"(?:{_NAMES})|\.(?:{_NAMES})\.\d+\.part", re.ASCII)
"""What we write into a run's folder, half-written files of a run that was killed included."""


def check(root: Path) -> None:
    """Refuse a place where no reports can go, before any work; nothing is created."""
    if root.exists() and not root.is_dir():
        raise UsageError(f"{root} is not a folder", hint="name another --report-dir")
    if not root.exists() and not root.parent.is_dir():
        raise UsageError(f"there is no folder {root.parent}", hint="create it first")
    if not os.access(root if root.exists() else root.parent, os.W_OK | os.X_OK):
        raise UsageError(f"{root} cannot be written", hint="whoever runs this must own it")
    latest, last = root / LATEST, root / lastrun.NAME
    if latest.exists() and not latest.is_symlink():
        raise UsageError(f"{latest} is not a link of ours", hint="move it, or name another folder")
    if last.exists() and lastrun.read(last) is None:
        raise UsageError(f"{last} is not a file of ours", hint="move it, or name another folder")


def free_name(root: Path, run_id: str) -> str:
    """A run's id as the name of a folder; numbered where a run that went on has one already."""
    plain = run_id.replace(":", "")
    name, number = plain, 1
    while (root / name).exists():
        number += 1
        name = f"{plain}.{number}"
    return name


def publish(root: Path, name: str, report: Report, record: dict[str, Any]) -> None:
    """Write the reports of a run into ``root/name`` at once, and let ``latest`` lead there."""
    with _told(root):
        root.mkdir(exist_ok=True)
        part = root / f".{name}.part"
        if part.exists():
            _remove(part)  # of a run that was killed while it wrote
        part.mkdir()
        try:
            for file, form in REPORTS.items():
                reporter.write(part / file, reporter.render(form, report))
            reporter.write(part / lastrun.NAME, [lastrun.dumps(record)])
            part.rename(root / name)
        except BaseException:
            _remove(part)
            raise
        link = root / f".{LATEST}.{os.getpid()}.part"
        link.unlink(missing_ok=True)
        link.symlink_to(name, target_is_directory=True)
        link.replace(root / LATEST)


def prune(root: Path, keep: int, spare: str) -> None:
    """Remove all but the newest ``keep`` reports, and what killed runs left; never ``spare``."""
    with _told(root):
        made = sorted(_made(root))
        for _, folder in made[:-keep]:
            if folder.name != spare:
                hidden = folder.with_name(f".{folder.name}.part")
                folder.rename(hidden)  # nobody sees half of it
                _remove(hidden)
        before = time.time() - _DAY
        for folder in root.iterdir():
            abandoned = _PART.fullmatch(folder.name) and _only_ours(folder)
            if abandoned and folder.stat().st_mtime < before:
                _remove(folder)


def note(root: Path, record: dict[str, Any]) -> None:
    """Say how the last command ended; no more people may read it than could read the one before."""
    with _told(root):
        root.mkdir(exist_ok=True)
        path = root / lastrun.NAME
        mode = path.stat().st_mode & 0o666 if record["previous"] is not None else None
        reporter.write(path, [lastrun.dumps(record)], mode=mode)


def _made(root: Path) -> Iterator[tuple[str, Path]]:
    """Reports of ours with the time of each."""
    for folder in root.iterdir():
        if _RUN.fullmatch(folder.name) and _only_ours(folder):
            record = lastrun.read(folder / lastrun.NAME)
            if record is not None and record.get("folder") == folder.name:
                yield str(record.get("finished")), folder


def _only_ours(folder: Path) -> bool:
    """True for a folder in which nobody else has put anything."""
    return (
        folder.is_dir()
        and not folder.is_symlink()
        and all(_WRITTEN.fullmatch(file.name) and not file.is_dir() for file in folder.iterdir())
    )


def _remove(folder: Path) -> None:
    for file in folder.iterdir():
        if _WRITTEN.fullmatch(file.name):
            file.unlink()
    folder.rmdir()


@contextmanager
def _told(root: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UsageError(
            f"{root} cannot be written: {error.strerror or error}",
            hint="it must be a folder of whoever runs this, with room on its disk",
        ) from error
