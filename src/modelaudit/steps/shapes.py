"""Declared families against measured ones: what shapes of tensors rule out."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from modelaudit.domain import refs
from modelaudit.domain.claim import Claim, Conflict
from modelaudit.domain.entry import Entry
from modelaudit.domain.listing import Listing
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.words import ConflictKind, Grade, Relation
from modelaudit.store import heads
from modelaudit.store.claims import claims_of

_SAYS_NO_FAMILY = frozenset({Relation.TRAINED_ON, Relation.COMPONENT, Relation.DISTILLED})


def find(connection: sqlite3.Connection, listing: Listing) -> Iterator[tuple[int, Conflict]]:
    """(node, conflict) of every model whose files have the shapes of another family.

    A model of many files is contradicted where all its main files were read, and none has the
    family.
    """
    known = _families_of_models(connection, listing)
    for node, group in groupby(heads.shaped(connection), lambda file: file.node):
        files = list(group)
        mains = [f for f in files if f.component is None or f.component.main]
        wrong: list[Claim] = []
        if mains and not heads.are_unread(connection, node):
            wrong = _contradicted(claims_of(connection, node), mains, known)
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
    claims: Sequence[Claim], files: Sequence[heads.Shaped], known: Mapping[str, str]
) -> list[Claim]:
    from modelaudit.resolve.architecture import same_family

    measured = {file.family for file in files}
    return [
        claim
        for claim in claims
        if claim.grade < Grade.EXACT
        and claim.relation not in _SAYS_NO_FAMILY
        and (family := _family(claim.parent, known)) is not None
        and not any(same_family(family, other) for other in measured)
    ]


def _family(parent: ModelRef, known: Mapping[str, str]) -> str | None:
    """The family of a parent: by its label, by the lists, by its own files, or well known."""
    from modelaudit.resolve.architecture import family_of_label, family_of_model

    platform, name = refs.platform(parent), refs.local(parent)
    if platform == "civitai-base":
        return family_of_label(name)
    family = known.get(refs.key(parent))
    return family_of_model(name) if family is None and platform == "hf" else family


def _families_of_models(connection: sqlite3.Connection, listing: Listing) -> dict[str, str]:
    """Key → family of models whose main files have one, and of what lists say the family of."""
    found: dict[str, set[str]] = {}
    for file in heads.shaped(connection):
        if file.component is None or file.component.main:
            found.setdefault(refs.key(file.ref), set()).add(file.family)
    for number, ref in listing.roots:
        families = _families_of(listing.entries[number])
        if families and not ref.startswith(("civitai-base:", "dataset:")):
            found[refs.key(ref)] = families
    return {key: min(families) for key, families in found.items() if len(families) == 1}


def _families_of(entry: Entry) -> set[str]:
    """What a list says that its entry's models are: by architecture, or by a platform's labels."""
    from modelaudit.resolve.architecture import family_of_label

    labels = (family_of_label(label) for label in entry.match.labels.get("civitai", ()))
    return {*entry.match.architectures, *filter(None, labels)}
