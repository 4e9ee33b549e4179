"""Many references by architecture, and which of them a suspect is anything like.

Of each chosen block the first 256 values are kept, centred and of length 1: their products with
those of a suspect are the correlations. Ten thousand references of 16 blocks take 164 MB and some
8 ms on two cores, so that there is no need of an approximate index.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from modelaudit.domain.sketch import Block, Sketch
from modelaudit.domain.words import Component
from modelaudit.resolve.architecture import same_family
from modelaudit.resolve.weights._pairs import samples, unit
from modelaudit.resolve.weights.decode import values

VALUES: Final = 256
"""Of each block, that are searched."""
MOST: Final = 50
"""References that are found at once."""
DEVIATIONS: Final = 4.9
"""Of a mean over so many values: one independent reference in a million is farther from 0."""
BLOCK: Final = 0.4
"""|r| of a single block that is worth a closer look: 6.4 deviations."""

_DIGITS: Final = 5
"""Further ones depend on the machine."""
_FIRST: Final = 8
"""References that a group has room for at first."""

_Floats = NDArray[np.float32]
_Place = tuple[str, int, int]


class Hit(NamedTuple):
    """A reference, and how a suspect correlates with it."""

    name: str
    mean_r: float
    """Over the blocks that both hold."""
    best_r: float
    """Of the one that correlates most, whatever its sign."""


class Library:
    """References to search; more may be added at any time."""

    def __init__(self) -> None:
        self._groups: dict[tuple[str, Component, tuple[_Place, ...]], _Group] = {}

    def add(self, name: str, sketch: Sketch) -> None:
        """Take up a reference: 16 KiB for each component of 16 chosen blocks."""
        for part, rows in _rows(samples(sketch.blocks)).items():
            places = tuple(sorted(rows))
            key = (sketch.architecture.family, part, places)
            self._groups.setdefault(key, _Group(places)).append(name, rows)

    def knows(self, sketch: Sketch) -> bool:
        """Whether any reference has the suspect's architecture, and a block at the same place."""
        blocks = _searched(sketch)
        places = {part: {_place(b) for b in blocks if b.component is part} for part in Component}
        return any(
            not places[part].isdisjoint(group.places)
            for part in Component
            for group in self._like(sketch, part)
        )

    def search(self, sketch: Sketch) -> list[Hit]:
        """The references that the suspect does not look independent of, the closest first.

        Its main component is searched where it has one, else each of the others. Told are those
        whose mean correlation, or that of one block, is above chance, ``MOST`` at most. Where
        there are none it is the nearest one, and nothing where none can be compared.
        """
        hits, nearest = list[Hit](), list[tuple[float, Hit]]()
        for part, rows in _rows(_searched(sketch)).items():
            for group in self._like(sketch, part):
                shared = {i: rows[place] for i, place in enumerate(group.places) if place in rows}
                if shared:
                    floor = float(DEVIATIONS / np.sqrt(VALUES * len(shared)))
                    found, first = group.search(shared, floor)
                    hits += found
                    nearest.append((-abs(first.mean_r) / floor, first))
        if not hits:
            return [min(nearest)[1]] if nearest else []
        best = {hit.name: hit for hit in sorted(hits, key=_order, reverse=True)}
        return sorted(best.values(), key=_order)[:MOST]

    def _like(self, sketch: Sketch, part: Component) -> Iterator[_Group]:
        """The references whose architecture does not contradict the suspect's."""
        for (family, component, _), group in self._groups.items():
            if component is part and same_family(family, sketch.architecture.family):
                yield group


class _Group:
    """References that hold the same places: a row of values of each block and reference."""

    def __init__(self, places: tuple[_Place, ...]) -> None:
        self.places = places
        self._names: list[str] = []
        self._rows: _Floats = np.empty((len(places), _FIRST, VALUES), np.float32)

    def append(self, name: str, rows: Mapping[_Place, _Floats]) -> None:
        count = len(self._names)
        if count == self._rows.shape[1]:
            wider = np.empty((len(self.places), 2 * count, VALUES), np.float32)
            wider[:, :count] = self._rows
            self._rows = wider
        for i, place in enumerate(self.places):
            self._rows[i, count] = rows[place]
        self._names.append(name)

    def search(self, rows: Mapping[int, _Floats], floor: float) -> tuple[list[Hit], Hit]:
        """Those above chance, and the closest; ``rows`` are by the number of their place."""
        r = np.stack([self._rows[i, : len(self._names)] @ row for i, row in rows.items()])
        means, most, least = (
            x.astype(float) for x in (r.mean(axis=0), r.max(axis=0), r.min(axis=0))
        )
        best = np.where(most > -least, most, least)
        close = np.flatnonzero((np.abs(means) >= floor) | (np.abs(best) >= BLOCK))

        def hit(i: int) -> Hit:
            return Hit(self._names[i], *(round(float(x[i]), _DIGITS) for x in (means, best)))

        closest = close[np.argsort(-np.abs(means[close]).round(_DIGITS), kind="stable")][:MOST]
        return [hit(i) for i in closest], hit(int(np.abs(means).argmax()))


def _order(hit: Hit) -> tuple[float, float, str]:
    return (-abs(hit.mean_r), -abs(hit.best_r), hit.name)


def _searched(sketch: Sketch) -> list[Block]:
    """The blocks that a suspect is searched by."""
    blocks = samples(sketch.blocks)
    return [block for block in blocks if block.component.main] or blocks


def _rows(blocks: Iterable[Block]) -> dict[Component, dict[_Place, _Floats]]:
    """The first values of each block, without those that have no correlation."""
    found: dict[Component, dict[_Place, _Floats]] = {}
    for block in blocks:
        try:
            row = unit(values(block)[:VALUES])
        except ValueError:
            continue
        if row is not None:
            padded = np.zeros(VALUES, np.float32)
            padded[: len(row)] = row
            found.setdefault(block.component, {})[_place(block)] = padded
    return found


def _place(block: Block) -> _Place:
    return (block.key, block.start, block.count)
