"""mergekit configurations: models, slices, experts (github.com/arcee-ai/mergekit, docs)."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from modelaudit.domain.refs import MAX_LENGTH
from modelaudit.resolve.evidence._yaml import UnreadableYaml, yaml_documents
from modelaudit.resolve.identity import MAX_NAMES

_LINE = re.compile(
    r"(?:^|[\s-])(?:(?:base_model|source_model|model)\s*:|--(?:base-)?model[\s=])\s*(\S{1,512})"
)
_FENCED = re.compile(r"^[ \t]*```[^\n]{0,40}\n(.*?)^[ \t]*```", re.DOTALL | re.MULTILINE)
_IS_RECIPE = re.compile(
    r"merge_method[ \t]*:|mergekit-|^[ \t]*(?:slices|experts):",
    re.MULTILINE,
)
_MAX_CARD = 500_000


@dataclass(frozen=True, slots=True)
class Ingredient:
    """One model that a recipe names."""

    pointer: str
    """JSON pointer, or ``line N`` where the recipe is no YAML."""
    name: str
    weight: float | None
    """Its share, 0 to 1, where every weight is a plain number."""


def ingredients(text: str) -> list[Ingredient]:
    """The models of a recipe; from its lines where it is not valid YAML."""
    try:
        documents = [d for d in yaml_documents(text) if isinstance(d, Mapping)]
    except UnreadableYaml:
        documents = []
    found = [i for n, d in enumerate(documents) for i in _of_document(d, n, len(documents))]
    # Steps of a multi-stage merge name each other; those names are no models.
    own = {d.get("name") for d in documents if isinstance(d.get("name"), str)}
    found = [i for i in found if i.name not in own]
    return (found or list(_of_lines(text)))[:MAX_NAMES]


def recipes(card: str) -> Iterator[str]:
    """The recipes in the code blocks of a card."""
    for block in _FENCED.finditer(card[:_MAX_CARD]):
        if _IS_RECIPE.search(block[1]):
            yield block[1]


def _of_document(recipe: Mapping[Any, Any], n: int, of: int) -> Iterator[Ingredient]:
    at = f"/{n}" if of > 1 else ""
    models = _items(recipe, "models")
    shares = _shares(models)
    for i, model in enumerate(models):
        yield from _named(model.get("model"), f"{at}/models/{i}/model", shares.get(i))
    for i, part in enumerate(_items(recipe, "slices")):
        for j, source in enumerate(_items(part, "sources")):
            yield from _named(source.get("model"), f"{at}/slices/{i}/sources/{j}/model", None)
    for i, expert in enumerate(_items(recipe, "experts")):
        yield from _named(expert.get("source_model"), f"{at}/experts/{i}/source_model", None)
    yield from _named(recipe.get("base_model"), f"{at}/base_model", None)


def _named(value: object, pointer: str, weight: float | None) -> Iterator[Ingredient]:
    """A model is a string ``model[@revision][+lora]`` or ``{model: {path: …}, lora: …}``."""
    for _ in range(2):
        if isinstance(value, Mapping):
            key = "path" if "path" in value else "model"
            value, pointer = value.get(key), f"{pointer}/{key}"
    if isinstance(value, str) and len(value) <= MAX_LENGTH:
        for name in value.split("+"):
            yield Ingredient(pointer, name, weight)


def _shares(models: list[Mapping[Any, Any]]) -> dict[int, float]:
    """Index → share of the models; empty unless every stated weight is a plain number."""
    weights = {}
    for i, model in enumerate(models):
        parameters = model.get("parameters")
        stated = parameters.get("weight") if isinstance(parameters, Mapping) else None
        if stated is None:
            continue  # the base model of a task merge has none
        weight = _number(stated)
        if weight is None:
            return {}
        weights[i] = weight
    total = sum(weights.values())
    return {i: weight / total for i, weight in weights.items()} if total > 0 else {}


def _number(text: object) -> float | None:
    try:
        number = float(text) if isinstance(text, str) else math.nan
    except ValueError:
        return None
    return number if 0 <= number < 1e6 else None


def _items(of: Mapping[Any, Any], key: str) -> list[Mapping[Any, Any]]:
    value = of.get(key)
    return [i if isinstance(i, Mapping) else {} for i in value] if isinstance(value, list) else []


def _of_lines(text: str) -> Iterator[Ingredient]:
    for n, line in enumerate(text[:_MAX_CARD].splitlines(), start=1):
        for found in _LINE.finditer(line[: 2 * MAX_LENGTH]):
            yield Ingredient(f"line {n}", found[1], None)
