"""How far each source is listed, which models it holds, and whose children are still to ask for."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from modelaudit.domain.refs import ModelRef
from modelaudit.domain.words import GapReason, Status

END = "end"
"""The cursor of a listing whose last page came, while what follows it is still under way."""

HOUR = 3600
"""By so much clocks may differ, and nights come early."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Where the listing of a source stands."""

    id: int
    cursor: str | None
    listed: int
    """Models met so far."""
    since: int | None = None
    """Where only what is new or changed is listed: from when on changes are to be seen."""
    changes: str | None = None
    """The cursor among them."""


def open_source(
    connection: sqlite3.Connection, text: str, *, now: int, sweep_every: int = 0, least: int = 0
) -> Progress:
    """The source's row; a listing that was finished starts afresh, one under way goes on.

    For ``sweep_every`` seconds after a whole sweep only what is new or changed is listed, unless
    that takes no fewer pages (``least``). What earlier budgets left over is to be done now: its
    gaps are dropped either way.
    """
    connection.execute(
        "DELETE FROM gap WHERE origin = ?1 AND (reason = ?2 OR (reason = ?3 AND node IS NULL))",
        (text, GapReason.OUT_OF_BUDGET.value, GapReason.INCONCLUSIVE.value),
    )
    connection.execute("INSERT INTO source(text) VALUES (?) ON CONFLICT DO NOTHING", (text,))
    # A clock that went back makes every date of before worthless.
    row = connection.execute(
        "SELECT id, started IS NOT NULL AND finished IS NULL, increment,"
        "  onward IS NOT NULL AND max(swept_from, listed_from) <= ?2"
        "    AND swept_from + ?3 > ?2 + ?4 AND (pages > ?5 OR ?5 = 0)"
        "  FROM source WHERE text = ?1",
        (text, now, sweep_every, HOUR, least),
    ).fetchone()
    number, under_way, increment, holds = row[0], bool(row[1]), bool(row[2]), bool(row[3])
    if not under_way or (increment and not holds):
        connection.execute(
            "UPDATE source SET started = ?2, finished = NULL, listed = 0, changes = NULL,"
            "  increment = ?3, cursor = CASE WHEN ?3 THEN onward END,"
            "  pages = CASE WHEN ?3 THEN pages ELSE 0 END WHERE id = ?1",
            (number, now, holds),
        )
        connection.execute("DELETE FROM seen WHERE source = ?", (number,))
        connection.execute("DELETE FROM frontier WHERE source = ?", (number,))
        if not holds:
            connection.execute("DELETE FROM gap WHERE origin = ?", (text,))
    row = connection.execute(
        "SELECT cursor, listed, changes, CASE WHEN increment THEN listed_from - ?2 END"
        "  FROM source WHERE id = ?1",
        (number, HOUR),
    ).fetchone()
    return Progress(id=number, cursor=row[0], listed=row[1], changes=row[2], since=row[3])


def listed_before(connection: sqlite3.Connection) -> dict[str, int]:
    """Source → models that its last complete listing had."""
    rows = connection.execute(
        "SELECT text, listed FROM source WHERE finished IS NOT NULL AND listed > 0"
    )
    return dict(rows.fetchall())


def advance(
    connection: sqlite3.Connection,
    source: int,
    *,
    nodes: Iterable[int],
    cursor: str | None = None,
    changes: str | None = None,
    onward: str | None = None,
) -> int:
    """Note a page: its models are members, those of the cursors move on that are given.

    Returns how many models this pass had not met before.
    """
    rows = [(source, node) for node in nodes]
    fresh = connection.executemany(
        "INSERT INTO seen VALUES (?, ?) ON CONFLICT DO NOTHING", rows
    ).rowcount
    connection.executemany("INSERT INTO member VALUES (?, ?) ON CONFLICT DO NOTHING", rows)
    connection.execute(
        "UPDATE source SET cursor = ifnull(?2, cursor), changes = ifnull(?3, changes),"
        "  onward = ifnull(?4, onward), listed = listed + ?5,"
        "  pages = pages + (?2 IS NOT NULL AND NOT increment) WHERE id = ?1",
        (source, cursor, changes, onward, max(fresh, 0)),
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


def finish(connection: sqlite3.Connection, source: int, *, now: int, whole: bool = True) -> None:
    """The source was listed as far as was asked for; ``whole``: to its end."""
    connection.execute(
        "UPDATE source SET finished = ?2, cursor = NULL, changes = NULL,"
        "  listed_from = CASE WHEN ?3 THEN started ELSE listed_from END,"
        "  swept_from = CASE WHEN ?3 AND NOT increment THEN started ELSE swept_from END,"
        "  listed = CASE WHEN increment"
        "    THEN (SELECT count(*) FROM member WHERE source = ?1) ELSE listed END"
        " WHERE id = ?1",
        (source, now, whole),
    )
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
