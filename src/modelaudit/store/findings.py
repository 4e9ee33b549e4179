"""Findings and conflicts over time: a row lives from the run that found it to the one that did not.

An unchanged finding writes nothing, whatever the number of nights.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from modelaudit.domain.words import Status
from modelaudit.store.fragments import UNWATCHED

DAY = 86_400

_UNLISTED = "no longer claimed or listed"


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingRow:
    """A finding as stored."""

    entry: str
    node: int
    verdict: int
    grade: int
    relation: int
    hops: int
    decided_by: str
    body: str
    digest: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictRow:
    """A conflict as stored."""

    node: int
    kind: int
    entry: str | None
    body: str
    digest: bytes


def write_findings(
    connection: sqlite3.Connection,
    rows: Iterable[FindingRow],
    *,
    series: str,
    run: int,
    complete: bool,
    now: int,
    withdrawn: Mapping[str, str] | None = None,
    excepted: Sequence[tuple[str, int, str]] = (),
    acting: Collection[str] | None = None,
) -> None:
    """Make these the live findings of the series as of this run.

    What is no longer found is closed and noted as gone, but only by a complete run; any run closes
    what the lists themselves took back. ``withdrawn`` is entry → what to say of its findings;
    ``excepted`` (entry, node, what to say), which may be filled while the rows are read; ``acting``
    the entries that were looked for, where others have findings.
    """
    execute = connection.execute
    execute("DROP TABLE IF EXISTS temp.current_finding")
    execute(
        "CREATE TEMP TABLE current_finding(entry TEXT, node INTEGER, verdict INTEGER,"
        " grade INTEGER, relation INTEGER, hops INTEGER, decided_by TEXT, body TEXT, digest BLOB,"
        " PRIMARY KEY (entry, node)) WITHOUT ROWID"
    )
    connection.executemany(
        "INSERT INTO current_finding VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            (row.entry, row.node, row.verdict, row.grade, row.relation, row.hops, row.decided_by,
             row.body, row.digest)
            for row in rows
        ),
    )  # fmt: skip
    _undo(connection, series, run)
    _explain_absent(connection, series, withdrawn or {}, excepted, acting)
    _close_absent(connection, series, run, now, complete=complete)
    execute(
        "UPDATE gone SET until = ?2 WHERE series = ?1 AND until IS NULL"
        " AND id IN (SELECT c.entry || '/' || n.ref"
        " FROM current_finding AS c JOIN node AS n ON n.id = c.node)",
        (series, run),
    )
    same = (
        "SELECT 1 FROM finding AS f WHERE f.series = ?1 AND f.until IS NULL"
        " AND f.entry = c.entry AND f.node = c.node"
    )
    execute(
        "UPDATE finding SET until = ?2 WHERE series = ?1 AND until IS NULL AND EXISTS"
        " (SELECT 1 FROM current_finding AS c WHERE c.entry = finding.entry"
        "   AND c.node = finding.node AND c.digest <> finding.digest)",
        (series, run),
    )
    execute(
        "INSERT INTO finding(series, entry, node, since, verdict, grade, relation, hops,"
        "                    decided_by, body, digest)"
        " SELECT ?1, entry, node, ?2, verdict, grade, relation, hops, decided_by, body, digest"
        f"  FROM current_finding AS c WHERE NOT EXISTS ({same})",
        (series, run),
    )
    execute("DROP TABLE temp.current_finding")


def write_conflicts(
    connection: sqlite3.Connection,
    rows: Iterable[ConflictRow],
    *,
    series: str,
    run: int,
) -> None:
    """Make these the live conflicts of the series as of this run."""
    wanted = {row.digest: row for row in rows}
    live = {
        row[1]: row[0]
        for row in connection.execute(
            "SELECT id, digest FROM conflict WHERE series = ? AND until IS NULL", (series,)
        )
    }
    closed = [(run, number) for digest, number in live.items() if digest not in wanted]
    connection.executemany("UPDATE conflict SET until = ? WHERE id = ?", closed)
    connection.executemany(
        "INSERT INTO conflict(series, node, kind, entry, since, body, digest)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (series, row.node, row.kind, row.entry, run, row.body, row.digest)
            for digest, row in wanted.items()
            if digest not in live
        ],
    )


def _undo(connection: sqlite3.Connection, series: str, run: int) -> None:
    """A run that is continued is checked again: what it said the first time was never said."""
    for table in ("finding", "gone"):
        connection.execute(f"DELETE FROM {table} WHERE series = ? AND since = ?", (series, run))
        connection.execute(
            f"UPDATE {table} SET until = NULL WHERE series = ? AND until = ?", (series, run)
        )


def _explain_absent(
    connection: sqlite3.Connection,
    series: str,
    withdrawn: Mapping[str, str],
    excepted: Sequence[tuple[str, int, str]],
    acting: Collection[str] | None,
) -> None:
    """What the lists themselves say of findings that are no more; node 0 stands for any."""
    connection.execute("DROP TABLE IF EXISTS temp.told")
    connection.execute(
        "CREATE TEMP TABLE told(entry TEXT, node INTEGER, reason TEXT, PRIMARY KEY (entry, node))"
        " WITHOUT ROWID"
    )
    connection.executemany(
        "INSERT OR IGNORE INTO told VALUES (?, ?, ?)",
        [*((entry, 0, reason) for entry, reason in withdrawn.items()), *excepted],
    )
    if acting is not None:
        connection.execute(
            "INSERT OR IGNORE INTO told SELECT DISTINCT entry, 0, ? FROM finding"
            " WHERE series = ? AND until IS NULL"
            "   AND entry NOT IN (SELECT value FROM json_each(?))",
            (_UNLISTED, series, json.dumps(sorted(acting))),
        )


def _close_absent(
    connection: sqlite3.Connection, series: str, run: int, now: int, *, complete: bool
) -> None:
    absent = (
        "finding.series = ?1 AND finding.until IS NULL AND NOT EXISTS (SELECT 1"
        " FROM current_finding AS c WHERE c.entry = finding.entry AND c.node = finding.node)"
    )
    if not complete:
        absent += (
            " AND EXISTS (SELECT 1 FROM told WHERE told.entry = finding.entry"
            " AND told.node IN (0, finding.node))"
        )
    reason = (
        "CASE WHEN n.same IS NOT NULL THEN 'renamed'"
        f" WHEN n.status IN ({Status.GONE.value}, {Status.GHOST.value}) THEN 'gone'"
        f" WHEN n.status = {Status.PRIVATE.value} THEN 'private or gone'"
        f" WHEN n.status = {Status.DISABLED.value} THEN 'disabled by the platform'"
        f" WHEN n.status = {Status.BLOCKED.value} THEN 'withheld where it was asked for'"
        f" WHEN {int(complete)} AND n.id NOT IN (SELECT node FROM in_scope)"
        "  THEN 'not in the source any more'"
        " ELSE ifnull((SELECT reason FROM told WHERE told.entry = finding.entry"
        "               AND told.node IN (0, n.id) ORDER BY told.node DESC LIMIT 1),"
        f"              '{_UNLISTED}') END"
    )
    connection.execute(
        f"INSERT INTO gone(series, id, reason, first_absent, since)"
        f" SELECT ?1, finding.entry || '/' || n.ref, {reason}, ?3, ?2"
        f"   FROM finding JOIN node AS n ON n.id = finding.node"
        f"  WHERE {absent}",
        (series, run, now),
    )
    connection.execute(f"UPDATE finding SET until = ?2 WHERE {absent}", (series, run))
    if complete:
        began = connection.execute("SELECT max(started) FROM run WHERE seq = ?", (run,))
        connection.execute(
            "UPDATE gone SET confirmed = ? WHERE series = ? AND confirmed IS NULL"
            "  AND until IS NULL AND first_absent <= ?"
            f" AND id NOT IN ({UNWATCHED.format(what='g.id')})",
            (now, series, now - DAY, series, now - DAY, began.fetchone()[0] or now),
        )
