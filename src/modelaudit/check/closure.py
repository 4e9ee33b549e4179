"""Who descends from what is listed: best paths by verdict and grade, inside SQLite.

Works on temporary tables, whatever the database looks like. Somebody else fills

    lineage_edge(parent, child, entry, code)   entry 0 = holds for every entry
    lineage_root(entry, node)                  where paths of an entry end

and the result is

    lineage_reach(entry, node, tier, depth, verdict, grade)    the best path of a node, measured
    lineage_step(tier, entry, node, pred, code, depth)         and hop by hop, within its tier

Nodes are integers in the order of their references, so that ties fall to the smallest reference.
``code`` packs what an edge's verdict depends on (:func:`modelaudit.domain.edge.pack`).

For each group of entries with equal rules the edges are walked in tiers, strongest verdict and
then strongest grade first; the first tier that reaches a node gives its best path. Each tier is a
breadth-first search, one SQL statement per level (``docs/decisions/0004-closure-in-tiers.md``).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from modelaudit.check.verdict import edge_cap, entry_cap
from modelaudit.domain.edge import GRADE_BITS, GRADE_SHIFT, Flag, unpack
from modelaudit.domain.entry import Entry
from modelaudit.domain.words import Grade, Verdict

DEEPEST = 100
"""Steps after which a lineage is not followed: the deepest seen have a dozen, and a chain of
thousands would be somebody's attempt to make reports of gigabytes."""

TABLES = """
CREATE TEMP TABLE lineage_edge(
  parent INTEGER, child INTEGER, entry INTEGER, code INTEGER,
  PRIMARY KEY (parent, child, entry, code)) WITHOUT ROWID;
CREATE TEMP TABLE lineage_root(
  entry INTEGER, node INTEGER, PRIMARY KEY (entry, node)) WITHOUT ROWID;
CREATE TEMP TABLE lineage_reach(
  entry INTEGER, node INTEGER, tier INTEGER, depth INTEGER,
  verdict INTEGER, grade INTEGER, PRIMARY KEY (entry, node)) WITHOUT ROWID;
CREATE TEMP TABLE lineage_step(
  tier INTEGER, entry INTEGER, node INTEGER, pred INTEGER, code INTEGER, depth INTEGER,
  PRIMARY KEY (tier, entry, node)) WITHOUT ROWID;
CREATE TEMP TABLE lineage_walk(
  entry INTEGER, node INTEGER, pred INTEGER, code INTEGER, depth INTEGER,
  PRIMARY KEY (entry, node)) WITHOUT ROWID;
CREATE TEMP TABLE lineage_level(
  entry INTEGER, node INTEGER, pred INTEGER, code INTEGER, PRIMARY KEY (entry, node)) WITHOUT ROWID;
CREATE TEMP TABLE lineage_next(
  entry INTEGER, node INTEGER, pred INTEGER, code INTEGER, PRIMARY KEY (entry, node)) WITHOUT ROWID;
CREATE TEMP TABLE lineage_code(code INTEGER PRIMARY KEY);
"""


def create_tables(connection: sqlite3.Connection) -> None:
    """Empty temporary tables, whatever an earlier check left."""
    for statement in TABLES.split(";"):
        if statement.strip():
            name = statement.split("TABLE ")[1].partition("(")[0].strip()
            connection.execute(f"DROP TABLE IF EXISTS temp.{name}")
            connection.execute(statement)


def close_over(
    connection: sqlite3.Connection, entries: Mapping[int, Entry], standard: Grade
) -> None:
    """Fill ``lineage_reach`` and ``lineage_step`` with the best path of every node reached.

    Roots themselves are not written: they are listed, not derived.
    """
    codes = _codes(connection)
    tier = 0
    for group in _groups(entries):
        members = [number for number, _ in group]
        entry = group[0][1]
        caps = {code: edge_cap(unpack(code), entry, standard).verdict for code in codes}
        hops = DEEPEST if entry.scope.max_hops is None else min(entry.scope.max_hops, DEEPEST)
        everything = _walk(connection, members, [c for c in codes if caps[c]], hops)
        settled = 0
        walked: list[int] | None = None
        for verdict, grade in _tiers(entry):
            admissible = [
                code for code in codes if caps[code] >= verdict and unpack(code).grade >= grade
            ]
            if not admissible or admissible == walked:
                continue  # the same edges reach the same nodes: nothing new in this tier
            walked = admissible
            tier += 1
            _walk(connection, members, admissible, hops)
            settled += _settle(connection, tier, verdict, grade)
            if settled >= everything:
                break


def reach_over_everything(connection: sqlite3.Connection, entries: Mapping[int, Entry]) -> None:
    """Fill ``lineage_walk`` with all that each entry reaches over any edge of known direction."""
    codes = [code for code in _codes(connection) if not unpack(code).flags & Flag.UNDIRECTED]
    _walk(connection, list(entries), codes, DEEPEST)


def cut_off(connection: sqlite3.Connection) -> int:
    """How many nodes lie so deep that what descends from them was not followed."""
    row = connection.execute(
        "SELECT count(DISTINCT node) FROM lineage_reach WHERE depth = ?", (DEEPEST,)
    ).fetchone()
    return int(row[0])


def path_of(
    connection: sqlite3.Connection, tier: int, entry: int, node: int
) -> list[tuple[int, int]]:
    """The best path from a node upwards: (parent, code of the edge) per hop."""
    path: list[tuple[int, int]] = []
    while True:
        pred, code = connection.execute(
            "SELECT pred, code FROM lineage_step WHERE tier = ? AND entry = ? AND node = ?",
            (tier, entry, node),
        ).fetchone()
        if pred is None:
            return path
        path.append((pred, code))
        node = pred


def _codes(connection: sqlite3.Connection) -> list[int]:
    return [row[0] for row in connection.execute("SELECT DISTINCT code FROM lineage_edge")]


def _groups(entries: Mapping[int, Entry]) -> Iterator[Sequence[tuple[int, Entry]]]:
    """Entries whose paths are judged alike, so that one walk serves all of them."""

    def rules(item: tuple[int, Entry]) -> tuple[object, ...]:
        entry = item[1]
        scope = entry.scope
        hops = -1 if scope.max_hops is None else scope.max_hops
        caps = sorted(scope.caps.items())
        return (entry_cap(entry).verdict, caps, hops, scope.min_merge_weight, entry.of_parts)

    for _, group in groupby(sorted(entries.items(), key=rules), key=rules):
        yield list(group)


def _tiers(entry: Entry) -> Iterator[tuple[Verdict, Grade]]:
    """Strongest first; verdicts above the entry's own cap fall into its first tier."""
    ceiling = entry_cap(entry).verdict
    for verdict in range(ceiling, Verdict.NONE, -1):
        for grade in sorted(Grade, reverse=True):
            yield Verdict(verdict), grade


def _walk(
    connection: sqlite3.Connection,
    members: Sequence[int],
    codes: Sequence[int],
    max_hops: int,
) -> int:
    """Breadth-first over the admissible edges into ``lineage_walk``; returns the nodes reached.

    Each level has a table of its own and ``CROSS JOIN`` pins it outside, so that a level costs its
    own edges: a chain as long as the catalogue stays linear. Roots, at depth 0, are not counted.
    """
    execute = connection.execute
    for table in ("lineage_walk", "lineage_level", "lineage_next", "lineage_code"):
        execute(f"DELETE FROM {table}")
    connection.executemany("INSERT INTO lineage_code VALUES (?)", [(code,) for code in codes])
    execute(
        "INSERT INTO lineage_level SELECT entry, node, NULL, NULL FROM lineage_root"
        f" WHERE entry IN ({','.join('?' * len(members))})",
        members,
    )
    execute("INSERT INTO lineage_walk SELECT *, 0 FROM lineage_level")
    level, following = "lineage_level", "lineage_next"
    total = depth = 0
    while depth < max_hops:
        depth += 1
        found = execute(
            f"INSERT INTO {following}"
            " SELECT l.entry, e.child, l.node, e.code"
            f"  FROM {level} AS l CROSS JOIN lineage_edge AS e ON e.parent = l.node"
            "  WHERE e.entry IN (0, l.entry) AND e.code IN (SELECT code FROM lineage_code)"
            "    AND NOT EXISTS (SELECT 1 FROM lineage_walk AS w"
            "                     WHERE w.entry = l.entry AND w.node = e.child)"
            "  ORDER BY l.entry, e.child, l.node,"
            f"          (e.code >> {GRADE_SHIFT} & {GRADE_BITS}) DESC, e.code"
            " ON CONFLICT DO NOTHING"
        ).rowcount
        if not found:
            break
        total += found
        execute(f"INSERT INTO lineage_walk SELECT *, ? FROM {following}", (depth,))
        execute(f"DELETE FROM {level}")
        level, following = following, level
    return total


def _settle(connection: sqlite3.Connection, tier: int, verdict: Verdict, grade: Grade) -> int:
    """Keep what this tier reached first, and its paths; better tiers came before."""
    settled = connection.execute(
        "INSERT INTO lineage_reach(entry, node, tier, depth, verdict, grade)"
        " SELECT entry, node, ?, depth, ?, ? FROM lineage_walk WHERE depth > 0"
        " ON CONFLICT DO NOTHING",
        (tier, verdict, grade),
    ).rowcount
    if settled:
        connection.execute(
            "INSERT INTO lineage_step WITH RECURSIVE need(entry, node) AS ("
            " SELECT entry, node FROM lineage_reach WHERE tier = ?1"
            " UNION SELECT w.entry, w.pred FROM need AS n JOIN lineage_walk AS w"
            "  ON w.entry = n.entry AND w.node = n.node WHERE w.pred IS NOT NULL)"
            " SELECT ?1, w.entry, w.node, w.pred, w.code, w.depth FROM need AS n"
            "  JOIN lineage_walk AS w ON w.entry = n.entry AND w.node = n.node",
            (tier,),
        )
    return settled
