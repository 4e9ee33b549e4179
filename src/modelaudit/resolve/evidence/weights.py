"""Sampled weights that prove a kinship: the same values, or a modified copy of them.

Equal samples are a copy, confirmed by whole matrices before they are told; a modified copy says
that the model is in the reference's lineage, not which of its members it was made from. A merge
whose recipe leaves nothing unexplained names its parents with their shares.
"""

from __future__ import annotations

from collections.abc import Iterator

from modelaudit.domain.claim import Claim
from modelaudit.domain.model import Document, Gap
from modelaudit.domain.sketch import Descent
from modelaudit.domain.words import Grade, Kinship, Relation
from modelaudit.resolve.evidence._claims import malformed
from modelaudit.resolve.evidence._weights import (
    KIND,
    Part,
    claim,
    claim_of_merge,
    mixed,
    parts,
    weighed,
)

name = "weights"
reads = frozenset({KIND})
grade = Grade.EXACT


def extract(document: Document) -> Iterator[Claim | Gap]:
    """A claim for each parent and part; of a merge's parents one more, with the share."""
    found = weighed(document)
    if found is None:
        yield malformed(document, "a comparison of weights that makes no sense")
        return
    known, recipe = parts(document, found), mixed(document, found)
    for place, ingredient in recipe.items():
        yield claim_of_merge(document, ingredient, name, known.get(place))
    for part in known.values():
        if _proves(part):
            yield claim(document, part, name, _grade(part), _relation(part))


def _proves(part: Part) -> bool:
    if part.score.grade is Kinship.IDENTICAL:
        return not part.permuted
    direct = part.descent in (Descent.UNKNOWN, Descent.DIRECT)
    return part.score.grade is Kinship.DERIVED and direct and not part.permuted


def _grade(part: Part) -> Grade:
    return Grade.EXACT if part.score.grade is Kinship.IDENTICAL else Grade.MEASURED


def _relation(part: Part) -> Relation:
    if not part.component.main:
        return Relation.COMPONENT
    if part.score.grade is Kinship.IDENTICAL:
        return Relation.CONVERSION if part.score.recast else Relation.COPY
    if part.sample.recipe is not None:
        return Relation.MERGE
    return Relation.QUANTIZED if part.quantised else Relation.FINETUNE
