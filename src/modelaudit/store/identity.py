"""Which names mean the same node: stable ids, redirects, and names that only one model can have."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable

from modelaudit.domain import refs
from modelaudit.domain.refs import ModelRef
from modelaudit.store.ingest import point


def link_stable_ids(connection: sqlite3.Connection) -> int:
    """Ghosts whose stable id belongs to a listed model are old names of it."""
    pairs = connection.execute(
        "SELECT g.id, min(n.id) FROM node AS g"
        "  JOIN node AS n ON n.stable_id = g.stable_id AND n.status > 0 AND n.same IS NULL"
        " WHERE g.status = 0 AND g.same IS NULL AND g.stable_id IS NOT NULL"
        " GROUP BY g.id"
    ).fetchall()
    for ghost, node in pairs:
        point(connection, ghost, node)
    return len(pairs)


def link_spellings(
    connection: sqlite3.Connection, alternatives: Callable[[ModelRef], Iterable[ModelRef]]
) -> int:
    """Bare names such as ``owner_name`` whose only existing reading is one listed model."""
    bare = connection.execute(
        "SELECT id, ref FROM node WHERE key >= 'hf:' AND key < 'hf;'"
        "   AND status = 0 AND same IS NULL AND instr(ref, '/') = 0 AND instr(ref, '_') > 0"
    ).fetchall()
    linked = 0
    for ghost, ref in bare:
        found = set()
        for other in alternatives(ModelRef(ref)):
            row = connection.execute(
                "SELECT ifnull(same, id) FROM node WHERE key = ? AND status > 0", (refs.key(other),)
            ).fetchone()
            if row:
                found.add(row[0])
        if len(found) == 1:
            point(connection, ghost, found.pop())
            linked += 1
    return linked
