"""An old report against the lists of today: which of its findings no longer stand. Pure.

Only lists are looked at. What the claims of a finding allow under an entry is worked out anew by
the verdict rule; it is the most that the finding can be, for a report does not tell everything
that an audit sees.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from modelaudit.check import ends
from modelaudit.check.match import compile_lists
from modelaudit.check.verdict import Cap, edge_cap, lowest, path_cap
from modelaudit.domain import refs
from modelaudit.domain.edge import Edge, Flag
from modelaudit.domain.entry import Blocklist, Entry, EntryStatus, FileConfidence, Match
from modelaudit.domain.finding import ListUsed
from modelaudit.domain.recheck import Fallen, OldFinding, OldReport
from modelaudit.domain.words import Grade, Relation, Verdict


def list_changes(used: Sequence[ListUsed], today: Sequence[Blocklist]) -> Iterator[tuple[str, str]]:
    """(list, what became of it) for each that the report used."""
    now = {one.id: one for one in today}
    for old in used:
        new = now.get(old.id)
        if new is None:
            heir = next((one.id for one in today if old.id in one.supersedes), None)
            yield old.id, f"superseded by {heir}" if heir else "not given"
        elif new.sha256 == old.sha256:
            yield old.id, "the same"
        elif new.version != old.version:
            yield old.id, f"{old.version} → {new.version}"
        else:
            yield old.id, f"sha256 {old.sha256[:12]} → sha256 {new.sha256[:12]}"


def recheck(report: OldReport, lists: Sequence[Blocklist], today: str) -> Iterator[Fallen]:
    """The findings that no longer stand as they were, in the report's order.

    ``today``, ``YYYY-MM-DD``, is the day by which rules of the lists expire.
    """
    known = {*(one.id for one in lists), *(old for one in lists for old in one.supersedes)}
    missing = [used.id for used in report.lists if used.id not in known]
    rules = _Rules(
        entries={entry.id: entry for one in lists for entry in one.entries},
        private=frozenset(e.id for one in lists if one.private for e in one.entries),
        allowed=frozenset(map(refs.key, compile_lists(lists, today).allowed)),
        standard=report.standard,
        today=today,
    )
    read = {used.sha256 for used in report.lists}
    same = {entry.id for one in lists if one.sha256 in read for entry in one.entries}
    for finding in report.findings:
        if finding.entry in rules.entries:
            cap = rules.most(finding)
            if cap.verdict < finding.verdict:
                yield Fallen(finding=finding, now=cap.verdict, why=cap.reason)
            elif finding.entry not in same and (why := rules.doubt(finding)):
                yield Fallen(finding=finding, now=None, why=why)
        elif missing:
            why = f"no list that was given has the entry; not given: {', '.join(missing)}"
            yield Fallen(finding=finding, now=None, why=why)
        else:
            yield Fallen(finding=finding, now=Verdict.NONE, why="the entry is gone from its list")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rules:
    """What is listed today."""

    entries: dict[str, Entry]
    private: frozenset[str]
    allowed: frozenset[str]
    standard: Grade
    today: str

    def most(self, finding: OldFinding) -> Cap:
        """The most that a finding can be, and why."""
        entry = self.entries[finding.entry]
        caps = [*self._ending(finding, entry), *self._excepted(finding, entry)]
        if self._shielded(finding):
            caps.append(Cap(Verdict.NONE, "the path leads through a model on an allow list"))
        edges = tuple(self._edges(finding, entry))
        caps.append(path_cap(entry, edges, self.standard, listed=finding.grade))
        if entry.status is EntryStatus.WITHDRAWN:
            caps.insert(0, Cap(Verdict.NONE, self._withdrawn(entry)))
        return lowest(caps)

    def _withdrawn(self, entry: Entry) -> str:
        told = entry.withdrawn
        if told is None:
            return "withdrawn"
        why = "" if entry.id in self.private else f": {told.reason}"
        return f"withdrawn on {told.date}{why}"

    def _ending(self, finding: OldFinding, entry: Entry) -> Iterator[Cap]:
        """What the path ends at may not be listed any more, or as less."""
        kind = ends.unlisted(entry, finding)
        if kind and not (kind == "sketches" and entry.id in self.private):
            yield Cap(Verdict.NONE, f"the entry does not list the {kind} any more")
        if ends.part_only(entry, finding):
            yield Cap(Verdict.NOTE, "the digest is now that of a part that does not count")

    def doubt(self, finding: OldFinding) -> str:
        """Why nothing can be said without a person who looks; empty where it can."""
        if not ends.unnamed(self.entries[finding.entry], finding):
            return ""
        end = finding.path[-1]
        return f"the entry does not name {end} today: is it another name of what it lists?"

    def _excepted(self, finding: OldFinding, entry: Entry) -> Iterator[Cap]:
        for exception in entry.exceptions:
            if self.today < exception.expires and _names(exception.match, finding):
                reason = f"exception until {exception.expires}"
                if entry.id not in self.private:
                    reason += f": {exception.reason}"
                yield Cap(exception.effect, reason)

    def _shielded(self, finding: OldFinding) -> bool:
        return any(self._allows(ref) for ref in finding.path[1:-1])

    def _allows(self, ref: str) -> bool:
        key = refs.key(ref)
        page = key.partition("@")[0] if key.startswith("civitai:") else key
        return key in self.allowed or page in self.allowed

    def _edges(self, finding: OldFinding, entry: Entry) -> Iterator[Edge]:
        """Per hop the edge that allows most, of those that its claims tell of."""
        children = {refs.key(ref): hop for hop, ref in enumerate(finding.path[:-1])}
        last = len(finding.path) - 2
        hops: list[list[Edge]] = [[] for _ in finding.path[:-1]]
        for claim in finding.claims if hops else ():
            hop = children.get(refs.key(claim.child), last)
            if claim.relation is not Relation.LISTED:
                hops[hop].append(
                    Edge(claim.relation, claim.grade, self._flags(finding, entry, hop))
                )
        for hop, edges in enumerate(hops):
            if hop == 0:
                own = [edge for edge in edges if edge.relation is finding.relation]
                flags = self._flags(finding, entry, 0)
                edges = own or [Edge(finding.relation, finding.grade, flags)]
            if edges:
                yield max(edges, key=lambda edge: edge_cap(edge, entry, self.standard).verdict)

    def _flags(self, finding: OldFinding, entry: Entry, hop: int) -> Flag:
        flags = Flag.ALLOWED if self._allows(finding.path[hop]) else Flag.NONE
        if hop == len(finding.path) - 2 and any(
            refs.sha256(file.sha256) == finding.path[-1]
            and file.confidence is FileConfidence.SINGLE_SOURCE
            for file in entry.match.files
        ):
            flags |= Flag.SINGLE_SOURCE
        return flags


def _names(match: Match, finding: OldFinding) -> bool:
    """Whether an exception names the model, or every file of it that matched."""
    key = refs.key(finding.model)
    page = key.partition("@")[0] if key.startswith("civitai:") else key
    named = {refs.key(ref) for ref in (*match.models, *match.rehosts)}
    matched = {*finding.files}
    return bool({key, page} & named) or (
        bool(matched) and matched <= {file.sha256 for file in match.files}
    )
