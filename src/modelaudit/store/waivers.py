"""Decisions of people: added, never changed, ended once; and which findings of a run they cover."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from modelaudit.domain import refs
from modelaudit.domain.errors import UsageError
from modelaudit.domain.times import format_time
from modelaudit.domain.waiver import WILD, Decision, Waiver, WaiverUse
from modelaudit.store.fragments import LIVE
from modelaudit.store.runs import OpenRun

_LAST = chr(0x10FFFF)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A decision as the database keeps it."""

    id: int
    waiver: Waiver
    recorded: int
    """When it was written down; UTC seconds, as all times here."""
    file: str | None = None
    """The ``waivers.toml`` that last held it."""
    since: int
    """The run from which on reports show it."""
    ended: int | None = None
    till: int | None = None
    """The run from which on they do no more."""
    ended_by: str | None = None
    ended_reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What reading a file changed."""

    added: int
    ended: int
    kept: int


def stored(connection: sqlite3.Connection) -> list[Stored]:
    """Every decision ever recorded, in that order."""
    rows = connection.execute(
        "SELECT id, finding, entry, model, decision, reason, author, made, until, recorded, since,"
        " file, ended, till, ended_by, ended_reason FROM waiver ORDER BY id"
    )
    return [_stored(row) for row in rows]


def record(
    connection: sqlite3.Connection,
    waivers: Sequence[Waiver],
    *,
    file: str,
    now: int,
    run: int | None = None,
) -> Recorded:
    """Make the decisions of a file those in force; what the file held before and lacks now ends.

    One that is in force already, whoever brought it, is not written again: the file is noted as
    the one that holds it. ``run`` is the one that reads the file; none where a person imports it.
    """
    step = _next(connection) if run is None else run
    live = [one for one in stored(connection) if one.ended is None]
    known = {one.waiver: one for one in live}
    wanted = dict.fromkeys(waivers)
    new = [waiver for waiver in wanted if waiver not in known]
    gone = [one for one in live if one.file == file and one.waiver not in wanted]
    for waiver in new:
        _add(connection, waiver, file=file, now=now, step=step)
    connection.executemany(
        "UPDATE waiver SET file = ? WHERE id = ?",
        [(file, one.id) for one in live if one.waiver in wanted and one.file != file],
    )
    for one in gone:
        why = f"no longer in {file}"
        _end(connection, one.id, by="the file", reason=why, now=now, step=step)
    return Recorded(added=len(new), ended=len(gone), kept=len(wanted) - len(new))


def end(connection: sqlite3.Connection, number: int, *, by: str, reason: str, now: int) -> Stored:
    """End a decision before its day; ``UsageError`` where there is none, or it has ended."""
    found = next((one for one in stored(connection) if one.id == number), None)
    if found is None:
        raise UsageError(f"there is no waiver {number}", hint="modelaudit review list   names them")
    if found.ended is not None:
        raise UsageError(f"waiver {number} was ended on {format_time(found.ended)}")
    _end(connection, number, by=by, reason=reason, now=now, step=_next(connection))
    return found


def as_of(connection: sqlite3.Connection, opened: OpenRun) -> list[Waiver]:
    """The decisions as they were when a run finished; whether they have expired is not asked."""
    return [
        one.waiver
        for one in stored(connection)
        if one.since <= opened.seq and (one.till is None or one.till > opened.seq)
    ]


def known(
    connection: sqlite3.Connection,
    opened: OpenRun,
    instead: tuple[str, Sequence[Waiver]] | None = None,
) -> list[Waiver]:
    """What the report of a run shows: of the latest of its kind what is known now, else as it was.

    ``instead``, a file and what it holds, stands for what that file held when it was last read: as
    :func:`record` would, with nothing written.
    """
    later = "SELECT 1 FROM run WHERE series = ? AND seq > ? AND finished IS NOT NULL"
    old = connection.execute(later, (opened.series, opened.seq)).fetchone() is not None
    if instead is None and old:
        return as_of(connection, opened)
    file, given = instead or (None, ())
    live = [one for one in stored(connection) if one.ended is None]
    kept = [one.waiver for one in live if instead is None or one.file != file]
    return list(dict.fromkeys((*kept, *given)))


def mark(
    connection: sqlite3.Connection, opened: OpenRun, waivers: Sequence[Waiver]
) -> list[WaiverUse]:
    """Fill the temporary table ``waived`` for a run; returns what each decision does there.

    A decision holds as of the day on which the run finished, so that a report stays what it was.
    Of several that cover a finding, the narrowest is noted, then the one that holds longest.
    """
    connection.execute(
        "CREATE TEMP TABLE IF NOT EXISTS waived(run INTEGER, entry TEXT, node INTEGER,"
        " rule INTEGER, PRIMARY KEY (run, entry, node)) WITHOUT ROWID"
    )
    connection.execute("DELETE FROM temp.waived WHERE run = ?", (opened.seq,))
    day = day_of(opened)
    ordered = sorted(waivers, key=lambda one: (one.precision, one.until, one.rule), reverse=True)
    bound = (opened.series, opened.seq, opened.seq)
    uses = []
    for rule, waiver in enumerate(ordered):
        covered = _covered(connection, waiver, LIVE, bound)
        holds = waiver.holds(day)
        if holds:
            connection.executemany(
                "INSERT OR IGNORE INTO temp.waived VALUES (?, ?, ?, ?)",
                [(opened.seq, entry, node, rule) for entry, node in covered],
            )
        uses.append(WaiverUse(waiver=waiver, findings=len(covered), expired=not holds))
    return uses


def day_of(opened: OpenRun) -> str:
    """The day of a run: when it finished, or began where it did not."""
    run = opened.run
    return str(format_time(run.started if run.finished is None else run.finished))[:10]


def live_findings(connection: sqlite3.Connection, waiver: Waiver) -> int:
    """How many live findings a decision covers, whatever runs they are of."""
    return len(set(_covered(connection, waiver, "f.until IS NULL", ())))


def _covered(
    connection: sqlite3.Connection, waiver: Waiver, where: str, bound: tuple[object, ...]
) -> list[tuple[str, int]]:
    """(entry, node) of the findings it covers, sought by what its model begins with."""
    entry, model = waiver.where
    begin = refs.key(WILD.split(model or "", maxsplit=1)[0])
    narrow = not begin.endswith(":") and begin != ""
    tables = (  # left alone, SQLite goes through the whole series for each node
        "node AS n CROSS JOIN finding AS f INDEXED BY finding_node ON f.node = n.id"
        if narrow
        else "finding AS f CROSS JOIN node AS n ON n.id = f.node"
    )
    rows = connection.execute(
        f"SELECT f.entry, f.node, n.ref FROM {tables} WHERE {where} AND ? IN (f.entry, '')"
        "   AND n.key >= ? AND n.key < ?",
        (*bound, entry or "", begin, begin + _LAST),
    )
    return [(name, node) for name, node, ref in rows if waiver.covers(name, ref)]


def _next(connection: sqlite3.Connection) -> int:
    """The run that will follow those that have finished."""
    return int(
        connection.execute(
            "SELECT ifnull(max(seq), 0) + 1 FROM run WHERE finished IS NOT NULL"
        ).fetchone()[0]
    )


def _add(
    connection: sqlite3.Connection, waiver: Waiver, *, file: str | None, now: int, step: int
) -> None:
    connection.execute(
        "INSERT INTO waiver(finding, entry, model, decision, reason, author, made, until,"
        " recorded, since, file) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (waiver.finding, waiver.entry, waiver.model, waiver.decision.value, waiver.reason,
         waiver.by, waiver.on, waiver.until, now, step, file),
    )  # fmt: skip


def _end(
    connection: sqlite3.Connection, number: int, *, by: str, reason: str, now: int, step: int
) -> None:
    connection.execute(
        "UPDATE waiver SET ended = ?, till = ?, ended_by = ?, ended_reason = ? WHERE id = ?",
        (now, step, by, reason, number),
    )


def _stored(row: tuple[Any, ...]) -> Stored:
    (number, finding, entry, model, decision, reason, author, made, until, recorded, since,
     file, ended, till, ended_by, ended_reason) = row  # fmt: skip
    return Stored(
        id=number,
        waiver=Waiver(
            decision=Decision(decision),
            reason=reason,
            by=author,
            on=made,
            until=until,
            finding=finding,
            entry=entry,
            model=model,
        ),
        recorded=recorded,
        since=since,
        file=file,
        ended=ended,
        till=till,
        ended_by=ended_by,
        ended_reason=ended_reason,
    )
