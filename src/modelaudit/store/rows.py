"""What a crawl brought as rows of the catalogue, and the statements that take them; pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter

import msgspec

from modelaudit.domain import refs
from modelaudit.domain.claim import Claim
from modelaudit.domain.model import File, Model
from modelaudit.domain.refs import ModelRef


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
    seed: bool = False
    """It never overrules what the platform itself said."""


MODEL_COLUMNS = (
    "ref", "stable_id", "author", "title", "kind", "status",
    "created", "modified", "revision", "parameters", "traits",
)  # fmt: skip


_FACTS = MODEL_COLUMNS[1:]

UPSERT_MODEL = f"""
INSERT INTO node({", ".join(MODEL_COLUMNS)}, record)
VALUES ({", ".join("?" * (len(MODEL_COLUMNS) + 1))})
ON CONFLICT(key) DO UPDATE SET ref = excluded.ref, same = NULL,
  {", ".join(f"{c} = ifnull(excluded.{c}, node.{c})" for c in _FACTS)},
  detailed = CASE WHEN excluded.record IS NULL
                    OR ifnull(excluded.revision, node.revision) IS node.revision
                  THEN node.detailed END,
  record = CASE WHEN excluded.record IS NULL AND excluded.status IS NOT node.status
                THEN NULL ELSE ifnull(excluded.record, node.record) END
WHERE excluded.ref IS NOT node.ref OR node.same IS NOT NULL
   OR ifnull(excluded.record, node.record) IS NOT node.record
   OR {" OR ".join(f"ifnull(excluded.{c}, node.{c}) IS NOT node.{c}" for c in _FACTS)}
"""
"""What a listing shows at another revision has yet to be asked for: its files may be others."""

UPSERT_FILE = """
INSERT INTO file(node, path, sha256, size, component, autov1, autov3, blake3, crc32, etag, observed)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET sha256 = excluded.sha256, size = excluded.size,
  component = excluded.component, autov1 = excluded.autov1, autov3 = excluded.autov3,
  blake3 = excluded.blake3, crc32 = excluded.crc32, etag = excluded.etag,
  observed = CASE WHEN sha256 IS excluded.sha256 THEN observed ELSE excluded.observed END,
  header = CASE WHEN sha256 IS excluded.sha256 AND size IS excluded.size
                 AND etag IS excluded.etag THEN header END,
  head = CASE WHEN sha256 IS excluded.sha256 AND size IS excluded.size
               AND etag IS excluded.etag THEN head END,
  weighed = CASE WHEN sha256 IS excluded.sha256 AND size IS excluded.size
                  AND etag IS excluded.etag THEN weighed END
"""
"""Other bytes under a known path are a file that was not read yet."""

UPSERT_CLAIM = """
INSERT INTO claim(parent, child, origin, relation, grade, component, weight, source, excerpt,
                  sample, observed)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET relation = excluded.relation, grade = excluded.grade,
  component = excluded.component, weight = excluded.weight, source = excluded.source,
  excerpt = excluded.excerpt, sample = excluded.sample, observed = excluded.observed
"""


def claim_row(claim: Claim, excerpt: str | None) -> tuple[object, ...]:
    """What a claim says beside its ends and its place; when it was observed comes last."""
    return (
        claim.relation.value,
        claim.grade.value,
        claim.component,
        claim.weight,
        claim.source,
        excerpt,
        None if claim.sample is None else msgspec.json.encode(claim.sample).decode(),
        claim.observed,
    )


def each_once(readings: Sequence[Reading]) -> Iterator[Sequence[Reading]]:
    """The readings in their order, cut before each model that would come twice."""
    start = 0
    met: set[str] = set()
    for at, reading in enumerate(readings):
        names = {refs.key(reading.ref)}
        if reading.model is not None and reading.model.stable_id:
            names.add(f"stable {reading.model.stable_id}")
        if names & met:
            yield readings[start:at]
            start, met = at, set()
        met |= names
    yield readings[start:]


def model_row(model: Model) -> tuple[object, ...]:
    """The values of ``MODEL_COLUMNS``; an author that the reference names is left out."""
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
    )


def file_rows(files: Sequence[File]) -> dict[str, tuple[object, ...]]:
    """Path → sha256, size, component, the other digests, etag."""
    return {
        f.path: (
            bytes.fromhex(f.sha256) if f.sha256 else None,
            f.size, f.component, f.autov1, f.autov3, f.blake3, f.crc32, f.etag,
        )
        for f in files
    }  # fmt: skip


_said = attrgetter(
    "parent", "relation", "grade", "extractor", "locator", "component", "weight", "excerpt",
    "parent_stable_id",
)  # fmt: skip


def listing_digest(row: tuple[object, ...], reading: Reading) -> int:
    """Of all that a listing says but its counters and the time it was read."""
    claims = [_said(claim) for claim in reading.claims]
    packed = msgspec.msgpack.encode((row, claims, reading.files, sorted(reading.covered)))
    return int.from_bytes(hashlib.blake2b(packed, digest_size=8).digest(), "big", signed=True)
