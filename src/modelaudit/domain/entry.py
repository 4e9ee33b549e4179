"""Blocklists: what is listed, why, how it is recognised, and how far a listing reaches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from modelaudit.domain.refs import ModelRef
from modelaudit.domain.words import Component, Relation, Verdict


class ListKind(StrEnum):
    """What a list is for."""

    BLOCK = "block"
    ALLOW = "allow"
    SIGNALS = "signals"


class EntryStatus(StrEnum):
    """Only active entries act fully; disputed caps at review; the others never match."""

    ACTIVE = "active"
    DRAFT = "draft"
    DISPUTED = "disputed"
    WITHDRAWN = "withdrawn"


class Documentation(StrEnum):
    """How well the claim of an entry is documented."""

    DOCUMENTED = "documented"
    DECLARED = "declared"
    PROBABLE = "probable"
    DISPUTED = "disputed"
    UNVERIFIED = "unverified"
    """Nothing was read yet: for drafts, which never match."""


class FileConfidence(StrEnum):
    """How many independent sources agree on a digest."""

    CONFIRMED = "confirmed"
    SINGLE_SOURCE = "single-source"
    CANDIDATE = "candidate"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedFile:
    """A digest that stands for a listed model."""

    sha256: str
    component: Component = Component.OTHER
    confidence: FileConfidence = FileConfidence.CONFIRMED
    name: str | None = None
    size: int | None = None
    autov1: str | None = None
    autov3: str | None = None
    sources: int | None = None
    """Independent projects that give the digest, where that was counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedSketch:
    """A sketch of a listed model's weights; paths are relative to the list's file."""

    path: str
    component: Component
    sha256: str = ""
    """Of the file; empty where there is none."""
    base: str | None = None
    """A sketch of what the listed model was itself derived from, where that is not listed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedDataset:
    """A training set; with ``published_before``, only for weights older than that day."""

    id: str
    published_before: int | None = None
    """UTC seconds of the first day on which the id means something else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """How a listed thing is recognised."""

    models: tuple[ModelRef, ...] = ()
    rehosts: tuple[ModelRef, ...] = ()
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Platform → its own family labels that mean this entry."""
    flags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Platform → marks that it sets on models itself, such as Civitai's ``poi``."""
    files: tuple[ListedFile, ...] = ()
    datasets: tuple[ListedDataset, ...] = ()
    sketches: tuple[ListedSketch, ...] = ()
    name_patterns: tuple[str, ...] = ()
    """Regular expressions over names; a hint, never more than a note."""
    name_exclusions: tuple[str, ...] = ()
    """Regular expressions over names that are not meant, whatever else fits."""
    architectures: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """Where an entry's facts can be read."""

    url: str
    kind: str
    """``primary``, ``secondary`` or ``tertiary``."""
    retrieved: str
    supports: tuple[str, ...]
    where: str | None = None
    summary: str | None = None
    published: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The strongest verdict per relation; what it does not name caps at review."""

    caps: Mapping[Relation, Verdict] = field(default_factory=dict)
    max_hops: int | None = None
    min_merge_weight: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryException:
    """A decision that something matched by an entry is to be treated more mildly."""

    match: Match
    effect: Verdict
    reason: str
    expires: str
    """The day from which it no longer holds, ``YYYY-MM-DD``."""
    evidence: tuple[Citation, ...] = ()
    decided_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """Why an entry acts no more; the entry itself stays, for old reports name it."""

    date: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that is listed."""

    id: str
    title: str
    status: EntryStatus
    kind: str
    """``model``, ``component``, ``dataset``, ``file`` or ``signal``."""
    policy: Verdict
    documentation: Documentation
    claim_relation: str
    """``trained-on``, ``derived-from``, ``contains`` or ``is``."""
    claim_of: tuple[str, ...] = ()
    tainted: frozenset[Component] = frozenset()
    scope: Scope = field(default_factory=Scope)
    match: Match = field(default_factory=Match)
    exceptions: tuple[EntryException, ...] = ()
    evidence: tuple[Citation, ...] = ()
    claim_note: str | None = None
    notes: str | None = None
    aliases: tuple[str, ...] = ()
    severity: str | None = None
    added: str | None = None
    """This and the next three: days, ``YYYY-MM-DD``."""
    modified: str | None = None
    review_by: str | None = None
    expires: str | None = None
    """Of an allow rule: the day from which it no longer holds."""
    withdrawn: Withdrawal | None = None

    @property
    def acts(self) -> bool:
        """False for drafts and withdrawn entries: they are kept, and never match."""
        return self.status in (EntryStatus.ACTIVE, EntryStatus.DISPUTED)

    @property
    def of_parts(self) -> bool:
        """True where only parts are listed that never stand for a model, such as encoders."""
        return bool(self.tainted) and not any(part.main for part in self.tainted)


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocklist:
    """A versioned list of entries, with the digest of the file it came from."""

    id: str
    kind: ListKind
    title: str
    version: str
    sha256: str
    """Of the file's bytes; printed in every report that used the list."""
    entries: tuple[Entry, ...]
    path: str | None = None
    private: bool = False
    description: str | None = None
    updated: str | None = None
    """``YYYY-MM-DD``."""
    maintainer: str | None = None
    license: str | None = None
    supersedes: tuple[str, ...] = ()
