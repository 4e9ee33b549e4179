"""Reading the heads of weight files: of a folder all, of a platform as far as the budget goes."""

from __future__ import annotations

import hashlib
import sqlite3
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

import msgspec

from modelaudit.crawl import heads
from modelaudit.crawl.platform import Platform
from modelaudit.domain import refs
from modelaudit.domain.errors import CredentialsError
from modelaudit.domain.model import Gap, Page
from modelaudit.domain.progress import Progress
from modelaudit.domain.reader import ReadError
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.weights import Head
from modelaudit.domain.words import GapReason
from modelaudit.steps.budget import Budget
from modelaudit.steps.counting import Counting
from modelaudit.steps.inspecting import inspect
from modelaudit.steps.intake import DETAILS, Intake
from modelaudit.store import heads as store
from modelaudit.store import runs
from modelaudit.store.candidates import forget_gaps
from modelaudit.store.db import transaction

_MOST = 100_000
"""Files drawn at once: more than a day's reads, and little memory."""

HEADS = f"{DETAILS} of heads"
"""What gaps of weight files are filed under: they stay until the file is read again."""

LOCAL = frozenset({"folder"})
"""Platforms whose files are at hand."""

_ONE_A_MODEL = frozenset({"civitai"})
"""Platforms that serve one file of a model, whichever is asked for; its size tells which."""

_NOT_KEPT = "the catalogue does not hold them"

_LASTING = frozenset({GapReason.TOO_LARGE, GapReason.PICKLE_REFUSED})
"""Refusals that another night would meet again."""


@dataclass(slots=True)
class Heads:
    """Reads the heads of weight files in scope, each content once."""

    platforms: Mapping[str, Platform]
    intake: Intake
    progress: Progress
    budget: Budget
    run: runs.OpenRun
    live: frozenset[str]
    """Platforms whose files count: those that may be asked, or all of a catalogue."""
    silent: dict[str, str] = field(default_factory=dict)
    """Platforms that ended the work before its time, and why: they are not asked again."""
    _failed: set[tuple[ModelRef, str]] = field(default_factory=set)

    def read(self, *, local: bool) -> int:
        """Read what was not read, of folders (``local``) or of platforms.

        Returns how many claims that changed.
        """
        asked, endings = self._wanted(local=local)
        changed = 0
        while batch := self._batch(asked, endings):
            for item in batch:
                if self.budget.halted or (self.budget.no_reading and not local):
                    return changed
                name = refs.platform(item.model)
                if name in self.silent:
                    self._failed.add((item.model, item.path))
                    continue
                self.progress.update(step="resolve", subject=f"{item.model} {item.path}")
                try:
                    changed += self._one(item, local=local)
                except CredentialsError as error:
                    self._give_up(name, str(error))
                    self._failed.add((item.model, item.path))
        return changed

    def note_unread(self, *, local: bool) -> None:
        """What stays unread, and why: one row for each reason, with a count."""
        asked, endings = self._wanted(local=local)
        left, others = store.count_unread(self.intake.connection, platforms=asked, endings=endings)
        gaps = []
        left -= len(self._failed)  # each has a gap of its own, or is one of a silent platform
        unread = Counter(
            self.silent[name]
            for name in map(refs.platform, (ref for ref, _ in self._failed))
            if name in self.silent
        )
        if left > 0:
            unread[self.budget.halted or self.budget.no_reading or _NOT_KEPT] += left
        for why, count in unread.items():
            detail = f"{count} file headers were not read: {why}"
            gaps.append(Gap(reason=GapReason.OUT_OF_BUDGET, detail=detail, count=count))
        if others:
            detail = f"{others} weight files are of formats whose headers are not read"
            gaps.append(Gap(reason=GapReason.INCONCLUSIVE, detail=detail, count=others))
        if gaps:
            self.intake.take(Page(gaps=tuple(gaps)), self.run.run.sources[0])

    def _wanted(self, *, local: bool) -> tuple[Collection[str], Collection[str]]:
        """The platforms whose files are read, and how the names of those files end."""
        from modelaudit.resolve.formats import suffixes

        # a local file has digests, whatever it is
        return (LOCAL, ()) if local else (self.live, suffixes())

    def _batch(self, platforms: Collection[str], endings: Collection[str]) -> list[store.Unread]:
        found = store.unread(
            self.intake.connection,
            _MOST + len(self._failed),
            platforms=platforms,
            endings=endings,
        )
        return [item for item in found if (item.model, item.path) not in self._failed]

    def _one(self, item: store.Unread, *, local: bool) -> int:
        connection = self.intake.connection
        source = file_url(item)
        key = item.sha256 or _key(source, item)
        with transaction(connection):
            forget_gaps(connection, item.model, HEADS, item.path)
        stored = store.body(connection, key) if key else None
        if stored is not None:
            head = heads.from_body(stored, item.model, item.path, source=source, at=self.intake.now)
            return self.intake.take(_page(head, local=local), HEADS).claims
        name = refs.platform(item.model)
        if not is_served(connection, item):
            detail = "the platform serves one of several files of its size"
            self._refused(item, ReadError(detail, GapReason.INCONCLUSIVE))
            return 0
        read = 0
        try:
            opened = self.platforms[name].open(item.model, item.revision, item.path, item.size)
            with Counting(opened) as reader:
                try:
                    found = inspect(
                        reader, item.model, item.path,
                        at=self.intake.now, source=source, sha256=item.sha256, whole=local,
                    )  # fmt: skip
                finally:
                    read = reader.bytes
        except ReadError as error:
            if not self.budget.halted:  # an answer that a stop cut off says nothing of the file
                self._refused(item, error)
            self._count(0, read, local=local)
            return 0
        head = replace(found.head, key=None if found.head.digests.sha256 else key)
        changed = self.intake.take(_page(head, local=local), HEADS).claims
        self._count(int(found.header is not None), read, local=local)
        return changed

    def _give_up(self, platform: str, why: str) -> None:
        self.progress.watcher.say(f"{platform} – {why}")
        self.silent[platform] = why

    def _refused(self, item: store.Unread, error: ReadError) -> None:
        gap = Gap(reason=error.reason, detail=str(error), model=item.model, file=item.path)
        self.intake.take(Page(gaps=(gap,)), HEADS)
        if error.reason is GapReason.RATE_LIMITED:
            self._give_up(refs.platform(item.model), str(error))
        if error.reason not in _LASTING:
            self._failed.add((item.model, item.path))
            return
        with transaction(self.intake.connection):
            store.note_asked(self.intake.connection, item.model, item.path, self.intake.now)

    def _count(self, headers_read: int, read: int, *, local: bool) -> None:
        if not local:
            self.budget.spend(requests=0, read=read)
        with transaction(self.intake.connection):
            runs.count(
                self.intake.connection, self.run.seq, headers_read=headers_read, bytes_read=read
            )


def _page(head: Head, *, local: bool) -> Page:
    """What a file says, by way of the line that the archive keeps: a replay gives the same."""
    if local:
        return heads.page(head)
    line = heads.received(head)
    page = heads.replay(msgspec.json.encode(line.record), head.observed, line.platform)
    return replace(page, received=(line,))


def _key(source: str | None, item: store.Unread) -> str | None:
    """What stands for a file whose digest nobody tells: its address, etag and size."""
    if item.etag is None or refs.platform(item.model) == "folder":
        return None
    told = f"{source}\n{item.etag}\n{item.size}"
    return hashlib.sha256(told.encode("utf-8", "replace")).hexdigest()


def is_served(connection: sqlite3.Connection, item: store.Unread) -> bool:
    """Whether the file is the one that its platform would serve."""
    one = refs.platform(item.model) in _ONE_A_MODEL
    return not one or store.is_one_of_a_size(connection, item)


def file_url(item: store.Unread) -> str | None:
    """The public address of a file; ``None`` for a local one."""
    page = refs.page_url(item.model)
    if item.model.startswith("hf:") and page:
        return f"{page}/resolve/{item.revision or 'main'}/{item.path}"
    return page
