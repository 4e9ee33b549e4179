"""Writing what a crawl brought: batches that cost nothing where nothing changed.

A listing whose digest is the one on record is skipped whole; only its popularity is compared.
Claims keep the time they were first seen; those that their extractor no longer makes are removed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from modelaudit.domain import refs
from modelaudit.domain.claim import Claim
from modelaudit.domain.model import File, Gap, Model
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.words import Status
from modelaudit.store.identity import name, point
from modelaudit.store.rows import (
    UPSERT_CLAIM,
    UPSERT_FILE,
    UPSERT_MODEL,
    Reading,
    claim_row,
    each_once,
    file_rows,
    listing_digest,
    model_row,
)
from modelaudit.store.seeds import without_answered

_CHUNK = 500
"""Bound variables per look-up, well below SQLite's limit."""

_Claims = dict[tuple[int, int], tuple[object, ...]]
"""(parent, origin) → the rest of a claim's row, the time it was observed last."""


@dataclass(slots=True)
class Written:
    """What a batch changed."""

    models: int = 0
    claims: int = 0
    """Claims added or withdrawn: zero means that another round would find nothing new."""
    nodes: list[int] = field(default_factory=list)
    """Of the readings, in their order; those of seeds that change nothing come first."""


class Ingest:
    """Writes readings through one connection; keeps the interned origins at hand."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self._origins: dict[tuple[str, str, str], int] = {
            (extractor, path, locator): number
            for number, extractor, path, locator in connection.execute(
                "SELECT id, extractor, path, locator FROM origin WHERE path = ''"
            )
        }

    def write(self, readings: Sequence[Reading], *, now: int) -> Written:
        """Store a batch inside the caller's transaction; the last word on a model counts."""
        written = Written()
        if any(reading.seed for reading in readings):
            readings, written.nodes = without_answered(self._db, readings)
        for part in each_once(readings):
            self._write(part, written, now)
        return written

    def _write(self, readings: Sequence[Reading], written: Written, now: int) -> None:
        """Store readings that are each about another model."""
        keyed = [(refs.key(reading.ref), reading) for reading in readings]
        known = self._known({key for key, _ in keyed})

        def listed(key: str) -> bool:
            return key in known and known[key][1] is not None

        models: list[tuple[object, ...]] = []
        changed: list[tuple[str, Reading]] = []
        for key, reading in keyed:
            if reading.model is not None:
                row = model_row(reading.model)
                digest = None if reading.detailed else listing_digest(row, reading)
                if digest is not None and key in known and known[key][1] == digest:
                    continue
                models.append((*row, digest))
            changed.append((key, reading))
        self._clear_taken_over(changed, known)
        unlisted = {key: r.model for key, r in changed if r.model and not listed(key)}
        renamed = self._follow_renames(unlisted)
        self._db.executemany(UPSERT_MODEL, models)
        self._write_ghosts(r.ref for _, r in changed if r.model is None)
        parents = self._write_parents(c for _, r in changed for c in r.claims)
        ids = self._canonical(parents.union(key for key, _ in keyed))
        nodes = [ids[key][0] for key, _ in keyed]
        written.models += len(models)
        written.nodes += nodes
        first: list[tuple[object, ...]] = []
        for key, reading in changed:
            node = ids[key][0]
            read = reading.observed or now
            if reading.files is not None:
                self._write_files(node, reading.files, read)
            if reading.detailed:
                self._db.execute(
                    "UPDATE node SET detailed = ?1 WHERE id = ?2 AND detailed IS NOT ?1",
                    (read, node),
                )
            rows = self._claim_rows(node, reading, ids)
            if key not in known and key not in renamed:
                first += [(parent, node, origin, *row) for (parent, origin), row in rows.items()]
            else:
                written.claims += self._replace_claims(node, rows, reading.covered)
        self._db.executemany(UPSERT_CLAIM, first)
        written.claims += len(first)
        self._write_popularity(zip(nodes, readings, strict=True))

    def mark(self, missing: Mapping[ModelRef, Status], *, now: int) -> None:
        """Record what the platform answered about models it would not show."""
        self._write_ghosts(missing)
        self._db.executemany(
            "UPDATE node SET status = ?1, detailed = ?3, record = NULL"
            " WHERE key = ?2 AND (status <> ?1 OR detailed IS NOT ?3)",
            [(status.value, refs.key(ref), now) for ref, status in missing.items()],
        )

    def rename(self, renamed: Mapping[ModelRef, ModelRef]) -> None:
        """Make old names point to the new ones, and move what was said under them."""
        self._write_ghosts([*renamed, *renamed.values()])
        for old, new in renamed.items():
            if refs.key(old) == refs.key(new):
                continue
            ids = self._known({refs.key(old), refs.key(new)})
            alias = ids[refs.key(old)][0]
            target, _ = self._canonical({refs.key(new)})[refs.key(new)]
            # A name that comes back from being an alias is the node again.
            point(self._db, alias, ids[refs.key(new)][0] if target == alias else target)

    def gaps(self, gaps: Iterable[Gap], origin: str) -> None:
        """Keep what could not be examined, once each."""
        rows = []
        for gap in gaps:
            node = name(self._db, [gap.model])[gap.model] if gap.model else None
            rows.append((origin, node, gap.file, gap.reason.value, gap.detail[:300], gap.count))
        self._db.executemany(
            "INSERT INTO gap(origin, node, file, reason, detail, count) VALUES (?, ?, ?, ?, ?, ?)"
            " ON CONFLICT DO NOTHING",
            rows,
        )

    def _known(self, keys: Iterable[str]) -> dict[str, tuple[int, int | None, str | None]]:
        """Key → (id, digest of the listing, stable id)."""
        return {key: tuple(row) for key, *row in self._nodes(keys, "id, record, stable_id")}

    def _canonical(self, keys: Iterable[str]) -> dict[str, tuple[int, bool]]:
        """Key → (id of the node it means, whether the key is only another name of it)."""
        return {
            key: (row[0] if row[1] is None else row[1], row[1] is not None)
            for key, *row in self._nodes(keys, "id, same")
        }

    def _nodes(self, keys: Iterable[str], columns: str) -> Iterator[tuple[Any, ...]]:
        wanted = list(keys)
        for start in range(0, len(wanted), _CHUNK):
            part = wanted[start : start + _CHUNK]
            marks = ",".join("?" * len(part))
            yield from self._db.execute(
                f"SELECT key, {columns} FROM node WHERE key IN ({marks})", part
            )

    def _clear_taken_over(
        self,
        changed: Sequence[tuple[str, Reading]],
        known: Mapping[str, tuple[int, int | None, str | None]],
    ) -> None:
        """A name that a stranger took over holds nothing of what stood there before."""
        taken = [
            (known[key][0],)
            for key, reading in changed
            if reading.model is not None
            and reading.model.stable_id
            and key in known
            and known[key][2] not in (None, reading.model.stable_id)
        ]
        for statement in (
            "DELETE FROM file WHERE node = ?",
            "DELETE FROM claim WHERE child = ?",
            "UPDATE node SET detailed = NULL, record = NULL WHERE id = ?",
        ):
            self._db.executemany(statement, taken)

    def _follow_renames(self, unlisted: Mapping[str, Model]) -> set[str]:
        """Stable ids listed under another name before: the old names become aliases.

        Returns the keys that took over what was said under an old name.
        """
        new_names = {m.stable_id: m.ref for m in unlisted.values() if m.stable_id}
        stable = list(new_names)
        renamed: dict[ModelRef, ModelRef] = {}
        for start in range(0, len(stable), _CHUNK):
            part = stable[start : start + _CHUNK]
            old = self._db.execute(
                "SELECT ref, stable_id FROM node WHERE status > 0 AND same IS NULL"
                f" AND stable_id IN ({','.join('?' * len(part))})",
                part,
            )
            renamed |= {ModelRef(ref): new_names[stable_id] for ref, stable_id in old}
        self.rename(renamed)
        return {refs.key(new) for new in renamed.values()}

    def _write_ghosts(self, names: Iterable[ModelRef]) -> None:
        self._db.executemany(
            "INSERT INTO node(ref) VALUES (?) ON CONFLICT DO NOTHING", [(name,) for name in names]
        )

    def _write_parents(self, claims: Iterable[Claim]) -> set[str]:
        """Make every parent a node; returns their keys."""
        parents: dict[str, tuple[ModelRef, str | None]] = {}
        for claim in claims:
            key = refs.key(claim.parent)
            if key not in parents or claim.parent_stable_id:
                parents[key] = (claim.parent, claim.parent_stable_id)
        self._db.executemany(
            "INSERT INTO node(ref, stable_id) VALUES (?, ?) ON CONFLICT(key) DO UPDATE"
            " SET stable_id = excluded.stable_id"
            " WHERE node.stable_id IS NULL AND excluded.stable_id IS NOT NULL",
            parents.values(),
        )
        return set(parents)

    def _write_files(self, node: int, files: Sequence[File], now: int) -> None:
        rows = file_rows(files)
        stored = {
            path: tuple(rest)
            for path, *rest in self._db.execute(
                "SELECT path, sha256, size, component, autov1, autov3, blake3, crc32, etag"
                "  FROM file WHERE node = ?",
                (node,),
            )
        }
        removed = [(node, path) for path in stored.keys() - rows.keys()]
        self._db.executemany("DELETE FROM file WHERE node = ? AND path = ?", removed)
        new = {path: _still_known(row, stored.get(path)) for path, row in rows.items()}
        other = [
            (node, path)
            for path, row in stored.items()
            if path in new and _bytes_of(row) != _bytes_of(new[path])
        ]
        self._db.executemany(  # what a file said goes with its bytes
            "DELETE FROM claim WHERE child = ?"
            " AND (SELECT path FROM origin AS o WHERE o.id = claim.origin) = ?",
            [*removed, *other],
        )
        self._db.executemany(
            UPSERT_FILE,
            [(node, path, *row, now) for path, row in new.items() if stored.get(path) != row],
        )

    def _claim_rows(
        self, child: int, reading: Reading, ids: Mapping[str, tuple[int, bool]]
    ) -> _Claims:
        rows: _Claims = {}
        for claim in reading.claims:
            parent, aliased = ids[refs.key(claim.parent)]
            if parent == child:
                continue
            excerpt = claim.excerpt
            if aliased and excerpt is None:
                excerpt = refs.local(claim.parent)
            origin = self._origin(claim.extractor, claim.path, claim.locator)
            rows[parent, origin] = claim_row(claim, excerpt)
        return rows

    def _replace_claims(
        self, child: int, rows: _Claims, covered: frozenset[tuple[str, str]]
    ) -> int:
        """Make these the claims of the extractors covered; returns how many changed."""
        stored = {
            (parent, origin): tuple(rest)
            for parent, origin, extractor, path, *rest in self._db.execute(
                "SELECT parent, origin, extractor, path,"
                "       relation, grade, component, weight, source, excerpt, sample"
                "  FROM claim JOIN origin AS o ON o.id = origin WHERE child = ?",
                (child,),
            )
            if (extractor, path) in covered
        }
        gone = [(parent, child, origin) for parent, origin in stored.keys() - rows.keys()]
        new = [
            (parent, child, origin, *row)
            for (parent, origin), row in rows.items()
            if stored.get((parent, origin)) != row[:-1]
        ]
        self._db.executemany(
            "DELETE FROM claim WHERE parent = ? AND child = ? AND origin = ?", gone
        )
        self._db.executemany(UPSERT_CLAIM, new)
        return len(gone) + len(new)

    def _origin(self, extractor: str, path: str, locator: str) -> int:
        key = (extractor, path, locator)
        if key not in self._origins:
            number = self._db.execute(
                "INSERT INTO origin(extractor, path, locator) VALUES (?, ?, ?)"
                " ON CONFLICT DO UPDATE SET locator = locator RETURNING id",
                key,
            ).fetchone()[0]
            self._origins[key] = number
        return self._origins[key]

    def _write_popularity(self, readings: Iterable[tuple[int, Reading]]) -> None:
        self._db.executemany(
            "INSERT INTO popularity(node, downloads, likes) VALUES (?, ?, ?)"
            " ON CONFLICT DO UPDATE SET downloads = excluded.downloads, likes = excluded.likes"
            " WHERE excluded.downloads IS NOT popularity.downloads"
            "    OR excluded.likes IS NOT popularity.likes",
            [
                (node, model.downloads, model.likes)
                for node, reading in readings
                if (model := reading.model)
                and (model.downloads is not None or model.likes is not None)
            ],
        )


def _bytes_of(row: tuple[object, ...]) -> tuple[object, ...]:
    """What tells the bytes of a file from others: sha256, size, etag; as ``UPSERT_FILE`` does."""
    sha256, size, *_, etag = row
    return sha256, size, etag


def _still_known(row: tuple[object, ...], stored: tuple[object, ...] | None) -> tuple[object, ...]:
    """The row with the digests computed before, where the platform tells none and nothing moved.

    Without an etag, size alone is no proof that the bytes are the same.
    """
    sha256, size, component, *_, etag = row
    if sha256 is not None or etag is None or stored is None:
        return row
    same = stored[1] == size and stored[-1] == etag
    return (stored[0], size, component, *stored[3:]) if same else row
