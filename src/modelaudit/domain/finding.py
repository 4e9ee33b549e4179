"""Findings, runs and the report: what a check says and everything needed to repeat it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from modelaudit.domain.claim import Claim, Conflict
from modelaudit.domain.model import Gap
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.sketch import Weighed
from modelaudit.domain.waiver import Waiver, WaiverUse
from modelaudit.domain.words import Grade, Kinship, Read, Relation, State, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One blocklist entry × one model, with the path that leads there and what decided."""

    entry: str
    model: ModelRef
    verdict: Verdict
    decided_by: str
    """One line: the cap that decided the verdict."""
    grade: Grade
    """The weakest grade on the path."""
    relation: Relation
    """The first hop's relation; ``listed`` for the listed model itself."""
    path: tuple[ModelRef, ...]
    """From the model to the first node the entry lists."""
    claims: tuple[Claim, ...]
    """At least one per hop, in the order of the path."""
    conflicts: tuple[Conflict, ...] = ()
    files: tuple[tuple[str, str], ...] = ()
    """(path, sha256) of the files that matched by bytes."""
    state: State = State.NEW
    waiver: Waiver | None = None
    """The decision not to act on it, where a person made one."""
    # What the platform says about the model, for people who act on it.
    revision: str | None = None
    url: str | None = None
    author: str | None = None
    created: int | None = None
    downloads: int | None = None
    likes: int | None = None

    @property
    def id(self) -> str:
        """``entry/model``: stable across runs, databases and machines."""
        return f"{self.entry}/{self.model}"

    @property
    def hops(self) -> int:
        """Edges between the model and what is listed; 0 for the listed model itself."""
        return len(self.path) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """A finding whose model vanished or whose claim was withdrawn."""

    id: str
    reason: str
    first_absent: int
    confirmed: int | None = None
    """Second observation, at least 24 hours later; only then does it count as removed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListUsed:
    """A blocklist as a run used it."""

    id: str
    version: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedEntry:
    """What a report says about an entry: what is listed, why, and where that can be read."""

    id: str
    title: str | None = None
    """``None``, as all that follows, for an entry of a private list."""
    claim: str | None = None
    """``trained-on dataset:laion/laion2B-en``."""
    documentation: str | None = None
    citations: tuple[tuple[str, str], ...] = ()
    """(URL, where in it)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One audit and all that is needed to repeat it."""

    id: str
    started: int
    finished: int | None
    tool: str
    """``modelaudit x.y.z``."""
    sources: tuple[str, ...]
    standard: Grade
    read: Read
    blocklists: tuple[ListUsed, ...]
    entries: tuple[ListedEntry, ...] = ()
    """The entries that acted, by id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What was examined, and what was not."""

    models: int = 0
    files: int = 0
    headers_read: int = 0
    weights_read: int = 0
    library: str = ""
    """Digest of the references that weights were compared with; empty where none were."""
    bytes_read: int = 0
    requests: int = 0
    lineage_known: int = 0
    never_examined: int = 0
    no_evidence: int = 0
    entries_without_reference: tuple[str, ...] = ()
    swept: Mapping[str, int] = field(default_factory=dict)
    """Source → when it was last swept, of those of which only what is new or changed was listed."""
    gaps: tuple[Gap, ...] = ()
    excepted: int = 0
    """Findings that an exception of their entry took out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Downloads of the distinct models that ought to go, never added across platforms."""

    count: int
    window: str
    """``30d`` on the Hub, ``all`` on Civitai."""
    known: bool = True
    """False when no such model has a known count; ``count`` is 0 then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The numbers a reader sees first; what is waived is in ``waived`` alone."""

    findings: Mapping[Verdict, int] = field(default_factory=dict)
    models: Mapping[Verdict, int] = field(default_factory=dict)
    """Distinct models by their strongest verdict."""
    verdict_by_grade: Mapping[Verdict, Mapping[Grade, int]] = field(default_factory=dict)
    by_entry: Mapping[str, int] = field(default_factory=dict)
    waived: int = 0
    """Findings that a person decided not to act on."""
    downloads_affected: Mapping[str, Reach] = field(default_factory=dict)
    states: Mapping[State, int] = field(default_factory=dict)


Order = Literal["id", "reach"]
"""``id`` for programs; ``reach`` for people: verdict, then downloads, then id; waived ones last."""


Closeness = Literal["id", "closest"]
"""``id``: by model and file; ``closest``: by kinship, then by the numbers."""


class Report(Protocol):
    """A finished run, ready to be rendered; rows are streamed, a run may hold a million."""

    @property
    def run(self) -> Run:
        """The run reported on."""

    @property
    def coverage(self) -> Coverage:
        """What was examined, and what was not."""

    @property
    def summary(self) -> Summary:
        """The numbers."""

    def findings(
        self, *, order: Order = "id", limit: int | None = None, waived: bool | None = None
    ) -> Iterator[Finding]:
        """The live findings; with ``waived`` only those that are, or are not."""

    def conflicts(self) -> Iterator[Conflict]:
        """Contradictions, whether or not anything is listed; sorted by model and kind."""

    def compared(self, *, order: Closeness = "id", limit: int | None = None) -> Iterator[Weighed]:
        """Files whose weights were compared, whatever was found."""

    def kinships(self) -> Mapping[Kinship, int]:
        """How many files were compared, by the closest kinship that was found."""

    def gone(self) -> Iterator[Gone]:
        """Findings that are no more, sorted by id."""

    def waivers(self) -> Sequence[WaiverUse]:
        """Every decision in force, and every one that has expired."""
