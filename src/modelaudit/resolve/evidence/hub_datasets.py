"""``dataset:…`` tags and ``cardData.datasets`` of a Hub record: what it was trained on."""

from __future__ import annotations

from collections.abc import Iterator

from modelaudit.domain.claim import Claim
from modelaudit.domain.model import Document, Gap
from modelaudit.domain.words import Grade, Relation
from modelaudit.resolve.evidence._claims import Said, claims
from modelaudit.resolve.evidence._hub import datasets, mapping_at, tagged

name = "hub-datasets"
reads = frozenset({"hf.record"})
grade = Grade.DECLARED


def extract(document: Document) -> Iterator[Claim | Gap]:
    """One claim per training set."""
    return claims(document, name, _said(document.body))


def _said(body: object) -> Iterator[Said]:
    for pointer, text in tagged(body, "dataset:"):
        yield Said(text, pointer, grade, Relation.TRAINED_ON, default="dataset")
    if card := mapping_at(body, "cardData"):
        yield from datasets(card, "/cardData")
