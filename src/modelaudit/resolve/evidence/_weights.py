"""What sampled weights say of a model's origin, shared by what they prove and what they suggest.

The part that decides stands for the model; kinship of any other part (a VAE, a text encoder) says
where that part comes from. What was compared and is no kin claims nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final, NamedTuple

from modelaudit.domain import refs
from modelaudit.domain.claim import EXCERPT_LENGTH, Claim, Sample
from modelaudit.domain.model import Document
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.sketch import Comparison, Descent, Ingredient, Recipe, Score, Weighed
from modelaudit.domain.weighed import parse
from modelaudit.domain.words import Component, Grade, Kinship, Relation

KIND: Final = "weights"

_FULL_PRECISION: Final = frozenset({"F64", "F32", "F16", "BF16"})


class Part(NamedTuple):
    """One part of the model against the same part of one reference."""

    parent: ModelRef
    component: Component
    sample: Sample
    quantised: bool
    """The model stores its values in fewer bits than they were trained in."""

    @property
    def score(self) -> Score:
        """The part's numbers."""
        return self.sample.comparison.overall

    @property
    def descent(self) -> Descent:
        """Whether it comes from the reference itself, where that is derived."""
        return self.sample.comparison.descent

    @property
    def permuted(self) -> bool:
        """Whether its channels lie in another order."""
        return self.sample.comparison.permuted


class Mixed(NamedTuple):
    """One parent of a merge whose recipe leaves nothing unexplained."""

    ingredient: Ingredient
    recipe: Recipe
    component: Component


def weighed(document: Document) -> Weighed | None:
    """What the document tells; ``None`` where it makes no sense."""
    try:
        return parse(document.body)
    except ValueError:
        return None


def parts(document: Document, found: Weighed) -> dict[tuple[ModelRef, Component], Part]:
    """Every part by what it was compared with, by the closest reference of each node.

    The model itself is no reference.
    """
    quantised = not _FULL_PRECISION.issuperset(found.dtypes)
    told: dict[tuple[ModelRef, Component], Part] = {}
    for kin in found.kin:
        if _is_itself(document.model, kin.parent):
            continue
        for component, score in _scores(kin.comparison):
            sample = _sample(found, kin.comparison, component, score)
            sample = replace(sample, sketch=kin.sketch)
            part = Part(kin.parent, component, sample, quantised)
            told.setdefault((kin.parent, component), part)
    return told


def mixed(document: Document, found: Weighed) -> dict[tuple[ModelRef, Component], Mixed]:
    """The parents of a merge, where its recipe is complete and of a main part."""
    recipe, component = _proved(found), found.component
    if recipe is None or component is None:
        return {}
    return {
        (one.parent, component): Mixed(one, recipe, component)
        for one in found.ingredients
        if not _is_itself(document.model, one.parent)
    }


def _proved(found: Weighed) -> Recipe | None:
    """The recipe, where it leaves nothing unexplained and is of a main part."""
    recipe, component = found.recipe, found.component
    of_main = component is not None and component.main
    return recipe if recipe and recipe.complete and recipe.parents and of_main else None


def claim(document: Document, part: Part, by: str, grade: Grade, relation: Relation) -> Claim:
    """What a part that was compared claims."""
    score = part.score
    return Claim(
        child=document.model,
        parent=part.parent,
        relation=relation,
        grade=grade,
        extractor=by,
        locator=_locator(part),
        observed=document.observed,
        source=document.source,
        path=document.path or "",
        excerpt=(
            f"{score.grade}: R {score.score:.4f}, median {score.median:.4f}, coverage"
            f" {score.coverage:.2f}, equal {score.bit_equal:.2f}, floor {score.floor:.2f};"
            f" {score.tensors} tensors"
        )[:EXCERPT_LENGTH],
        component=part.component,
        sample=part.sample,
    )


def claim_of_merge(document: Document, one: Mixed, by: str, part: Part | None) -> Claim:
    """What a recipe claims of one parent; ``part`` is how the model compares with it alone.

    What was taken away is no share: then the claim has none.
    """
    share, recipe = one.ingredient.share, one.recipe
    if part is None:
        score = Score(grade=Kinship.PARTIAL, wording=recipe.wording)
        found = Comparison(reference=share.reference, overall=score, component=one.component)
        sample = Sample(comparison=found)
    else:
        found = part.sample.comparison
        found = replace(found, remarks=(recipe.wording, *found.remarks))
        sample = replace(part.sample, comparison=found)
    return Claim(
        child=document.model,
        parent=one.ingredient.parent,
        relation=Relation.MERGE,
        grade=Grade.MEASURED,
        extractor=by,
        locator=f"{one.component}: recipe",
        observed=document.observed,
        source=document.source,
        path=document.path or "",
        excerpt=(
            f"share {share.weight:.4f} ± {share.error:.4f}; what is left is"
            f" {recipe.residual_ratio:.2f} times what rounding leaves"
        )[:EXCERPT_LENGTH],
        component=one.component,
        weight=min(share.weight, 1.0) if share.weight > 0 else None,
        sample=sample,
    )


def _is_itself(child: ModelRef, parent: ModelRef) -> bool:
    own, other = refs.key(child), refs.key(parent)
    return own == other or own.startswith(f"{other}@")  # every version of a Civitai model


def _scores(one: Comparison) -> Iterator[tuple[Component, Score]]:
    """The part that decides, if it is a main one, and the parts that are none."""
    if one.component is not None and one.component.main:
        yield one.component, one.overall
    for component, score in one.components.items():
        if not component.main:
            yield component, score


def _sample(found: Weighed, one: Comparison, component: Component, score: Score) -> Sample:
    """The comparison of one part; what is told of channels and directions is of the main one."""
    own = replace(
        one,
        overall=score,
        component=component,
        components={},
        tensors=tuple(tensor for tensor in one.tensors if tensor.component is component),
    )
    recipe = _proved(found)
    if not component.main:
        own = replace(own, anchor=None, permuted=False, descent=Descent.UNKNOWN, remarks=())
        recipe = None
    return Sample(
        comparison=own,
        bytes_read=found.bytes_read,
        references=found.references,
        recipe=recipe,
    )


def _locator(part: Part) -> str:
    """``unet: 16 of 16 tensors``: how many of those compared are kin."""
    score = part.score
    share = 1 if score.grade is Kinship.IDENTICAL else score.coverage
    return f"{part.component}: {share * score.tensors:.0f} of {score.tensors} tensors"
