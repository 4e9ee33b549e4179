"""How weights relate, for people and for programs; and what a sketch holds."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, Protocol

from modelaudit.domain.sketch import (
    Anchor,
    Comparison,
    Recipe,
    Score,
    Share,
    Sketch,
    TensorScore,
    Use,
)
from modelaudit.report import words
from modelaudit.report.clean import for_terminal, shorten

_MOST_TENSORS: Final = 24
"""Rows shown to people; programs get all."""
_NAME: Final = 60

NULL: Final = (
    "The question is whether the two were trained from independent random beginnings; a kinship "
    "of weights names no parent and no training data."
)


class Compared(Protocol):
    """One model against those that a person named."""

    @property
    def suspect(self) -> str:
        """As it was named."""

    @property
    def bytes_read(self) -> int:
        """Of all files."""

    @property
    def comparisons(self) -> Sequence[Comparison]:
        """One for each reference."""

    @property
    def recipe(self) -> Recipe | None:
        """Of a merge among them."""

    @property
    def notes(self) -> Sequence[str]:
        """What could not be compared."""


def record(found: Compared) -> dict[str, Any]:
    """As published: see ``docs/reference/compare.md``."""
    return {
        "suspect": found.suspect,
        "bytes_read": found.bytes_read,
        "comparisons": [comparison_record(one) for one in found.comparisons],
        "merge": None if found.recipe is None else recipe_record(found.recipe),
        "notes": list(found.notes),
    }


def comparison_record(one: Comparison) -> dict[str, Any]:
    """One comparison; the overall numbers are those of the component that decided."""
    return {
        "reference": one.reference,
        **score_record(one.overall),
        "component": None if one.component is None else one.component.word,
        "components": {part.word: score_record(score) for part, score in one.components.items()},
        "tensors": [tensor_record(tensor) for tensor in one.tensors],
        "permuted": one.permuted,
        "anchor": None if one.anchor is None else anchor_record(one.anchor),
        "commons": list(one.commons),
        "remarks": list(one.remarks),
    }


def score_record(score: Score) -> dict[str, Any]:
    """The numbers of one part."""
    return {
        "grade": score.grade.word,
        "wording": score.wording,
        "score": number(score.score),
        "median": number(score.median),
        "coverage": number(score.coverage),
        "bit_equal": number(score.bit_equal),
        "floor": number(score.floor),
        "compared": score.tensors,
        "values": score.values,
        "skipped": score.skipped,
        "recast": score.recast,
    }


def tensor_record(tensor: TensorScore) -> dict[str, Any]:
    """One matrix."""
    return {
        "name": tensor.name,
        "reference_name": tensor.reference_name,
        "component": tensor.component.word,
        "r": None if tensor.r is None else number(tensor.r),
        "equal": number(tensor.equal),
        "by_content": tensor.by_content,
    }


def anchor_record(anchor: Anchor) -> dict[str, Any]:
    """The test for permuted channels."""
    return {
        "r": number(anchor.r),
        "matched": number(anchor.matched),
        "moved": number(anchor.moved),
        "channels": anchor.channels,
        "values": anchor.values,
        "floor": number(anchor.floor),
        "excludes": anchor.excludes,
    }


def recipe_record(recipe: Recipe) -> dict[str, Any]:
    """A merge's parents; none where the recipe is not complete."""
    return {
        "parents": [_share(share) for share in recipe.parents],
        "complete": recipe.complete,
        "residual_ratio": number(recipe.residual_ratio),
        "by_tensor": {
            name: {other: number(weight) for other, weight in sorted(shares.items())}
            for name, shares in sorted(recipe.by_tensor.items())
        },
        "wording": recipe.wording,
    }


def margin(share: Share) -> str:
    """``± 0.0020``; what is smaller than the digits shown is not told as nothing."""
    return f"± {share.error:.4f}" if share.error >= 0.0001 else "± under 0.0001"


def shares(recipe: Recipe) -> str:
    """``0.6000 of a, 0.4000 of b; what is left is 1.27 times what rounding leaves``."""
    told = ", ".join(f"{share.weight:.4f} of {share.reference}" for share in recipe.parents)
    left = f"what is left is {recipe.residual_ratio:.2f} times what rounding leaves"
    return f"{told or recipe.wording}; {left}"


def number(value: float) -> float | None:
    """Six significant digits; JSON knows no NaN and no infinity."""
    return float(f"{value:.6g}") if math.isfinite(value) else None


def render_json(found: Compared) -> Iterator[str]:
    """One JSON object, all ASCII."""
    yield json.dumps(record(found), indent=1) + "\n"


def render(found: Compared) -> Iterator[str]:
    """Lines of text, cleaned for a terminal."""
    yield _line(0, f"{found.suspect}: {found.bytes_read:,} bytes read, with its references")
    for note in found.notes:
        yield _line(1, f"not compared: {note}")
    for one in found.comparisons:
        yield "\n"
        yield from _comparison(one)
    if found.recipe is not None:
        yield "\n"
        yield from _recipe(found.recipe)
    yield "\n"
    yield _line(0, NULL)


def figures(score: Score) -> str:
    """``R 0.9990, median 0.9994, coverage 1.00, equal 0.06; floor 0.10; 16 matrices``."""
    return (
        f"R {score.score:.4f}, median {score.median:.4f}, coverage {score.coverage:.2f}, "
        f"equal {score.bit_equal:.2f}; independent models stay below {score.floor:.2f}; "
        f"{words.amount(score.tensors, 'matrix', 'matrices')}"
    )


def _comparison(one: Comparison) -> Iterator[str]:
    yield _line(0, f"{one.overall.grade.word}: {one.reference}")
    yield _line(1, one.overall.wording)
    if one.overall.tensors:
        yield _line(1, figures(one.overall))
    if len(one.components) > 1:
        for part, score in one.components.items():
            yield _line(2, f"{part.word:<14} {score.grade.word:<22} {figures(score)}")
    if one.anchor is not None:
        yield _line(
            1,
            f"input channels: {one.anchor.matched:.0%} of {one.anchor.channels} matched, "
            f"check r {one.anchor.r:.3f} over {one.anchor.values} values each",
        )
    for remark in one.remarks:
        yield _line(1, remark)
    for name in one.commons:
        yield _line(1, f"left out, independent models share it: {name}")
    yield from _tensors(one.tensors)


def _tensors(tensors: Sequence[TensorScore]) -> Iterator[str]:
    if not tensors:
        return
    yield _line(1, f"{'r':>8}  {'equal':>5}  matrix")
    for tensor in tensors[:_MOST_TENSORS]:
        r = "-" if tensor.r is None else f"{tensor.r:.4f}"
        name = shorten(for_terminal(tensor.name), _NAME)
        if tensor.by_content or tensor.reference_name != tensor.name:
            name += f"  = {shorten(for_terminal(tensor.reference_name), _NAME)}"
        yield _line(1, f"{r:>8}  {tensor.equal:>5.2f}  {name}")
    if len(tensors) > _MOST_TENSORS:
        more = len(tensors) - _MOST_TENSORS
        yield _line(1, f"and {more} more; --format json shows all")


def _recipe(recipe: Recipe) -> Iterator[str]:
    yield _line(0, f"merge: {recipe.wording}")
    for share in recipe.parents:
        yield _line(1, f"{share.weight:7.4f} {margin(share)}  {share.reference}")
    yield _line(1, f"what is left is {recipe.residual_ratio:.2f} times what rounding leaves")
    for name, shares in sorted(recipe.by_tensor.items())[:_MOST_TENSORS]:
        told = ", ".join(f"{weight:.3f} {other}" for other, weight in sorted(shares.items()))
        yield _line(2, f"{shorten(for_terminal(name), _NAME)}: {told}")


def _share(share: Share) -> dict[str, Any]:
    return {
        "reference": share.reference,
        "weight": number(share.weight),
        "error": number(share.error),
    }


def render_sketch(sketch: Sketch, path: Path) -> Iterator[str]:
    """What was written, and how a list names it."""
    what = sketch.architecture
    counts = Counter(b.component for b in sketch.blocks if b.use is Use.SAMPLE)
    yield _line(0, f"{path}: {what.family} {what.kind}, {sketch.bytes_read:,} bytes read")
    for part, count in sorted(counts.items()):
        yield _line(1, f"{part.word}: {words.amount(count, 'matrix', 'matrices')}")
    for note in sketch.notes:
        yield _line(1, f"left out: {note}")
    main = min(counts)
    yield _line(0, "An entry of a list names it so, by its path from the list's file:")
    yield _line(1, f"match: {{sketches: [{{ref: {path.name}, component: {main.word}}}]}}")


def _line(depth: int, text: str) -> str:
    return f"{'  ' * depth}{for_terminal(text)}\n"
