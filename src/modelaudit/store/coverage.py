"""What a run examined and what it did not: counted once, when the run finishes."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import msgspec

from modelaudit.domain.finding import Coverage
from modelaudit.domain.model import Gap
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.words import GapReason, Grade
from modelaudit.store.fragments import HOSTED, OF_LINEAGE
from modelaudit.store.runs import OpenRun, counters

_ROWS_PER_REASON = 1000
"""Gaps named one by one; the rest of a reason is one row with a count."""


def scope(connection: sqlite3.Connection, sources: Sequence[str]) -> None:
    """Fill the temporary table ``in_scope`` with the models of these sources; none means all."""
    connection.execute("DROP TABLE IF EXISTS temp.in_scope")
    connection.execute("CREATE TEMP TABLE in_scope(node INTEGER PRIMARY KEY)")
    if sources:
        marks = ",".join("?" * len(sources))
        connection.execute(
            "INSERT OR IGNORE INTO in_scope SELECT m.node FROM member AS m"
            " JOIN node AS n ON n.id = m.node JOIN source AS s ON s.id = m.source"
            f" WHERE s.text IN ({marks}) AND n.status IN ({HOSTED}) AND n.same IS NULL",
            list(sources),
        )
    else:
        connection.execute(
            f"INSERT INTO in_scope SELECT id FROM node WHERE status IN ({HOSTED}) AND same IS NULL"
        )


def measure(
    connection: sqlite3.Connection,
    run: OpenRun,
    *,
    without_reference: Sequence[str],
    library: str = "",
    excepted: int = 0,
) -> Coverage:
    """Coverage of a run; expects ``in_scope``, and ``listed`` and ``allowed`` of its check."""

    def number(sql: str) -> int:
        return int(connection.execute(sql).fetchone()[0])

    known = (
        "EXISTS (SELECT 1 FROM claim AS c JOIN node AS p ON p.id = c.parent"
        f" WHERE c.child = s.node AND c.grade >= {Grade.DECLARED.value} AND c.{OF_LINEAGE}"
        f"   AND (p.status IN ({HOSTED}) OR p.id IN (SELECT node FROM listed)"
        "     OR p.id IN (SELECT node FROM allowed)"
        "     OR (substr(p.ref, 1, 13) = 'civitai-base:' AND NOT EXISTS (SELECT 1 FROM gap"
        f"          WHERE gap.node = s.node AND gap.reason = {GapReason.UNMAPPED.value}))))"
        " OR s.node IN (SELECT node FROM listed) OR s.node IN (SELECT node FROM allowed)"
    )
    examined = (
        "(SELECT detailed FROM node WHERE id = s.node) IS NOT NULL"
        " OR EXISTS (SELECT 1 FROM file AS f WHERE f.node = s.node"
        "             AND (f.sha256 IS NOT NULL OR f.header IS NOT NULL))"
    )
    models = number("SELECT count(*) FROM in_scope")
    lineage_known = number(f"SELECT count(*) FROM in_scope AS s WHERE {known}")
    no_evidence = number(f"SELECT count(*) FROM in_scope AS s WHERE NOT ({known}) AND ({examined})")
    counted = counters(connection, run.seq)
    return Coverage(
        models=models,
        files=number(
            "SELECT count(*) FROM file WHERE sha256 IS NOT NULL"
            " AND node IN (SELECT node FROM in_scope)"
        ),
        headers_read=counted.get("headers_read", 0),
        weights_read=counted.get("weights_read", 0),
        library=library,
        bytes_read=counted.get("bytes_read", 0),
        requests=counted.get("requests", 0),
        lineage_known=lineage_known,
        no_evidence=no_evidence,
        never_examined=models - lineage_known - no_evidence,
        entries_without_reference=tuple(without_reference),
        swept=_swept(connection, run.run.sources),
        excepted=excepted,
        gaps=tuple(_gaps(connection, run.run.sources)),
    )


def dumps(coverage: Coverage) -> str:
    """As kept with the run."""
    return msgspec.json.encode(coverage).decode()


def loads(text: str) -> Coverage:
    """As kept with the run."""
    return msgspec.json.decode(text, type=Coverage)


def _swept(connection: sqlite3.Connection, sources: Sequence[str]) -> dict[str, int]:
    rows = connection.execute(
        "SELECT text, swept_from FROM source WHERE increment AND swept_from IS NOT NULL"
    )
    return {text: when for text, when in rows if not sources or text in sources}


def _gaps(connection: sqlite3.Connection, sources: Sequence[str]) -> list[Gap]:
    found: list[Gap] = []
    marks = ",".join("?" * len(sources))
    where = (
        f"(g.origin IN ({marks}) OR g.node IN (SELECT node FROM in_scope)"
        " OR g.node IN (SELECT m.node FROM member AS m JOIN source AS s ON s.id = m.source"
        f"              WHERE s.text IN ({marks})))"
    )
    if not sources:
        where = "1"  # a check over the whole database takes every gap
    for reason in GapReason:
        bound = [*sources, *sources, reason.value]
        rows = connection.execute(
            "SELECT n.ref, g.file, g.detail, max(g.count) FROM gap AS g"
            f" LEFT JOIN node AS n ON n.id = g.node WHERE {where} AND g.reason = ?"
            # several steps may meet the same obstacle of a model
            " GROUP BY n.ref, g.file, g.detail, CASE WHEN n.ref IS NULL THEN g.rowid END"
            " ORDER BY n.ref IS NULL DESC, n.ref, g.file, g.detail",
            bound,
        )
        rest = 0
        for index, (ref, file, detail, count) in enumerate(rows):
            if index >= _ROWS_PER_REASON:
                rest += count
                continue
            model = None if ref is None else ModelRef(ref)
            found.append(Gap(reason=reason, detail=detail, model=model, file=file, count=count))
        if rest:
            detail = f"{rest} more, in the table gap of the database"
            found.append(Gap(reason=reason, detail=detail, count=rest))
    return found
