"""Sampled weights that suggest a kinship: far from independent, in some matrices, or in traces.

A verdict that rests on them needs somebody else who says the same
(:class:`modelaudit.domain.edge.Flag`, ``WEAK``).
"""

from __future__ import annotations

from collections.abc import Iterator

from modelaudit.domain.claim import Claim
from modelaudit.domain.model import Document, Gap
from modelaudit.domain.sketch import Descent
from modelaudit.domain.words import Grade, Kinship, Relation
from modelaudit.resolve.evidence._weights import KIND, Part, claim, mixed, parts, weighed

name = "weights-in-part"
reads = frozenset({KIND})
grade = Grade.MEASURED

_MIXED = frozenset({Kinship.PARTIAL, Kinship.DILUTED})


def extract(document: Document) -> Iterator[Claim | Gap]:
    """A claim for each parent and part; what a complete recipe names is proved by its traces."""
    found = weighed(document)
    if found is None:
        return  # told once, by the other of the two
    recipe = mixed(document, found)
    for place, part in parts(document, found).items():
        traces = part.score.grade < Kinship.DERIVED and not part.permuted
        if _suggests(part) and not (place in recipe and traces):
            yield claim(document, part, name, grade, _relation(part))


def _suggests(part: Part) -> bool:
    if part.descent is Descent.ASIDE:
        return False  # what it has of the reference is their common base
    partly = part.score.grade is Kinship.DERIVED and part.descent is Descent.PART
    return part.permuted or partly or Kinship.DILUTED <= part.score.grade < Kinship.DERIVED


def _relation(part: Part) -> Relation:
    if not part.component.main:
        return Relation.COMPONENT
    if part.score.grade in _MIXED and not part.permuted:
        return Relation.MERGE
    return Relation.QUANTIZED if part.quantised else Relation.FINETUNE
