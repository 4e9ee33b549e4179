"""Writing what a crawl brought: batches that cost nothing where nothing changed.

A listing whose digest is the one on record is skipped whole; only its popularity is compared.
Claims keep the time they were first seen; those that their extractor no longer makes are removed.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from modelaudit.domain import refs
from modelaudit.domain.claim import Claim
from modelaudit.domain.model import File, Gap, Model
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.words import Status

_CHUNK = 500
"""Bound variables per look-up, well below SQLite's limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What was read about one model in one go."""

    ref: ModelRef
    model: Model | None = None
    """``None``: documents about a model that was listed before."""
    files: tuple[File, ...] | None = None
    claims: Sequence[Claim] = ()
    covered: frozenset[tuple[str, str]] = frozenset()
    """(extractor, path) pairs that spoke: their claims replace what they said before."""
    detailed: bool = False
    """It came from the model's own pages and not from a listing."""
    observed: int | None = None
    """When it was received, UTC seconds; ``None`` means now."""


@dataclass(slots=True)
class Written:
    """What a batch changed."""

    models: int = 0
    claims: int = 0
    """Claims added or withdrawn: zero means that another round would find nothing new."""


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
        """Store a batch inside the caller's transaction."""
        written = Written()
        known = self._known({refs.key(r.ref) for r in readings})
        changed: list[Reading] = []
        digests: dict[str, int] = {}
        for reading in readings:
            key = refs.key(reading.ref)
            if reading.model is not None and not reading.detailed:
                digest = _digest(reading)
                if key in known and known[key][1] == digest:
                    continue
                digests[key] = digest
            changed.append(reading)
        models = [r.model for r in changed if r.model is not None]
        if models:
            self._follow_renames(models, known)
            self._write_models(models, digests)
            written.models = len(models)
        parents = {refs.key(c.parent): c for r in changed for c in r.claims}
        self._write_ghosts([r.ref for r in changed], parents.values())
        ids = self._canonical({*parents, *(refs.key(r.ref) for r in readings)})
        for reading in changed:
            node = ids[refs.key(reading.ref)][0]
            if reading.files is not None:
                self._write_files(node, reading.files, reading.observed or now)
            if reading.detailed:
                self._db.execute("UPDATE node SET detailed = ? WHERE id = ?", (now, node))
            fresh = refs.key(reading.ref) not in known
            written.claims += self._write_claims(node, reading, ids, fresh=fresh)
        self._write_popularity([(ids[refs.key(r.ref)][0], r.model) for r in readings if r.model])
        return written

    def name(self, names: Iterable[ModelRef]) -> dict[ModelRef, int]:
        """Node ids of these references, as ghosts where they are new."""
        wanted = list(names)
        self._write_ghosts(wanted, ())
        ids = self._canonical({refs.key(ref) for ref in wanted})
        return {ref: ids[refs.key(ref)][0] for ref in wanted}

    def mark(self, missing: Mapping[ModelRef, Status], *, now: int) -> None:
        """Record what the platform answered about models it would not show."""
        self._write_ghosts(list(missing), ())
        self._db.executemany(
            "UPDATE node SET status = ?1, detailed = ?3"
            " WHERE key = ?2 AND (status <> ?1 OR detailed IS NOT ?3)",
            [(status.value, refs.key(ref), now) for ref, status in missing.items()],
        )

    def rename(self, renamed: Mapping[ModelRef, ModelRef]) -> None:
        """Make old names point to the new ones, and move what was said under them."""
        self._write_ghosts([*renamed, *renamed.values()], ())
        for old, new in renamed.items():
            if refs.key(old) == refs.key(new):
                continue
            ids = self._known({refs.key(old), refs.key(new)})
            point(self._db, ids[refs.key(old)][0], ids[refs.key(new)][0])

    def gaps(self, gaps: Iterable[Gap], origin: str) -> None:
        """Keep what could not be examined, once each."""
        rows = []
        for gap in gaps:
            node = self.name([gap.model])[gap.model] if gap.model else None
            rows.append((origin, node, gap.file, gap.reason.value, gap.detail[:300], gap.count))
        self._db.executemany(
            "INSERT INTO gap(origin, node, file, reason, detail, count) VALUES (?, ?, ?, ?, ?, ?)"
            " ON CONFLICT DO NOTHING",
            rows,
        )

    def _known(self, keys: Iterable[str]) -> dict[str, tuple[int, int | None]]:
        """Key → (id, digest of the listing)."""
        return {key: (row[0], row[1]) for key, *row in self._nodes(keys, "id, record")}

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

    def _follow_renames(
        self, models: Sequence[Model], known: Mapping[str, tuple[int, int | None]]
    ) -> None:
        """A stable id that was listed under another name: the old name becomes an alias."""
        fresh = {m.stable_id: m for m in models if m.stable_id and refs.key(m.ref) not in known}
        stable = list(fresh)
        for start in range(0, len(stable), _CHUNK):
            part = stable[start : start + _CHUNK]
            old = self._db.execute(
                "SELECT ref, stable_id FROM node WHERE status > 0 AND same IS NULL"
                f" AND stable_id IN ({','.join('?' * len(part))})",
                part,
            ).fetchall()
            self.rename({ModelRef(ref): fresh[stable_id].ref for ref, stable_id in old})

    def _write_models(self, models: Sequence[Model], digests: Mapping[str, int]) -> None:
        self._db.executemany(_UPSERT_MODEL, [_model_row(m, digests) for m in models])

    def _write_ghosts(self, names: Sequence[ModelRef], claims: Iterable[Claim]) -> None:
        self._db.executemany(
            "INSERT INTO node(ref) VALUES (?) ON CONFLICT DO NOTHING", [(name,) for name in names]
        )
        self._db.executemany(
            "INSERT INTO node(ref, stable_id) VALUES (?, ?) ON CONFLICT(key) DO UPDATE"
            " SET stable_id = excluded.stable_id"
            " WHERE node.stable_id IS NULL AND excluded.stable_id IS NOT NULL",
            [(claim.parent, claim.parent_stable_id) for claim in claims],
        )

    def _write_files(self, node: int, files: Sequence[File], now: int) -> None:
        rows = {
            (bytes.fromhex(f.sha256), f.path): (
                f.size, f.component, f.autov1, f.autov3, f.blake3, f.crc32,
            )
            for f in files
            if f.sha256
        }  # fmt: skip
        stored = {
            (row[0], row[1]): tuple(row[2:])
            for row in self._db.execute(
                "SELECT sha256, path, size, component, autov1, autov3, blake3, crc32"
                "  FROM file WHERE node = ?",
                (node,),
            )
        }
        self._db.executemany(
            "DELETE FROM file WHERE sha256 = ? AND node = ? AND path = ?",
            [(digest, node, path) for digest, path in stored.keys() - rows.keys()],
        )
        self._db.executemany(
            _UPSERT_FILE,
            [
                (digest, node, path, *rest, now)
                for (digest, path), rest in rows.items()
                if stored.get((digest, path)) != rest
            ],
        )

    def _write_claims(
        self, child: int, reading: Reading, ids: Mapping[str, tuple[int, bool]], *, fresh: bool
    ) -> int:
        rows: dict[tuple[int, int], tuple[object, ...]] = {}
        for claim in reading.claims:
            parent, aliased = ids[refs.key(claim.parent)]
            if parent == child:
                continue
            excerpt = claim.excerpt
            if aliased and excerpt is None:
                excerpt = refs.local(claim.parent)
            path = reading_path(claim, reading)
            origin = self._origin(claim.extractor, path, claim.locator)
            rows[parent, origin] = (
                claim.relation.value, claim.grade.value, claim.component, claim.weight,
                claim.source, excerpt, claim.observed,
            )  # fmt: skip
        stored = {} if fresh else self._stored(child, reading.covered)
        gone = [key for key in stored if key not in rows]
        new = [key for key, row in rows.items() if stored.get(key) != row[:-1]]
        if gone:
            self._db.executemany(
                "DELETE FROM claim WHERE parent = ? AND child = ? AND origin = ?",
                [(parent, child, origin) for parent, origin in gone],
            )
        if new:
            self._db.executemany(
                _UPSERT_CLAIM,
                [(parent, child, origin, *rows[parent, origin]) for parent, origin in new],
            )
        return len(gone) + len(new)

    def _stored(
        self, child: int, covered: frozenset[tuple[str, str]]
    ) -> dict[tuple[int, int], tuple[object, ...]]:
        return {
            (parent, origin): tuple(rest)
            for parent, origin, extractor, path, *rest in self._db.execute(
                "SELECT parent, origin, extractor, path,"
                "       relation, grade, component, weight, source, excerpt"
                "  FROM claim JOIN origin AS o ON o.id = origin WHERE child = ?",
                (child,),
            )
            if (extractor, path) in covered
        }

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

    def _write_popularity(self, rows: Sequence[tuple[int, Model | None]]) -> None:
        self._db.executemany(
            "INSERT INTO popularity(node, downloads, likes) VALUES (?, ?, ?)"
            " ON CONFLICT DO UPDATE SET downloads = excluded.downloads, likes = excluded.likes"
            " WHERE excluded.downloads IS NOT popularity.downloads"
            "    OR excluded.likes IS NOT popularity.likes",
            [
                (node, model.downloads, model.likes)
                for node, model in rows
                if model and (model.downloads is not None or model.likes is not None)
            ],
        )


def reading_path(claim: Claim, reading: Reading) -> str:
    """The file a claim was read in, ``''`` for the API record."""
    paths = [path for extractor, path in reading.covered if extractor == claim.extractor]
    if len(paths) == 1:
        return paths[0]
    return next((p for p in paths if p and claim.source and claim.source.endswith(p)), "")


def point(connection: sqlite3.Connection, alias: int, node: int) -> None:
    """Make ``alias`` another name of ``node``: claims, files and memberships move over."""
    if alias == node:
        return
    execute = connection.execute
    execute("UPDATE node SET same = ?, status = 0 WHERE id = ?", (node, alias))
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


_COLUMNS = (
    "stable_id", "author", "title", "kind", "status",
    "created", "modified", "revision", "parameters", "traits",
)  # fmt: skip

_UPSERT_MODEL = f"""
INSERT INTO node(ref, {", ".join(_COLUMNS)}, record)
VALUES ({", ".join("?" * (len(_COLUMNS) + 2))})
ON CONFLICT(key) DO UPDATE SET ref = excluded.ref, same = NULL,
  {", ".join(f"{c} = ifnull(excluded.{c}, node.{c})" for c in _COLUMNS)},
  record = ifnull(excluded.record, node.record)
WHERE excluded.ref IS NOT node.ref OR node.same IS NOT NULL
   OR ifnull(excluded.record, node.record) IS NOT node.record
   OR {" OR ".join(f"ifnull(excluded.{c}, node.{c}) IS NOT node.{c}" for c in _COLUMNS)}
"""

_UPSERT_FILE = """
INSERT INTO file(sha256, node, path, size, component, autov1, autov3, blake3, crc32, observed)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET size = excluded.size, component = excluded.component,
  autov1 = excluded.autov1, autov3 = excluded.autov3,
  blake3 = excluded.blake3, crc32 = excluded.crc32
"""

_UPSERT_CLAIM = """
INSERT INTO claim(parent, child, origin, relation, grade, component, weight, source, excerpt,
                  observed)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET relation = excluded.relation, grade = excluded.grade,
  component = excluded.component, weight = excluded.weight, source = excluded.source,
  excerpt = excluded.excerpt, observed = excluded.observed
"""


def _model_row(model: Model, digests: Mapping[str, int]) -> tuple[object, ...]:
    owner = refs.local(model.ref).partition("/")[0]
    return (
        model.ref,
        model.stable_id,
        None if model.author == owner else model.author,
        model.title,
        model.kind,
        model.status.value,
        model.created,
        model.modified,
        bytes.fromhex(model.revision) if model.revision else None,
        model.parameters,
        model.traits.value,
        digests.get(refs.key(model.ref)),
    )


def _digest(reading: Reading) -> int:
    """Of all that a listing says but its counters and the time it was read."""
    model = reading.model
    said: defaultdict[str, list[object]] = defaultdict(list)
    if model is not None:
        said["model"] = [*_model_row(model, {})[:-1]]
    for claim in reading.claims:
        said["claims"].append(
            (claim.parent, claim.relation, claim.grade, claim.extractor, claim.locator,
             claim.weight, claim.excerpt, claim.parent_stable_id)
        )  # fmt: skip
    if reading.files is not None:
        said["files"] = [*reading.files]
    packed = msgspec.msgpack.encode((said, sorted(reading.covered)))
    return int.from_bytes(hashlib.blake2b(packed, digest_size=8).digest(), "big", signed=True)
