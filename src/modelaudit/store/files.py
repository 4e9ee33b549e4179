"""Models of a folder, and what their own files said."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection

from modelaudit.domain import refs
from modelaudit.domain.refs import ModelRef
from modelaudit.store.fragments import HOSTED


def local_models(connection: sqlite3.Connection) -> list[ModelRef]:
    """Every model of a folder in scope, by reference."""
    rows = connection.execute(
        "SELECT n.ref FROM in_scope AS s JOIN node AS n ON n.id = s.node"
        " WHERE substr(n.ref, 1, 7) = 'folder:' ORDER BY n.ref"
    )
    return [ModelRef(row[0]) for row in rows]


def digests_of(connection: sqlite3.Connection, ref: ModelRef) -> frozenset[str]:
    """The sha256 of a model's weight files, hexadecimal."""
    rows = connection.execute(
        "SELECT lower(hex(f.sha256)) FROM file AS f JOIN node AS n ON n.id = f.node"
        " WHERE n.key = ? AND f.sha256 IS NOT NULL",
        (refs.key(ref),),
    )
    return frozenset(row[0] for row in rows)


def withdraw_but(connection: sqlite3.Connection, ref: ModelRef, kept: Collection[str]) -> int:
    """Drop what files of a model said that are no longer there; returns how many claims.

    ``kept`` are the small files that were just read; weight files count as there while listed.
    """
    named = ",".join(["''", *("?" * len(kept))])
    own = "(SELECT o.path FROM origin AS o WHERE o.id = claim.origin)"
    cursor = connection.execute(
        "DELETE FROM claim WHERE child = (SELECT id FROM node WHERE key = ?)"
        f" AND {own} NOT IN ({named})"
        f" AND NOT EXISTS (SELECT 1 FROM file AS f WHERE f.node = claim.child AND f.path = {own})",
        (refs.key(ref), *kept),
    )
    return cursor.rowcount


def settle_folder(connection: sqlite3.Connection, root: str) -> str | None:
    """Note which folder this database is about; returns another one if it is about that.

    References are paths below the folder: two folders would be each other's models.
    """
    row = connection.execute("SELECT value FROM setting WHERE key = 'folder'").fetchone()
    if row is None:
        connection.execute("INSERT INTO setting VALUES ('folder', ?)", (root,))
        return None
    return None if row[0] == root else str(row[0])


def are_there(connection: sqlite3.Connection, models: Collection[ModelRef]) -> bool:
    """Whether a platform hosts all of these, or a list names them; expects ``listed``."""
    return all(
        connection.execute(
            f"SELECT 1 FROM node WHERE key = ? AND (status IN ({HOSTED})"
            " OR ifnull(same, id) IN (SELECT node FROM listed))",
            (refs.key(ref),),
        ).fetchone()
        for ref in models
    )
