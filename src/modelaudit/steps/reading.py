"""Reading candidates: the pages of single models, as far as the budget goes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from modelaudit.crawl.platform import Platform
from modelaudit.domain import refs
from modelaudit.domain.errors import CredentialsError, IncompleteError, PlatformError
from modelaudit.domain.model import Gap, Page
from modelaudit.domain.progress import Progress
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.words import GapReason, Trait
from modelaudit.resolve.candidates import Candidate, Why, choose
from modelaudit.steps.budget import Budget
from modelaudit.steps.intake import DETAILS, Intake
from modelaudit.store import candidates as store
from modelaudit.store import runs
from modelaudit.store.db import transaction

_MOST = 100_000
"""Candidates drawn for one reason at once: more than a day's calls, and little memory."""


@dataclass(slots=True)
class Reading:
    """Reads candidates of one run within its budget."""

    platforms: Mapping[str, Platform]
    intake: Intake
    progress: Progress
    budget: Budget
    run: runs.OpenRun
    live: frozenset[str]
    """Platforms that may be asked: those of this run's sources."""
    narrow: Sequence[str]
    """Sources that name a model or a publisher: all that they hold is worth a look."""
    weights: bool = False
    """Weights are compared: the listed models' own, and those of all that names no parent."""
    silent: dict[str, str] = field(default_factory=dict)
    """Platforms that ended the work before its time, and why: they are not asked again."""
    _met: set[ModelRef] = field(default_factory=set)

    def candidates(self) -> list[ModelRef]:
        """Models worth calls of their own now, most telling first."""
        connection = self.intake.connection
        series, started = self.run.series, self.run.run.started
        found = [
            *_of(Why.LIVE_FINDING, store.live_findings(connection, series, started, _MOST)),
            *_of(Why.DESCENDANT, store.descendants(connection, _MOST)),
            *_of(Why.NAMED_PARENT, store.named_parents(connection, _MOST)),
            *_of(Why.NO_PARENT, store.without_parent(connection, _MOST)),
            *_of(Why.LIKE_A_ROOT, store.like_a_root(connection, _MOST)),
            *_of(Why.NAMED_SOURCE, store.of_sources(connection, self.narrow, _MOST)),
            *_of(Why.PUBLISHER, store.of_publishers_with_findings(connection, series, _MOST)),
        ]
        if self.weights:
            silent = store.without_parent(connection, _MOST, traits=Trait.WEIGHTS)
            found += [
                *_of(Why.LISTED, store.listed(connection, _MOST)), *_of(Why.SILENT, silent)
            ]  # fmt: skip
        return choose(
            c for c in found if refs.platform(c.ref) in self.live and c.ref not in self._met
        )

    def read(self, candidates: Sequence[ModelRef]) -> int:
        """Ask for each, as far as the budget goes; returns how many claims that changed."""
        askable = [ref for ref in candidates if refs.platform(ref) not in self.silent]
        chosen = self.budget.afford(askable)
        self.progress.update(step="resolve", expected=len(chosen), done=0)
        changed = 0
        for name in sorted(self.live - self.silent.keys()):
            wanted = [ref for ref in chosen if refs.platform(ref) == name]
            try:
                for page in self.budget.until_halted(self.platforms[name].details(wanted)):
                    changed += self._take(page)
            except (IncompleteError, CredentialsError) as error:
                self._give_up(name, error)
            else:
                self._met.update(wanted)
        self.progress.update(expected=None)
        return changed

    def note_unread(self) -> None:
        """One row with a count for all that stays unread, for each reason."""
        unread = Counter(
            self.silent.get(refs.platform(ref)) or self.budget.no_calls for ref in self.candidates()
        )
        del unread[""]
        self._note(unread, "candidates were not read beyond their listing")

    def _note(self, unread: Counter[str], what: str) -> None:
        gaps = tuple(
            Gap(reason=GapReason.OUT_OF_BUDGET, detail=f"{left} {what}: {why}", count=left)
            for why, left in unread.items()
        )
        if gaps:
            self.intake.take(Page(gaps=gaps), self.run.run.sources[0])

    def _give_up(self, name: str, error: PlatformError) -> None:
        self.progress.watcher.say(f"{name} – {error}")
        self.silent[name] = str(error)

    def _take(self, page: Page) -> int:
        connection = self.intake.connection
        with transaction(connection):
            for ref in (*page.missing, *(record.model.ref for record in page.records)):
                store.forget_gaps(connection, ref, DETAILS)
        self.progress.update(done=self.progress.done + 1)
        return self.intake.take(page, DETAILS).claims


def _of(why: Why, rows: Iterator[tuple[ModelRef, int]]) -> Iterator[Candidate]:
    return (Candidate(ref, why, downloads) for ref, downloads in rows)
