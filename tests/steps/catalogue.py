"""Small catalogues in a real database, a few words a model, and the findings of a check on them."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from modelaudit.domain.claim import Claim, Conflict
from modelaudit.domain.entry import (
    Blocklist,
    Documentation,
    Entry,
    EntryStatus,
    FileConfidence,
    ListedDataset,
    ListedFile,
    ListKind,
    Match,
    Scope,
)
from modelaudit.domain.finding import Coverage, Finding, Gone, ListUsed
from modelaudit.domain.model import File, Model
from modelaudit.domain.progress import Progress
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.words import Component, Grade, Read, Relation, Status, Verdict
from modelaudit.steps.checking import Checker
from modelaudit.steps.intake import Intake
from modelaudit.steps.linking import link
from modelaudit.store import runs
from modelaudit.store.db import transaction
from modelaudit.store.ingest import Ingest, Reading, Written
from modelaudit.store.report import StoredReport

DAY = 86_400
NOW = 1_790_000_000
EARLY = 1_660_000_000
"""When listed models of these tests were made."""

ROOT = "hf:acme/root"
REHOST = "hf:mirror/root"

SCOPE = Scope(
    caps={
        **dict.fromkeys(
            (Relation.COPY, Relation.CONVERSION, Relation.QUANTIZED, Relation.PRUNED,
             Relation.FINETUNE, Relation.MERGE, Relation.ADAPTER, Relation.TRAINED_ON),
            Verdict.TAKE_DOWN,
        ),
        Relation.DISTILLED: Verdict.REVIEW,
        Relation.COMPONENT: Verdict.NOTE,
    },
    min_merge_weight=0.05,
)  # fmt: skip


def sha(name: str) -> str:
    """The digest of a file that is never looked at."""
    return hashlib.sha256(name.encode()).hexdigest()


def file(
    content: str, component: str | None = "full", path: str = "model.safetensors", size: int = 9
) -> File:
    known = None if component is None else Component.parse(component)
    return File(path=path, size=size, sha256=sha(content), component=known)


def listed_file(content: str, component: str = "full", confidence: str = "confirmed") -> ListedFile:
    return ListedFile(
        sha256=sha(content),
        component=Component.parse(component),
        confidence=FileConfidence(confidence),
    )


def says(
    parent: str,
    relation: str = "finetune",
    grade: str = "declared",
    *,
    weight: float | None = None,
    by: str = "hub-card",
    stable_id: str | None = None,
    at: str = "/cardData/base_model",
    observed: int = NOW,
) -> Claim:
    """A claim whose child is filled in by :func:`model`."""
    return Claim(
        child=ModelRef(""),
        parent=ModelRef(parent),
        relation=Relation.parse(relation),
        grade=Grade.parse(grade),
        extractor=by,
        locator=at,
        observed=observed,
        weight=weight,
        parent_stable_id=stable_id,
    )


def model(
    ref: str,
    *claims: Claim,
    files: Iterable[File] | None = None,
    created: int | None = EARLY + 400 * DAY,
    covered: Iterable[str] = ("hub-card",),
    detailed: bool = False,
    **facts: Any,
) -> Reading:
    """One model as a listing tells it."""
    return Reading(
        ref=ModelRef(ref),
        model=Model(ref=ModelRef(ref), created=created, **facts),
        files=None if files is None else tuple(files),
        claims=[replace(claim, child=ModelRef(ref)) for claim in claims],
        covered=frozenset((name, "") for name in {*covered, *(c.extractor for c in claims)}),
        detailed=detailed,
    )


def entry(
    name: str = "list/root",
    *models: str,
    rehosts: Sequence[str] = (),
    labels: Sequence[str] = (),
    files: Sequence[ListedFile] = (),
    datasets: Sequence[ListedDataset] = (),
    patterns: Sequence[str] = (),
    **rules: Any,
) -> Entry:
    """An entry that leads to a take-down, unless told otherwise."""
    given: dict[str, Any] = {
        "status": EntryStatus.ACTIVE,
        "kind": "model",
        "policy": Verdict.TAKE_DOWN,
        "documentation": Documentation.DOCUMENTED,
        "claim_relation": "trained-on",
        "tainted": frozenset({Component.UNET}),
        "scope": SCOPE,
    }
    return Entry(
        id=name,
        title=name,
        match=Match(
            models=tuple(map(ModelRef, models)),
            rehosts=tuple(map(ModelRef, rehosts)),
            labels={"civitai": tuple(labels)} if labels else {},
            files=tuple(files),
            datasets=tuple(datasets),
            name_patterns=tuple(patterns),
        ),
        **(given | rules),
    )


def listing(*entries: Entry, name: str = "list", kind: ListKind = ListKind.BLOCK) -> Blocklist:
    return Blocklist(id=name, kind=kind, title=name, version="1", sha256=sha(name), entries=entries)


def allowing(*models: str) -> Blocklist:
    """An allow list of these models."""
    return listing(entry("allow/them", *models), name="allow", kind=ListKind.ALLOW)


@dataclass(slots=True)
class Checked:
    """What a check said."""

    run: runs.OpenRun
    findings: dict[str, Finding]
    conflicts: list[Conflict]
    gone: list[Gone]
    coverage: Coverage

    def verdicts(self) -> dict[str, str]:
        """Model → verdict, for catalogues checked by one entry."""
        return {finding.model: finding.verdict.word for finding in self.findings.values()}

    def of(self, ref: str, name: str = "list/root") -> Finding:
        return self.findings[f"{name}/{ref}"]


class Catalogue:
    """A database that is filled and checked by hand."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def add(self, *readings: Reading, now: int = NOW) -> Written:
        """Store readings as one page of a crawl."""
        with transaction(self.connection):
            return Ingest(self.connection).write(readings, now=now)

    def mark(self, ref: str, status: Status, now: int = NOW) -> None:
        """What the platform answered for a model it would not show."""
        with transaction(self.connection):
            Ingest(self.connection).mark({ModelRef(ref): status}, now=now)

    def link(self, now: int = NOW) -> int:
        """Join names and copies."""
        return link(Intake(self.connection, None, Progress(), clock=lambda: now), Progress())

    def check(
        self,
        *entries: Entry | Blocklist,
        standard: Grade = Grade.DECLARED,
        sources: Sequence[str] = (),
        complete: bool = True,
        finished: bool = True,
        now: int = NOW,
    ) -> Checked:
        """Link and check everything as one run."""
        plain = [item for item in entries if isinstance(item, Entry)]
        lists = [item for item in entries if isinstance(item, Blocklist)]
        if plain:
            lists.insert(0, listing(*plain))
        self.link(now)
        with transaction(self.connection):
            run = runs.start(
                self.connection,
                tool="modelaudit test",
                sources=sources,
                standard=standard,
                read=Read.METADATA,
                lists=[ListUsed(id=b.id, version=b.version, sha256=b.sha256) for b in lists],
                now=now,
            )
        checker = Checker(self.connection, lists, standard, sources, Progress(), now=now)
        checker.conclude(run, complete=complete, finished=finished, now=now)
        return self.report(run)

    def report(self, run: runs.OpenRun) -> Checked:
        """What a run said, read back."""
        told = StoredReport(self.connection, run)
        findings = {finding.id: finding for finding in told.findings()}
        gone = list(told.gone())
        return Checked(run, findings, list(told.conflicts()), gone, told.coverage)

    def refs(self, sql: str, *bound: object) -> list[Any]:
        """The first column of a query."""
        return [row[0] for row in self.connection.execute(sql, bound)]
