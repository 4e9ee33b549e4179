"""Merges within a catalogue: which models that descend from one base are mixed of the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from modelaudit.domain.refs import ModelRef
from modelaudit.domain.sketch import Ingredient, Recipe, Share, Sketch
from modelaudit.domain.words import Kinship
from modelaudit.resolve.weights.merge import recipe
from modelaudit.store import kin as store

if TYPE_CHECKING:
    from modelaudit.steps.references import Reference
    from modelaudit.steps.weighing import Weighing

_MOST: Final = 200
"""Models of one base among which recipes are sought, those with most downloads first."""


def find_recipes(weighing: Weighing) -> int:
    """Look for the recipes of merges among all that is kin to each reference; claims changed.

    The parents of a merge are no younger than the merge.
    """
    changed = 0
    for reference in weighing.references:
        kin = _sketched(weighing, reference)
        for place, (suspect, sketch) in enumerate(kin):
            if weighing.budget.halted:
                return changed
            others = [
                (known, other)
                for number, (known, other) in enumerate(kin)
                if number != place and _may_be_parent(known, suspect)
            ]
            changed += _mixed(weighing, reference, suspect, sketch, others)
    return changed


def _sketched(weighing: Weighing, reference: Reference) -> list[tuple[store.KinRow, Sketch]]:
    rows = store.kin_of(weighing.intake.connection, reference.parent, _MOST)
    found = ((row, weighing.sketch_at_hand(row.key)) for row in rows)
    return [(row, sketch) for row, sketch in found if sketch is not None]


def _may_be_parent(known: store.KinRow, suspect: store.KinRow) -> bool:
    if known.head == suspect.head:
        return False
    return None in (known.created, suspect.created) or known.created <= suspect.created  # type: ignore[operator]


def _mixed(
    weighing: Weighing,
    reference: Reference,
    suspect: store.KinRow,
    sketch: Sketch,
    others: Sequence[tuple[store.KinRow, Sketch]],
) -> int:
    """Seek one model's recipe, and keep it where it is new."""
    weighed = store.load(weighing.intake.connection, suspect)
    if suspect.kinship is Kinship.IDENTICAL:
        return 0
    nodes: dict[str, ModelRef] = {row.name: row.model for row, _ in others}
    known = [(row.name, other) for row, other in others]
    for kin in weighed.kin:  # other listed models that it shows kinship with
        name = kin.comparison.reference
        if name != reference.name and kin.comparison.overall.grade >= Kinship.DILUTED:
            known.append((name, weighing.references[name].sketch))
            nodes[name] = kin.parent
    nodes[reference.name] = reference.parent
    found = recipe(sketch, known, base=(reference.name, reference.sketch))
    if found is None or found == weighed.recipe or not _better(found, weighed.recipe):
        return 0
    ingredients = tuple(_ingredient(share, nodes) for share in found.parents)
    return weighing.take(suspect.file, replace(weighed, recipe=found, ingredients=ingredients))


def _better(found: Recipe, known: Recipe | None) -> bool:
    """A complete recipe outranks one with something missing, and a tighter fit a looser one."""
    if known is None or found.complete != known.complete:
        return known is None or found.complete
    return found.residual_ratio < known.residual_ratio


def _ingredient(share: Share, nodes: dict[str, ModelRef]) -> Ingredient:
    return Ingredient(parent=nodes[share.reference], share=share)
