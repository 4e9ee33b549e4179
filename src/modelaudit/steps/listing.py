"""Listing sources to their end, or as far as limits and platforms allow; always resumable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from modelaudit.crawl.folder import Folder
from modelaudit.crawl.platform import Live, Platform, Source
from modelaudit.crawl.registry import LIVE
from modelaudit.domain.entry import Blocklist
from modelaudit.domain.errors import IncompleteError, UsageError
from modelaudit.domain.model import Gap, Page
from modelaudit.domain.progress import Progress
from modelaudit.domain.words import GapReason
from modelaudit.steps.budget import Budget
from modelaudit.steps.descending import descend
from modelaudit.steps.intake import Intake
from modelaudit.steps.unlisted import find_listed_files, probe_unseen
from modelaudit.store import sources as store
from modelaudit.store.candidates import forget_gaps
from modelaudit.store.db import transaction
from modelaudit.store.files import settle_folder

SWEEP_DAYS = 7
LEAST = {"hf": 2, "civitai": 4}
"""Pages that listing what is new or changed takes at least: a sweep of no more sees everything."""
_DAY = 86_400


@dataclass(slots=True)
class Lister:
    """Lists sources through their platforms into the catalogue."""

    platforms: Mapping[str, Platform]
    intake: Intake
    progress: Progress
    budget: Budget
    limit: int | None = None
    """Models per source."""
    sweep: int = SWEEP_DAYS
    """Days for which a whole sweep spares a list of a live platform from another."""

    def list(self, source: Source, lists: Sequence[Blocklist]) -> bool:
        """List one source; ``False`` when it was not listed as far as was asked for."""
        if source.platform not in self.platforms:
            raise UsageError(
                f"{source.text} is a {source.platform}, which cannot be audited",
                hint="name a source on hf: or civitai:, a folder, or a recorded catalogue:",
            )
        platform = self.platforms[source.platform]
        connection = self.intake.connection
        if source.kind == "folder":
            self._enter(source)
        with transaction(connection):
            state = store.open_source(
                connection,
                source.text,
                now=self.intake.now,
                sweep_every=self._sweep_every(source),
                least=LEAST.get(source.platform, 0),
            )
        self.progress.update(step="crawl", subject=source.text, listed=state.listed)
        try:
            if source.kind == "descendants":
                whole = descend(self, platform, source, state, lists)
            else:
                whole = self._walk(platform, source, state)
            if state.since is not None:
                self._walk_changes(cast(Live, platform), source, state, state.since)
            if whole and source.kind == "all":
                find_listed_files(self, platform, source, state, lists)
            if whole and state.since is None:
                probe_unseen(self, platform, source, state.id)
        except IncompleteError as error:
            self.progress.watcher.say(f"{source.text} – {error}")
            self.note_rest(source, state.id, str(error))
            return False
        with transaction(connection):
            store.finish(connection, state.id, now=self.intake.now, whole=whole)
        return True

    def _sweep_every(self, source: Source) -> int:
        """Seconds between sweeps; what is small, or cut by a limit, is listed whole each time."""
        whole = source.platform not in LIVE or source.kind not in ("all", "author")
        return 0 if whole or self.limit is not None else self.sweep * _DAY

    def _enter(self, source: Source) -> None:
        """A database is about one folder: references are paths below it."""
        root = str(Path(source.value).resolve())
        cast(Folder, self.platforms[source.platform]).enter(root)
        with transaction(self.intake.connection):
            other = settle_folder(self.intake.connection, root)
        if other is not None:
            raise UsageError(
                f"this database is about the folder {other}, not {root}",
                hint="name another --db, or audit the folder that holds both",
            )

    def _walk(self, platform: Platform, source: Source, state: store.Progress) -> bool:
        """Page after page; ``False`` when ``limit`` ended it."""
        if state.cursor == store.END:
            return True
        listed = state.listed
        if not self.reached(listed):
            for page in self.budget.until_halted(platform.list(source, state.cursor)):
                cursor = store.END if page.cursor is None else page.cursor
                taken = self.cut(page, listed)
                listed += self.take(taken, source, state, cursor=cursor)
                if self.reached(listed) and (cursor != store.END or taken is not page):
                    break
            else:
                return True
        self.note_rest(source, state.id, f"--limit {self.limit}")
        return False

    def _walk_changes(
        self, platform: Live, source: Source, state: store.Progress, since: int
    ) -> None:
        """What was changed since then, the latest first: what moves meanwhile is met next time."""
        if state.changes == store.END:
            return
        for page in self.budget.until_halted(platform.changed(source, state.changes, since)):
            changes = store.END if page.cursor is None else page.cursor
            self.take(page, source, state, changes=changes)

    def take(
        self,
        page: Page,
        source: Source,
        state: store.Progress,
        *,
        cursor: str | None = None,
        changes: str | None = None,
        row: int | None = None,
    ) -> int:
        """Store a page of a source, with its new cursor or that of a ``row`` of the frontier.

        Returns how many models this pass had not met before.
        """
        connection = self.intake.connection
        fresh = 0

        def advance(nodes: Sequence[int]) -> None:
            nonlocal fresh
            onward = None if cursor is None else page.onward
            fresh = store.advance(
                connection, state.id, nodes=nodes, cursor=cursor, changes=changes, onward=onward
            )
            if row is not None:
                store.extend_frontier(connection, state.id, nodes)
                store.advance_frontier(connection, row, page.cursor)

        if state.since is not None:  # a sweep forgot all of them when it began
            with transaction(connection):
                for ref in (*page.missing, *(record.model.ref for record in page.records)):
                    forget_gaps(connection, ref, source.text)

        self.intake.take(page, source.text, advance)
        self.progress.update(listed=self.progress.listed + fresh)
        return fresh

    def reached(self, listed: int) -> bool:
        """Whether so many models are as many as were asked for."""
        return self.limit is not None and listed >= self.limit

    def cut(self, page: Page, listed: int) -> Page:
        """A page never brings more models than the limit leaves."""
        most = len(page.records) if self.limit is None else max(self.limit - listed, 0)
        if len(page.records) <= most:
            return page
        return replace(
            page, records=page.records[:most], received=page.received[:most], onward=None
        )

    def note_rest(self, source: Source, number: int, why: str) -> None:
        """What was not listed, and why."""
        left = store.frontier_size(self.intake.connection, number)
        what = f"declared children of {left} models were" if left else "the rest was"
        self.note(source, left or 1, f"{what} not asked for: {why}")

    def note(self, source: Source, count: int, detail: str) -> None:
        """Keep it as a gap that so many models were not asked for."""
        gap = Gap(reason=GapReason.OUT_OF_BUDGET, detail=detail, count=count)
        self.intake.take(Page(gaps=(gap,)), source.text)
