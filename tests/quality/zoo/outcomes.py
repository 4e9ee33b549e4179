"""What came out of each case, and the rates that follow."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from modelaudit.domain.words import Kinship
from modelaudit.resolve.weights.compare import compare
from tests.quality.zoo.cases import Case
from tests.quality.zoo.truth import ALARMS, LEAST_ALARM, TRUTH


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One comparison, against what was to be found."""

    kind: str
    family: str
    detail: str
    grade: Kinship
    r: float
    coverage: float
    permuted: bool
    anchor_r: float | None
    deviation: float | None
    """Of R from what it should be, where that is known."""
    parts: bool
    """The other parts of the model are graded as they should be."""
    wording: str

    @property
    def right(self) -> bool:
        """Whether the grade is one of those that count as right, and all else is."""
        truth = TRUTH[self.kind]
        order = truth.permuted in (None, self.permuted)
        return self.grade in truth.right and self.parts and order

    @property
    def alarm(self) -> bool:
        """Kinship where there is none."""
        return self.kind in ALARMS and (self.grade >= LEAST_ALARM or self.permuted)

    @property
    def found(self) -> bool:
        """Whether the answer speaks of kinship at all."""
        return self.grade >= LEAST_ALARM or self.permuted

    def __str__(self) -> str:
        anchor = "" if self.anchor_r is None else f" anchor {self.anchor_r:.3f}"
        permuted = " permuted" if self.permuted else ""
        permuted += "" if self.parts else ", and other parts wrong"
        return (
            f"{self.kind} [{self.family}: {self.detail.strip()}] {self.grade} R {self.r:.4f}"
            f" cov {self.coverage:.2f}{anchor}{permuted}: {self.wording}"
        )


def outcome(case: Case) -> Outcome:
    """Compare the two, as the tool does."""
    found = compare(case.suspect, case.reference, commons=case.commons)
    known = [case.whole[t.name] for t in found.tensors if t.r is not None and t.name in case.whole]
    deviation = abs(found.overall.score - sum(known) / len(known)) if known else None
    return Outcome(
        kind=case.kind,
        family=case.family,
        detail=case.detail,
        grade=found.overall.grade,
        r=found.overall.score,
        coverage=found.overall.coverage,
        permuted=found.permuted,
        anchor_r=found.anchor.r if found.anchor else None,
        deviation=deviation,
        parts=all(
            part in found.components and found.components[part].grade is grade
            for part, grade in case.parts.items()
        ),
        wording=found.overall.wording,
    )


def by_kind(outcomes: Iterable[Outcome]) -> dict[str, list[Outcome]]:
    """In the order of the table of truth."""
    found: dict[str, list[Outcome]] = defaultdict(list)
    for one in outcomes:
        found[one.kind].append(one)
    return {kind: found[kind] for kind in TRUTH if kind in found}


def by_grade(outcomes: Sequence[Outcome]) -> dict[str, dict[str, float]]:
    """Precision: of the answers with a grade, how many are right. Recall: of the cases made for
    it, how many got a right answer.
    """
    rates: dict[str, dict[str, float]] = {}
    for grade in sorted(Kinship, reverse=True):
        given = [one for one in outcomes if one.grade is grade]
        made = [one for one in outcomes if TRUTH[one.kind].right[0] is grade]
        if given or made:
            rates[grade.word] = {
                "cases": len(made),
                "precision": _share([one.right for one in given]),
                "recall": _share([one.right for one in made]),
            }
    return rates


def rates(outcomes: Sequence[Outcome], bases: int) -> dict[str, Any]:
    """What is recorded, without its date; grades are of the zoo, which is everywhere the same."""
    pairs = sum(one.kind == "independent" for one in outcomes)
    return {
        "independent_bases": bases,
        "independent_pairs": pairs,
        "false_alarms": sum(one.alarm for one in outcomes),
        "upper_bound": round(3 / pairs, 4) if pairs else 1.0,
        "grades": by_grade([one for one in outcomes if one.family != "real"]),
        "edits": {
            kind: {
                "cases": len(ones),
                "found": sum(one.found for one in ones),
                "median_r": round(median(one.r for one in ones), 3),
            }
            for kind, ones in sorted(by_kind(outcomes).items())
        },
    }


def _share(right: Sequence[bool]) -> float:
    return round(sum(right) / len(right), 4) if right else 1.0
