"""The values that a suspect and its possible parents are all known by, side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from modelaudit.domain.sketch import Block, Sketch, Use
from modelaudit.domain.words import Component
from modelaudit.resolve.weights._rounding import Doubles, roundings
from modelaudit.resolve.weights.decode import values

CONSIDERED: Final = 64
"""References that are looked at; the nearest ones come first."""
FEWEST: Final = 4
"""Tensors, below which nothing is said."""

_COLUMNS: Final = 20
"""Of them, that a sum is looked for among."""
_SHARED: Final = 3 / 4
"""Of the suspect's tensors, that must be left when another reference is looked at."""
_VALUES: Final = 256
"""Of a tensor, below which it says little."""
_GROUP: Final = 32
"""Values that share a step, in most quantised types."""
_EXPLAINED: Final = 1e-12
"""Of a column's square, below which others explain all of it."""

Named = tuple[str, Sketch]
_Place = tuple[str, int, int]
_Numbers = dict[_Place, Doubles]


@dataclass(frozen=True, slots=True)
class Case:
    """A suspect, and what it may be a sum of; the base is one of the candidates."""

    blocks: tuple[Block, ...]
    """The suspect's, one of each tensor."""
    suspect: tuple[Doubles, ...]
    """Their values."""
    columns: tuple[Doubles, ...]
    """For each tensor the candidates' values: one row for each value."""
    names: tuple[str, ...]
    same: tuple[tuple[str, ...], ...]
    """For each candidate the names of others with the very same values."""
    base: int | None
    """The column of the common ancestor."""

    def roundings(self, tensor: int, sizes: Doubles) -> Doubles:
        """What storing values of these sizes leaves; a guess, where the type does not tell."""
        found = roundings(self.blocks[tensor], sizes)
        return np.full(len(sizes), _guess(self.suspect[tensor])) if found is None else found

    @property
    def rounded(self) -> bool:
        """Whether it is known what rounding leaves in every tensor."""
        pairs = zip(self.blocks, self.suspect, strict=True)
        return all(roundings(block, np.abs(found)) is not None for block, found in pairs)


def gather(suspect: Sketch, references: Sequence[Named], base: Named | None) -> Case | None:
    """The samples of the suspect's main component that all of them hold, as numbers.

    A reference that lacks too many of them is left out. ``None`` where too little is left.
    """
    part = _main(suspect)
    if part is None:
        return None
    blocks = {p: block for p, block in _samples(suspect, part).items() if block.chosen}
    own = _numbers(blocks)
    least = max(FEWEST, _SHARED * len(own))
    named = [*([base] if base else []), *references[:CONSIDERED]]
    places, held = set(own), dict[int, _Numbers]()
    for i, (_, sketch) in enumerate(named):
        samples = _samples(sketch, part)
        numbers = _numbers({place: samples[place] for place in places & samples.keys()})
        if len(numbers) >= least:
            places = set(numbers)
            held[i] = numbers
    if len(places) < least or not held:
        return None
    order = sorted(places)
    equal = dict[bytes, list[int]]()
    for i, numbers in held.items():
        equal.setdefault(b"".join(numbers[place].tobytes() for place in order), []).append(i)
    firsts = [copies[0] for copies in equal.values()]
    case = Case(
        blocks=tuple(blocks[place] for place in order),
        suspect=tuple(own[place] for place in order),
        columns=tuple(np.stack([held[i][place] for i in firsts], axis=1) for place in order),
        names=tuple(named[i][0] for i in firsts),
        same=tuple(
            tuple(named[i][0] for i in copies[1:] if named[i][0] != named[copies[0]][0])
            for copies in equal.values()
        ),
        base=0 if base is not None and firsts[0] == 0 else None,
    )
    return case if len(firsts) <= _COLUMNS else _narrowed(case)


def _narrowed(case: Case) -> Case:
    """The base and the candidates that explain most: the first, then of what it leaves, and so on.

    Orthogonal least squares (Chen, Billings and Luo 1989). A column that is a sum of others comes
    after all that are not.
    """
    both = [
        np.column_stack([columns, values]) / np.linalg.norm(values)
        for columns, values in zip(case.columns, case.suspect, strict=True)
    ]
    products = np.sum([one.T @ one for one in both], axis=0)
    squares, waiting = products.diagonal()[:-1].copy(), np.ones(len(case.names), bool)
    chosen = list[int]()
    while len(chosen) < _COLUMNS:
        left = products.diagonal()[:-1]
        new = left > _EXPLAINED * squares
        gains = np.where(new, products[-1, :-1] ** 2 / np.where(new, left, 1), 0)
        best = int(np.where(waiting, gains, -1).argmax()) if chosen or case.base is None else 0
        chosen.append(best)
        waiting[best] = False
        if new[best]:
            products = products - np.outer(products[best], products[best]) / products[best, best]
    kept = sorted(chosen)
    return replace(
        case,
        columns=tuple(columns[:, kept] for columns in case.columns),
        names=tuple(case.names[i] for i in kept),
        same=tuple(case.same[i] for i in kept),
    )


def _guess(values: Doubles) -> float:
    """What rounding leaves of quantised values: a step is the least distance of two in a group."""
    groups = np.sort(values[: len(values) // _GROUP * _GROUP].reshape(-1, _GROUP), axis=1)
    steps = np.diff(groups, axis=1)
    return (
        float(np.median(np.min(steps, axis=1, where=steps > 0, initial=np.ptp(values)))) / 12**0.5
    )


def _main(sketch: Sketch) -> Component | None:
    """The main component that most samples are of."""
    counts = Counter(
        block.component
        for block in sketch.blocks
        if block.component.main and block.use is Use.SAMPLE and block.chosen
    )
    return min(counts, key=lambda part: (-counts[part], part), default=None)


def _samples(sketch: Sketch, part: Component) -> dict[_Place, Block]:
    return {
        (block.key, block.start, block.count): block
        for block in sketch.blocks
        if block.component is part and block.use is Use.SAMPLE and block.count >= _VALUES
    }


def _numbers(blocks: Mapping[_Place, Block]) -> _Numbers:
    """The values of those that can be decoded, are finite and not all the same."""
    found = _Numbers()
    for place, block in blocks.items():
        try:
            with np.errstate(invalid="ignore"):  # of NaNs that signal
                numbers = values(block).astype(np.float64)
        except ValueError:
            continue
        if np.isfinite(numbers).all() and numbers.min() < numbers.max():
            found[place] = numbers
    return found
