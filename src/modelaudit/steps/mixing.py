"""Merges within a catalogue: which models that descend from one base are mixed of the others."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from modelaudit.domain.refs import ModelRef
from modelaudit.domain.sketch import Ingredient, Recipe, Share, Sketch
from modelaudit.domain.words import Kinship
from modelaudit.resolve.weights.library import Library
from modelaudit.resolve.weights.merge import recipe
from modelaudit.store import kin as store
from modelaudit.store import notes
from modelaudit.store.db import transaction
from modelaudit.store.files import are_there

if TYPE_CHECKING:
    from modelaudit.steps.references import Reference
    from modelaudit.steps.weighing import Weighing

_MOST: Final = 200
"""Models of one base among which recipes are sought, those with most downloads first."""


def find_recipes(weighing: Weighing) -> int:
    """Look for the recipes of merges among all that is kin to each reference; claims changed.

    The parents of a merge are no younger than the merge. What is kin to a reference is looked at
    once, until it changes.
    """
    connection = weighing.access.intake.connection
    changed = 0
    for reference in weighing.references:
        rows = store.kin_of(connection, reference.parent, _MOST)
        key, state = f"recipes {reference.name}", _state(weighing, rows)
        if notes.get(connection, key) == state:
            continue
        kin = _sketched(weighing, rows)
        library = Library()
        for row, sketch in kin.values():
            library.add(row.name, sketch)
        for suspect, sketch in kin.values():
            if weighing.access.budget.halted:
                return changed
            near = [hit.name for hit in library.search(sketch)]
            others = [kin[name] for name in near if _may_be_parent(kin[name][0], suspect)]
            changed += _mixed(weighing, reference, suspect, sketch, others)
        with transaction(connection):
            notes.put(connection, key, state)
    return changed


def _state(weighing: Weighing, rows: Sequence[store.KinRow]) -> str:
    """What the recipes among these depend on, as a digest."""
    told = hashlib.sha256(weighing.references.digest.encode())
    for row in rows:
        told.update(f"\n{row.name} {row.key} {row.created}".encode("utf-8", "replace"))
    return told.hexdigest()


def _sketched(
    weighing: Weighing, rows: Sequence[store.KinRow]
) -> dict[str, tuple[store.KinRow, Sketch]]:
    found = ((row, weighing.sketch_at_hand(row.key)) for row in rows)
    return {row.name: (row, sketch) for row, sketch in found if sketch is not None}


def _may_be_parent(known: store.KinRow, suspect: store.KinRow) -> bool:
    if known.key == suspect.key:
        return False
    if known.created is None or suspect.created is None:
        return True
    return known.created <= suspect.created


def _mixed(
    weighing: Weighing,
    reference: Reference,
    suspect: store.KinRow,
    sketch: Sketch,
    others: Sequence[tuple[store.KinRow, Sketch]],
) -> int:
    """Seek one model's recipe, and keep it where it is new."""
    connection = weighing.access.intake.connection
    weighed = store.load(connection, suspect)
    if suspect.kinship is Kinship.IDENTICAL:
        return 0
    known: list[tuple[str, Sketch]] = []
    nodes = {reference.name: reference.parent}
    for kin in weighed.kin:  # other listed models that it shows kinship with
        name = kin.comparison.reference
        is_ours = name in weighing.references and name != reference.name
        if is_ours and kin.comparison.overall.grade >= Kinship.DILUTED:
            known.append((name, weighing.references[name].sketch))
            nodes[name] = kin.parent
    known += [(row.name, other) for row, other in others]
    nodes |= {row.name: row.model for row, _ in others}
    found = recipe(sketch, known, base=(reference.name, reference.sketch))
    if not are_there(connection, [one.parent for one in weighed.ingredients]):
        weighed = replace(weighed, recipe=None, ingredients=())  # one of them has gone
    elif found is None or not _better(found, weighed.recipe):
        return 0
    ingredients = tuple(_ingredient(share, nodes) for share in found.parents) if found else ()
    return weighing.take(suspect.file, replace(weighed, recipe=found, ingredients=ingredients))


def _better(found: Recipe, known: Recipe | None) -> bool:
    """A complete recipe outranks one with something missing, and a tighter fit a looser one."""
    if known is None or found.complete != known.complete:
        return known is None or found.complete
    return found.residual_ratio < known.residual_ratio


def _ingredient(share: Share, nodes: dict[str, ModelRef]) -> Ingredient:
    return Ingredient(parent=nodes[share.reference], share=share)
