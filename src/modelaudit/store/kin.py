"""What is kin to one reference, by its weights: among these the parents of merges are sought."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from modelaudit.domain import refs
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.sketch import Weighed
from modelaudit.domain.words import Kinship, Relation
from modelaudit.store.compared import of_file
from modelaudit.store.fragments import HOSTED
from modelaudit.store.weighed import Unweighed, content_key, later_shards


@dataclass(frozen=True, slots=True, kw_only=True)
class KinRow:
    """A file whose weights were found to be derived from a reference."""

    model: ModelRef
    path: str
    head: bytes
    created: int | None
    """When its model was, UTC seconds."""
    kinship: Kinship
    """The closest that was found of it."""
    others: tuple[bytes, ...] = ()
    """Keys of the heads of its other shards."""

    @property
    def key(self) -> str:
        """What its sketch is kept under."""
        return content_key(self.head, self.others)

    @property
    def file(self) -> Unweighed:
        """The file, to keep another answer of."""
        return Unweighed(
            model=self.model,
            revision=None,
            paths=(self.path,),
            sizes=(None,),
            head=self.head,
            others=self.others,
        )

    @property
    def name(self) -> str:
        """Model and, where that does not say it, its file."""
        whole = self.model.endswith(self.path)
        return self.model if whole else f"{self.model} {self.path}"


def kin_of(connection: sqlite3.Connection, parent: ModelRef, limit: int) -> list[KinRow]:
    """Files whose weights are derived from this node, those with most downloads first."""
    rows = connection.execute(
        "SELECT DISTINCT n.id, n.ref, f.path, f.head, n.created, w.kinship,"
        "       ifnull(p.downloads, 0) AS d"
        "  FROM claim AS c JOIN origin AS o ON o.id = c.origin AND o.extractor = 'weights'"
        "  JOIN file AS f ON f.node = c.child AND f.path = o.path"
        "  JOIN weighed AS w ON w.key = f.weighed JOIN node AS n ON n.id = c.child"
        "  LEFT JOIN popularity AS p ON p.node = n.id"
        " WHERE c.parent = (SELECT ifnull(same, id) FROM node WHERE key = ?)"
        f"   AND c.relation <> {Relation.COMPONENT.value} AND n.status IN ({HOSTED})"
        " ORDER BY d DESC, n.ref, f.path LIMIT ?",
        (refs.key(parent), limit),
    ).fetchall()
    return [
        KinRow(
            model=ModelRef(ref),
            path=path,
            head=head,
            created=created,
            kinship=Kinship(kinship),
            others=tuple(h for _, _, h in later_shards(connection, node, path) if h is not None),
        )
        for node, ref, path, head, created, kinship, _ in rows
    ]


def load(connection: sqlite3.Connection, row: KinRow) -> Weighed:
    """What was found of a file; ``LookupError`` where nothing is kept."""
    found = connection.execute(
        "SELECT body FROM weighed WHERE key = ?", (bytes.fromhex(row.key),)
    ).fetchone()
    if found is None:
        raise LookupError(row.name)
    return of_file(row.model, row.path, found[0])
