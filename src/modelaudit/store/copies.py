"""Groups of models that share a file, and the copy claims drawn from them."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from modelaudit.domain.refs import ModelRef
from modelaudit.domain.words import Component, Grade, Relation
from modelaudit.store.fragments import HOSTED, MAINS, PART, SHARED_PART

SIZE_ROUNDING = 1024
"""Bytes by which sizes of one file may differ: Civitai tells them in KiB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """One model that holds the shared file."""

    node: int
    ref: ModelRef
    created: int | None
    path: str
    component: Component | None
    observed: int
    """When it was first seen with the file, UTC seconds."""
    names: frozenset[int]
    """Nodes it names as parents, by claims other than ``ignored``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A copy claim to store: ``child`` holds the same bytes as ``parent``."""

    child: int
    parent: int
    extractor: str
    component: Component
    excerpt: str
    observed: int
    """When both were first seen with the file, UTC seconds."""
    locator: str = "sha256"
    """What is equal: the ``sha256`` of files, or their ``tensors``."""


def shared_files(
    connection: sqlite3.Connection, *, ignored: Collection[str], never: Collection[str]
) -> Iterator[tuple[str, int | None, list[Holder]]]:
    """(sha256, node of that digest if anybody names it, holders) of every digest worth a look.

    Equal digests of files of unequal size are not: a platform stored one that is not the file's.
    """
    skip = {bytes.fromhex(digest) for digest in never}
    digests = connection.execute(
        "SELECT f.sha256, (SELECT n.id FROM node AS n"
        "          WHERE n.key = 'sha256:' || lower(hex(f.sha256))"
        "            AND EXISTS (SELECT 1 FROM claim AS c WHERE c.parent = n.id)) AS named"
        "  FROM file AS f WHERE f.sha256 IS NOT NULL GROUP BY f.sha256"
        f" HAVING ifnull(max(f.size) - min(f.size), 0) <= {SIZE_ROUNDING}"
        "    AND (count(DISTINCT f.node) > 1 OR named IS NOT NULL)"
    )
    for digest, digest_node in digests:
        if digest not in skip:
            rows = connection.execute(
                f"SELECT {_HOLDER.format(part=PART.format(file='f'))} FROM file AS f"
                "  JOIN node AS n ON n.id = f.node"
                f" WHERE f.sha256 = ? AND NOT ({_MOVED}) ORDER BY n.ref, f.path DESC",
                (digest,),
            )
            yield digest.hex(), digest_node, _holders(connection, rows, ignored)


def shared_parts(connection: sqlite3.Connection, *, ignored: Collection[str]) -> list[list[Holder]]:
    """Holders of every main part whose tensors several models hold, in files of unequal bytes."""
    shared = SHARED_PART.format(file="f", part="c.component")
    groups = connection.execute(
        "SELECT c.digest, c.component FROM content AS c JOIN file AS f ON f.head = c.head"
        f" WHERE c.component IN ({MAINS}) GROUP BY c.digest, c.component"
        " HAVING count(DISTINCT f.node) > 1 AND count(DISTINCT c.head) > 1"
        " ORDER BY c.digest, c.component"
    ).fetchall()
    return [
        _holders(
            connection,
            connection.execute(
                f"SELECT {_HOLDER.format(part=shared)} FROM content AS c"
                "  JOIN file AS f ON f.head = c.head JOIN node AS n ON n.id = f.node"
                f" WHERE c.digest = ? AND c.component = ? AND NOT ({_MOVED})"
                " ORDER BY n.ref, f.path DESC",
                group,
            ),
            ignored,
        )
        for group in groups
    ]


_MOVED = f"n.key >= 'folder:' AND n.key < 'folder;' AND n.status NOT IN ({HOSTED})"
"""A file of a folder that is no longer there tells no more who had its bytes first."""
_HOLDER = "n.id, n.ref, n.created, f.path, {part}, f.observed"


def _holders(
    connection: sqlite3.Connection, rows: Iterable[tuple[Any, ...]], ignored: Collection[str]
) -> list[Holder]:
    marks = ",".join("?" * len(ignored))
    holders: dict[int, Holder] = {}
    for node, ref, created, path, component, observed in rows:
        names = connection.execute(
            "SELECT DISTINCT parent FROM claim JOIN origin AS o ON o.id = origin"
            f" WHERE child = ? AND o.extractor NOT IN ({marks})",
            (node, *ignored),
        )
        holders[node] = Holder(
            node=node,
            ref=ModelRef(ref),
            created=created,
            path=path,
            component=None if component is None else Component(component),
            observed=observed,
            names=frozenset(row[0] for row in names),
        )
    return list(holders.values())


def main_files(connection: sqlite3.Connection, node: int) -> int:
    """How many files of a model are main parts or may be."""
    return int(
        connection.execute(
            "SELECT count(*) FROM file WHERE node = ?"
            f" AND ifnull({PART.format(file='file')}, {MAINS[0]}) IN ({MAINS})",
            (node,),
        ).fetchone()[0]
    )


def write_copies(
    connection: sqlite3.Connection,
    copies: Sequence[Copy],
    *,
    extractors: Collection[str],
) -> int:
    """Make the stored copy claims be exactly these; returns how many changed."""
    origins = {
        (name, locator): connection.execute(
            "INSERT INTO origin(extractor, path, locator) VALUES (?, '', ?)"
            " ON CONFLICT DO UPDATE SET locator = locator RETURNING id",
            (name, locator),
        ).fetchone()[0]
        for name in extractors
        for locator in ("sha256", "tensors")
    }
    wanted = {
        (c.parent, c.child, origins[c.extractor, c.locator]): (
            c.component.value, c.excerpt, c.observed,
        )
        for c in copies
    }  # fmt: skip
    marks = ",".join("?" * len(origins))
    stored = {
        (parent, child, origin): (component, excerpt, observed)
        for parent, child, origin, component, excerpt, observed in connection.execute(
            "SELECT parent, child, origin, component, excerpt, observed FROM claim"
            f" WHERE origin IN ({marks})",
            list(origins.values()),
        )
    }
    gone = [key for key in stored if key not in wanted]
    new = [key for key, row in wanted.items() if stored.get(key) != row]
    connection.executemany("DELETE FROM claim WHERE parent = ? AND child = ? AND origin = ?", gone)
    connection.executemany(
        "INSERT INTO claim(parent, child, origin, relation, grade, component, excerpt, observed)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET observed = excluded.observed,"
        " component = excluded.component, excerpt = excluded.excerpt",
        [(*key, Relation.COPY.value, Grade.EXACT.value, *wanted[key]) for key in new],
    )
    return len(gone) + len(new)
