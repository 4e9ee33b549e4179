"""The verdict rule, as pure functions over one path; the reasons are in docs/concepts/verdicts.md.

verdict = min(what the entry allows at all, what each edge of the path allows). An edge allows
what its relation's scope, its grade under the standard of proof, and its flags allow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from modelaudit.domain.edge import Edge, Flag
from modelaudit.domain.entry import Documentation, Entry, EntryStatus
from modelaudit.domain.words import Grade, Relation, Verdict


@dataclass(frozen=True, slots=True)
class Cap:
    """A limit with its reason in words; reasons are printed as ``decided_by``."""

    verdict: Verdict
    reason: str


_DOCUMENTATION = {
    Documentation.DOCUMENTED: Verdict.TAKE_DOWN,
    Documentation.DECLARED: Verdict.REVIEW,
    Documentation.PROBABLE: Verdict.REVIEW,
    Documentation.DISPUTED: Verdict.NOTE,
    Documentation.UNVERIFIED: Verdict.NONE,
}

_FLAGS = (
    (Flag.BACKWARD, Verdict.NOTE, "same bytes, which somebody else uploaded later"),
    (Flag.UNDIRECTED, Verdict.NOTE, "same bytes, but which came first is not known"),
    (Flag.CONFLICT, Verdict.REVIEW, "a stronger claim contradicts this one"),
    (Flag.CYCLE, Verdict.REVIEW, "the claims form a cycle"),
    (Flag.DATE, Verdict.REVIEW, "the parent is more than 30 days younger than the child"),
    (Flag.ALLOWED, Verdict.REVIEW, "the model is on an allow list"),
    (Flag.SINGLE_SOURCE, Verdict.REVIEW, "the listed digest rests on a single source"),
    (Flag.UNDATED, Verdict.REVIEW, "the rule depends on a date that is unknown"),
    (
        Flag.RELATIVE,
        Verdict.REVIEW,
        "the listed model is younger or derived itself: it may be kin",
    ),
    (Flag.WEAK, Verdict.REVIEW, "the weights agree only in part, and nothing else says so"),
)


def entry_cap(entry: Entry) -> Cap:
    """The most that an entry can lead to, whatever the path."""
    caps = [Cap(entry.policy, f"policy of {entry.id} is {entry.policy}")]
    if not entry.acts:
        caps.append(Cap(Verdict.NONE, f"{entry.id} is {entry.status}"))
    elif entry.status is EntryStatus.DISPUTED:
        caps.append(Cap(Verdict.REVIEW, f"{entry.id} is disputed"))
    documented = _DOCUMENTATION[entry.documentation]
    caps.append(Cap(documented, f"the claim of {entry.id} is {entry.documentation}"))
    return lowest(caps)


def grade_cap(grade: Grade, standard: Grade) -> Cap:
    """What the weakest evidence on a path allows under the standard of proof."""
    if grade is Grade.HINTED:
        limit = Verdict.REVIEW if standard is Grade.HINTED else Verdict.NOTE
        return Cap(limit, "a hint is no proof")
    if grade < standard:
        return Cap(Verdict.REVIEW, f"evidence is {grade}, the standard of proof is {standard}")
    return Cap(Verdict.TAKE_DOWN, f"evidence is {grade}")


def edge_cap(edge: Edge, entry: Entry, standard: Grade) -> Cap:
    """What one edge of a path allows."""
    scope = entry.scope
    in_scope = scope.caps.get(edge.relation, Verdict.REVIEW)
    caps = [
        Cap(in_scope, f"{edge.relation} reaches {in_scope} in the scope of {entry.id}"),
        grade_cap(edge.grade, standard),
    ]
    caps += [Cap(limit, reason) for flag, limit, reason in _FLAGS if flag & edge.flags]
    if edge.relation is Relation.COMPONENT:
        caps.append(Cap(Verdict.NOTE, "a component does not stand for the model"))
    if Flag.AMONG & edge.flags and entry.of_parts:
        caps.append(Cap(Verdict.NOTE, "one of several parents, and known for a part alone"))
    if (
        edge.relation is Relation.MERGE
        and edge.weight is not None
        and edge.weight < scope.min_merge_weight
    ):
        caps.append(
            Cap(
                Verdict.NOTE,
                f"merge weight {edge.weight:g} is below {scope.min_merge_weight:g}",
            )
        )
    return lowest(caps)


def path_cap(
    entry: Entry, path: Sequence[Edge], standard: Grade, *, listed: Grade = Grade.DECLARED
) -> Cap:
    """The verdict of one path and the cap that decided it.

    ``path`` runs from the model to the first node the entry lists; an empty one means the listed
    model itself, recognised with grade ``listed``. ``Verdict.NONE`` means: no finding.
    """
    caps = [entry_cap(entry)]
    if entry.scope.max_hops is not None and len(path) > entry.scope.max_hops:
        caps.append(
            Cap(Verdict.NONE, f"{len(path)} hops, {entry.id} reaches {entry.scope.max_hops}")
        )
    if path:
        caps += [edge_cap(edge, entry, standard) for edge in path]
    else:
        caps.append(grade_cap(listed, standard))
    return lowest(caps)


def lowest(caps: Sequence[Cap]) -> Cap:
    """The cap that decides: the lowest, the first among equals."""
    return min(caps, key=lambda cap: cap.verdict)
