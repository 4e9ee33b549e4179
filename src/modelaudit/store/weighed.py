"""What comparing weights showed, by content; and which files are still to be compared.

A file is a candidate by what its header shows it to hold: the weights of a model, not a delta or a
lone part. The shards of one model are one candidate, kept with the first of them.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from modelaudit.domain import refs
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.sketch import Weighed
from modelaudit.domain.weighed import plain
from modelaudit.domain.weights import UNKNOWN
from modelaudit.domain.words import Component, Grade, Kinship
from modelaudit.store.fragments import LATER_SHARD, MAINS, OF_LINEAGE
from modelaudit.store.heads import Unread

_WHOLES: Final = ",".join(
    str(part.value) for part in (Component.FULL, Component.UNET, Component.TRANSFORMER)
)

_MAY_BE_A_MODEL: Final = (
    f"(h.component IN ({_WHOLES}) OR (h.component IS NULL AND h.format IS NOT NULL))"
)
"""Of a head ``h``: it shows a whole model, or nothing by which it could be told what it is."""
_HOLDS_A_MODEL: Final = (
    f"{_MAY_BE_A_MODEL} AND ifnull(f.component, {Component.FULL.value}) IN ({MAINS})"
)
"""Of file ``f`` and its head ``h``; a place that says that it is no main part has the last word."""
_IS_MISPLACED: Final = f"h.component IN ({_WHOLES}) AND f.component NOT IN ({MAINS})"
"""Of file ``f`` and its head ``h``: it shows a whole model where a part belongs."""

_ALL_KNOWN: Final = (
    "(f.shard_of IS NULL OR NOT EXISTS (SELECT 1 FROM file AS g INDEXED BY file_shards"
    " WHERE g.node = f.node AND g.shard_of = f.path AND g.head IS NULL AND g.sha256 IS NULL))"
)
"""Of a first shard: that something tells the bytes of all the others."""

_FAMILY: Final = f"ifnull(h.family, '{UNKNOWN}')"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unweighed:
    """A model's weights that are still to be compared: one file, or its shards in their order."""

    model: ModelRef
    revision: str | None
    paths: tuple[str, ...]
    sizes: tuple[int | None, ...]
    head: bytes = b""
    """Key of the first file's head; empty where it was never read."""
    others: tuple[bytes, ...] = ()
    """Keys of the other shards' heads, read or not."""
    sha256: str | None = None
    etag: str | None = None

    @property
    def path(self) -> str:
        """The first file."""
        return self.paths[0]

    @property
    def key(self) -> str:
        """Of all bytes that were read: of several shards not the first one's alone."""
        return content_key(self.head, self.others)

    @property
    def unread(self) -> Unread:
        """The first file as the reader of heads knows it."""
        return Unread(self.model, self.revision, self.path, self.sizes[0], self.sha256, self.etag)

    @classmethod
    def of(cls, file: Unread) -> Unweighed:
        """One file that nobody has to have read."""
        return cls(
            model=file.model,
            revision=file.revision,
            paths=(file.path,),
            sizes=(file.size,),
            sha256=file.sha256,
            etag=file.etag,
        )


def content_key(head: bytes, others: Sequence[bytes]) -> str:
    """What a sketch of these files, and what it showed, are kept under; hexadecimal."""
    return hashlib.sha256(head + b"".join(others)).hexdigest() if others else head.hex()


def families(connection: sqlite3.Connection) -> set[str]:
    """Families of the files that could be compared; ``unknown`` where shapes decide none."""
    rows = connection.execute(f"SELECT DISTINCT {_FAMILY} FROM head AS h WHERE {_MAY_BE_A_MODEL}")
    return {family for (family,) in rows}


def unweighed(
    connection: sqlite3.Connection,
    limit: int,
    *,
    platforms: Collection[str],
    library: str,
    families: Collection[str],
) -> list[Unweighed]:
    """Files in scope of these families that were not compared with this library.

    Models whose lineage is unknown or contradicted by the last check come first, then those with
    most downloads; what shapes do not decide comes last. Expects the temporary tables of
    :mod:`modelaudit.store.graph`.
    """
    rows = connection.execute(
        "SELECT n.id, n.ref, lower(hex(n.revision)), f.path, f.size, f.head,"
        "       lower(hex(f.sha256)), f.etag,"
        "       EXISTS (SELECT 1 FROM claim AS c WHERE c.child = n.id"
        f"                AND c.grade >= {Grade.DECLARED.value} AND c.{OF_LINEAGE})"
        "       AND n.id NOT IN (SELECT child FROM contradicted) AS settled"
        f" {_files(platforms)} AND {_HOLDS_A_MODEL} AND {_ALL_KNOWN}"
        "   AND (f.weighed IS NULL OR f.library IS NOT ?)"
        f"   AND {_FAMILY} IN ({','.join('?' * len(families))})"
        " ORDER BY h.component IS NULL, settled, ifnull(p.downloads, 0) DESC, n.ref, f.path"
        " LIMIT ?",
        (*platforms, bytes.fromhex(library), *families, limit),
    ).fetchall()
    return [_unweighed(connection, row) for row in rows]


def count_unweighed(
    connection: sqlite3.Connection,
    *,
    platforms: Collection[str],
    library: str,
    families: Collection[str],
) -> tuple[int, int]:
    """(how many wait to be compared, how many are of families without a reference).

    What an archive tells to have been compared counts as that, by whatever references.
    """
    marks = ",".join("?" * len(families))
    row = connection.execute(
        f"SELECT ifnull(sum({_FAMILY} IN ({marks})), 0), ifnull(sum({_FAMILY} NOT IN ({marks})), 0)"
        f" {_files(platforms)} AND {_HOLDS_A_MODEL} AND {_ALL_KNOWN}"
        "   AND (f.weighed IS NULL OR ifnull(f.library, '') NOT IN (x'', ?))",
        (*families, *families, *platforms, bytes.fromhex(library)),
    ).fetchone()
    return row[0], row[1]


def count_misplaced(
    connection: sqlite3.Connection, *, platforms: Collection[str], families: Collection[str]
) -> int:
    """How many whole models of these families lie where a part belongs: none is compared."""
    row = connection.execute(
        f"SELECT count(*) {_files(platforms)} AND {_IS_MISPLACED}"
        f"   AND {_FAMILY} IN ({','.join('?' * len(families))})",
        (*platforms, *families),
    ).fetchone()
    return int(row[0])


def entries_of(connection: sqlite3.Connection, ref: ModelRef) -> set[int]:
    """Entries whose listed models a model descends from, by the last walk over all claims."""
    rows = connection.execute(
        "SELECT w.entry FROM lineage_reach AS w JOIN lineage_node AS r ON r.rank = w.node"
        " WHERE r.node = (SELECT ifnull(same, id) FROM node WHERE key = ?)",
        (refs.key(ref),),
    )
    return {entry for (entry,) in rows}


def write(connection: sqlite3.Connection, weighed: Weighed, head: bytes, library: str) -> None:
    """Keep what comparing a file, or a model's shards, with a library showed.

    ``head`` is the key of its head, or of the first shard's; it must be on record.
    """
    node = _node(connection, weighed.model)
    key = _key(connection, node, weighed.path, head)
    if key is not None:
        digest = bytes.fromhex(library)
        _keep(connection, weighed, key, digest, head=head)
        connection.execute(
            "UPDATE file SET weighed = ?, library = ? WHERE node = ? AND path = ? AND head = ?",
            (key, digest, node, weighed.path, head),
        )


def write_replayed(connection: sqlite3.Connection, weighed: Weighed) -> None:
    """Keep what an archive tells of a file whose head is on record; our own answers stay."""
    node = _node(connection, weighed.model)
    row = connection.execute(
        "SELECT head FROM file WHERE node = ? AND path = ? AND head IS NOT NULL",
        (node, weighed.path),
    ).fetchone()
    key = None if row is None else _key(connection, node, weighed.path, row[0])
    if key is not None:
        _keep(connection, weighed, key, b"", head=row[0])
        connection.execute(
            "UPDATE file SET weighed = ?, library = x''"
            " WHERE node = ? AND path = ? AND (weighed IS NULL OR library IS NULL)",
            (key, node, weighed.path),
        )


def _node(connection: sqlite3.Connection, ref: ModelRef) -> int | None:
    row = connection.execute("SELECT ifnull(same, id) FROM node WHERE key = ?", (refs.key(ref),))
    found = row.fetchone()
    return None if found is None else int(found[0])


def _key(connection: sqlite3.Connection, node: int | None, path: str, head: bytes) -> bytes | None:
    """Of a file and the other shards, if it is a first one; None where one of them is unknown."""
    others = [] if node is None else [key for *_, key in later_shards(connection, node, path)]
    known = [key for key in others if key is not None]
    return bytes.fromhex(content_key(head, known)) if len(known) == len(others) else None


def _files(platforms: Collection[str]) -> str:
    """Files in scope with a head, later shards aside; binds the platforms."""
    return (
        "FROM file AS f JOIN node AS n ON n.id = f.node JOIN head AS h ON h.key = f.head"
        " LEFT JOIN popularity AS p ON p.node = n.id"
        f" WHERE NOT {LATER_SHARD.format(file='f')} AND n.id IN (SELECT node FROM in_scope)"
        f" AND substr(n.ref, 1, instr(n.ref, ':') - 1) IN ({','.join('?' * len(platforms))})"
        # a listing may have brought another revision: then its files may be others
        " AND (n.detailed IS NOT NULL OR n.revision IS NULL)"
    )


def _unweighed(connection: sqlite3.Connection, row: tuple[Any, ...]) -> Unweighed:
    node, ref, revision, path, size, head, sha256, etag, _ = row
    later = later_shards(connection, node, path)
    return Unweighed(
        model=ModelRef(ref),
        revision=revision or None,
        paths=(path, *(other for other, _, _ in later)),
        sizes=(size, *(size for _, size, _ in later)),
        head=head,
        others=tuple(head for _, _, head in later if head is not None),
        sha256=(sha256 or None) if not later else None,
        etag=etag,
    )


def later_shards(
    connection: sqlite3.Connection, node: int, path: str
) -> list[tuple[str, int | None, bytes | None]]:
    """(path, size, key of its head) of what follows a first shard, in order; a head has the key
    of its file, if there is any, before it is read."""
    rows = connection.execute(
        "SELECT path, size, ifnull(head, sha256) FROM file INDEXED BY file_shards"
        " WHERE node = ?1 AND shard_of = ?2 AND path <> ?2 ORDER BY path",
        (node, path),
    )
    return rows.fetchall()


def _keep(
    connection: sqlite3.Connection, weighed: Weighed, key: bytes, library: bytes, *, head: bytes
) -> None:
    if connection.execute("SELECT 1 FROM weighed WHERE key = ?", (key,)).fetchone() is None:
        _tell_holders(connection, key, head)
    grades = [kin.comparison.overall.grade for kin in weighed.kin]
    connection.execute(
        "INSERT INTO weighed(key, library, observed, kinship, body) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET library = excluded.library, observed = excluded.observed,"
        " kinship = excluded.kinship, body = excluded.body"
        # what an archive tells yields to our own answer
        " WHERE excluded.library <> x'' OR weighed.library = x''",
        (
            key,
            library,
            weighed.observed,
            max(grades, default=Kinship.UNRELATED).value,
            msgspec.json.encode(plain(weighed)).decode(),
        ),
    )


def _tell_holders(connection: sqlite3.Connection, key: bytes, head: bytes) -> None:
    """Whoever else holds these bytes shows the same; claims of its own are still to be drawn."""
    rows = connection.execute(
        "SELECT node, path FROM file AS f WHERE head = ? AND weighed IS NULL"
        f" AND NOT {LATER_SHARD.format(file='f')}",
        (head,),
    ).fetchall()
    connection.executemany(
        "UPDATE file SET weighed = ?, library = NULL WHERE node = ? AND path = ?",
        [(key, node, path) for node, path in rows if _key(connection, node, path, head) == key],
    )
