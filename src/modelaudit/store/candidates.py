"""Models worth calls of their own, drawn from the catalogue reason by reason.

Each reason gives at most as many as may be read in all, so that the memory needed depends on the
budget and not on the catalogue.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence

from modelaudit.domain import refs
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.words import Status, Trait
from modelaudit.store.findings import DAY
from modelaudit.store.fragments import HOSTED, OF_LINEAGE, UNWATCHED


def live_findings(
    connection: sqlite3.Connection, series: str, since: int, limit: int
) -> Iterator[tuple[ModelRef, int]]:
    """Models with findings, not asked for since this time; and those to be missed once more."""
    return _rows(
        connection,
        "(n.id IN (SELECT node FROM finding WHERE series = ? AND until IS NULL)"
        f" AND ifnull(n.detailed, 0) < ? OR n.id IN ({UNWATCHED.format(what='x.id')}))",
        (series, since, series, since - DAY, since),
        limit,
    )


def listed(connection: sqlite3.Connection, limit: int) -> Iterator[tuple[ModelRef, int]]:
    """Listed models that a platform hosts, never asked for."""
    return _rows(
        connection,
        "n.id IN (SELECT node FROM listed) AND n.detailed IS NULL"
        f" AND n.status IN ({HOSTED}) AND n.same IS NULL",
        (),
        limit,
    )


def descendants(connection: sqlite3.Connection, limit: int) -> Iterator[tuple[ModelRef, int]]:
    """What the last walk over the lineage reached, never asked for."""
    return _rows(
        connection,
        "n.id IN (SELECT r.node FROM lineage_reach AS w JOIN lineage_node AS r ON r.rank = w.node)"
        f" AND n.detailed IS NULL AND n.status > {Status.GHOST.value}",
        (),
        limit,
    )


def named_parents(connection: sqlite3.Connection, limit: int) -> Iterator[tuple[ModelRef, int]]:
    """Parents that models in scope name and nobody has listed."""
    return _rows(
        connection,
        f"n.status = {Status.GHOST.value} AND n.detailed IS NULL AND n.same IS NULL AND n.id IN"
        " (SELECT c.parent FROM in_scope AS s JOIN claim AS c ON c.child = s.node"
        f"   WHERE c.grade > 1 AND c.{OF_LINEAGE})",
        (),
        limit,
    )


def without_parent(
    connection: sqlite3.Connection,
    limit: int,
    *,
    traits: Trait = Trait.DIFFUSION | Trait.ADAPTER,
) -> Iterator[tuple[ModelRef, int]]:
    """Models in scope with one of these traits that name no parent."""
    return _rows(
        connection,
        f"n.id IN (SELECT node FROM in_scope) AND n.traits & {traits.value} AND n.detailed IS NULL"
        " AND NOT EXISTS (SELECT 1 FROM claim AS c WHERE c.child = n.id AND c.grade > 1"
        f"                 AND c.{OF_LINEAGE})",
        (),
        limit,
    )


def like_a_root(connection: sqlite3.Connection, limit: int) -> Iterator[tuple[ModelRef, int]]:
    """Models in scope with as many parameters as a listed one."""
    return _rows(
        connection,
        "n.id IN (SELECT node FROM in_scope) AND n.detailed IS NULL AND n.parameters IN"
        " (SELECT r.parameters FROM listed AS l JOIN node AS r ON r.id = l.node)",
        (),
        limit,
    )


def of_publishers_with_findings(
    connection: sqlite3.Connection, series: str, limit: int
) -> Iterator[tuple[ModelRef, int]]:
    """Other models of Hub owners with findings, holding weights."""
    owners = connection.execute(
        "SELECT DISTINCT substr(n.key, 4, instr(n.key, '/') - 4) FROM finding AS f"
        " JOIN node AS n ON n.id = f.node WHERE f.series = ? AND f.until IS NULL"
        "  AND n.key LIKE 'hf:%/%' ORDER BY 1",
        (series,),
    ).fetchall()
    for (owner,) in owners:
        yield from _rows(
            connection,
            "n.key >= ? AND n.key < ? AND n.id IN (SELECT node FROM in_scope)"
            f" AND n.detailed IS NULL AND n.traits & {Trait.WEIGHTS.value}",
            (f"hf:{owner}/", f"hf:{owner}0"),
            limit,
        )


def of_sources(
    connection: sqlite3.Connection, texts: Sequence[str], limit: int
) -> Iterator[tuple[ModelRef, int]]:
    """Members of these sources, holding weights or not."""
    return _rows(
        connection,
        "n.detailed IS NULL AND n.id IN (SELECT m.node FROM member AS m"
        f" JOIN source AS s ON s.id = m.source WHERE s.text IN ({','.join('?' * len(texts))}))",
        tuple(texts),
        limit,
    )


def _rows(
    connection: sqlite3.Connection, where: str, bound: tuple[object, ...], limit: int
) -> Iterator[tuple[ModelRef, int]]:
    rows = connection.execute(
        "SELECT n.ref, ifnull(p.downloads, 0) AS d FROM node AS n"
        f" LEFT JOIN popularity AS p ON p.node = n.id WHERE {where}"
        "  AND substr(n.ref, 1, instr(n.ref, ':') - 1)"
        "      NOT IN ('dataset', 'sha256', 'civitai-base', 'civitai-flag', 'words', 'folder')"
        "  AND (n.key < 'civitai:' OR n.key >= 'civitai;' OR instr(n.ref, '@') > 0)"
        " ORDER BY d DESC, n.ref LIMIT ?",
        (*bound, limit),
    )
    for ref, downloads in rows.fetchall():
        yield ModelRef(ref), downloads


def forget_gaps(
    connection: sqlite3.Connection, ref: ModelRef, origin: str, file: str | None = None
) -> None:
    """Drop what an earlier attempt could not read, of one ``file`` or of all: it is tried again."""
    connection.execute(
        "DELETE FROM gap WHERE origin = ?1 AND (?3 IS NULL OR file = ?3)"
        " AND node = (SELECT ifnull(same, id) FROM node WHERE key = ?2)",
        (origin, refs.key(ref), file),
    )
