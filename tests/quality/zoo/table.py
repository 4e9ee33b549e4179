"""The rates as they are printed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from statistics import median

from tests.quality.zoo.merges import Baked
from tests.quality.zoo.outcomes import Outcome, by_grade, by_kind
from tests.quality.zoo.truth import ALARMS


def lines(outcomes: Sequence[Outcome], merges: Sequence[Baked]) -> Iterator[str]:
    """Grades, kinds, and what else was measured."""
    yield f"{'grade':24} {'cases':>6} {'precision':>10} {'recall':>8}"
    for grade, rate in by_grade(outcomes).items():
        yield f"{grade:24} {rate['cases']:6.0f} {rate['precision']:10.4f} {rate['recall']:8.4f}"
    yield ""
    heads = f"{'cases':>6} {'right':>6} {'found':>6} {'R least':>8} {'median':>8} {'most':>8}"
    yield f"{'kind':20} {heads}"
    for kind, ones in by_kind(outcomes).items():
        rs = [one.r for one in ones]
        grades = Counter(one.grade.word for one in ones)
        yield (
            f"{kind:20} {len(ones):6} {sum(one.right for one in ones):6}"
            f" {sum(one.found for one in ones):6} {min(rs):8.3f} {median(rs):8.3f} {max(rs):8.3f}"
            f"  {', '.join(f'{word} {count}' for word, count in grades.most_common())}"
        )
    yield ""
    yield from _extremes(outcomes)
    for ones in by_kind(outcomes).values():
        wrong = [one for one in ones if not one.right]
        if wrong:
            yield f"not right, {len(wrong)} of {len(ones)}: {wrong[0]}"
    yield from _of_merges(merges)


def _extremes(outcomes: Sequence[Outcome]) -> Iterator[str]:
    null = [one for one in outcomes if one.kind in ALARMS and one.kind != "real-independent"]
    for family in sorted({one.family for one in null}):
        ones = [one for one in null if one.family == family]
        pairs = [one for one in ones if one.kind == "independent"]
        yield f"{family}: largest |R| of {len(pairs)} independent pairs {_most(pairs):.4f}"
        yield f"{family}: largest |R| of {len(ones)} comparisons of strangers {_most(ones):.4f}"
        anchors = [abs(one.anchor_r) for one in ones if one.anchor_r is not None]
        if anchors:
            yield f"{family}: largest |anchor r| among them {max(anchors):.4f}"
    for kind, ones in by_kind(outcomes).items():
        known = [one for one in ones if one.deviation is not None]
        if known:
            worst = max(known, key=lambda one: one.deviation or 0)
            yield f"{kind}: R off by at most {worst.deviation:.4f} ({worst.detail.strip()})"
    for kind in ("permuted", "permuted-shuffled"):
        found = [one.anchor_r for one in outcomes if one.kind == kind and one.anchor_r is not None]
        if found:
            yield f"{kind}: anchor r {min(found):.3f} to {max(found):.3f}"


def _most(outcomes: Sequence[Outcome]) -> float:
    return max((abs(one.r) for one in outcomes), default=0.0)


def _of_merges(merges: Sequence[Baked]) -> Iterator[str]:
    for told, given in ((True, "all parents"), (False, "a parent withheld")):
        ones = [one for one in merges if one.mixture.complete is told]
        rhos = [one.recipe.residual_ratio for one in ones if one.recipe]
        errors = [one.error for one in ones if one.error is not None]
        yield (
            f"merges with {given}: {len(ones)}, rho {min(rhos, default=0):.2f} to"
            f" {max(rhos, default=0):.2f}, nothing told of {sum(not one.recipe for one in ones)},"
            f" shares off by at most {max(errors, default=0):.5f}"
        )
