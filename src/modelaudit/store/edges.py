"""Claims and links as edges of the lineage graph, with what is odd about each as flags.

They go into ``lineage_edge``; the tables of :mod:`modelaudit.store.graph` must be filled.
"""

from __future__ import annotations

import sqlite3
from typing import Final

from modelaudit.domain.edge import (
    FLAG_SHIFT,
    GRADE_SHIFT,
    UNKNOWN_WEIGHT,
    WEIGHT_SHIFT,
    WEIGHT_STEPS,
    Flag,
)
from modelaudit.domain.words import Grade, Relation
from modelaudit.store.fragments import BY_WEIGHTS, OF_LINEAGE, grade_of, relation_of
from modelaudit.store.links import BY_BYTES

MONTH: Final = 30 * 86_400
"""By how many seconds a parent may be younger than its child without a remark."""

_BYTES_OF_LISTED = (
    "SELECT x.child FROM listed AS l CROSS JOIN link AS x ON x.parent = l.node"
    f" WHERE {relation_of('x.code')} = {Relation.COPY.value}"
    " UNION SELECT x.child FROM listed AS l CROSS JOIN claim AS x ON x.parent = l.node"
    f" WHERE x.{BY_BYTES}"
)

_WEIGHT = (  # where a card leaves the share of a merge parent out, its recipe may tell it
    "ifnull(c.weight, (SELECT max(w.weight) FROM claim AS w WHERE w.parent = c.parent"
    f" AND w.child = c.child AND w.relation = c.relation AND c.relation = {Relation.MERGE.value}))"
)

_RELATION = (  # a delta or a part by its shapes is no finetune, whatever a card leaves out
    f"CASE c.relation WHEN {Relation.FINETUNE.value}"
    f" THEN ifnull((SELECT s.relation FROM shaped AS s WHERE s.node = c.child), c.relation)"
    " ELSE c.relation END"
)

_CODE = (  # SQLite binds | & << >> alike, from left to right
    f"({_RELATION}) | (c.grade << {GRADE_SHIFT})"
    f" | (({{flags}}) << {FLAG_SHIFT})"
    f" | (ifnull(cast(min(max({_WEIGHT}, 0), 1) * {WEIGHT_STEPS} + 0.5 AS INTEGER),"
    f"            {UNKNOWN_WEIGHT}) << {WEIGHT_SHIFT})"
)

_ENDS = (
    "JOIN lineage_node AS a ON a.node = c.parent JOIN lineage_node AS b ON b.node = c.child"
    " JOIN node AS p ON p.id = c.parent JOIN node AS n ON n.id = c.child"
)

_SAID = (  # what the Hub makes of every parent of which nobody says more
    f"{{claim}}.relation = {Relation.FINETUNE.value} AND {{claim}}.grade = {Grade.DECLARED.value}"
)

_FLAGS = (
    f"(ifnull(p.created > n.created + {MONTH}, 0)"
    # re-hosts of a deleted base are younger than its descendants, and a rename hides the age
    " AND c.parent NOT IN (SELECT node FROM listed)"
    f" AND c.parent NOT IN ({_BYTES_OF_LISTED})"
    f" AND NOT EXISTS (SELECT 1 FROM node AS a WHERE a.same = c.parent)) * {Flag.DATE.value}"
    " | (c.origin IN (SELECT id FROM origin WHERE extractor = 'same-bytes-undirected'))"
    f"   * {Flag.UNDIRECTED.value}"
    f" | (c.child IN (SELECT node FROM allowed)) * {Flag.ALLOWED.value}"
    f" | (CASE WHEN {_SAID.format(claim='c')} THEN EXISTS (SELECT 1 FROM claim AS o"
    f"     WHERE o.child = c.child AND o.parent <> c.parent AND {_SAID.format(claim='o')})"
    f"   ELSE 0 END) * {Flag.AMONG.value}"
)

_IN_PART = "c.origin IN (SELECT id FROM origin WHERE extractor = 'weights-in-part')"

_AGREES = (  # somebody else says it too: a part that two models share says nothing of the whole
    f"w.child = c.child AND w.grade >= {Grade.DECLARED.value}"
    f" AND w.relation <> {Relation.COMPONENT.value} AND w.{OF_LINEAGE} AND NOT w.{BY_WEIGHTS}"
)

_WEAK = (
    f"({_IN_PART} AND NOT EXISTS (SELECT 1 FROM claim AS w WHERE {_AGREES}"
    f" AND w.parent = c.parent)) * {Flag.WEAK.value}"
)

_OLDER = (  # than the listed model itself: re-hosts may be younger than its descendants
    f"ifnull(n.created + {MONTH} < (SELECT min(m.created) FROM listed AS l"
    "  JOIN original AS o ON o.entry = l.entry JOIN node AS m ON m.id = o.node"
    " WHERE l.node = c.parent), 0)"
)

_RELATIVE = (  # what descends from the same base has the same weights, and is no descendant
    f"(c.{BY_WEIGHTS} AND c.grade = {Grade.MEASURED.value}"
    f" AND c.relation <> {Relation.COMPONENT.value}"
    f" AND (c.parent IN (SELECT node FROM derived) OR {_OLDER})"
    " AND ifnull(json_extract(c.sample, '$.comparison.descent'), '') <> 'direct'"
    f" AND NOT EXISTS (SELECT 1 FROM claim AS w WHERE {_AGREES} AND w.parent = c.parent))"
    f" * {Flag.RELATIVE.value}"
)

_DOUBTS = (  # SQLite works out both sides of an AND, but not the branch of a CASE not taken
    f"CASE WHEN c.{BY_WEIGHTS} THEN {_WEAK} | {_RELATIVE} ELSE 0 END"
)

_HIDDEN = (
    "(c.child IN (SELECT node FROM allowed)"
    f" AND (c.grade = {Grade.HINTED.value} OR c.relation = {Relation.COMPONENT.value}))"
)

_OPEN = (
    f"NOT {_HIDDEN} AND c.parent NOT IN (SELECT node FROM shield)"
    # what a sketch showed that its list has withdrawn or replaced counts no more
    f" AND NOT (c.{BY_WEIGHTS} AND ifnull(json_extract(c.sample, '$.sketch'), '')"
    "           NOT IN (SELECT digest FROM sketched))"
    " AND c.parent NOT IN (SELECT node FROM dated)"
)


def add(connection: sqlite3.Connection) -> None:
    """All of them, for every entry (0) or for the one that they depend on."""
    connection.execute(
        "INSERT OR IGNORE INTO lineage_edge"
        f" SELECT a.rank, b.rank, 0, {_CODE.format(flags=f'{_FLAGS} | {_DOUBTS}')}"
        f"  FROM claim AS c {_ENDS} WHERE {_OPEN}"
    )
    _add_confirmed(connection)
    _add_dated(connection)
    _add_links(connection)


def _add_confirmed(connection: sqlite3.Connection) -> None:
    """Weights are not in doubt where somebody else's claim leads to the same entry."""
    connection.execute(
        "INSERT OR IGNORE INTO lineage_edge"
        f" SELECT a.rank, b.rank, l.entry, {_CODE.format(flags=_FLAGS)}"
        f"  FROM listed AS l JOIN claim AS c ON c.parent = l.node {_ENDS}"
        f" WHERE c.{BY_WEIGHTS} AND {_OPEN} AND EXISTS (SELECT 1 FROM claim AS w"
        f"   JOIN listed AS o ON o.node = w.parent WHERE {_AGREES} AND o.entry = l.entry)"
    )


def _add_dated(connection: sqlite3.Connection) -> None:
    """Claims of what a list means up to a day."""
    undated = f"{_FLAGS} | (d.before IS NOT NULL AND n.created IS NULL) * {Flag.UNDATED.value}"
    connection.execute(
        "INSERT OR IGNORE INTO lineage_edge"
        f" SELECT a.rank, b.rank, l.entry, {_CODE.format(flags=undated)}"
        f"  FROM listed AS l JOIN claim AS c ON c.parent = l.node {_ENDS}"
        "  LEFT JOIN dated AS d ON d.entry = l.entry AND d.node = l.node"
        f" WHERE l.node IN (SELECT node FROM dated) AND NOT {_HIDDEN}"
        "   AND (d.before IS NULL OR n.created IS NULL OR n.created < d.before)"
    )


def _add_links(connection: sqlite3.Connection) -> None:
    exempt = (
        f"({relation_of('l.code')} = {Relation.COMPONENT.value}"
        f" OR {grade_of('l.code')} = {Grade.HINTED.value})"
    )
    connection.execute(
        "INSERT OR IGNORE INTO lineage_edge"
        " SELECT a.rank, b.rank, l.entry,"
        f"       l.code | (l.child IN (SELECT node FROM allowed)) * {Flag.ALLOWED << FLAG_SHIFT}"
        "  FROM link AS l JOIN lineage_node AS a ON a.node = l.parent"
        "  JOIN lineage_node AS b ON b.node = l.child"
        f" WHERE NOT (l.child IN (SELECT node FROM allowed) AND {exempt})"
        "   AND l.parent NOT IN (SELECT node FROM shield)"
    )
