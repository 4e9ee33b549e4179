"""The part of a finding or conflict that is kept as JSON, so that an old run reads as it was."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from modelaudit.domain.claim import Claim, Conflict, Measured
from modelaudit.domain.finding import Finding
from modelaudit.domain.refs import ModelRef
from modelaudit.store.findings import ConflictRow, FindingRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """What a finding rests on."""

    path: tuple[ModelRef, ...]
    claims: tuple[Claim, ...]
    conflicts: tuple[Conflict, ...] = ()
    files: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """What a conflict is between."""

    claims: tuple[Claim, ...] = ()
    measured: Measured | None = None


def finding_row(finding: Finding, node: int) -> FindingRow:
    """A finding ready to be stored; its digest ignores counters and times."""
    body = Body(
        path=finding.path,
        claims=finding.claims,
        conflicts=finding.conflicts,
        files=finding.files,
    )
    return FindingRow(
        entry=finding.entry,
        node=node,
        verdict=finding.verdict.value,
        grade=finding.grade.value,
        relation=finding.relation.value,
        hops=finding.hops,
        decided_by=finding.decided_by,
        body=msgspec.json.encode(body).decode(),
        digest=_digest(
            finding.verdict,
            finding.grade,
            finding.decided_by,
            finding.path,
            _timeless(finding.claims),
            [(c.kind, c.entry, _timeless(c.claims), *_shape(c)) for c in finding.conflicts],
            finding.files,
        ),
    )


def conflict_row(conflict: Conflict, node: int) -> ConflictRow:
    """A conflict ready to be stored."""
    return ConflictRow(
        node=node,
        kind=conflict.kind.value,
        entry=conflict.entry,
        body=msgspec.json.encode(
            Sides(claims=conflict.claims, measured=conflict.measured)
        ).decode(),
        digest=_digest(
            conflict.model,
            conflict.kind,
            conflict.entry,
            _timeless(conflict.claims),
            *_shape(conflict),
        ),
    )


def read_body(text: str) -> Body:
    """The body of a stored finding."""
    return msgspec.json.decode(text, type=Body)


def read_sides(text: str) -> Sides:
    """What a stored conflict is between; layout 1 kept its claims alone."""
    if text.startswith("["):
        return Sides(claims=msgspec.json.decode(text, type=tuple[Claim, ...]))
    return msgspec.json.decode(text, type=Sides)


def _timeless(claims: Sequence[Claim]) -> list[tuple[object, ...]]:
    return [
        (c.child, c.parent, c.relation, c.grade, c.extractor, c.source, c.locator, c.excerpt,
         c.component, c.weight, *(() if c.sample is None else (c.sample,)))
        for c in claims
    ]  # fmt: skip


def _shape(conflict: Conflict) -> tuple[object, ...]:
    """Nothing where there is none: what layout 1 digested stays as it was."""
    found = conflict.measured
    return () if found is None else ((found.file, found.family, found.reason, found.says),)


def _digest(*parts: object) -> bytes:
    return hashlib.blake2b(msgspec.msgpack.encode(parts), digest_size=12).digest()
