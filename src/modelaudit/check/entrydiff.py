"""Two versions of an entry: what it matches now that it did not, and how far it reaches. Pure.

What an entry matches and how far it reaches *matters*; titles, notes and evidence are words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields

from modelaudit.check.rules import described, rules
from modelaudit.domain.entry import (
    Citation,
    Documentation,
    Entry,
    EntryException,
    EntryStatus,
    Scope,
)
from modelaudit.domain.listdiff import Detail, EntryChange, Fate
from modelaudit.domain.words import Relation, Verdict

_STATUS = {EntryStatus.ACTIVE: 2, EntryStatus.DISPUTED: 1}
_DOCUMENTED = (
    Documentation.DOCUMENTED, Documentation.DECLARED, Documentation.PROBABLE,
    Documentation.DISPUTED, Documentation.UNVERIFIED,
)  # fmt: skip
"""Best documented first."""

_TOLD = frozenset({
    "id", "status", "policy", "documentation", "claim_relation", "claim_of", "tainted", "scope",
    "match", "exceptions", "evidence", "expires", "withdrawn",
})  # fmt: skip
"""Fields of an entry that are told one by one; the others are words."""


def compared(old: Entry | None, new: Entry | None, *, directed: bool) -> EntryChange | None:
    """What became of an entry; ``directed`` where more is stronger, unlike in an allow list."""
    if old is None and new is not None:
        return EntryChange(
            fate=Fate.ADDED,
            entry=new.id,
            text=_short(new),
            matters=new.acts,
            details=tuple(Detail(name, f"+ {text}") for name, text in rules(new.match)),
        )
    if old is None:
        return None
    if new is None:
        draft = old.status is EntryStatus.DRAFT
        why = "it was a draft" if draft else "must be withdrawn instead: old reports name it"
        return EntryChange(fate=Fate.REMOVED, entry=old.id, text=why, matters=old.acts)
    details = tuple(_details(old, new, directed=directed))
    matters = (old.acts or new.acts) and any(detail.matters for detail in details)
    gone = new.status is EntryStatus.WITHDRAWN
    if gone and old.status is not new.status:
        told = new.withdrawn
        return EntryChange(
            fate=Fate.WITHDRAWN, entry=new.id, matters=matters,
            text=f"{told.date}: {told.reason}" if told else "",
            details=tuple(detail for detail in details if detail.field != "status"),
        )  # fmt: skip
    if not details:
        return None
    return EntryChange(fate=Fate.CHANGED, entry=new.id, details=details, matters=matters)


def _short(entry: Entry) -> str:
    status = "" if entry.status is EntryStatus.ACTIVE else f", {entry.status}"
    return f"{entry.title}: {entry.policy}{status}"


def _details(old: Entry, new: Entry, *, directed: bool) -> Iterator[Detail]:
    def ranked(name: str, before: object, after: object, up: int) -> Detail:
        way = ("now stronger: " if up > 0 else "now weaker: " if up < 0 else "") if directed else ""
        return Detail(name, f"{way}{after}, was {before}")

    if old.status is not new.status:
        up = _STATUS.get(new.status, 0) - _STATUS.get(old.status, 0)
        yield ranked("status", old.status, new.status, up)
    if old.policy is not new.policy:
        yield ranked("policy", old.policy, new.policy, new.policy - old.policy)
    if old.documentation is not new.documentation:
        up = _DOCUMENTED.index(old.documentation) - _DOCUMENTED.index(new.documentation)
        yield ranked("confidence", old.documentation, new.documentation, up)
    yield from _scope(old.scope, new.scope, ranked)
    claims = [f"{e.claim_relation} {', '.join(e.claim_of)}".strip() for e in (old, new)]
    if claims[0] != claims[1]:
        yield Detail("claim", f"{claims[1]}, was {claims[0]}")
    parts = [[("tainted", part.word) for part in sorted(e.tainted)] for e in (old, new)]
    yield from _sets(*parts)
    yield from _sets([*rules(old.match)], [*rules(new.match)])
    stands = [e.match.models[0] if e.match.models else "nothing" for e in (old, new)]
    if new.match.labels and stands[0] != stands[1]:
        yield Detail("labels", f"now stand for {stands[1]}, was {stands[0]}")
    if old.expires != new.expires:
        yield Detail("expires", f"{new.expires or 'never'}, was {old.expires or 'never'}")
    yield from _sets(*([("exceptions", _exception(x)) for x in e.exceptions] for e in (old, new)))
    if old.withdrawn != new.withdrawn and old.withdrawn and new.withdrawn:
        yield Detail("withdrawn", f"{new.withdrawn.date}: {new.withdrawn.reason}", matters=False)
    yield from _evidence(old.evidence, new.evidence)
    if words := words_of(old, new, _TOLD):
        yield Detail("words", words, matters=False)


def _scope(
    old: Scope, new: Scope, ranked: Callable[[str, object, object, int], Detail]
) -> Iterator[Detail]:
    """Relation by relation; one that a scope does not name reaches review."""
    for relation in Relation:
        before = old.caps.get(relation, Verdict.REVIEW)
        after = new.caps.get(relation, Verdict.REVIEW)
        if before is not after:
            yield ranked(f"scope of {relation}", before, after, after - before)
    if old.max_hops != new.max_hops:
        hops = [10**9 if s.max_hops is None else s.max_hops for s in (old, new)]
        told = ["any" if s.max_hops is None else s.max_hops for s in (old, new)]
        yield ranked("max_hops", told[0], told[1], hops[1] - hops[0])
    least = [s.min_merge_weight for s in (old, new)]
    if least[0] != least[1]:
        yield ranked("min_merge_weight", least[0], least[1], 1 if least[1] < least[0] else -1)


def _sets(old: Sequence[tuple[str, str]], new: Sequence[tuple[str, str]]) -> Iterator[Detail]:
    """(field, text) on one side only."""
    for field, text in old:
        if (field, text) not in new:
            yield Detail(field, f"- {text}")
    for field, text in new:
        if (field, text) not in old:
            yield Detail(field, f"+ {text}")


def _exception(exception: EntryException) -> str:
    return f"{exception.effect} until {exception.expires} for {described(exception.match)}"


def _evidence(old: Sequence[Citation], new: Sequence[Citation]) -> Iterator[Detail]:
    before, after = ({c.url: c for c in cited} for cited in (old, new))
    for url in sorted({*before, *after}):
        if before.get(url) != after.get(url):
            sign = "+" if url not in before else "-" if url not in after else "changed:"
            cited: Citation = (after if url in after else before)[url]
            text = f"{sign} {cited.kind} {url} ({', '.join(cited.supports)})"
            yield Detail("evidence", text, matters=False)


def words_of(old: object, new: object, told: frozenset[str]) -> str:
    """The names of the other fields that are not the same."""
    names = [field.name for field in fields(old) if field.name not in told]  # type: ignore[arg-type]  # both are dataclasses
    return ", ".join(name for name in names if getattr(old, name) != getattr(new, name))
