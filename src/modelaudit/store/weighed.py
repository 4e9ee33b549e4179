"""What comparing weights showed, by content; and which files are still to be compared.

A file is a candidate by what its header shows it to hold: the weights of a model, not a delta or a
lone part. The shards of one model are one candidate, known by the first of them.
"""

from __future__ import annotations

import hashlib
import re
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
from modelaudit.store.fragments import LATER_SHARD, MAINS
from modelaudit.store.heads import Unread

_WHOLES: Final = ",".join(
    str(part.value) for part in (Component.FULL, Component.UNET, Component.TRANSFORMER)
)

_SHARD: Final = re.compile(r"(.*-)00001(-of-\d{5}\..*)", re.ASCII | re.DOTALL)

_MAY_BE_A_MODEL: Final = (
    f"(h.component IN ({_WHOLES}) OR (h.component IS NULL AND h.format IS NOT NULL))"
)
"""Of a head ``h``: it shows a whole model, or nothing by which it could be told what it is."""
_HOLDS_A_MODEL: Final = (
    f"{_MAY_BE_A_MODEL} AND ifnull(ifnull(f.component, h.component), {Component.FULL.value})"
    f" IN ({MAINS}) AND NOT {LATER_SHARD.format(file='f')}"
)
"""Of file ``f`` and its head ``h``; a place that says that it is no main part has the last word."""

_FIRST: Final = "instr(f.path, '-00001-of-')"
_OTHER_SHARDS: Final = (
    f"SELECT 1 FROM file AS g WHERE {_FIRST} > 0 AND g.node = f.node AND g.head IS NOT NULL"
    f" AND {LATER_SHARD.format(file='g')}"
    f" AND substr(g.path, 1, {_FIRST}) = substr(f.path, 1, {_FIRST})"
    f" AND substr(g.path, {_FIRST} + 6) = substr(f.path, {_FIRST} + 6)"
)

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
    """Keys of the other shards' heads."""
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
    """What a sketch of these files is kept under, hexadecimal."""
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
        f"                AND c.grade >= {Grade.DECLARED.value})"
        "       AND n.id NOT IN (SELECT child FROM contradicted) AS settled"
        f" {_candidates(platforms)}"
        f"   AND (f.weighed IS NOT ? OR EXISTS ({_OTHER_SHARDS} AND g.weighed IS NOT f.weighed))"
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
        f" {_candidates(platforms)} AND (f.weighed IS NULL OR f.weighed NOT IN (x'', ?))",
        (*families, *families, *platforms, bytes.fromhex(library)),
    ).fetchone()
    return row[0], row[1]


def entries_of(connection: sqlite3.Connection, ref: ModelRef) -> set[int]:
    """Entries whose listed models a model descends from, by the last walk over all claims."""
    rows = connection.execute(
        "SELECT w.entry FROM lineage_reach AS w JOIN lineage_node AS r ON r.rank = w.node"
        " WHERE r.node = (SELECT ifnull(same, id) FROM node WHERE key = ?)",
        (refs.key(ref),),
    )
    return {entry for (entry,) in rows}


def write(connection: sqlite3.Connection, weighed: Weighed, head: bytes, library: str) -> None:
    """Keep what comparing a file with a library showed; its head must be on record."""
    digest = bytes.fromhex(library)
    _keep(connection, weighed, head, digest)
    connection.execute(
        "UPDATE file SET weighed = ? WHERE path = ?"
        " AND node = (SELECT ifnull(same, id) FROM node WHERE key = ?)",
        (digest, weighed.path, refs.key(weighed.model)),
    )


def write_shard(connection: sqlite3.Connection, head: bytes, library: str) -> None:
    """A later shard was compared together with the first."""
    connection.execute("UPDATE file SET weighed = ? WHERE head = ?", (bytes.fromhex(library), head))


def write_replayed(connection: sqlite3.Connection, weighed: Weighed) -> None:
    """Keep what an archive tells of a file whose head is on record; our own answers stay."""
    row = connection.execute(
        "SELECT f.node, f.head FROM file AS f WHERE f.path = ? AND f.head IS NOT NULL"
        " AND f.node = (SELECT ifnull(same, id) FROM node WHERE key = ?)",
        (weighed.path, refs.key(weighed.model)),
    ).fetchone()
    if row is not None:
        _keep(connection, weighed, row[1], b"", where="WHERE weighed.library = x''")
        connection.execute(
            "UPDATE file SET weighed = x'' WHERE node = ? AND path = ? AND weighed IS NULL",
            (row[0], weighed.path),
        )


def _candidates(platforms: Collection[str]) -> str:
    """Whole models in scope; binds the platforms."""
    return (
        "FROM file AS f JOIN node AS n ON n.id = f.node JOIN head AS h ON h.key = f.head"
        " LEFT JOIN popularity AS p ON p.node = n.id"
        f" WHERE {_HOLDS_A_MODEL} AND n.id IN (SELECT node FROM in_scope)"
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
    """(path, size, head) of what follows a first shard, in order."""
    if not (found := _SHARD.fullmatch(path)):
        return []
    before, after = found.groups()
    rows = connection.execute(
        "SELECT path, size, head FROM file WHERE node = ?1 AND path > ?2"
        " AND substr(path, 1, ?3) = ?4 AND substr(path, ?3 + 6) = ?5"
        " AND substr(path, ?3 + 1, 5) GLOB '[0-9][0-9][0-9][0-9][0-9]' ORDER BY path",
        (node, path, len(before), before, after),
    )
    return rows.fetchall()


def _keep(
    connection: sqlite3.Connection, weighed: Weighed, head: bytes, library: bytes, where: str = ""
) -> None:
    grades = [kin.comparison.overall.grade for kin in weighed.kin]
    connection.execute(
        "INSERT INTO weighed(head, library, observed, kinship, body) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET library = excluded.library, observed = excluded.observed,"
        f" kinship = excluded.kinship, body = excluded.body {where}",
        (
            head,
            library,
            weighed.observed,
            max(grades, default=Kinship.UNRELATED).value,
            msgspec.json.encode(plain(weighed)).decode(),
        ),
    )
