"""Short forms of what comparing weights gives, for the tests of everything that follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from modelaudit.domain.refs import ModelRef
from modelaudit.domain.sketch import (
    Anchor,
    Comparison,
    Ingredient,
    Kin,
    Recipe,
    Score,
    Share,
    TensorScore,
    Weighed,
)
from modelaudit.domain.words import Component, Kinship

NUMBERS = {
    # kinship: (R, median, coverage, equal)
    "identical": (1.0, 1.0, 1.0, 1.0),
    "derived": (0.999, 0.9994, 1.0, 0.0625),
    "common-ancestry": (0.71, 0.702, 1.0, 0.0),
    "partial": (0.5, 0.51, 0.5, 0.25),
    "diluted": (0.31, 0.3, 0.0, 0.0),
    "inconclusive": (0.118, 0.12, 0.0, 0.0),
    "same-architecture-only": (0.003, 0.01, 0.0, 0.0),
    "unrelated": (0.0, 0.0, 0.0, 0.0),
}


def score(kinship: str, **more: Any) -> Score:
    r, median, coverage, equal = NUMBERS[kinship]
    given = {
        "score": r, "median": median, "coverage": coverage, "bit_equal": equal, "floor": 0.1,
        "tensors": 0 if kinship == "unrelated" else 16, "values": 16_384,
        "wording": f"these are {kinship}",
    }  # fmt: skip
    return Score(grade=Kinship.parse(kinship), **(given | more))


def tensor(name: str = "a.weight", part: str = "unet", r: float | None = 0.9) -> TensorScore:
    return TensorScore(
        name=name, reference_name=name, component=Component.parse(part), r=r, equal=0.0
    )


def comparison(
    kinship: str = "derived",
    part: str | None = "unet",
    others: Mapping[str, str] | None = None,
    **more: Any,
) -> Comparison:
    """A comparison that ``part`` decided; ``others`` are parts with a kinship of their own."""
    decided = score(kinship)
    scores = {Component.parse(name): score(word) for name, word in (others or {}).items()}
    if part is not None:
        scores[Component.parse(part)] = decided
    return Comparison(
        **{
            "reference": "Root 1.0 (list/root)",
            "overall": decided,
            "component": None if part is None else Component.parse(part),
            "components": scores,
            **more,
        }
    )


def kin(parent: str = "hf:acme/root", kinship: str = "derived", **more: Any) -> Kin:
    return Kin(parent=ModelRef(parent), comparison=comparison(kinship, **more))


def weighed(ref: str, *found: Kin, path: str = "model.safetensors", **more: Any) -> Weighed:
    part = found[0].comparison.component if found else None
    given = {
        "observed": 1_790_000_000, "source": "https://x.test/f", "family": "sd1",
        "bytes_read": 34_816, "references": 5, "component": part,
    }  # fmt: skip
    return Weighed(model=ModelRef(ref), path=path, kin=found, **(given | more))


def recipe(shares: Mapping[str, float], *, complete: bool = True) -> Mapping[str, Any]:
    """The fields of a merge of these nodes."""
    parents = {ref: Share(reference=f"file of {ref}", weight=w, error=0.002)
               for ref, w in shares.items()}  # fmt: skip
    return {
        "recipe": Recipe(
            parents=tuple(parents.values()),
            complete=complete,
            residual_ratio=1.01,
            wording="a merge of these",
        ),
        "ingredients": tuple(
            Ingredient(parent=ModelRef(ref), share=share) for ref, share in parents.items()
        ),
    }


UNPERMUTED = Anchor(r=0.01, matched=0.2, moved=1.0, channels=320, values=12, excludes=True)
PERMUTED = replace(UNPERMUTED, r=0.99, matched=1.0, excludes=False)
