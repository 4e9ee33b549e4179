"""Listing sources to their end, or as far as limits and platforms allow; always resumable."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from modelaudit.crawl.folder import Folder
from modelaudit.crawl.platform import Platform, Source
from modelaudit.domain import refs
from modelaudit.domain.entry import Blocklist
from modelaudit.domain.errors import IncompleteError, UsageError
from modelaudit.domain.model import Gap, Page
from modelaudit.domain.progress import Progress
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.words import GapReason
from modelaudit.steps.budget import Budget
from modelaudit.steps.intake import Intake
from modelaudit.store import sources as store
from modelaudit.store.db import transaction
from modelaudit.store.files import settle_folder
from modelaudit.store.identity import name

DETAILS = "details"
"""What gaps of per-model calls are filed under."""

_WALK = "walk"
"""The cursor of a walk over descendants whose roots are known; the frontier holds the rest."""


@dataclass(slots=True)
class Lister:
    """Lists sources through their platforms into the catalogue."""

    platforms: Mapping[str, Platform]
    intake: Intake
    progress: Progress
    budget: Budget
    limit: int | None = None
    """Models per source."""

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
            state = store.open_source(connection, source.text, now=self.intake.now)
        self.progress.update(step="crawl", subject=source.text, listed=state.listed)
        try:
            if source.kind == "descendants":
                whole = self._descend(platform, source, state, lists)
            else:
                whole = self._walk(platform, source, state)
            if whole and source.kind == "all":
                self._find_listed_files(platform, source, state.id, lists)
            if whole:
                self._probe_unseen(platform, source, state.id)
        except IncompleteError as error:
            self.progress.watcher.say(f"{source.text} – {error}")
            self._note_rest(source, state.id, str(error))
            return False
        with transaction(connection):
            store.finish(connection, state.id, now=self.intake.now)
        return True

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
        if not self._reached(listed):
            for page in self.budget.until_halted(platform.list(source, state.cursor)):
                cursor = store.END if page.cursor is None else page.cursor
                taken = self._cut(page, listed)
                listed += self._take(taken, source, state.id, cursor=cursor)
                if self._reached(listed) and (cursor != store.END or taken is not page):
                    break
            else:
                return True
        self._note_rest(source, state.id, f"--limit {self.limit}")
        return False

    def _take(
        self,
        page: Page,
        source: Source,
        number: int,
        *,
        cursor: str | None = None,
        row: int | None = None,
    ) -> int:
        """Store a page of a source, with its new ``cursor`` or that of a ``row`` of the frontier.

        Returns how many models the sweep had not met before.
        """
        connection = self.intake.connection
        fresh = 0

        def advance(nodes: Sequence[int]) -> None:
            nonlocal fresh
            fresh = store.advance(connection, number, cursor=cursor, nodes=nodes)
            if row is not None:
                store.extend_frontier(connection, number, nodes)
                store.advance_frontier(connection, row, page.cursor)

        self.intake.take(page, source.text, advance)
        self.progress.update(listed=self.progress.listed + fresh)
        return fresh

    def _descend(
        self,
        platform: Platform,
        source: Source,
        state: store.Progress,
        lists: Sequence[Blocklist],
    ) -> bool:
        """Breadth first over declared children; each model is asked for once."""
        connection = self.intake.connection
        listed = state.listed
        if state.cursor is None:
            roots = [*_aliases(refs.hf(source.value), lists)]
            with transaction(connection):
                ids = name(connection, roots)
                store.extend_frontier(connection, state.id, [ids[root] for root in roots])
            for page in self.budget.until_halted(platform.details(roots)):
                listed += self._take(self._cut(_without_gaps(page), listed), source, state.id)
            with transaction(connection):
                store.advance(connection, state.id, cursor=_WALK, nodes=())
        while (item := store.next_in_frontier(connection, state.id)) is not None:
            row, parent, cursor = item
            if self._reached(listed):
                self._note_rest(source, state.id, f"--limit {self.limit}")
                return False
            if self.budget.no_calls:
                raise IncompleteError(self.budget.no_calls)
            try:
                for page in platform.children(parent, cursor):
                    listed += self._take(self._cut(page, listed), source, state.id, row=row)
                    self.budget.spend()
                    if self._reached(listed) or self.budget.no_calls:
                        break
            except IncompleteError:
                with transaction(connection):
                    store.postpone(connection, row)
                raise
        return True

    def _reached(self, listed: int) -> bool:
        return self.limit is not None and listed >= self.limit

    def _cut(self, page: Page, listed: int) -> Page:
        """A page never brings more models than the limit leaves."""
        most = len(page.records) if self.limit is None else max(self.limit - listed, 0)
        if len(page.records) <= most:
            return page
        return replace(page, records=page.records[:most], received=page.received[:most])

    def _note_rest(self, source: Source, number: int, why: str) -> None:
        """What was not listed, and why."""
        left = store.frontier_size(self.intake.connection, number)
        what = f"declared children of {left} models were" if left else "the rest was"
        self._note(source, left or 1, f"{what} not asked for: {why}")

    def _note(self, source: Source, count: int, detail: str) -> None:
        gap = Gap(reason=GapReason.OUT_OF_BUDGET, detail=detail, count=count)
        self.intake.take(Page(gaps=(gap,)), source.text)

    def _find_listed_files(
        self, platform: Platform, source: Source, number: int, lists: Sequence[Blocklist]
    ) -> None:
        """Ask for listed digests by name: platforms hide models from lists, not from look-ups."""
        digests = sorted(
            {
                file.sha256
                for blocklist in lists
                for entry in blocklist.entries
                for file in entry.match.files
            }
        )
        pages = self.budget.until_halted(platform.by_digest(digests) if digests else ())
        while not self.budget.no_calls:
            page = next(pages, None)
            if page is None:
                return
            self._take(page, source, number)
            self.budget.spend()
        self._note(source, 1, f"not every listed file was looked up: {self.budget.no_calls}")

    def _probe_unseen(self, platform: Platform, source: Source, number: int) -> None:
        """What a whole sweep did not meet is asked for by its own address."""
        connection = self.intake.connection
        vanished = store.unseen(connection, number)
        if source.platform == "catalogue":
            with transaction(connection):
                store.forget_unseen(connection, number)
            return
        asked = self.budget.afford(vanished)
        for page in self.budget.until_halted(platform.details(asked)):
            self.intake.take(page, DETAILS)
        if left := len(vanished) - len(asked):
            why = self.budget.no_calls
            self._note(source, left, f"{left} models that the list dropped were not sought: {why}")


def _aliases(root: ModelRef, lists: Sequence[Blocklist]) -> Iterator[ModelRef]:
    """The root, and every model and re-host of the entries that list it."""
    yield root
    seen = {refs.key(root)}
    for blocklist in lists:
        for entry in blocklist.entries:
            listed = (*entry.match.models, *entry.match.rehosts)
            if refs.key(root) not in {refs.key(ref) for ref in listed}:
                continue
            for ref in listed:
                if ref.startswith("hf:") and refs.key(ref) not in seen:
                    seen.add(refs.key(ref))
                    yield ref


def _without_gaps(page: Page) -> Page:
    """A page about roots: one that is gone is no gap, its children are what is looked for."""
    return replace(page, gaps=())
