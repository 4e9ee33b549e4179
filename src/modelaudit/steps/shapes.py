"""Declared families against measured ones: what shapes of tensors rule out."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import groupby

from modelaudit.domain import refs
from modelaudit.domain.claim import Claim, Conflict
from modelaudit.domain.listing import Listing
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.words import ConflictKind, Grade, Relation
from modelaudit.store import heads
from modelaudit.store.claims import claims_of

_SAYS_NO_FAMILY = frozenset(
    {Relation.LISTED, Relation.TRAINED_ON, Relation.COMPONENT, Relation.DISTILLED}
)


def find(connection: sqlite3.Connection, listing: Listing) -> Iterator[tuple[int, Conflict]]:
    """(node, conflict) of every model whose files have the shapes of another family.

    A model of many files is contradicted where all its main files have families, and none has the
    one declared.
    """
    listed = _listed(listing)

    @lru_cache(10_000)
    def family_of(parent: ModelRef) -> str | None:
        return _family(connection, parent, listed)

    for node, group in groupby(heads.shaped(connection), lambda file: file.node):
        files = list(group)
        mains = [f for f in files if f.component is None or f.component.main]
        wrong: list[Claim] = []
        if mains and (measured := heads.families(connection, mains[0].ref)):
            wrong = _contradicted(claims_of(connection, node), measured, family_of)
        told = mains[0] if wrong else next((f for f in files if f.says), None)
        if told is not None:
            conflict = Conflict(
                model=told.ref,
                kind=ConflictKind.FAMILY,
                claims=tuple(wrong),
                measured=told.measured,
            )
            yield node, conflict


def _contradicted(
    claims: Sequence[Claim],
    measured: Collection[str],
    family_of: Callable[[ModelRef], str | None],
) -> list[Claim]:
    from modelaudit.resolve.architecture import same_family

    return [
        claim
        for claim in claims
        if claim.grade < Grade.MEASURED
        and claim.relation not in _SAYS_NO_FAMILY
        and (family := family_of(claim.parent)) is not None
        and not any(same_family(family, other) for other in measured)
    ]


def _family(
    connection: sqlite3.Connection, parent: ModelRef, listed: Mapping[str, set[str]]
) -> str | None:
    """The family of a parent: by its label, by the lists, by its own files, or well known."""
    from modelaudit.resolve.architecture import family_of_label, family_of_model

    platform, name = refs.platform(parent), refs.local(parent)
    if platform == "civitai-base":
        return family_of_label(name)
    families = listed.get(refs.key(parent)) or heads.families(connection, parent)
    if len(families) == 1:
        return min(families)
    return family_of_model(name) if platform == "hf" else None


def _listed(listing: Listing) -> dict[str, set[str]]:
    """Key → families of what lists say the families of."""
    from modelaudit.resolve.architecture import family_of_label

    found: dict[str, set[str]] = {}
    for number, ref in listing.roots:
        if not ref.startswith(("civitai-base:", "dataset:")):
            match = listing.entries[number].match
            labels = map(family_of_label, match.labels.get("civitai", ()))
            found[refs.key(ref)] = {*match.architectures, *filter(None, labels)}
    return found
