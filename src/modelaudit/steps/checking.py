"""Checking a catalogue against blocklists: graph, closure, verdicts, findings."""

from __future__ import annotations

import sqlite3
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from modelaudit.check import closure
from modelaudit.check.cycles import edges_in_cycles
from modelaudit.check.match import compile_lists
from modelaudit.domain.claim import Conflict
from modelaudit.domain.entry import Blocklist, Entry, EntryStatus
from modelaudit.domain.finding import Finding, ListedEntry
from modelaudit.domain.listing import Listing
from modelaudit.domain.model import Gap
from modelaudit.domain.progress import Progress
from modelaudit.domain.words import GapReason, Grade, Verdict
from modelaudit.steps import conflicting
from modelaudit.steps.evidencing import EXCEPTION, Evidencing
from modelaudit.store import coverage, evidence, graph, runs
from modelaudit.store import findings as store
from modelaudit.store.bodies import conflict_row, finding_row
from modelaudit.store.db import transaction


class Checker:
    """Checks one catalogue by one set of lists, as often as a run needs."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        lists: Sequence[Blocklist],
        standard: Grade,
        sources: Sequence[str],
        progress: Progress,
        *,
        now: int | None = None,
    ) -> None:
        """``now``: the run's clock, by which rules of the lists expire; else this moment's."""
        self._db = connection
        self._lists = lists
        self._listing = compile_lists(lists, _day(time.time() if now is None else now))
        self._standard = standard
        self._sources = sources
        self._progress = progress
        self._found: list[conflicting.Contradiction] = []
        self._excepted: list[tuple[str, int, str]] = []
        self.referenced = frozenset(
            entry.id for entry in self._listing.entries.values() if entry.match.sketches
        )
        """Entries whose weights others can be compared with."""
        self._library = ""

    @property
    def listing(self) -> Listing:
        """The lists, compiled."""
        return self._listing

    def compared_with(self, entries: frozenset[str], library: str) -> None:
        """Weights were compared with references of these entries; ``library`` is their digest."""
        self.referenced, self._library = entries, library

    def reach(self) -> None:
        """Work out who descends from what is listed, into temporary tables."""
        self._progress.update(step="check", subject="lineage")
        with transaction(self._db):
            closure.create_tables(self._db)
            coverage.scope(self._db, self._sources)
            graph.build(self._db, self._listing)
            self._found = list(conflicting.find(self._db, self._listing))
            graph.contradict(self._db, conflicting.weak_edges(self._db, self._found))
            closure.reach_over_everything(self._db, self._listing.entries)
            graph.restore_contradicted(self._db)
            graph.mark_cycles(self._db, edges_in_cycles(graph.inner_edges(self._db)))
            closure.close_over(self._db, self._listing.entries, self._standard)

    def conclude(self, run: runs.OpenRun, *, complete: bool, finished: bool, now: int) -> None:
        """Write findings, conflicts and coverage of the run.

        Only a ``complete`` one, whose sources were listed to their end, makes anything gone but
        what the lists took back. A ``finished`` one is closed; the next audit begins a new one.
        """
        self.reach()
        conflicts = self._conflicts_by_node()
        with transaction(self._db):
            store.write_findings(
                self._db,
                (finding_row(finding, node) for finding, node in self._findings(conflicts, now)),
                series=run.series,
                run=run.seq,
                complete=complete,
                now=now,
                withdrawn=dict(_withdrawn(self._lists)),
                excepted=self._excepted,
                acting={entry.id for entry in self._listing.entries.values()},
            )
            store.write_conflicts(
                self._db,
                (
                    conflict_row(item.conflict, item.node)
                    for item in self._found
                    if evidence.in_scope(self._db, item.node)
                ),
                series=run.series,
                run=run.seq,
            )
            measured = coverage.measure(
                self._db,
                run,
                without_reference=self._without_reference(),
                library=self._library,
                excepted=len(self._excepted),
            )
            if deep := closure.cut_off(self._db):
                detail = f"what descends from them by more than {closure.DEEPEST} steps"
                gap = Gap(reason=GapReason.OUT_OF_BUDGET, detail=detail, count=deep)
                measured = replace(measured, gaps=(*measured.gaps, gap))
            runs.note_coverage(self._db, run.seq, coverage.dumps(measured))
            runs.note_entries(self._db, run.seq, self._entries())
            if finished:
                runs.finish(self._db, run.seq, now=now)

    def _findings(
        self, conflicts: dict[int, list[Conflict]], now: int
    ) -> Iterator[tuple[Finding, int]]:
        assemble = Evidencing(self._db, self._listing, self._standard, conflicts, _day(now))
        self._excepted.clear()
        count = 0
        for entry, node in evidence.listed_in_scope(self._db):
            finding = assemble.listed(entry, node)
            if self._counts(finding, node):
                count += 1
                yield finding, node
        for entry, rank, tier, verdict in evidence.reached_in_scope(self._db):
            finding, node = assemble.descendant(entry, rank, tier, Verdict(verdict))
            if self._counts(finding, node):
                count += 1
                if count % 1000 == 0:
                    self._progress.update(findings=count)
                yield finding, node
        self._progress.update(findings=count)

    def _counts(self, finding: Finding, node: int) -> bool:
        """Whether it is one; what an exception takes out is counted apart."""
        if finding.verdict is Verdict.NONE and finding.decided_by.startswith(EXCEPTION):
            self._excepted.append((finding.entry, node, finding.decided_by))
        return finding.verdict is not Verdict.NONE

    def _conflicts_by_node(self) -> dict[int, list[Conflict]]:
        by_node: defaultdict[int, list[Conflict]] = defaultdict(list)
        for item in sorted(self._found, key=lambda item: _place(item.conflict)):
            by_node[item.node].append(item.conflict)
        return by_node

    def _entries(self) -> list[ListedEntry]:
        private = {entry.id for used in self._lists if used.private for entry in used.entries}
        return [
            ListedEntry(id=entry.id) if entry.id in private else _described(entry)
            for entry in self._listing.entries.values()
        ]

    def _without_reference(self) -> list[str]:
        """Entries that only names and labels can reach: their bytes are not known to anybody."""
        return sorted(
            entry.id
            for entry in self._listing.entries.values()
            if entry.kind == "model" and entry.id not in self.referenced
        )


def _day(now: float) -> str:
    return datetime.fromtimestamp(now, UTC).date().isoformat()


def _withdrawn(lists: Sequence[Blocklist]) -> Iterator[tuple[str, str]]:
    """Entry → why its findings are no more; a private list keeps its reason to itself."""
    for used in lists:
        for entry in used.entries:
            if entry.withdrawn is not None and entry.status is EntryStatus.WITHDRAWN:
                why = "" if used.private else f": {entry.withdrawn.reason}"
                yield entry.id, f"its entry was withdrawn{why}"


def _place(conflict: Conflict) -> tuple[object, ...]:
    """An order that does not depend on the one in which models were crawled."""
    return (conflict.kind, conflict.entry or "", [claim.parent for claim in conflict.claims])


def _described(entry: Entry) -> ListedEntry:
    return ListedEntry(
        id=entry.id,
        title=entry.title,
        claim=" ".join((entry.claim_relation, ", ".join(entry.claim_of))).strip(),
        documentation=entry.documentation.value,
        citations=tuple(
            (citation.url, citation.where or "")
            for citation in entry.evidence
            if "claim" in citation.supports
        ),
    )
