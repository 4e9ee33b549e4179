"""The history that the webui merger embeds: who was merged into whom, and with what share.

``sd_merge_recipe`` tells the file's own parents, ``sd_merge_models`` maps the sha256 of every
ancestor to its name and recipe (AUTOMATIC1111 modules/extras.py; supermerger and Chattiori write
``model_a`` to ``model_c``). Some forks nest the two keys once more.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from modelaudit.resolve import _digests
from modelaudit.resolve.evidence._json import json_object

MAX_ANCESTORS = 2_000
"""A header of 25 MB could name half a million."""

RECIPE, MODELS = "sd_merge_recipe", "sd_merge_models"

ITSELF = ""
"""The file whose history it is, among the digests of its ancestors."""

_MAX_NESTING = 4
_PARENTS = (
    ("primary_model_hash", "model_a"),
    ("secondary_model_hash", "model_b"),
    ("tertiary_model_hash", "model_c"),
)

Parents = Mapping[str, float | None]
"""sha256 → share of that parent, ``None`` where the recipe does not tell."""


class Step(NamedTuple):
    """One arrow of the history: a parent that was merged into a child."""

    child: str
    """sha256, or ``ITSELF``."""
    parent: str
    share: float | None
    name: str
    """What the history calls the parent: a stranger's text, empty where it does not."""


def graph(recipe: object, models: object) -> list[Step]:
    """The history as it is told, in the order of the file: every ancestor with its own parents.

    Nothing is dropped, so a digest may be that of a name.
    """
    entries, recipes = _history(recipe, models)
    names = {d: name for d, entry in entries.items() if isinstance(name := entry.get("name"), str)}
    return [
        Step(child, parent, share, names.get(parent, ""))
        for child, parents in recipes.items()
        for parent, share in parents.items()
    ]


def ancestors(recipe: object, models: object) -> Parents:
    """Every ancestor by sha256 with its product share along all paths, in the order of the file.

    Ancestors that no recipe refers to (hashes are often null), and shares below a step that is
    not a plain weighted sum, have the share ``None``. Digests of names are dropped.
    """
    entries, recipes = _history(recipe, models)
    fakes = {d for d, entry in entries.items() if _digests.is_of_name(d, entry.get("name"))}
    known = shares(recipes)
    found = dict.fromkeys([*recipes[ITSELF], *entries, *known])
    return {d: known.get(d) for d in found if d not in fakes and d != ITSELF}


def _history(
    recipe: object, models: object
) -> tuple[dict[str, dict[str, Any]], dict[str, Parents]]:
    """The entry of every ancestor, and the direct parents of each and of the file."""
    entries = _entries(json_object(models), _MAX_NESTING)
    recipes: dict[str, Parents] = {ITSELF: _parents(json_object(recipe))}
    recipes |= {d: _parents(json_object(entry.get(RECIPE))) for d, entry in entries.items()}
    return entries, recipes


def _entries(models: Mapping[str, Any] | None, nesting: int) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    if models is None or not nesting:
        return found
    for key, entry in models.items():
        if len(found) >= MAX_ANCESTORS:
            break
        if key == MODELS:
            found = _entries(json_object(entry), nesting - 1) | found
        elif digest := _digests.usable(key):
            found[digest] = entry if isinstance(entry, dict) else {}
    return found


def _parents(recipe: Mapping[str, Any] | None) -> dict[str, float | None]:
    """The direct parents that a recipe names by digest."""
    if recipe is None:
        return {}
    found: dict[str, float | None] = {}
    for keys, share in zip(_PARENTS, _method(recipe), strict=True):
        digest = next(filter(None, (_digests.usable(recipe.get(key)) for key in keys)), None)
        if digest:
            found[digest] = _sum(found.get(digest, 0.0), share)
    return found


def _method(recipe: Mapping[str, Any]) -> tuple[float | None, ...]:
    """The shares of primary, secondary and tertiary: (1-m)A + mB, or A alone."""
    method, multiplier = recipe.get("interp_method"), recipe.get("multiplier")
    if method == "No interpolation":
        return (1.0, None, None)
    if method == "Weighted sum" and isinstance(multiplier, int | float) and 0 <= multiplier <= 1:
        return (1.0 - multiplier, float(multiplier), None)
    return (None, None, None)


def shares(recipes: Mapping[str, Parents]) -> dict[str, float | None]:
    """Product shares, summed over all paths from ``ITSELF``; unknown behind a loop."""
    uses = dict.fromkeys(recipes, 0)
    for parents in recipes.values():
        for parent in parents:
            uses[parent] = uses.get(parent, 0) + 1
    # Kahn's order: a model is opened once everything made from it has been.
    ready = [model for model, count in uses.items() if count == 0]
    found: dict[str, float | None] = dict.fromkeys(ready)
    found[ITSELF] = 1.0
    while ready:
        model = ready.pop()
        for parent, share in recipes.get(model, {}).items():
            part = _product(found[model], share)
            found[parent] = _sum(found.get(parent, 0.0), part)
            uses[parent] -= 1
            if uses[parent] == 0:
                ready.append(parent)
    return {model: share if uses[model] == 0 else None for model, share in found.items()}


def _sum(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None else min(a + b, 1.0)


def _product(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None else a * b
