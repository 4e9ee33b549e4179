"""Merge recipes of mergekit: beside the weights as written by the tool, or quoted in a card."""

from __future__ import annotations

from collections.abc import Iterator

from modelaudit.domain.claim import Claim
from modelaudit.domain.model import Document, Gap
from modelaudit.domain.words import Grade, Relation
from modelaudit.resolve.evidence._claims import Said, claims, malformed
from modelaudit.resolve.evidence._mergekit import ingredients, recipes

name = "mergekit"
reads = frozenset({"mergekit", "card"})
grade = Grade.RECORDED


def extract(document: Document) -> Iterator[Claim | Gap]:
    """One claim per merged model, with its share where the recipe gives plain numbers."""
    return claims(document, name, _said(document))


def _said(document: Document) -> Iterator[Said | Gap]:
    text = document.body
    if not isinstance(text, str):
        return
    if document.kind == "card":
        for n, recipe in enumerate(recipes(text), start=1):
            yield from _of_recipe(recipe, Grade.DECLARED, f"mergekit block {n} ")
        return
    found = list(_of_recipe(text, grade, ""))
    yield from found
    if not found:
        yield malformed(document, "no model can be read from the merge recipe")


def _of_recipe(recipe: str, grade: Grade, at: str) -> Iterator[Said]:
    for item in ingredients(recipe):
        yield Said(item.name, f"{at}{item.pointer}", grade, Relation.MERGE, weight=item.weight)
