"""How far each source is listed, which models it holds, and whose children are still to ask for."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from modelaudit.domain.refs import ModelRef
from modelaudit.domain.words import GapReason, Status

END = "end"
"""The cursor of a listing whose last page came, while what follows it is still under way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Where the listing of a source stands."""

    id: int
    cursor: str | None
    listed: int


def open_source(connection: sqlite3.Connection, text: str, *, now: int) -> Progress:
    """The source's row; a listing that was finished starts afresh, one under way goes on.

    What earlier budgets left over is to be done now: its gaps are dropped either way.
    """
    connection.execute(
        "DELETE FROM gap WHERE origin = ? AND reason = ?", (text, GapReason.OUT_OF_BUDGET.value)
    )
    row = connection.execute(
        "SELECT id, cursor, listed, started, finished FROM source WHERE text = ?", (text,)
    ).fetchone()
    if row and row[3] is not None and row[4] is None:
        return Progress(id=row[0], cursor=row[1], listed=row[2])
    number = connection.execute(
        "INSERT INTO source(text, started) VALUES (?, ?) ON CONFLICT DO UPDATE"
        " SET started = excluded.started, finished = NULL, cursor = NULL, listed = 0 RETURNING id",
        (text, now),
    ).fetchone()[0]
    connection.execute("DELETE FROM seen WHERE source = ?", (number,))
    connection.execute("DELETE FROM frontier WHERE source = ?", (number,))
    connection.execute("DELETE FROM gap WHERE origin = ?", (text,))
    return Progress(id=number, cursor=None, listed=0)


def listed_before(connection: sqlite3.Connection) -> dict[str, int]:
    """Source → models that its last complete listing had."""
    rows = connection.execute(
        "SELECT text, listed FROM source WHERE finished IS NOT NULL AND listed > 0"
    )
    return dict(rows.fetchall())


def advance(
    connection: sqlite3.Connection, source: int, *, nodes: Iterable[int], cursor: str | None = None
) -> int:
    """Note a page: its models are members, the cursor moves on where there is one.

    Returns how many models this sweep had not met before.
    """
    rows = [(source, node) for node in nodes]
    fresh = connection.executemany(
        "INSERT INTO seen VALUES (?, ?) ON CONFLICT DO NOTHING", rows
    ).rowcount
    connection.executemany("INSERT INTO member VALUES (?, ?) ON CONFLICT DO NOTHING", rows)
    connection.execute(
        "UPDATE source SET cursor = ifnull(?, cursor), listed = listed + ? WHERE id = ?",
        (cursor, max(fresh, 0), source),
    )
    return max(fresh, 0)


def archive_end(connection: sqlite3.Connection) -> str | None:
    """Where the archive ended when the last batch was committed."""
    row = connection.execute("SELECT value FROM setting WHERE key = 'archive'").fetchone()
    return None if row is None else str(row[0])


def note_archive_end(connection: sqlite3.Connection, offset: str) -> None:
    """Commit the archive's end together with the batch it belongs to."""
    connection.execute(
        "INSERT INTO setting VALUES ('archive', ?)"
        " ON CONFLICT DO UPDATE SET value = excluded.value WHERE value <> excluded.value",
        (offset,),
    )


def finish(connection: sqlite3.Connection, source: int, *, now: int) -> None:
    """The source was listed to its end."""
    connection.execute("UPDATE source SET finished = ?, cursor = NULL WHERE id = ?", (now, source))
    connection.execute("DELETE FROM seen WHERE source = ?", (source,))


def unseen(connection: sqlite3.Connection, source: int) -> list[ModelRef]:
    """Members that a sweep to the end did not meet."""
    return [
        ModelRef(row[0])
        for row in connection.execute(
            "SELECT n.ref FROM member AS m JOIN node AS n ON n.id = m.node"
            " WHERE m.source = ?1 AND n.status > 0 AND n.status <> ?2"
            "   AND NOT EXISTS (SELECT 1 FROM seen AS s WHERE s.source = ?1 AND s.node = m.node)"
            " ORDER BY n.ref",
            (source, Status.GONE.value),
        )
    ]


def forget_unseen(connection: sqlite3.Connection, source: int) -> None:
    """Members that a recorded catalogue no longer holds are no members of it."""
    connection.execute(
        "DELETE FROM member WHERE source = ?1 AND NOT EXISTS"
        " (SELECT 1 FROM seen AS s WHERE s.source = ?1 AND s.node = member.node)",
        (source,),
    )


def extend_frontier(connection: sqlite3.Connection, source: int, nodes: Iterable[int]) -> None:
    """Models whose declared children are to be asked for; each once."""
    connection.executemany(
        "INSERT INTO frontier(source, node) VALUES (?, ?) ON CONFLICT DO NOTHING",
        [(source, node) for node in nodes],
    )


def next_in_frontier(
    connection: sqlite3.Connection, source: int
) -> tuple[int, ModelRef, str | None] | None:
    """The next model to ask for, breadth first: (row, model, cursor)."""
    row = connection.execute(
        "SELECT f.id, n.ref, f.cursor FROM frontier AS f JOIN node AS n ON n.id = f.node"
        " WHERE f.source = ? AND NOT f.asked ORDER BY f.id LIMIT 1",
        (source,),
    ).fetchone()
    return None if row is None else (row[0], ModelRef(row[1]), row[2])


def advance_frontier(connection: sqlite3.Connection, row: int, cursor: str | None) -> None:
    """A page of a model's children came; without a cursor it was the last."""
    connection.execute(
        "UPDATE frontier SET cursor = ?, asked = ? WHERE id = ?", (cursor, cursor is None, row)
    )


def postpone(connection: sqlite3.Connection, row: int) -> None:
    """Ask for a model after all others: it must not keep the walk from them."""
    connection.execute(
        "UPDATE frontier SET id = (SELECT max(id) + 1 FROM frontier) WHERE id = ?", (row,)
    )


def frontier_size(connection: sqlite3.Connection, source: int) -> int:
    """How many models are still to be asked for."""
    return int(
        connection.execute(
            "SELECT count(*) FROM frontier WHERE source = ? AND NOT asked", (source,)
        ).fetchone()[0]
    )
