"""What sampled weights showed, for every format: records, sentences, and how often they err."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Final

from modelaudit.domain.claim import Sample
from modelaudit.domain.finding import Finding
from modelaudit.domain.sketch import Anchor, Kin, Recipe, Score, TensorScore, Weighed
from modelaudit.domain.times import format_time
from modelaudit.domain.words import Kinship
from modelaudit.report import words
from modelaudit.report.comparison import (
    anchor_record,
    number,
    recipe_record,
    score_record,
    tensor_record,
)

KINSHIP: Final = {
    Kinship.IDENTICAL: "the same in every value that was sampled",
    Kinship.DERIVED: "a modified copy of the reference, or of something in its lineage",
    Kinship.COMMON_ANCESTRY: (
        "far from independent: heavy training, pruning, a merge, or one common beginning"
    ),
    Kinship.PARTIAL: "some matrices come from the reference, the others do not",
    Kinship.DILUTED: "traces: a small share of a merge, or an edit that destroys",
    Kinship.INCONCLUSIVE: "too little to tell, or between two answers",
    Kinship.SAME_ARCHITECTURE_ONLY: "the same shapes, and no trace of the same training",
    Kinship.UNRELATED: "nothing of the one can be held against anything of the other",
}

SAMPLED: Final = (
    "A part of each file’s values was held against the same values of every reference of its "
    "architecture. A file that shows no kinship was not found to descend from those; of other "
    "models nothing is said."
)


def sample_record(sample: Sample) -> dict[str, Any]:
    """The numbers that a claim rests on."""
    one = sample.comparison
    return {
        "reference": one.reference,
        **score_record(one.overall),
        "bytes_read": sample.bytes_read,
        "references": sample.references,
        "permuted": one.permuted,
        "descent": one.descent.value or None,
        "anchor": None if one.anchor is None else anchor_record(one.anchor),
        "remarks": list(one.remarks),
        "merge": None if sample.recipe is None else recipe_record(sample.recipe),
        "tensors": [tensor_record(tensor) for tensor in one.tensors],
    }


def compared_record(weighed: Weighed) -> dict[str, Any]:
    """One file that was compared, and the closest reference."""
    nearest = weighed.kin[0] if weighed.kin else None
    return {
        "model": weighed.model,
        "file": weighed.path,
        "family": weighed.family,
        "component": None if weighed.component is None else weighed.component.word,
        "references": weighed.references,
        "nearest": None if nearest is None else _nearest(nearest),
        "wording": "" if nearest is None else nearest.comparison.overall.wording,
        "merge": None if weighed.recipe is None else _merge(weighed, weighed.recipe),
        "bytes_read": weighed.bytes_read,
        "observed": format_time(weighed.observed),
    }


def _nearest(kin: Kin) -> dict[str, Any]:
    score = kin.comparison.overall
    return {
        "reference": kin.comparison.reference,
        "parent": kin.parent,
        "grade": score.grade.word,
        "score": number(score.score),
        "median": number(score.median),
        "coverage": number(score.coverage),
        "bit_equal": number(score.bit_equal),
        "tensors": score.tensors,
        "floor": number(score.floor),
    }


def _merge(weighed: Weighed, recipe: Recipe) -> dict[str, Any]:
    """A recipe; shares mean nothing where something is missing from it."""
    told = recipe.complete
    return {
        "parents": [
            {
                "parent": one.parent,
                "reference": one.share.reference,
                "weight": number(one.share.weight) if told else None,
                "error": number(one.share.error) if told else None,
            }
            for one in weighed.ingredients
        ],
        "complete": told,
        "residual_ratio": number(recipe.residual_ratio),
        "wording": recipe.wording,
    }


def samples(finding: Finding) -> Iterator[Sample]:
    """What the claims of a finding rest on, as far as they rest on weights."""
    return (claim.sample for claim in finding.claims if claim.sample is not None)


def sentence(kin: Kin) -> str:
    """What was found of one reference, in one line with its numbers."""
    one = kin.comparison
    score = one.overall
    told = f"R {score.score:.3f} over {words.amount(score.tensors, 'matrix', 'matrices')}"
    if one.permuted or score.grade >= Kinship.DILUTED:
        return f"{score.grade}: {kin.parent}: {told}, {score.wording}"
    if score.grade is Kinship.UNRELATED:
        return f"nothing to hold against {kin.parent}: {score.wording}"
    if score.grade is Kinship.INCONCLUSIVE:
        return f"not settled whether it descends from {kin.parent}: {told}, floor {score.floor:.2f}"
    return (
        f"no weight evidence of descent from {kin.parent}: {told}, floor {score.floor:.2f}; "
        f"{_permutation(one.anchor)}"
    )


def _permutation(anchor: Anchor | None) -> str:
    if anchor is None:
        return "whether its channels were permuted was not tested"
    if anchor.holds:
        return "its input channels agree"
    return "permutation excluded" if anchor.excludes else "a permutation cannot be excluded"


def channels(anchor: Anchor) -> str:
    """What the test for permuted channels measured."""
    return (
        f"{anchor.matched:.0%} of {anchor.channels} input channels matched, {anchor.moved:.0%} of "
        f"them in another place, check r {anchor.r:.3f} over {anchor.values} values each"
    )


def span(tensors: Sequence[TensorScore]) -> str:
    """``r from 0.9810 to 0.9999 over 16 matrices``; empty where none was measured."""
    measured = [tensor.r for tensor in tensors if tensor.r is not None]
    if not measured:
        return ""
    return (
        f"r from {min(measured):.4f} to {max(measured):.4f} over "
        f"{words.amount(len(measured), 'matrix', 'matrices')}"
    )


def numbers(score: Score) -> tuple[tuple[str, str], ...]:
    """Names and values of a score, for a table; the floor is what independent models stay below."""
    return (
        ("R", f"{score.score:.4f}"),
        ("median |r|", f"{score.median:.4f}"),
        ("coverage", f"{score.coverage:.2f}"),
        ("equal", f"{score.bit_equal:.2f}"),
        ("floor", f"{score.floor:.2f}"),
        ("matrices", f"{score.tensors:,}"),
        ("values", f"{score.values:,}"),
    )


def counts(kinships: Mapping[Kinship, int]) -> Iterator[tuple[Kinship, int, str]]:
    """(kinship, files, meaning), closest first."""
    for kinship in sorted(kinships, reverse=True):
        yield kinship, kinships[kinship], KINSHIP[kinship]


@cache
def error_rates() -> dict[str, Any] | None:
    """How often these comparisons err on cases of known origin; ``None`` where not measured."""
    data = files("modelaudit.report") / "data" / "error_rates.json"
    if not data.is_file():
        return None
    loaded: dict[str, Any] = json.loads(data.read_text("utf-8"))
    return loaded


def error_sentence() -> str:
    """The error rates of this build in one sentence."""
    rates = error_rates()
    if rates is None:
        return "How often comparisons of weights err was not measured in this build."
    false = rates["false_alarms"]
    bound = (
        f", which bounds that rate at {rates['upper_bound']:.1%} (rule of three, 95% confidence)"
        if not false
        else ""
    )
    return (
        f"Of {rates['independent_pairs']:,} pairs of {rates['independent_bases']:,} models trained "
        f"independently, most of them small, {f'{false:,}' if false else 'none'} "
        f"{'was' if false <= 1 else 'were'} taken for kin{bound}. Measured {rates['generated']}."
    )
