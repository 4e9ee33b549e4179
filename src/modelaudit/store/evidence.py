"""What a check looks up while it turns reached nodes into findings and conflicts."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from modelaudit.domain.edge import Flag
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.words import Grade, Relation
from modelaudit.store.fragments import (
    BY_WEIGHTS,
    LATER_SHARD,
    MAINS,
    OF_LINEAGE,
    PART,
    SAME_TENSORS,
    flagged,
    grade_of,
    relation_of,
)
from modelaudit.store.links import BY_BYTES


@dataclass(frozen=True, slots=True)
class Node:
    """A node as a check needs it."""

    id: int
    ref: ModelRef
    title: str | None


def node(connection: sqlite3.Connection, number: int) -> Node:
    """One node by its id."""
    row = connection.execute("SELECT id, ref, title FROM node WHERE id = ?", (number,)).fetchone()
    return Node(row[0], ModelRef(row[1]), row[2])


def node_of_rank(connection: sqlite3.Connection, rank: int) -> Node:
    """One node by its number in the lineage graph."""
    row = connection.execute(
        "SELECT n.id, n.ref, n.title FROM lineage_node AS r JOIN node AS n ON n.id = r.node"
        " WHERE r.rank = ?",
        (rank,),
    ).fetchone()
    return Node(row[0], ModelRef(row[1]), row[2])


def keys_of(connection: sqlite3.Connection, numbers: set[int]) -> set[str]:
    """Keys of nodes and of all their other names."""
    found: set[str] = set()
    for number in numbers:
        found |= {
            row[0]
            for row in connection.execute(
                "SELECT key FROM node WHERE id = ?1 OR same = ?1", (number,)
            )
        }
    return found


def reached_in_scope(connection: sqlite3.Connection) -> Iterator[tuple[int, int, int, int]]:
    """(entry, rank, tier, verdict) of every model in scope that an entry reaches."""
    return connection.execute(
        "SELECT w.entry, w.node, w.tier, w.verdict FROM lineage_reach AS w"
        "  JOIN lineage_node AS r ON r.rank = w.node"
        " WHERE r.node IN (SELECT node FROM in_scope)"
        "   AND NOT EXISTS (SELECT 1 FROM listed AS l"
        "                    WHERE l.entry = w.entry AND l.node = r.node)"
        " ORDER BY w.entry, w.node"
    )


def in_scope(connection: sqlite3.Connection, number: int) -> bool:
    """Whether a model belongs to the sources that are checked."""
    row = connection.execute("SELECT 1 FROM in_scope WHERE node = ?", (number,)).fetchone()
    return row is not None


def listed_in_scope(connection: sqlite3.Connection) -> list[tuple[int, int]]:
    """(entry, node) of every listed model in scope."""
    return connection.execute(
        "SELECT entry, node FROM listed WHERE node IN (SELECT node FROM in_scope)"
        " ORDER BY entry, node"
    ).fetchall()


def listed_digests_of(connection: sqlite3.Connection, number: int, entry: int) -> list[str]:
    """Digests of an entry that a model holds in a main, tainted part."""
    rows = connection.execute(
        "SELECT substr(d.ref, 8) FROM link AS l JOIN node AS d ON d.id = l.parent"
        f" WHERE l.child = ? AND l.entry = ? AND {relation_of('l.code')} = {Relation.COPY.value}"
        f"   AND {flagged('l.code', Flag.SINGLE_SOURCE)} = 0"
        "   AND d.ref LIKE 'sha256:%' ORDER BY 1",
        (number, entry),
    )
    return [row[0] for row in rows]


def shared_files_of(
    connection: sqlite3.Connection, child: int, parent: int
) -> list[tuple[str, str]]:
    """(path, sha256) of the child's files that the parent holds as well, or tensor for tensor."""
    rows = connection.execute(
        "SELECT c.path, lower(hex(c.sha256)) FROM file AS c"
        " WHERE c.node = ?1 AND c.sha256 IS NOT NULL AND (EXISTS (SELECT 1 FROM file AS p"
        "        WHERE p.sha256 = c.sha256 AND p.node = ?2)"
        f"    OR EXISTS (SELECT 1 FROM {SAME_TENSORS} CROSS JOIN file AS p ON p.head = b.head"
        "        WHERE a.head = c.head AND p.node = ?2)) ORDER BY c.path",
        (child, parent),
    )
    return rows.fetchall()


def files_like(connection: sqlite3.Connection, node: int, sha256: str) -> list[tuple[str, str]]:
    """(path, sha256) of a model's files with this digest, or with the tensors of such a file."""
    rows = connection.execute(
        "SELECT f.path, lower(hex(f.sha256)) FROM file AS f WHERE f.node = ?1 AND (f.sha256 = ?2"
        f"    OR EXISTS (SELECT 1 FROM {SAME_TENSORS} WHERE a.head = ?2 AND b.head = f.head))"
        " ORDER BY f.path",
        (node, bytes.fromhex(sha256)),
    )
    return rows.fetchall()


def kin_files(connection: sqlite3.Connection, child: int, parent: int) -> tuple[int, int]:
    """(files that are kin to the parent by their sampled values, files that may be a model).

    The shards of a model are one.
    """
    kin = connection.execute(
        "SELECT count(DISTINCT o.path) FROM claim AS c JOIN origin AS o ON o.id = c.origin"
        f" WHERE c.child = ? AND c.parent = ? AND c.{BY_WEIGHTS}",
        (child, parent),
    ).fetchone()[0]
    total = connection.execute(
        f"SELECT count(*) FROM file AS f WHERE f.node = ? AND NOT {LATER_SHARD.format(file='f')}"
        f" AND ifnull({PART.format(file='f')}, {MAINS[0]}) IN ({MAINS})",
        (child,),
    ).fetchone()[0]
    return kin, max(kin, total)


def copies(connection: sqlite3.Connection, extractor: str) -> list[tuple[int, int]]:
    """(source, copy) of every copy of this kind that claims something itself, by source."""
    return connection.execute(
        "SELECT c.parent, c.child FROM claim AS c WHERE c.origin IN"
        "  (SELECT id FROM origin WHERE extractor = ?)"
        "  AND EXISTS (SELECT 1 FROM claim AS o WHERE o.child = c.child"
        f"   AND o.grade BETWEEN {Grade.DECLARED.value} AND {Grade.MEASURED.value}"
        f"   AND o.{OF_LINEAGE})"
        " ORDER BY c.parent, c.child",
        (extractor,),
    ).fetchall()


def siblings(connection: sqlite3.Connection, source: int) -> set[int]:
    """The source of a group of copies and all its copies."""
    rows = connection.execute(f"SELECT child FROM claim WHERE parent = ? AND {BY_BYTES}", (source,))
    return {source, *(row[0] for row in rows)}


def labels(connection: sqlite3.Connection, number: int) -> dict[str, int]:
    """Key → node of the platform labels that a model declares."""
    rows = connection.execute(
        "SELECT p.key, p.id FROM claim AS c JOIN node AS p ON p.id = c.parent WHERE c.child = ?"
        f" AND c.grade >= {Grade.DECLARED.value} AND substr(p.ref, 1, 13) = 'civitai-base:'"
        " ORDER BY p.ref",
        (number,),
    )
    return dict(rows.fetchall())


def digest_matches(
    connection: sqlite3.Connection,
) -> list[tuple[int, int, str, int, bool]]:
    """(entry, model, sha256, node of the digest, whole model?) of every listed file found."""
    rows = connection.execute(
        "SELECT l.entry, l.child, substr(d.ref, 8), d.id,"
        f"      max({relation_of('l.code')} = {Relation.COPY.value})"
        "  FROM link AS l JOIN node AS d ON d.id = l.parent AND d.ref LIKE 'sha256:%'"
        " WHERE l.entry > 0 GROUP BY l.entry, l.child, d.id ORDER BY l.entry, l.child, 3"
    )
    return [(*row[:4], bool(row[4])) for row in rows]


def copies_of_listed(connection: sqlite3.Connection) -> list[tuple[int, int, int]]:
    """(entry, copy, listed model) of every model that holds a main file of a listed one."""
    return connection.execute(
        "SELECT l.entry, l.child, l.parent FROM link AS l"
        "  JOIN listed AS r ON r.entry = l.entry AND r.node = l.parent"
        "  JOIN node AS n ON n.id = l.parent AND n.ref NOT LIKE 'sha256:%'"
        f" WHERE l.entry > 0 AND {relation_of('l.code')} = {Relation.COPY.value}"
        f"   AND {grade_of('l.code')} = {Grade.EXACT.value} ORDER BY 1, 2, 3"
    ).fetchall()


def decided_by_list(connection: sqlite3.Connection, number: int) -> bool:
    """True for a listed model, and for one that holds a file of something listed."""
    return (
        connection.execute(
            "SELECT 1 FROM listed WHERE node = ?1 UNION ALL SELECT 1 FROM link"
            f" WHERE child = ?1 AND entry > 0 AND {relation_of('code')} = {Relation.COPY.value}"
            " LIMIT 1",
            (number,),
        ).fetchone()
        is not None
    )


def recorded_adapters(connection: sqlite3.Connection) -> list[int]:
    """Models whose training tool recorded an adapter's base."""
    rows = connection.execute(
        "SELECT DISTINCT child FROM claim"
        f" WHERE grade = {Grade.RECORDED.value} AND relation = {Relation.ADAPTER.value}"
        " ORDER BY child"
    )
    return [row[0] for row in rows]


def ancestors(connection: sqlite3.Connection, numbers: set[int], depth: int = 5) -> set[int]:
    """These nodes and what they claim to descend from, a few hops up."""
    found = set(numbers)
    frontier = set(numbers)
    for _ in range(depth):
        frontier = {
            row[0]
            for number in frontier
            for row in connection.execute("SELECT parent FROM claim WHERE child = ?", (number,))
        } - found
        if not frontier:
            break
        found |= frontier
    return found


def parents(connection: sqlite3.Connection, child: int) -> dict[str, int]:
    """Key → node of what a model names as its parents."""
    rows = connection.execute(
        "SELECT p.key, p.id FROM claim AS c JOIN node AS p ON p.id = c.parent WHERE c.child = ?",
        (child,),
    )
    return dict(rows.fetchall())


def listed_beside(connection: sqlite3.Connection, number: int) -> set[int]:
    """What the lists mean by the same entries as a node: a re-host and its original are one."""
    rows = connection.execute(
        "SELECT o.node FROM listed AS l JOIN listed AS o ON o.entry = l.entry WHERE l.node = ?",
        (number,),
    )
    return {node for (node,) in rows}


def same_listed(connection: sqlite3.Connection, number: int) -> set[int]:
    """Re-hosts, digests and labels of the one model that an entry lists, where a node is of these.

    What is listed beside other models may be any of them.
    """
    rows = connection.execute(
        "SELECT o.node FROM listed AS l JOIN listed AS o ON o.entry = l.entry WHERE l.node = ?"
        " AND (SELECT count(*) FROM original AS m WHERE m.entry = l.entry) = 1",
        (number,),
    )
    return {node for (node,) in rows}


def existing(connection: sqlite3.Connection, numbers: set[int]) -> set[int]:
    """Those of these nodes that a platform shows or a list names."""
    return {
        number
        for number in numbers
        if connection.execute(
            "SELECT 1 FROM node WHERE id = ?1 AND (status > 0 OR id IN (SELECT node FROM listed))",
            (number,),
        ).fetchone()
    }


def allowed_with_claims(connection: sqlite3.Connection) -> list[tuple[int, int, int]]:
    """(model, listed parent, entry) where an allowed model's words or bytes say it is derived."""
    return connection.execute(
        "SELECT DISTINCT c.child, c.parent, l.entry FROM allowed AS a"
        "  JOIN claim AS c ON c.child = a.node JOIN listed AS l ON l.node = c.parent"
        f" WHERE c.grade > {Grade.HINTED.value} AND c.relation <> {Relation.COMPONENT.value}"
        f"   AND c.{OF_LINEAGE}"
        " UNION SELECT x.child, x.parent, x.entry FROM allowed AS a JOIN link AS x"
        "  ON x.child = a.node"
        f" WHERE x.entry > 0 AND {relation_of('x.code')} = {Relation.COPY.value}"
        " ORDER BY 1, 2"
    ).fetchall()
