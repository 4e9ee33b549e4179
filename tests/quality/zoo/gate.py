"""What must hold of all outcomes; each thing that does not is a line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from tests.quality.zoo.merges import Baked
from tests.quality.zoo.outcomes import Outcome, by_kind, rates
from tests.quality.zoo.truth import LEAST_ALARM, TRUTH

LADDER: Final = 0.02
"""By which R may differ from the correlation of the whole matrices."""
ON_LADDER: Final = ("tuned", "noise", "noise-heavy")
"""After heavier training rows differ too much for the few of a block to stand for all."""
SHARES: Final = 0.005
"""By which a told share may differ from the one that a merge was made with."""


def failures(
    outcomes: Sequence[Outcome], merges: Sequence[Baked], recorded: Mapping[str, Any] | None
) -> list[str]:
    """Every fault, the gravest kind first; nothing where all is well."""
    return [
        *(f"false alarm: {one}" for one in outcomes if one.alarm),
        *(
            f"wrong: {one}"
            for one in outcomes
            if TRUTH[one.kind].strict and not one.right and not one.alarm
        ),
        *(
            f"ladder off by {one.deviation:.4f}: {one}"
            for one in outcomes
            if one.kind in ON_LADDER and (one.deviation or 0) > LADDER
        ),
        *_of_merges(merges),
        *_fewer(outcomes, recorded or {}),
    ]


def _of_merges(merges: Sequence[Baked]) -> Iterator[str]:
    for one in merges:
        if one.invented:
            yield f"shares of what cannot be known: {one}"
        elif one.mixture.complete and one.error is None:
            yield f"recipe not found: {one}"
        elif one.mixture.complete and (one.error or 0) > SHARES:
            yield f"shares off by {one.error:.4f}: {one}"


def _fewer(outcomes: Sequence[Outcome], recorded: Mapping[str, Any]) -> Iterator[str]:
    """Rates below those that were recorded."""
    measured = rates(outcomes, 0)
    for grade, before in recorded.get("grades", {}).items():
        now = measured["grades"].get(grade, {"recall": 0.0})
        if now["recall"] < before["recall"] - 1e-9:
            yield f"recall of {grade} was {before['recall']}, and is {now['recall']}"
    kinds = by_kind(outcomes)
    for kind, before in recorded.get("edits", {}).items():
        now = measured["edits"].get(kind)
        if now is None or kind not in TRUTH or not before["cases"]:
            continue  # published models may be absent here
        expected = before["found"] / before["cases"]
        if TRUTH[kind].right[0] >= LEAST_ALARM and now["found"] / now["cases"] < expected:
            missed = next(one for one in kinds[kind] if not one.found)
            was, found = f"{before['found']} of {before['cases']}", now["found"]
            yield f"{kind}: {found} of {now['cases']} found, were {was}: {missed}"
