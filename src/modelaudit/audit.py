"""An audit from end to end: read this file first.

    list the sources → rounds of {resolve, check, choose candidates, read them} until a round adds
    no claim or the budget ends → compare weights, and go round again → last check

Every step works through the one database, so that a run can be stopped anywhere and goes on where
it was. Reports are made from the database afterwards.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from modelaudit import __version__
from modelaudit.crawl.archive import ArchiveWriter
from modelaudit.crawl.platform import Source
from modelaudit.crawl.registry import LIVE, Platforms
from modelaudit.domain.entry import Blocklist
from modelaudit.domain.errors import CredentialsError
from modelaudit.domain.finding import ListUsed
from modelaudit.domain.progress import Progress
from modelaudit.domain.words import Grade, Read
from modelaudit.steps.ancestors import fetch_ancestors
from modelaudit.steps.budget import Budget
from modelaudit.steps.checking import Checker
from modelaudit.steps.heads import LOCAL, Heads
from modelaudit.steps.intake import Intake
from modelaudit.steps.linking import link
from modelaudit.steps.listing import SWEEP_DAYS, Lister
from modelaudit.steps.reading import Reading
from modelaudit.steps.sidecars import read_sidecars
from modelaudit.store import runs
from modelaudit.store.cache import Cache, sketch_cache
from modelaudit.store.db import transaction

if TYPE_CHECKING:
    from modelaudit.steps.references import References

TOOL = f"modelaudit {__version__}"


@dataclass(slots=True, kw_only=True)
class Audit:
    """One audit: what is asked, of whom, by which lists, within which limits."""

    connection: sqlite3.Connection
    platforms: Platforms
    sources: Sequence[Source]
    lists: Sequence[Blocklist]
    standard: Grade = Grade.DECLARED
    read: Read = Read.METADATA
    read_folders: bool = True
    """Whether local weight files are read, whatever platforms are read like."""
    budget: Budget
    limit: int | None = None
    sweep: int = SWEEP_DAYS
    """Days for which a whole sweep of a platform's list spares it from another."""
    archive: ArchiveWriter | None = None
    progress: Progress
    sketches: Cache = field(default_factory=sketch_cache)
    """Sketches of weights that were read before."""
    clock: Callable[[], float] = time.time
    begun: Callable[[runs.OpenRun], None] = lambda run: None
    """Told which run it is as soon as that is known."""

    def run(self) -> tuple[runs.OpenRun, bool]:
        """Do it; returns the run, and whether it came to its end by itself."""
        references = self.references()  # what is wrong with them is told before hours of listing
        intake = Intake(self.connection, self.archive, self.progress, clock=self.clock)
        run = begin(self.connection, self.sources, self.lists, self.standard, self.read, intake.now)
        self.begun(run)
        checker = Checker(
            self.connection, self.lists, self.standard, run.run.sources, self.progress,
            now=intake.now,
        )  # fmt: skip
        complete = self.crawl(intake)
        complete = self.resolve(intake, run, checker, references) and complete
        with transaction(self.connection):
            runs.count(self.connection, run.seq, requests=self.platforms.requests)
        checker.conclude(
            run,
            complete=complete and self.limit is None,
            finished=complete,
            now=intake.now,
        )
        return runs.load(self.connection, run.seq), complete

    def crawl(self, intake: Intake) -> bool:
        """List every source; ``False`` when one of them was not listed to its end."""
        lister = Lister(self.platforms, intake, self.progress, self.budget, self.limit, self.sweep)
        refused: list[CredentialsError] = []
        complete = True
        for source in self.sources:
            try:
                complete = lister.list(source, self.lists) and complete
            except CredentialsError as error:  # the others can still be listed
                self.progress.watcher.say(f"{source.text} – {error}")
                refused.append(error)
        if len(refused) == len(self.sources):
            raise refused[0]
        return fetch_ancestors(lister, self.sources) and complete and not refused

    def resolve(
        self,
        intake: Intake,
        run: runs.OpenRun,
        checker: Checker,
        references: References | None,
    ) -> bool:
        """Rounds of linking, checking and reading candidates, until nothing new is said.

        ``False`` when a platform, a signal or the deadline ended them; a budget of calls or bytes
        that is used up leaves a gap and is no failure, for there is always more to read.
        """
        asked = {source.platform for source in self.sources}
        live = LIVE & asked
        narrow = [s.text for s in self.sources if s.kind in ("author", "model")]
        reading = Reading(
            self.platforms, intake, self.progress, self.budget, run, live, narrow,
            weights=self.read >= Read.WEIGHTS,
        )  # fmt: skip
        heads = Heads(
            self.platforms, intake, self.progress, self.budget, run, live or LIVE, reading.silent
        )
        weighing = None
        if references is not None:
            from modelaudit.steps.access import Access
            from modelaudit.steps.weighing import Weighing

            access = Access(
                self.platforms, intake, self.progress, self.budget, run, live or LIVE,
                reading.silent,
            )  # fmt: skip
            weighing = Weighing(access, references, checker, self.sketches)
        link(intake, self.progress)
        if asked & LOCAL:
            checker.reach()
            if self.read_folders:
                heads.read(local=True)
                heads.note_unread(local=True)
            read_sidecars(intake, self.platforms["folder"], self.budget)
            link(intake, self.progress)
            if weighing:
                weighing.read(local=True)
        while live:
            checker.reach()
            chosen = () if self.budget.no_calls else reading.candidates()
            changed = reading.read(chosen)
            if self.read >= Read.HEADERS:
                changed += heads.read(local=False)
            changed += link(intake, self.progress)
            if not changed and weighing:
                changed = weighing.read(local=False)
            if not changed:
                break
        if live:
            reading.note_unread()
        if self.read >= Read.HEADERS and not asked <= LOCAL:
            if not live:
                checker.reach()  # a replay reads nothing, and says so of what is in scope
            heads.note_unread(local=False)
        if weighing:
            if live and asked & LOCAL:
                weighing.read(local=True)  # by the references that were made meanwhile
            weighing.conclude(asked)
        return not reading.silent and not self.budget.halted

    def references(self) -> References | None:
        """What weights are compared with, where that is asked for."""
        if self.read < Read.WEIGHTS:
            return None
        from modelaudit.steps.references import References

        return References(self.lists, self.sketches)


def begin(
    connection: sqlite3.Connection,
    sources: Sequence[Source],
    lists: Sequence[Blocklist],
    standard: Grade,
    read: Read,
    now: int,
) -> runs.OpenRun:
    """Continue the unfinished run of this kind, or begin one."""
    with transaction(connection):
        return runs.start(
            connection,
            tool=TOOL,
            sources=[source.text for source in sources],
            standard=standard,
            read=read,
            lists=[
                ListUsed(id=used.id, version=used.version, sha256=used.sha256) for used in lists
            ],
            now=now,
        )
