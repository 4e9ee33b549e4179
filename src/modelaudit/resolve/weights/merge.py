"""What a merge is made of: shares of parents that explain every sampled value to its last bit.

A weighted sum of stored weights leaves nothing but the rounding of its result. So a fit by least
squares tells by itself whether all parents are known: shares are given only where no more is left
than that. R² does not tell: with a parent missing it is still .93 to .98.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from modelaudit.domain.sketch import Recipe, Share, Sketch
from modelaudit.resolve.weights._candidates import Case, Named, gather
from modelaudit.resolve.weights._rivals import made_of, rivals
from modelaudit.resolve.weights._rounding import Doubles
from modelaudit.resolve.weights._shares import (
    KNOWN,
    LEAST,
    Fit,
    System,
    eliminate,
    together,
)
from modelaudit.resolve.weights._sums import (
    COARSE,
    COMPLETE,
    FINE,
    Added,
    Sum,
    differences,
    ratio,
)
from modelaudit.resolve.weights.grades import short

_WORTH: Final = 0.15
"""How much more must be left without a parent of an incomplete merge, in squares, to name it.
Fine-tunes on similar data explain less of one another."""
_WORTH_OF_SIBLINGS: Final = 1.0
"""The same where no base is known: fine-tunes of one base stand for it in one another."""
_UNMOVED: Final = 0.1
"""Share of values that stay the base's where the parents' do not: no sum does that."""
_FAR, _NEAR = 16, 4
"""What is far from the base and what is at it, in units of rounding."""
_DEVIATION: Final = 0.001
"""Of the sum of shares from 1, that is not chance."""
_ERRORS: Final = 4
"""Standard errors given with a share: twice, and doubled, as residuals are not independent."""
_DIGITS: Final = 6
"""Further ones depend on the machine."""

_AMBIGUOUS: Final = "more than one recipe explains it"
_IMPRECISE: Final = "its precision does not tell the shares"
_MISSING: Final = "at least one ingredient is not listed, or it was trained further"
_ODD: Final = "non-linear merge suspected"


def recipe(
    suspect: Sketch, references: Sequence[Named], *, base: Named | None = None
) -> Recipe | None:
    """The references that the suspect is a sum of; ``None`` where it is none, or a copy of one.

    ``references`` come nearest first, each with the name that it is told by, and 64 are looked
    at; ``base`` is their common ancestor, where one is known. A recipe that is not complete names
    parents in its wording only, and gives no shares. Compared are the samples of the main
    component.
    """
    case = gather(suspect, references, base)
    if case is None or len(case.names) < 2:
        return None
    sums = [Sum(case, None)] if case.base is None else [Sum(case, case.base), Sum(case, None)]
    if not case.rounded:
        return _shared(sums[0], _IMPRECISE)
    equations = [sum_.systems(FINE) for sum_ in sums]
    joined = [together(systems) for systems in equations]
    for sum_, one in zip(sums, joined, strict=True):
        if sum_.is_complete(found := eliminate([one], sum_.candidates)):
            return _summed(sum_, found, [one], one)
    if len(added := differences(case, joined[-1])) == 1:
        return _added(case, added[0])
    if added:
        named = [column for one in added for column in (one.to, one.plus, one.minus)]
        return _incomplete(case, added[0].weights(case), named, _AMBIGUOUS)
    for sum_, systems, one in zip(sums, equations, joined, strict=True):
        if sum_.is_complete(found := eliminate(systems, sum_.candidates)):
            return _summed(sum_, found, systems, one)
    return _shared(sums[0], _MISSING)


def _summed(sum_: Sum, found: Fit, systems: Sequence[System], one: System) -> Recipe | None:
    """A complete sum, unless another one explains as much; ``one`` is all systems together."""
    case, candidates = sum_.case, sum_.candidates
    rival = rivals(systems, found, candidates)
    found = rival.fewest
    weights = sum_.weights(found)
    shares = _shares(sum_, found)
    named = [*found.parents, *rival.others]
    added = sum(share > 0 for share, _ in shares.values())
    if added < 2 and not rival.others:
        return None  # one parent, or what is itself mixed of the suspect and of what is taken away
    if rival.others:
        return _incomplete(case, weights, named, _AMBIGUOUS)
    if any(error > LEAST for _, error in shares.values()):
        return _incomplete(case, weights, named, _IMPRECISE)
    remarks = [_name(case, p) + " may stand for " + _name(case, other) for p, other in rival.like]
    made = {parent: made_of(one, parent, candidates, COMPLETE) for parent in found.parents}
    remarks += [
        f"{_name(case, parent)} may itself be a merge of {_names(case, parts)}"
        for parent, parts in made.items()
        if len(parts) > 1
    ]
    by_tensor = {
        block.name: {case.names[i]: round(float(weights[tensor, i]), _DIGITS) for i in shares}
        for tensor, block in enumerate(case.blocks)
        if len(systems) > 1 and np.all(found.errors[tensor] < KNOWN)
    }
    return _complete(case, weights, shares, [*_kind(sum_, found, shares), *remarks], by_tensor)


def _added(case: Case, added: Added) -> Recipe:
    """The difference of two parents, added to a third."""
    error = _ERRORS * added.error
    shares = {
        added.to: (1.0, 0.0),
        added.plus: (added.times, error),
        added.minus: (-added.times, error),
    }
    plus, minus = _name(case, added.plus), _name(case, added.minus)
    how = f"the difference of {plus} and {minus} was added to {_name(case, added.to)}"
    return _complete(case, added.weights(case), shares, [how], {})


def _shared(sum_: Sum, why: str) -> Recipe | None:
    """What is no complete sum: the parents that explain much of it, if there are several."""
    one = together(sum_.systems(COARSE))
    worth = _WORTH_OF_SIBLINGS if sum_.base is None else _WORTH
    found = eliminate([one], sum_.candidates, sure=float(np.sqrt(worth * one.rows)))
    if len(found.parents) < 2:
        return None
    if sum_.base is not None and _unmoved(sum_.case, sum_.base, sum_.weights(found)) >= _UNMOVED:
        why = _ODD
    return _incomplete(sum_.case, sum_.weights(found), found.parents, why)


def _shares(sum_: Sum, found: Fit) -> dict[int, tuple[float, float]]:
    """Share and error of each parent that has one worth telling, the base among them."""
    known = found.errors < KNOWN
    errors = np.sqrt(np.where(known, found.errors**2, 0).sum(axis=0))
    errors *= _ERRORS / np.maximum(known.sum(axis=0), 1)
    pairs = zip(found.shares.tolist(), errors.tolist(), strict=True)
    shares = dict(zip(found.parents, pairs, strict=True))
    if sum_.base is not None:
        shares[sum_.base] = (1 - float(found.shares.sum()), float(errors.sum()))
    return {parent: share for parent, share in shares.items() if abs(share[0]) >= LEAST}


def _kind(sum_: Sum, found: Fit, shares: Mapping[int, object]) -> list[str]:
    """What kind of sum it is, where it is not just a weighted one."""
    kinds = ["the shares differ from tensor to tensor"] if len(found.weights) > 1 else []
    total = found.weights.sum(axis=1)
    if sum_.base is not None:
        if sum_.base in shares and total.mean() > 1:
            kinds.append(f"differences from {_name(sum_.case, sum_.base)} were added")
    elif np.abs(total - 1).max() > _DEVIATION:
        spherical = len(found.weights) > 1 and len(found.parents) == 2 and total.min() > 1
        why = f"{_ODD} (SLERP)" if spherical else "the sum was scaled"
        kinds.append(f"the shares do not add up to 1: {why}")
    return kinds


def _unmoved(case: Case, base: int, weights: Doubles) -> float:
    """Of the values that the parents would have moved far, the share that stayed the base's."""
    moved = stayed = 0
    for tensor, values in enumerate(case.suspect):
        columns = case.columns[tensor]
        scale = case.roundings(tensor, np.abs(columns[:, base]))
        far = np.abs(columns @ weights[tensor] - columns[:, base]) > _FAR * scale
        moved += int(far.sum())
        stayed += int((far & (np.abs(values - columns[:, base]) <= _NEAR * scale)).sum())
    return stayed / max(moved, 1)


def _complete(
    case: Case,
    weights: Doubles,
    shares: Mapping[int, tuple[float, float]],
    remarks: Sequence[str],
    by_tensor: Mapping[str, Mapping[str, float]],
) -> Recipe:
    parents = sorted(shares, key=lambda parent: (-shares[parent][0], parent))
    same = [
        f"{_name(case, parent)} may stand for {short(other)}"
        for parent in parents
        for other in case.same[parent]
    ]
    what = f"the weights are a sum of those of {_names(case, parents)}, to within rounding"
    return Recipe(
        parents=tuple(
            Share(
                reference=case.names[parent],
                weight=round(shares[parent][0], _DIGITS),
                error=round(shares[parent][1], _DIGITS),
            )
            for parent in parents
        ),
        complete=True,
        residual_ratio=round(ratio(case, weights), _DIGITS),
        by_tensor=by_tensor,
        wording="; ".join([what, *remarks, *same]),
    )


def _incomplete(case: Case, weights: Doubles, parents: Sequence[int], why: str) -> Recipe:
    return Recipe(
        parents=(),
        complete=False,
        residual_ratio=round(ratio(case, weights), _DIGITS),
        wording=f"shares weights with {_names(case, parents)}: {why}",
    )


def _name(case: Case, parent: int) -> str:
    return short(case.names[parent])


def _names(case: Case, parents: Sequence[int]) -> str:
    return ", ".join(_name(case, parent) for parent in dict.fromkeys(parents))
