"""Edges between files whose bytes differ and whose tensors do not: stripped, reordered, renamed.

They go into the temporary table ``link``, as those of :mod:`modelaudit.store.links`.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterator

from modelaudit.domain import refs
from modelaudit.domain.edge import Edge, Flag, pack
from modelaudit.domain.entry import Entry
from modelaudit.domain.listing import ListedDigest, Listing
from modelaudit.domain.words import Component, Grade, Relation
from modelaudit.store.fragments import HOLDER, MAINS, SAME_TENSORS

_COPY = pack(Edge(Relation.COPY, Grade.EXACT))
_INSERT = "INSERT OR IGNORE INTO link(parent, child, entry, code)"
_LACKING = (
    "SELECT 1 FROM content AS x WHERE x.head = f.head AND NOT EXISTS (SELECT 1 FROM content AS y"
    " WHERE y.head = g.head AND y.digest = x.digest AND y.component = x.component)"
)
"""A part of the file ``f`` that ``g`` has not."""


def add(connection: sqlite3.Connection, listing: Listing) -> None:
    """Files with the tensors of a listed file, or of a listed model's main file."""
    for digest in listing.digests:
        rows = _of_listed_file(connection, digest, listing.entries[digest.entry].tainted)
        connection.executemany(f"{_INSERT} VALUES (?, ?, ?, ?)", rows)
    for number, entry in listing.entries.items():
        _link_listed_models(connection, number, entry)


def _of_listed_file(
    connection: sqlite3.Connection, listed: ListedDigest, tainted: frozenset[Component]
) -> Iterator[tuple[int, int, int, int]]:
    """Whoever shares all parts of a listed file is a copy, as the file itself would be.

    Of several parts one alone proves nothing, unless the entry says that it is tainted: the others
    may be what the file was listed for. Nor do all that have a digest, where none is a main one.
    """
    key = bytes.fromhex(listed.sha256)
    own = {
        Component(part)
        for (part,) in connection.execute("SELECT component FROM content WHERE head = ?", (key,))
    }
    shared: defaultdict[tuple[int, int | None, bytes], set[Component]] = defaultdict(set)
    for node, place, head, part in connection.execute(
        f"SELECT f.node, f.component, b.head, b.component FROM {SAME_TENSORS}"
        "  CROSS JOIN file AS f ON f.head = b.head WHERE a.head = ?",
        (key,),
    ):
        shared[node, place, head].add(Component(part))
    if not shared:
        return
    digest_node = connection.execute(
        "SELECT id FROM node WHERE key = ?", (refs.key(refs.sha256(listed.sha256)),)
    ).fetchone()[0]
    holders = f"SELECT x.id FROM (SELECT ?1 AS node, ?2 AS head) AS g CROSS JOIN {HOLDER}"
    for (node, place, head), parts in shared.items():
        meant = parts & tainted
        if parts == own and any(part.main for part in own):
            meant |= {listed.component} & {*(tainted or Component), Component.FULL}
        at_place = place is None or Component(place).main
        whole = at_place and listed.component.main and any(part.main for part in meant)
        edge = Edge(
            Relation.COPY if whole else Relation.COMPONENT,
            Grade.EXACT,
            Flag.SINGLE_SOURCE if listed.single_source else Flag.NONE,
        )
        for (holder,) in connection.execute(holders.format(digest="head"), (node, head)).fetchall():
            if whole or holder == node:
                yield digest_node, holder, listed.entry, pack(edge)


def _link_listed_models(connection: sqlite3.Connection, number: int, entry: Entry) -> None:
    """Main parts that a listed model holds as well; without a word on parts, all of them."""
    parts = {part for part in Component if part.main}
    parts &= {*entry.tainted, Component.FULL} if entry.tainted else parts
    words = ",".join(str(part.value) for part in sorted(parts))
    connection.execute(
        f"{_INSERT} SELECT DISTINCT l.node, x.id, l.entry, ?1"
        f"  FROM listed AS l CROSS JOIN file AS f ON f.node = l.node CROSS JOIN {SAME_TENSORS}"
        "  CROSS JOIN file AS g ON g.head = b.head AND g.node <> f.node"
        f"  CROSS JOIN {HOLDER.format(digest='head')}"
        f" WHERE l.entry = ?2 AND a.head = f.head AND b.component IN ({words})"
        f"   AND ifnull(f.component, b.component) IN ({MAINS})"
        f"   AND ifnull(g.component, b.component) IN ({MAINS})"
        f"   AND (?3 OR NOT EXISTS ({_LACKING}))"
        "   AND x.id NOT IN (SELECT node FROM listed WHERE entry = ?2)",
        (_COPY, number, bool(entry.tainted)),
    )
