"""What commands that write have in common: the lock, the platforms, signals, the final word."""

from __future__ import annotations

import gc
import os
import re
import signal
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from modelaudit.cli.output import Output
from modelaudit.domain.errors import StoreError, UsageError
from modelaudit.domain.progress import Progress

if TYPE_CHECKING:
    from types import FrameType

    from modelaudit.crawl.archive import ArchiveWriter
    from modelaudit.crawl.registry import Platforms
    from modelaudit.domain.entry import Blocklist
    from modelaudit.steps.budget import Budget

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(i?)B?\Z", re.IGNORECASE)
_DURATION = re.compile(r"(?:(\d{1,4})h)?(?:(\d{1,6})m)?(?:(\d{1,8})s?)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Session:
    """An open database with all that work on it needs."""

    connection: sqlite3.Connection
    platforms: Platforms
    progress: Progress
    budget: Budget
    archive: ArchiveWriter | None


@contextmanager
def working(
    out: Output, db: Path, budget: Budget, *, offline: bool, archive: bool = False
) -> Iterator[Session]:
    """Hold the lock; on the way out everything is closed and the database is one plain file.

    The archive is opened only where something will be received.
    """
    from modelaudit.crawl.registry import open_platforms
    from modelaudit.steps.budget import waiting
    from modelaudit.store.db import writing

    # A page keeps thousands of records alive: collecting as often as by default costs 12 % of a
    # crawl's time (docs/reference/performance.md), and records hold no cycles.
    gc.set_threshold(50_000, 20, 20)
    progress = Progress(watcher=out)
    with writing(db) as connection, _stopping(budget):
        platforms = open_platforms(offline=offline, wait=waiting(progress, budget))
        writer = None
        if archive and not offline:
            from modelaudit.crawl.archive import ArchiveWriter

            writer = ArchiveWriter(db.with_name(f"{db.name}.archive"))
        out.start()
        try:
            yield Session(connection, platforms, progress, budget, writer)
        except KeyboardInterrupt:
            out.stop()
            out.say("Interrupted; what was received is kept. Run the same command again to go on.")
            raise
        finally:
            out.stop()
            platforms.close()
            if writer is not None:
                writer.close()


def must_exist(db: Path) -> None:
    """Refuse work that only makes sense on what was crawled before."""
    if not db.exists():
        raise StoreError(
            f"there is no database {db}", hint="run `modelaudit crawl SOURCE` first, or set --db"
        )


def load_lists(names: Sequence[str] | None) -> tuple[Blocklist, ...]:
    """The named lists, or the shipped ones that can reach review."""
    from modelaudit.check import blocklist
    from modelaudit.domain.entry import ListKind

    if not names:
        return blocklist.default_lists()
    lists = tuple(blocklist.load(blocklist.resolve(name)) for name in names)
    if any(used.private for used in lists):
        os.umask(0o077)  # from here on, the database, archive and reports are the user's alone
    if all(used.kind is ListKind.ALLOW for used in lists):
        raise UsageError(
            "nothing to look for: only allow lists are given",
            hint="add a list of what is looked for, such as --blocklist laion-5b",
        )
    blocklist.refuse_doubles(lists)
    return lists


def parse_size(text: str) -> int:
    """Bytes of ``2GiB``, ``500MB`` or ``1000``."""
    match = _SIZE.match(text.strip())
    if match is None:
        raise UsageError(f"{text!r} is not a size", hint="write it as 500MB or 2GiB")
    base = 1024 if match[3] else 1000
    return int(float(match[1]) * base ** " KMGT".index(match[2].upper() or " "))


def parse_deadline(text: str | None) -> float | None:
    """``time.monotonic()`` after ``5h``, ``1h30m``, ``90m``, ``45s`` or ``3600`` seconds."""
    if text is None:
        return None
    match = _DURATION.fullmatch(text.strip().lower())
    if match is None or not any(match.groups()):
        raise UsageError(f"{text!r} is not a time", hint="write it as 5h, 90m or 1h30m")
    hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return time.monotonic() + 3600 * hours + 60 * minutes + seconds


@contextmanager
def _stopping(budget: Budget) -> Iterator[None]:
    """A SIGTERM ends the work at the next page, with everything saved."""

    def stop(number: int, frame: FrameType | None) -> None:
        budget.stopped = "asked to stop by a signal"

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
