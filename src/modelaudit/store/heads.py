"""What was read of weight files, by content: no byte is asked for twice, wherever it lies."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from modelaudit.domain import refs
from modelaudit.domain.claim import Measured
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.weights import UNKNOWN, Head
from modelaudit.domain.words import Component
from modelaudit.store.copies import SIZE_ROUNDING
from modelaudit.store.fragments import HOSTED, MAINS, OF_LINEAGE, PART


@dataclass(frozen=True, slots=True)
class Unread:
    """A weight file whose header is still to be read."""

    model: ModelRef
    revision: str | None
    path: str
    size: int | None
    sha256: str | None
    etag: str | None


def unread(
    connection: sqlite3.Connection,
    limit: int,
    *,
    platforms: Collection[str],
    endings: Collection[str] = (),
) -> list[Unread]:
    """Weight files in scope that were not read; ``endings``, if any, of their names.

    Suspects first (reached by the last walk), then models without a parent; smaller files first,
    because adapters are small and say most.
    """
    rows = connection.execute(
        "SELECT n.ref, lower(hex(n.revision)), f.path, f.size, lower(hex(f.sha256)), f.etag,"
        "       n.id IN (SELECT r.node FROM lineage_reach AS w JOIN lineage_node AS r"
        "                ON r.rank = w.node) AS suspect,"
        "       EXISTS (SELECT 1 FROM claim AS c WHERE c.child = n.id AND c.grade > 1"
        f"               AND c.{OF_LINEAGE}) AS known"
        f" {_unread(platforms)} AND {_ends(endings)}"
        " ORDER BY suspect DESC, known, f.size, n.ref, f.path LIMIT ?",
        (*platforms, limit),
    )
    return [
        Unread(ModelRef(ref), revision or None, path, size, sha256 or None, etag)
        for ref, revision, path, size, sha256, etag, _, _ in rows
    ]


def holders(
    connection: sqlite3.Connection,
    sha256: str,
    *,
    platforms: Collection[str],
    size: int | None = None,
) -> list[Unread]:
    """Hosted files with this digest, those with most downloads first.

    A platform may tell a digest that is not the file's: then the ``size`` gives it away.
    """
    rows = connection.execute(
        "SELECT n.ref, lower(hex(n.revision)), f.path, f.size, f.etag FROM file AS f"
        "  JOIN node AS n ON n.id = f.node LEFT JOIN popularity AS p ON p.node = n.id"
        f" WHERE f.sha256 = ? AND n.status IN ({HOSTED}) AND n.same IS NULL"
        f"   AND substr(n.ref, 1, instr(n.ref, ':') - 1) IN ({','.join('?' * len(platforms))})"
        f"   AND ifnull(abs(f.size - ?), 0) <= {SIZE_ROUNDING}"
        " ORDER BY p.downloads DESC, n.ref, f.path",
        (bytes.fromhex(sha256), *platforms, size),
    )
    return [
        Unread(ModelRef(ref), revision or None, path, size, sha256, etag)
        for ref, revision, path, size, etag in rows
    ]


def count_unread(
    connection: sqlite3.Connection, *, platforms: Collection[str], endings: Collection[str]
) -> tuple[int, int]:
    """How many weight files in scope were not read: of names that end so, and of others."""
    row = connection.execute(
        f"SELECT ifnull(sum({_ends(endings)}), 0), ifnull(sum(NOT {_ends(endings)}), 0)"
        f" {_unread(platforms)}",
        tuple(platforms),
    ).fetchone()
    return row[0], row[1]


def _unread(platforms: Collection[str]) -> str:
    return (
        "FROM file AS f JOIN node AS n ON n.id = f.node"
        " WHERE f.header IS NULL AND n.id IN (SELECT node FROM in_scope)"
        f" AND substr(n.ref, 1, instr(n.ref, ':') - 1) IN ({','.join('?' * len(platforms))})"
        # a listing may have brought another revision: then the digests are not those of its files
        " AND (n.detailed IS NOT NULL OR n.revision IS NULL)"
    )


def _ends(endings: Collection[str]) -> str:
    """A condition on the file's name; the endings are constants of ours."""
    conditions = [f"f.path LIKE '%{end}'" for end in sorted(endings)]
    return f"({' OR '.join(conditions) or '1'})"


def is_one_of_a_size(connection: sqlite3.Connection, item: Unread) -> bool:
    """Whether no other file of the model may have the size of this one."""
    row = connection.execute(
        "SELECT 1 FROM file WHERE node = (SELECT ifnull(same, id) FROM node WHERE key = ?1)"
        " AND path <> ?2 AND (size IS NULL OR ?3 IS NULL OR size = ?3) LIMIT 1",
        (refs.key(item.model), item.path, item.size),
    ).fetchone()
    return row is None


def body(connection: sqlite3.Connection, key: str) -> str | None:
    """What was kept of the file with this key, hexadecimal, if anybody read it."""
    row = connection.execute("SELECT body FROM head WHERE key = ?", (bytes.fromhex(key),))
    found = row.fetchone()
    return None if found is None else str(found[0])


def note_asked(connection: sqlite3.Connection, ref: ModelRef, path: str, now: int) -> None:
    """A file's header was asked for, and it would be no use to ask again."""
    connection.execute(
        "UPDATE file SET header = ? WHERE path = ?"
        " AND node = (SELECT ifnull(same, id) FROM node WHERE key = ?)",
        (now, path, refs.key(ref)),
    )


def write(connection: sqlite3.Connection, head: Head, body: str) -> None:
    """Keep what a file says, and join it with the file as its model lists it."""
    key = head.digests.sha256 or head.key
    if key is None or _is_of_another(connection, head):
        return
    what, own = head.architecture, head.digests
    connection.execute(
        "INSERT INTO head(key, format, family, reason, says, component, body)"
        " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET format = excluded.format,"
        " family = excluded.family, reason = excluded.reason, says = excluded.says,"
        " component = excluded.component, body = excluded.body"
        " WHERE body <> excluded.body",
        (
            bytes.fromhex(key),
            head.format,
            what.family if what.measured and what.family != UNKNOWN else None,
            what.reason,
            head.says,
            what.component,
            body,
        ),
    )
    connection.executemany(
        "INSERT INTO content(digest, component, head) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        [
            (bytes.fromhex(digest), part.value, bytes.fromhex(key))
            for part, digest in own.parts.items()
        ],
    )
    connection.execute(
        "UPDATE file SET header = ?, head = ?, sha256 = ifnull(sha256, ?),"
        " autov1 = ifnull(autov1, ?), autov3 = ifnull(autov3, ?)"
        " WHERE path = ? AND node = (SELECT ifnull(same, id) FROM node WHERE key = ?)",
        (
            head.observed,
            bytes.fromhex(key),
            bytes.fromhex(own.sha256) if own.sha256 else None,
            own.autov1,
            own.autov3,
            head.path,
            refs.key(head.model),
        ),
    )


def _is_of_another(connection: sqlite3.Connection, head: Head) -> bool:
    """Whether the file on record is not the one that was read."""
    row = connection.execute(
        "SELECT lower(hex(sha256)) FROM file WHERE path = ? AND sha256 IS NOT NULL"
        " AND node = (SELECT ifnull(same, id) FROM node WHERE key = ?)",
        (head.path, refs.key(head.model)),
    ).fetchone()
    return row is not None and row[0] != head.digests.sha256


@dataclass(frozen=True, slots=True)
class Shaped:
    """A file whose names and shapes of tensors tell a family."""

    node: int
    ref: ModelRef
    path: str
    component: Component | None
    family: str
    reason: str
    says: str | None
    observed: int

    @property
    def measured(self) -> Measured:
        """As reports tell it."""
        return Measured(
            file=self.path,
            family=self.family,
            reason=self.reason,
            observed=self.observed,
            says=self.says,
            source=refs.page_url(self.ref),
        )


def remarks(connection: sqlite3.Connection, node: int) -> list[tuple[str, str]]:
    """(file, warning) of what is odd about a model's files."""
    rows = connection.execute(
        "SELECT f.path, w.value FROM file AS f JOIN head AS h ON h.key = f.head"
        "  CROSS JOIN json_each(h.body, '$.warnings') AS w WHERE f.node = ? ORDER BY f.path, w.key",
        (node,),
    )
    return [(path, line) for path, line in rows]


def shaped(connection: sqlite3.Connection, node: int | None = None) -> Iterator[Shaped]:
    """Every file with a measured family, by model; of one ``node`` alone, if given."""
    rows = connection.execute(
        f"SELECT f.node, n.ref, f.path, {PART.format(file='f')}, h.family, h.reason,"
        "       h.says, f.header"
        "  FROM file AS f JOIN head AS h ON h.key = f.head JOIN node AS n ON n.id = f.node"
        f" WHERE f.head IS NOT NULL AND h.family IS NOT NULL {'AND f.node = ?' if node else ''}"
        " ORDER BY n.ref, f.path",
        (node,) if node else (),
    )
    for number, ref, path, component, family, reason, says, observed in rows:
        part = None if component is None else Component(component)
        yield Shaped(number, ModelRef(ref), path, part, family, reason, says, observed)


def families(connection: sqlite3.Connection, ref: ModelRef) -> set[str]:
    """The measured families of a model's main files; none while one of them has none."""
    part = f"ifnull({PART.format(file='f')}, {Component.FULL:d})"
    rows = connection.execute(
        "SELECT DISTINCT h.family FROM file AS f LEFT JOIN head AS h ON h.key = f.head"
        " WHERE f.node = (SELECT ifnull(same, id) FROM node WHERE key = ?)"
        f" AND {part} IN ({MAINS})",
        (refs.key(ref),),
    )
    found = {family for (family,) in rows}
    return set() if None in found else found
