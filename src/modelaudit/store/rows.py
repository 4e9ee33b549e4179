"""What a crawl brought as rows of the catalogue; pure."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
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


MODEL_COLUMNS = (
    "ref", "stable_id", "author", "title", "kind", "status",
    "created", "modified", "revision", "parameters", "traits",
)  # fmt: skip


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


def file_rows(files: Sequence[File]) -> dict[tuple[bytes, str], tuple[object, ...]]:
    """(digest, path) → size, component and the other digests, of files that have a digest."""
    return {
        (bytes.fromhex(f.sha256), f.path): (
            f.size, f.component, f.autov1, f.autov3, f.blake3, f.crc32,
        )
        for f in files
        if f.sha256
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
