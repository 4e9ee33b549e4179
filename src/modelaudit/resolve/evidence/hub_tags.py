"""``base_model:…`` tags of a Hub record; not verified by the Hub, PEFT writes its own.

``base_model:ID`` says that there is a parent, ``base_model:RELATION:ID`` also how; where both
stand, the one with the relation is the claim.
"""

from __future__ import annotations

from collections.abc import Iterator

from modelaudit.domain.claim import Claim
from modelaudit.domain.model import Document, Gap
from modelaudit.domain.words import Grade, Relation
from modelaudit.resolve.evidence._claims import Said, claims, relation_word
from modelaudit.resolve.evidence._hub import is_adapter, tagged

name = "hub-tags"
reads = frozenset({"hf.record"})
grade = Grade.DECLARED


def extract(document: Document) -> Iterator[Claim | Gap]:
    """One claim per parent and relation."""
    found = tagged(document.body, "base_model:")
    if not found:
        return iter(())
    otherwise = Relation.ADAPTER if is_adapter(document.body) else None
    return claims(document, name, _said(found, otherwise))


def _said(tags: list[tuple[str, str]], otherwise: Relation | None) -> Iterator[Said]:
    plain = []
    related = any(relation_word(text.partition(":")[0]) for _, text in tags)
    for pointer, text in tags:
        word, colon, rest = text.partition(":")
        relation = relation_word(word) if colon else None
        if relation is None:
            plain.append(Said(text, pointer, grade, None if related else otherwise))
        else:
            yield Said(rest, pointer, grade, relation)
    yield from plain
