"""Which names mean the same node: stable ids, redirects, and names that only one model can have."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterable

from modelaudit.domain import refs
from modelaudit.domain.refs import ModelRef


def name(connection: sqlite3.Connection, names: Collection[ModelRef]) -> dict[ModelRef, int]:
    """Ids of the nodes that these references mean, as ghosts where they are new."""
    connection.executemany(
        "INSERT INTO node(ref) VALUES (?) ON CONFLICT DO NOTHING", [(ref,) for ref in names]
    )
    meant = "SELECT ifnull(same, id) FROM node WHERE key = ?"
    return {ref: connection.execute(meant, (refs.key(ref),)).fetchone()[0] for ref in names}


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


def point(connection: sqlite3.Connection, alias: int, node: int) -> None:
    """Make ``alias`` another name of ``node``: claims, files and memberships move over."""
    if alias == node:
        return
    execute = connection.execute
    execute("UPDATE node SET same = ?, status = 0, record = NULL WHERE id = ?", (node, alias))
    execute("UPDATE node SET same = ? WHERE same = ?", (node, alias))
    execute("UPDATE node SET same = NULL WHERE id = ?", (node,))
    execute(  # what stands there is the old name, no longer the parent's id
        "UPDATE claim SET excerpt ="
        " (SELECT substr(ref, instr(ref, ':') + 1) FROM node WHERE id = ?1)"
        " WHERE parent = ?1 AND excerpt IS NULL",
        (alias,),
    )
    for table, column in (
        ("claim", "parent"), ("claim", "child"), ("file", "node"), ("member", "node"),
    ):  # fmt: skip
        execute(f"UPDATE OR IGNORE {table} SET {column} = ? WHERE {column} = ?", (node, alias))
        execute(f"DELETE FROM {table} WHERE {column} = ?", (alias,))
    execute("DELETE FROM claim WHERE parent = child AND parent = ?", (node,))
