"""Trying a list on its cases: each model alone in a fresh catalogue, judged as an audit judges."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from pathlib import Path

from modelaudit.crawl.case_records import record_of, slip
from modelaudit.crawl.platform import Source
from modelaudit.crawl.registry import Platforms
from modelaudit.domain import refs
from modelaudit.domain.cases import Case, Cases, Outcome
from modelaudit.domain.entry import Blocklist, ListKind
from modelaudit.domain.errors import BlocklistError, IncompleteError
from modelaudit.domain.finding import Finding
from modelaudit.domain.model import Page
from modelaudit.domain.progress import Progress
from modelaudit.domain.words import GapReason, Read
from modelaudit.steps.checking import Checker
from modelaudit.steps.intake import Intake
from modelaudit.steps.linking import link
from modelaudit.store import runs
from modelaudit.store.db import scratch, transaction
from modelaudit.store.report import StoredReport


def judges(tested: Blocklist, beside: Sequence[Blocklist]) -> frozenset[str]:
    """The entries whose findings a case is about: an allow list is tried by what it tempers."""
    lists = beside if tested.kind is ListKind.ALLOW else (tested,)
    return frozenset(
        entry.id for used in lists if used.kind is not ListKind.ALLOW for entry in used.entries
    )


def unknown_entries(cases: Cases, known: frozenset[str]) -> Iterator[str]:
    """What is wrong with cases that name an entry which no such list has."""
    for case in cases.cases:
        if case.entry is not None and case.entry not in known:
            yield f"{cases.path}: case {case.name!r}: there is no entry {case.entry[:200]}"


def try_cases(
    cases: Cases, tested: Blocklist, beside: Sequence[Blocklist], platforms: Platforms
) -> Iterator[Outcome]:
    """Case by case; raises ``BlocklistError`` for a recorded catalogue that cannot be read."""
    about = judges(tested, beside)
    lists = (tested, *beside)
    for case in cases.cases:
        with scratch() as connection:
            yield _try(case, lists, about, connection, _pages(case, cases, platforms))


def _pages(case: Case, cases: Cases, platforms: Platforms) -> Iterator[Page]:
    if case.catalogue is None:
        record = json.dumps(record_of(case), default=_day).encode()
        platform = platforms[refs.platform(case.model)]
        yield platform.replay("list", record, url=None, status=200, at=int(time.time()))
        return
    path = str(Path(cases.path).parent / case.catalogue)
    source = Source(text=f"catalogue:{path}", platform="catalogue", kind="catalogue", value=path)
    try:
        yield from platforms["catalogue"].list(source, None)
    except IncompleteError as error:
        raise BlocklistError(f"{cases.path}: case {case.name!r}: {error}") from None


def _day(value: object) -> str:
    """What TOML has and JSON has not."""
    return value.isoformat() if isinstance(value, date | datetime) else str(value)


def _try(
    case: Case,
    lists: Sequence[Blocklist],
    about: frozenset[str],
    connection: sqlite3.Connection,
    pages: Iterator[Page],
) -> Outcome:
    progress = Progress()
    intake = Intake(connection, None, progress)
    shown, odd = False, slip(case)
    for page in pages:
        intake.take(page, "case")
        for record in page.records:
            if refs.key(record.model.ref) == refs.key(case.model):
                shown = True
                if len(record.files or ()) < len(case.files):
                    odd = odd or "not every file of it has the name of a weight file"
    odd = odd or _gap(connection)
    if not shown:
        return Outcome(case=case, shown=False, odd=odd)
    return Outcome(case=case, findings=_check(case, lists, about, intake, progress), odd=odd)


def _gap(connection: sqlite3.Connection) -> str:
    """The first thing that was not read; that a platform took a model down is none."""
    row = connection.execute(
        "SELECT detail FROM gap WHERE reason <> ? ORDER BY rowid LIMIT 1",
        (GapReason.DISABLED.value,),
    ).fetchone()
    return str(row[0]) if row else ""


def _check(
    case: Case,
    lists: Sequence[Blocklist],
    about: frozenset[str],
    intake: Intake,
    progress: Progress,
) -> tuple[Finding, ...]:
    connection, now = intake.connection, intake.now
    link(intake, progress)
    with transaction(connection):
        run = runs.start(
            connection, tool="", sources=(), standard=case.standard, read=Read.METADATA,
            lists=(), now=now,
        )  # fmt: skip
    checker = Checker(connection, lists, case.standard, (), progress, now=now)
    checker.conclude(run, complete=True, finished=True, now=now)
    found = StoredReport(connection, runs.load(connection, run.seq)).findings(order="reach")
    return tuple(
        finding
        for finding in found
        if finding.entry in about and refs.key(finding.model) == refs.key(case.model)
    )
