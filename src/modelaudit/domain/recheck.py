"""An old report, and what of it no longer stands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from modelaudit.domain.finding import ListUsed
from modelaudit.domain.words import Grade, Relation, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class OldClaim:
    """One claim of an old finding, as far as a verdict depends on it."""

    child: str
    relation: Relation
    grade: Grade
    label: str | None = None
    """Civitai's family label, where the claim is drawn from one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OldFinding:
    """One finding of an old report."""

    id: str
    entry: str
    model: str
    verdict: Verdict
    grade: Grade
    relation: Relation
    path: tuple[str, ...]
    claims: tuple[OldClaim, ...]
    files: tuple[str, ...] = ()
    """sha256 of the files that matched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OldReport:
    """A report that was written some time ago."""

    run: str
    standard: Grade
    lists: tuple[ListUsed, ...]
    total: int
    """How many findings it has."""
    findings: Iterator[OldFinding]
    """Read as they are asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fallen:
    """A finding that no longer stands as it was."""

    finding: OldFinding
    now: Verdict | None
    """The most it can be; ``None`` where its list was not given, or a person must look."""
    why: str
