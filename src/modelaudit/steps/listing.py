"""Listing sources to their end, or as far as limits and platforms allow; always resumable."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from modelaudit.crawl.platform import Platform, Source
from modelaudit.crawl.registry import LIVE
from modelaudit.domain import refs
from modelaudit.domain.entry import Blocklist
from modelaudit.domain.errors import CredentialsError, IncompleteError, UsageError
from modelaudit.domain.model import Gap, Page
from modelaudit.domain.progress import Progress
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.words import GapReason
from modelaudit.steps.budget import Budget
from modelaudit.steps.intake import Intake
from modelaudit.store import sources as store
from modelaudit.store.db import transaction

DETAILS = "details"
"""What gaps of per-model calls are filed under."""

ANCESTORS = 20
"""How far a narrow source's parents are fetched upwards, as context."""


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
                hint="name a source on hf: or civitai:, or a recorded catalogue:",
            )
        platform = self.platforms[source.platform]
        connection = self.intake.connection
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
            return False
        with transaction(connection):
            store.finish(connection, state.id, now=self.intake.now)
        return True

    def _walk(self, platform: Platform, source: Source, state: store.Progress) -> bool:
        """Page after page; ``False`` when ``limit`` ended it."""
        listed = state.listed
        for page in platform.list(source, state.cursor):
            listed += self._take(page, source, state.id, listed)
            if self._reached(listed) and page.cursor is not None:
                self._note(source, 1, f"the source was listed up to --limit {self.limit}")
                return False
            if self.budget.stopped:
                raise IncompleteError(self.budget.stopped)
        return True

    def _take(
        self, page: Page, source: Source, number: int, listed: int, row: int | None = None
    ) -> int:
        """Store a page of a source; returns how many models the sweep had not met before."""
        connection = self.intake.connection
        fresh = 0

        def advance(nodes: Sequence[int]) -> None:
            nonlocal fresh
            cursor = page.cursor if row is None else None
            fresh = store.advance(connection, number, cursor=cursor, nodes=nodes)
            if row is not None:
                store.extend_frontier(connection, number, nodes)
                store.advance_frontier(connection, row, page.cursor)

        most = None if self.limit is None else self.limit - listed
        self.intake.take(_cut(page, most), source.text, advance)
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
        if not state.under_way:
            roots = [*_aliases(refs.hf(source.value), lists)]
            with transaction(connection):
                ids = self.intake.name(roots)
                store.extend_frontier(connection, state.id, [ids[root] for root in roots])
            for page in platform.details(roots):
                listed += self._take(_without_gaps(page), source, state.id, listed)
        while (item := store.next_in_frontier(connection, state.id)) is not None:
            row, parent, cursor = item
            why = f"--limit {self.limit}" if self._reached(listed) else self.budget.reason
            if why:
                left = store.frontier_size(connection, state.id)
                detail = f"declared children of {left} models were not asked for ({why})"
                self._note(source, left, detail)
                if self._reached(listed):
                    return False
                raise IncompleteError(why)
            for page in platform.children(parent, cursor):
                listed += self._take(page, source, state.id, listed, row)
                self.budget.spend()
                if self._reached(listed) or self.budget.over():
                    break
        return True

    def _reached(self, listed: int) -> bool:
        return self.limit is not None and listed >= self.limit

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
        for page in platform.by_digest(digests) if digests else ():
            self._take(page, source, number, 0)

    def _probe_unseen(self, platform: Platform, source: Source, number: int) -> None:
        """What a whole sweep did not meet is asked for by its own address."""
        connection = self.intake.connection
        vanished = store.unseen(connection, number)
        if source.platform == "catalogue":
            with transaction(connection):
                store.forget_unseen(connection, number)
        elif vanished:
            for page in platform.details(vanished):
                self.intake.take(page, DETAILS)
                self.budget.spend()
                if self.budget.over():
                    break


def fetch_ancestors(lister: Lister, sources: Sequence[Source]) -> None:
    """Read the parents of narrow sources upwards, so that their paths are complete.

    They are context: in paths, not in coverage or findings.
    """
    narrow = [s.text for s in sources if s.kind in ("model", "author")]
    if not narrow:
        return
    connection = lister.intake.connection
    for _ in range(ANCESTORS):
        parents = [ref for ref in _unseen_parents(connection, narrow) if refs.platform(ref) in LIVE]
        if not parents or lister.budget.over():
            return
        for name, platform in lister.platforms.items():
            wanted = [ref for ref in parents if refs.platform(ref) == name]
            try:
                for page in platform.details(wanted) if wanted else ():
                    lister.intake.take(page, DETAILS)
                    lister.budget.spend()
            except (IncompleteError, CredentialsError) as error:
                lister.progress.watcher.say(f"{name} – {error}")
                return


def _unseen_parents(connection: sqlite3.Connection, texts: Sequence[str]) -> Iterator[ModelRef]:
    """Parents, never asked for, of all that these sources' models descend from."""
    marks = ",".join("?" * len(texts))
    rows = connection.execute(
        "WITH RECURSIVE up(node) AS ("
        " SELECT m.node FROM member AS m JOIN source AS s ON s.id = m.source"
        f" WHERE s.text IN ({marks})"
        " UNION SELECT c.parent FROM claim AS c JOIN up ON c.child = up.node)"
        " SELECT n.ref FROM up JOIN node AS n ON n.id = up.node"
        "  WHERE n.status = 0 AND n.detailed IS NULL AND n.same IS NULL ORDER BY n.ref",
        list(texts),
    )
    for (ref,) in rows.fetchall():
        yield ModelRef(ref)


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


def _cut(page: Page, most: int | None) -> Page:
    """A page never brings more models than the limit leaves."""
    if most is None or len(page.records) <= most:
        return page
    return replace(page, records=page.records[:most], received=page.received[:most])
