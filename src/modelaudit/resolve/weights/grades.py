"""From the correlations of a few matrices to a grade, and to the words that it is told in.

Thresholds were measured on independently trained networks, on real fine-tunes, casts and merges of
them, and on published distances between Stable Diffusion checkpoints; independent trainings as the
null hypothesis are those of arXiv 2502.12292.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from modelaudit.domain.sketch import Score, Use
from modelaudit.domain.words import Component, Kinship
from modelaudit.resolve.weights import decode
from modelaudit.resolve.weights._pairs import Pair

KIN: Final = 0.5
"""|r| of one block that independent models don't reach: .26 is the most in language models and
UNets, .46 in tiny convolutional ones."""
FEWEST: Final = 4
"""Matrices, below which there is no verdict."""
FEW: Final = 8
"""Matrices, up to which the mean of independent models scatters twice as far."""
MOST: Final = 0.8
"""Coverage of what is the same model as a whole."""
CLOSE: Final = 0.9
"""Median |r| of a copy that was modified; below it, much was trained or destroyed."""
SOME: Final = 0.15
"""Coverage of what has parts of the other; fewer than ``TOGETHER`` matrices are none."""
TOGETHER: Final = 2
"""Matrices that must agree: one alone may be computed from the data, and not trained."""

BASE_PAIRS: Final = 42
"""Of independently trained models, that the thresholds were tried on; none was graded as kin."""

TRACES: Final = 0.2
"""Mean |r| of matrices that are no strangers either."""

_FLOOR: Final = 0.10
_FLOOR_OF_FEW: Final = 0.20
_DEVIATIONS: Final = 9.6
"""Of a mean of so many values: 4.9 for one in a million, doubled, as values aren't independent."""
_NAMES: Final = 8
_LENGTH: Final = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """What was compared beside the pairs that a score is made of."""

    whole: bool = True
    """The same matrices stand for both; else layers may be missing, or be more."""
    unmatched: tuple[int, ...] = ()
    """Values in each of the suspect's blocks that content could have matched, and didn't."""
    together: int = TOGETHER
    """How many must agree to say that parts come from there."""
    input_only: bool = False
    """Two places of the input matrix agree, whatever the others do."""
    no_permutation: bool = False
    """Channels were tried in every order, and are not the reference's."""


PLAIN: Final = Extent()
"""Nothing beside the pairs."""


def floor(tensors: int, values: int) -> float:
    """tau: what the |mean r| of independent models stays below; 1 where there is no verdict."""
    if tensors < FEWEST or values <= 0:
        return 1.0
    least = _FLOOR_OF_FEW if tensors <= FEW else _FLOOR
    return float(max(least, _DEVIATIONS / np.sqrt(values)))


def score(pairs: Sequence[Pair], reference: str, extent: Extent = PLAIN) -> Score:
    """The grade of one component of two models, its numbers and its wording."""
    seen = [pair for pair in pairs if pair.r is not None]
    rs = np.array([*(pair.r for pair in seen), *(0.0 for _ in extent.unmatched)], np.float64)
    values = sum(pair.suspect.count for pair in seen) + sum(extent.unmatched)
    known = Score(
        grade=Kinship.UNRELATED,
        wording="",
        score=float(np.round(rs.mean(), 6)) if len(rs) else 0.0,
        median=float(np.round(np.median(np.abs(rs)), 6)) if len(rs) else 0.0,
        coverage=float(np.mean(np.abs(rs) >= KIN)) if len(rs) else 0.0,
        bit_equal=float(np.mean([pair.bit_equal for pair in seen])) if seen else 0.0,
        floor=floor(len(rs), values),
        tensors=len(rs),
        values=values,
        skipped=len(pairs) - len(seen),
    )
    copied = extent.whole and not extent.unmatched and all(map(_is_copy, pairs))
    if copied and len(rs) >= FEWEST:
        known = replace(known, recast=not all(map(_is_stored_alike, pairs)))
        grade = Kinship.IDENTICAL
    else:
        grade = _grade(known, len(pairs), extent)
    return replace(known, grade=grade, wording=_wording(grade, known, pairs, reference, extent))


def kin(pairs: Sequence[Pair]) -> list[Pair]:
    """The pairs that independent models do not show."""
    return [pair for pair in pairs if pair.r is not None and abs(pair.r) >= KIN]


def null_hypothesis(reference: str) -> str:
    """What a grade of kinship rejects, and how well that is known."""
    return (
        f"Null hypothesis: the suspect and {short(reference)} were trained from independent random"
        f" initialisations. 0 of {BASE_PAIRS} independent base pairs were graded as kin; that alone"
        f" bounds the rate of false alarms by about {300 / BASE_PAIRS:.0f} %."
    )


def of_part(wording: str, part: Component) -> str:
    """The wording of a part that is all there is to compare: it says nothing of the rest."""
    if part.main:
        return wording
    called = "VAE" if part is Component.VAE else part.word.replace("_", " ")
    return f"{wording}; of its {called} only"


def permuted(found: Score, reference: str, r: float, how: str) -> Score:
    """The score of what has the reference's input channels, and ``how`` they lie there."""
    wording = (
        f"{_agreeing(found)} of {found.tensors} tensors agree in place, and the"
        f" input channels are {short(reference)}'s {how} (check r = {r:.3f}): a permuted copy is"
        " suspected"
    )
    return replace(found, grade=max(found.grade, Kinship.PARTIAL), wording=wording)


def derived(found: Score, reference: str) -> Score:
    """The score of what seemed identical, and isn't as a whole."""
    grade = Kinship.DERIVED
    return replace(found, grade=grade, wording=_wording(grade, found, (), reference, PLAIN))


def short(text: str) -> str:
    """A stranger's name, cut to what fits in a line."""
    return text if len(text) <= _LENGTH else f"{text[: _LENGTH - 1]}…"


def names(pairs: Sequence[Pair]) -> str:
    """The suspect's tensors, the first few of them by name."""
    listed = [short(pair.suspect.name) for pair in pairs[:_NAMES]]
    more = len(pairs) - len(listed)
    return ", ".join(listed) + (f" and {more} more" if more else "")


def _is_copy(pair: Pair) -> bool:
    """Types that differ keep the same weights where all values agree in the lower precision.

    What lies under another name may have lost, or got, others of its kind.
    """
    if pair.suspect.key != pair.reference.key:
        return False
    return pair.same or (pair.suspect.dtype != pair.reference.dtype and pair.equal == 1)


def _is_stored_alike(pair: Pair) -> bool:
    return pair.same and pair.reference.use is not Use.TRANSPOSED


def _grade(known: Score, pairs: int, extent: Extent) -> Kinship:
    if not pairs and not known.tensors:
        return Kinship.UNRELATED
    parts = Kinship.PARTIAL if extent.input_only else Kinship.INCONCLUSIVE
    if known.tensors < FEWEST:
        return parts
    if known.coverage >= MOST:
        return Kinship.DERIVED if known.median >= CLOSE else Kinship.COMMON_ANCESTRY
    if extent.input_only or (known.coverage >= SOME and _agreeing(known) >= extent.together):
        return Kinship.PARTIAL
    size = abs(known.score)
    if known.coverage < SOME and size >= 2 * known.floor:
        return Kinship.DILUTED
    alone = known.coverage >= SOME  # too few to call them parts, too many to call them none
    return Kinship.INCONCLUSIVE if alone or size >= known.floor else Kinship.SAME_ARCHITECTURE_ONLY


def _agreeing(known: Score) -> int:
    return round(known.coverage * known.tensors)


def _wording(
    grade: Kinship, known: Score, pairs: Sequence[Pair], reference: str, extent: Extent
) -> str:
    name, agreeing = short(reference), kin(pairs)
    of = f"{_agreeing(known)} of {known.tensors} tensors"
    match grade:
        case Kinship.IDENTICAL if known.recast:
            return f"the same weights as {name} stored in {_stored(pairs)}"
        case Kinship.IDENTICAL:
            return f"bit-identical to {name} in all {known.tensors} sampled tensors"
        case Kinship.DERIVED:
            return (
                f"the weights are a modified copy of {name} or of a checkpoint in {name}'s lineage"
                " (fine-tune, merge, quantisation)"
            )
        case Kinship.COMMON_ANCESTRY:
            return (
                "strongly non-independent: heavy training, pruning, low-bit quantisation or merge"
                f" of {name}, or a common initial checkpoint"
            )
        case Kinship.PARTIAL:
            listed = names(agreeing)
            if extent.input_only and len(agreeing) <= 1:
                listed = f"input embedding only{f': {listed}' if listed else ''}"
            return f"{of} come from {name} ({listed}){_rest(known, pairs)}"
        case Kinship.DILUTED:
            return f"traces of {name}: minority merge share or destructive edit"
        case Kinship.INCONCLUSIVE if known.tensors < FEWEST:
            return f"inconclusive: only {known.tensors} tensors can be compared with {name}"
        case Kinship.INCONCLUSIVE:
            return "inconclusive: human review, or read more"
        case Kinship.SAME_ARCHITECTURE_ONLY:
            tested = "; permutation excluded" if extent.no_permutation else ""
            return f"no weight evidence of derivation from {name}{tested}"
        case Kinship.UNRELATED:
            return f"nothing of it can be compared with {name}"


def _rest(known: Score, pairs: Sequence[Pair]) -> str:
    """What is said of the matrices that do not agree, if there are any."""
    others = [abs(p.r) for p in pairs if p.r is not None and abs(p.r) < KIN]
    if _agreeing(known) == known.tensors:
        return ""
    if others and np.mean(others) >= TRACES:
        return "; the others agree less, as after heavy training"
    return "; the rest do not"


def _stored(pairs: Sequence[Pair]) -> str:
    """How the suspect keeps the same weights, against how the reference does."""
    if any(pair.reference.use is Use.TRANSPOSED for pair in pairs):
        return "another layout"
    lower = {
        decode.lower(pair.suspect.dtype, pair.reference.dtype) == pair.suspect.dtype
        for pair in pairs
        if not pair.same
    }
    return f"{'another' if len(lower) > 1 else 'lower' if lower == {True} else 'higher'} precision"
