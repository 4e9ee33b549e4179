"""Runs: what was audited, by which lists, and which earlier run it is compared with."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from modelaudit.domain.errors import StoreError
from modelaudit.domain.finding import ListedEntry, ListUsed, Run
from modelaudit.domain.times import format_time
from modelaudit.domain.words import Grade, Read


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRun:
    """A run in the database."""

    seq: int
    series: str
    run: Run


def series_of(sources: Sequence[str], standard: Grade, lists: Sequence[ListUsed]) -> str:
    """What two runs must share to be compared."""
    return json.dumps([sorted(sources), standard.word, sorted(used.id for used in lists)])


def start(
    connection: sqlite3.Connection,
    *,
    tool: str,
    sources: Sequence[str],
    standard: Grade,
    read: Read,
    lists: Sequence[ListUsed],
    now: int,
) -> OpenRun:
    """Continue the unfinished run of the same sources, lists, standard and depth, or start one."""
    series = series_of(sources, standard, lists)
    packed = json.dumps([[used.id, used.version, used.sha256] for used in lists])
    row = connection.execute(  # an older one is history: its findings belong to what came after
        "SELECT seq FROM run WHERE series = ? AND lists = ? AND depth = ? AND finished IS NULL"
        " AND seq = (SELECT max(seq) FROM run WHERE series = ?)",
        (series, packed, read.value, series),
    ).fetchone()
    if row is None:
        seq = connection.execute("SELECT ifnull(max(seq), 0) + 1 FROM run").fetchone()[0]
        connection.execute(
            "INSERT INTO run(seq, id, series, started, tool, sources, standard, depth, lists)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                seq, f"{format_time(now)}-{seq}", series, now, tool,
                json.dumps(list(sources)), standard.value, read.value, packed,
            ),
        )  # fmt: skip
    else:
        seq = row[0]
    return load(connection, seq)


def note_coverage(connection: sqlite3.Connection, seq: int, coverage: str) -> None:
    """Keep what a run has covered so far, as JSON."""
    connection.execute("UPDATE run SET coverage = ? WHERE seq = ?", (coverage, seq))


def note_entries(connection: sqlite3.Connection, seq: int, entries: Sequence[ListedEntry]) -> None:
    """Keep what the lists of a run say, so that its report reads as it was."""
    packed = msgspec.json.encode(entries).decode()
    connection.execute("UPDATE run SET entries = ? WHERE seq = ?", (packed, seq))


def finish(connection: sqlite3.Connection, seq: int, *, now: int) -> None:
    """Close a run; an unclosed one is continued by the next audit of the same kind."""
    connection.execute("UPDATE run SET finished = ? WHERE seq = ?", (now, seq))


def count(connection: sqlite3.Connection, seq: int, **counters: int) -> None:
    """Add to a run's counters (requests, headers_read, bytes_read …)."""
    stored = json.loads(
        connection.execute("SELECT counters FROM run WHERE seq = ?", (seq,)).fetchone()[0]
    )
    for name, value in counters.items():
        stored[name] = stored.get(name, 0) + value
    connection.execute("UPDATE run SET counters = ? WHERE seq = ?", (json.dumps(stored), seq))


def counters(connection: sqlite3.Connection, seq: int) -> dict[str, int]:
    """A run's counters."""
    row = connection.execute("SELECT counters FROM run WHERE seq = ?", (seq,)).fetchone()
    return dict(json.loads(row[0]))


def load(connection: sqlite3.Connection, seq: int) -> OpenRun:
    """A run by its number."""
    row = connection.execute(
        "SELECT id, series, started, finished, tool, sources, standard, depth, lists, entries"
        "  FROM run WHERE seq = ?",
        (seq,),
    ).fetchone()
    return OpenRun(
        seq=seq,
        series=row[1],
        run=Run(
            id=row[0],
            started=row[2],
            finished=row[3],
            tool=row[4],
            sources=tuple(json.loads(row[5])),
            standard=Grade(row[6]),
            read=Read(row[7]),
            blocklists=tuple(
                ListUsed(id=name, version=version, sha256=digest)
                for name, version, digest in json.loads(row[8])
            ),
            entries=msgspec.json.decode(row[9], type=tuple[ListedEntry, ...]),
        ),
    )


def latest(connection: sqlite3.Connection, run_id: str | None = None) -> OpenRun:
    """The run with this id, or the latest finished one; ``StoreError`` when there is none."""
    if run_id is None:
        row = connection.execute(
            "SELECT seq FROM run WHERE finished IS NOT NULL ORDER BY seq DESC LIMIT 1"
        ).fetchone()
        if row is None:
            raise StoreError(
                "no run has finished yet", hint="run `modelaudit audit SOURCE` to its end"
            )
    else:
        row = connection.execute(
            "SELECT seq FROM run WHERE id = ? AND finished IS NOT NULL", (run_id,)
        ).fetchone()
        if row is None:
            raise StoreError(
                f"there is no finished run {run_id!r}",
                hint="`modelaudit diff --list` names the runs of a database",
            )
    return load(connection, row[0])


def baseline(connection: sqlite3.Connection, run: OpenRun) -> OpenRun | None:
    """The newest earlier finished run that this one can be compared with."""
    row = connection.execute(
        "SELECT max(seq) FROM run WHERE series = ? AND seq < ? AND finished IS NOT NULL",
        (run.series, run.seq),
    ).fetchone()
    return None if row[0] is None else load(connection, row[0])


def finished(connection: sqlite3.Connection) -> list[OpenRun]:
    """Every finished run, newest first."""
    rows = connection.execute(
        "SELECT seq FROM run WHERE finished IS NOT NULL ORDER BY seq DESC"
    ).fetchall()
    return [load(connection, row[0]) for row in rows]
