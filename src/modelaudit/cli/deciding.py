"""Reading a ``waivers.toml`` for a command, and keeping what it says."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from modelaudit.domain.waiver import Waiver
    from modelaudit.store.waivers import Recorded


class WaiverFile(NamedTuple):
    """A file of decisions that has been read."""

    path: str
    """Where it really lies, which is how it is known again."""
    waivers: tuple[Waiver, ...]


def read_waivers(path: Path | None) -> WaiverFile | None:
    """The decisions in a file, before anything else is done; ``UsageError`` for any mistake."""
    from modelaudit.check.waivers import load

    return None if path is None else WaiverFile(str(path.resolve()), load(path))


def keep_waivers(
    connection: sqlite3.Connection, decisions: WaiverFile | None, run: int | None = None
) -> Recorded | None:
    """Make the file's decisions those in force, from this run on; nothing without a file."""
    from modelaudit.store.db import transaction
    from modelaudit.store.waivers import record

    if decisions is None:
        return None
    with transaction(connection):
        return record(
            connection, decisions.waivers, file=decisions.path, now=int(time.time()), run=run
        )
