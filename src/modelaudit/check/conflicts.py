"""Claims about one model that cannot all be true; pure.

Weights outrank words: bytes that equal another model's contradict a publisher who names a third
one. What a training tool recorded contradicts a card that names another base.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from modelaudit.domain import refs
from modelaudit.domain.claim import Claim, Conflict
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.words import Component, ConflictKind, Grade, Relation

_NOT_PARENTAGE = frozenset({Relation.LISTED, Relation.TRAINED_ON, Relation.COMPONENT})
_NOT_A_COPY = frozenset({Relation.QUANTIZED, Relation.ADAPTER, Relation.MERGE})


def against_bytes(
    copy: Claim,
    claims: Sequence[Claim],
    *,
    same: Collection[str],
    labels: Collection[str],
    entry: str | None = None,
) -> Iterator[Conflict]:
    """What a copy's own claims say against its bytes.

    ``copy`` is the exact claim; ``same`` holds the keys of all nodes that count as what it is a
    copy of (the source, its other copies, or all that a list means by it); ``labels`` the keys of
    the platform labels that would agree with it (empty: no label can disagree).
    """
    words = [c for c in claims if Grade.DECLARED <= c.grade < Grade.EXACT
             and c.relation not in _NOT_PARENTAGE]  # fmt: skip
    labelled = [c for c in words if refs.platform(c.parent) == "civitai-base"]
    named = [c for c in words if _names_a_model(c.parent)]
    if named and not any(refs.key(c.parent) in same for c in named):
        yield _conflict(ConflictKind.PARENT, named, copy, entry)
    other = [c for c in labelled if labels and refs.key(c.parent) not in labels]
    if other:
        yield _conflict(ConflictKind.FAMILY, other, copy, entry)
    altered = [c for c in named if c.relation in _NOT_A_COPY and refs.key(c.parent) in same]
    if altered:
        yield _conflict(ConflictKind.RELATION, altered, copy, entry)


def against_records(
    claims: Sequence[Claim], *, ancestors: Collection[str], known: Collection[str]
) -> Iterator[Conflict]:
    """What a card says against the record of the tool that made an adapter.

    ``ancestors`` holds the keys of the recorded base and of the nodes it names in turn: naming one
    of those is vague, not wrong. ``known`` holds the keys of nodes that exist or are listed: a
    name that leads nowhere contradicts nothing.
    """
    adapters = [c for c in claims if c.relation is Relation.ADAPTER
                and refs.platform(c.parent) == "hf" and refs.key(c.parent) in known]  # fmt: skip
    recorded = [c for c in adapters if c.grade is Grade.RECORDED]
    if not recorded:
        return
    other = [c for c in adapters
             if c.grade is Grade.DECLARED and refs.key(c.parent) not in ancestors]  # fmt: skip
    if other:
        yield _conflict(ConflictKind.PARENT, other, recorded[0], None)


def against_role(copy: Claim, role: Component, entry: str) -> Iterator[Conflict]:
    """A file that lies where another part belongs than the list knows it to be."""
    lies_in = copy.component or Component.OTHER
    if Component.OTHER not in (lies_in, role) and lies_in.main != role.main:
        yield _conflict(ConflictKind.COMPONENT, (), copy, entry)


def _conflict(
    kind: ConflictKind, weak: Sequence[Claim], strong: Claim, entry: str | None
) -> Conflict:
    claims = (*_one_per_parent(weak), strong)
    return Conflict(model=strong.child, kind=kind, claims=claims, entry=entry)


def _names_a_model(ref: ModelRef) -> bool:
    """False for labels and digests, and for bare names, which may mean anything."""
    name = refs.platform(ref)
    return name not in ("civitai-base", "sha256") and (name != "hf" or "/" in ref)


def _one_per_parent(claims: Sequence[Claim]) -> list[Claim]:
    """The strongest claim for each parent, in the order given."""
    best: dict[str, Claim] = {}
    for claim in claims:
        key = refs.key(claim.parent)
        if key not in best or claim.grade > best[key].grade:
            best[key] = claim
    return list(best.values())
