"""One sketch against all references: which are worth a comparison, and what is told of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import Final

from modelaudit.domain.sketch import Comparison, Kin, Sketch
from modelaudit.domain.words import Component, Kinship
from modelaudit.resolve.architecture import comparable
from modelaudit.resolve.weights.compare import compare
from modelaudit.resolve.weights.direction import descent
from modelaudit.steps.references import Reference, References

_MOST_BY_CONTENT: Final = 200
"""References whose every matrix is tried, where names found no kin."""


def judge(
    sketch: Sketch, references: References, named: Collection[str]
) -> tuple[tuple[Kin, ...], int]:
    """(kin, how many references were comparable).

    Kin are closest first: the best reference of each entry that shows kinship, those of the
    ``named`` entries, and the nearest one. Names find them first; where they find nothing, values.
    """
    chosen = {hit.name for hit in references.library.search(sketch)}
    fitting = [reference for reference in references if fits(sketch, reference)]
    chosen |= {reference.name for reference in fitting if reference.entry in named}
    commons = references.commons
    found = {name: compare(sketch, references[name].sketch, commons=commons) for name in chosen}
    if not any(is_kin(one) for one in found.values()):
        others = [reference for reference in fitting if reference.name not in found]
        for reference in others[:_MOST_BY_CONTENT]:
            found[reference.name] = compare(sketch, reference.sketch, commons=commons)
    for name, one in found.items():
        base = references[name].base
        if base is not None and is_kin(one) and one.overall.grade is not Kinship.IDENTICAL:
            way, remark = descent(sketch, references[name].sketch, base)
            found[name] = replace(one, descent=way, remarks=(*one.remarks, remark))
    return tuple(_told(found, references, named)), len(fitting)


def fits(sketch: Sketch, reference: Reference) -> bool:
    """Whether the two may be of one architecture, and the reference's part is in the sketch."""
    parts = {block.component for block in sketch.blocks}
    meant = {block.component for block in reference.sketch.blocks}
    both_main = any(part.main for part in parts) and any(part.main for part in meant)
    return bool(parts & meant or both_main) and comparable(
        sketch.architecture.family, reference.sketch.architecture.family
    )


def is_kin(one: Comparison) -> bool:
    """Whether anything of it speaks of a common origin."""
    scores = [one.overall, *one.components.values()]
    return one.permuted or any(score.grade >= Kinship.DILUTED for score in scores)


def closeness(one: Comparison) -> tuple[float, ...]:
    """What comparisons are ordered by, the closest last."""
    score = one.overall
    return (score.grade, one.permuted, abs(score.score), score.bit_equal)


def _told(
    found: dict[str, Comparison], references: References, named: Collection[str]
) -> Iterator[Kin]:
    order = sorted(found, key=lambda name: (closeness(found[name]), name), reverse=True)
    met: set[str] = set()
    for place, name in enumerate(order):
        reference, one = references[name], found[name]
        if reference.entry in met or not (is_kin(one) or place == 0 or reference.entry in named):
            continue
        met.add(reference.entry)
        if not is_kin(one):
            one = replace(one, tensors=())
        yield Kin(parent=reference.parent, comparison=one, sketch=reference.sha256)


def decided(kin: tuple[Kin, ...]) -> Component | None:
    """The part that the closest comparison was decided by."""
    return kin[0].comparison.component if kin else None
