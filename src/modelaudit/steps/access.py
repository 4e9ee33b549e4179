"""Opening the weight files that a run may read: watched, counted, and stopped with the run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from modelaudit.crawl.platform import Platform
from modelaudit.domain import refs
from modelaudit.domain.model import Gap, Page
from modelaudit.domain.progress import Progress
from modelaudit.domain.reader import ReadError
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.words import GapReason
from modelaudit.steps.budget import Budget
from modelaudit.steps.counting import Tally
from modelaudit.steps.heads import LOCAL, file_url, is_served
from modelaudit.steps.intake import DETAILS, Intake
from modelaudit.steps.targets import Target
from modelaudit.store import runs
from modelaudit.store.candidates import forget_gaps
from modelaudit.store.db import transaction
from modelaudit.store.weighed import Unweighed

WEIGHTS = f"{DETAILS} of weights"
"""What gaps of weights are filed under: they stay until the file is read again."""


@dataclass(slots=True)
class Access:
    """The weight files of one run."""

    platforms: Mapping[str, Platform]
    intake: Intake
    progress: Progress
    budget: Budget
    run: runs.OpenRun
    live: frozenset[str]
    """Platforms whose files count: those that may be asked, or all of a catalogue."""
    silent: dict[str, str] = field(default_factory=dict)
    """Platforms that ended the work before its time, and why: they are not asked again."""
    tally: Tally = field(init=False)

    def __post_init__(self) -> None:
        self.tally = Tally(lambda: self.budget.halted)

    def ended(self, *, local: bool) -> str:
        """Why nothing more is read; empty while it is."""
        return self.budget.halted if local else self.budget.no_reading

    def among(self, *, local: bool) -> frozenset[str]:
        """The platforms meant: those at hand, or the others."""
        return LOCAL if local else self.live

    def target(self, item: Unweighed) -> Target:
        """A model's file or shards, not yet opened; raises ``ReadError``."""
        platform = self.platforms[refs.platform(item.model)]
        if not is_served(self.intake.connection, item.unread):
            raise ReadError(
                "the platform serves one of several files of its size", GapReason.INCONCLUSIVE
            )
        sizes = dict(zip(item.paths, item.sizes, strict=True))
        return Target(
            name=f"{item.model} {item.path}",
            model=item.model,
            paths=item.paths,
            open=self.tally.through(
                lambda path: platform.open(item.model, item.revision, path, sizes[path])
            ),
            source=file_url(item.unread),
            sha256=item.sha256,
            local=refs.platform(item.model) in LOCAL,
        )

    def account(self, *, local: bool, weights_read: int = 0) -> None:
        """Spend what was read since the last time, whatever came of it."""
        read, self.tally.bytes = self.tally.bytes, 0
        if not local:
            self.budget.spend(requests=0, read=read)
        with transaction(self.intake.connection):
            runs.count(
                self.intake.connection, self.run.seq, weights_read=weights_read, bytes_read=read
            )

    def forget(self, model: ModelRef, path: str) -> None:
        """Drop what an earlier attempt could not read: it is tried again."""
        with transaction(self.intake.connection):
            forget_gaps(self.intake.connection, model, WEIGHTS, path)

    def refused(self, model: ModelRef, path: str, error: ReadError, what: str = "") -> None:
        """Say why a file could not be read; a platform that puts us off is not asked again."""
        if self.budget.halted:
            return  # an answer that a stop cut off says nothing of the file
        gap = Gap(reason=error.reason, detail=f"{what}{error}", model=model, file=path)
        self.intake.take(Page(gaps=(gap,)), WEIGHTS)
        if error.reason is GapReason.RATE_LIMITED:
            self.give_up(refs.platform(model), str(error))

    def give_up(self, platform: str, why: str) -> None:
        """Ask a platform no more."""
        self.progress.watcher.say(f"{platform} – {why}")
        self.silent[platform] = why
