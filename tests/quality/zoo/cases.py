"""A suspect beside a reference, and what is done to the models of every family."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from modelaudit.domain.sketch import Sketch
from modelaudit.domain.words import Component, Kinship
from tests.quality.zoo import edits, files, permutations, surgery
from tests.quality.zoo.families import Job, Zoo
from tests.quality.zoo.tape import Weights

TUNED_MOST: Final = 1.0
"""Relative L2 up to which a fine-tune must be found."""
_ORDERS: Final = (2, 3, 4)
"""Dialects that fine-tunes to be merged learn."""
_MERGED_RUNG: Final = 2

Parts = Mapping[Component, Kinship]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Two models, of which it is known how they are related."""

    kind: str
    """A line of ``truth.TRUTH``."""
    family: str
    detail: str
    suspect: Sketch
    reference: Sketch
    commons: frozenset[str] = frozenset()
    whole: Mapping[str, float] = field(default_factory=dict)
    """Tensor → what its correlation should be, where that is known."""
    parts: Parts = field(default_factory=dict)
    """What the other parts of the model should be graded as."""


@dataclass(frozen=True, slots=True)
class Made:
    """A model made from others, before it is a file."""

    kind: str
    weights: Weights
    dtype: str = "F16"
    detail: str = ""
    whole: Mapping[str, float] = field(default_factory=dict)
    parts: Parts = field(default_factory=dict)
    beside: Weights | None = None
    """The reference, where it is not the base."""
    beside_dtype: str = "F32"
    stranger: bool = True
    """Compared with a base that it has nothing of as well."""


def jobs(family: str, seed: int, rungs: int) -> list[Job]:
    """The trainings that the descendants of a base need."""
    found = [Job(family, seed), Job(family, seed, dialect=5)]
    found += [further(family, seed, rung) for rung in range(rungs)]
    found += [_ordered(family, seed, dialect) for dialect in _ORDERS]
    return [*found, _in_part(family, seed)]


def further(family: str, seed: int, rung: int) -> Job:
    """A base that is trained on."""
    return Job(family, seed, dialect=1, rung=rung, draw=1)


def parents(zoo: Zoo, family: str, seed: int) -> list[Weights]:
    """Three fine-tunes of a base."""
    return [zoo[_ordered(family, seed, dialect)] for dialect in _ORDERS]


def _ordered(family: str, seed: int, dialect: int) -> Job:
    return Job(family, seed, dialect=dialect, rung=_MERGED_RUNG, draw=2)


def _in_part(family: str, seed: int) -> Job:
    return Job(family, seed, dialect=1, rung=3, draw=3, only="attn")


def edited(zoo: Zoo, family: str, seed: int, other: int, rungs: int) -> Iterator[Made]:
    """What can be done to any model; ``other`` is an independent base."""
    base, foreign = zoo[Job(family, seed)], zoo[Job(family, other)]
    yield Made("copy", base, "F32")
    for dtype, kind in (("F16", "f16"), ("BF16", "bf16"), ("F8_E4M3", "f8"), ("F8_E5M2", "f8")):
        yield Made(f"cast-{kind}", base, dtype, dtype)
    yield Made("int8", base, "I8")
    yield from _trained(zoo, family, seed, rungs)
    for share in (0.01, 0.03, 0.1, 0.3, 0.5, 1.0, 3.0):
        noisy = edits.noise(base, share, seed)
        kind = "noise" if share <= 1 else "noise-heavy"
        yield Made(kind, noisy, detail=f"share {share}", whole=_by_distance(base, noisy))
    for share in (50, 80):
        yield Made(f"pruned-{share}", edits.pruned(base, share / 100))
    yield Made("rescaled", edits.scaled(base, 3))
    yield Made("sign-flipped", edits.scaled(base, -1))
    yield Made("damaged", edits.damaged(base))
    read = files.sketch(base, "F16", source="what is read").blocks
    places = [(block.name, block.start, block.count) for block in read]
    yield Made("sampled-places", edits.overwritten(base, places, seed))
    yield from _merged(zoo, family, seed, foreign)
    yield Made("half-foreign", surgery.half(base, foreign))
    yield Made("input-only", surgery.only_input(foreign, base))
    yield from _permuted(zoo, family, seed)


def _trained(zoo: Zoo, family: str, seed: int, rungs: int) -> Iterator[Made]:
    base, tuned = zoo[Job(family, seed)], parents(zoo, family, seed)
    for rung in range(rungs):
        found = zoo[further(family, seed, rung)]
        far = edits.distance(base, found)
        kind = "tuned" if far <= TUNED_MOST else "tuned-heavy"
        yield Made(kind, found, detail=f"relative L2 {far:.3f}", whole=_correlations(base, found))
    yield Made("tuned-in-part", zoo[_in_part(family, seed)], detail="attention alone")
    yield Made("tuned-pruned-bf16", edits.pruned(tuned[0], 0.5), "BF16")
    yield Made("lora", edits.adapted(base, 4, 0.4, seed))
    yield Made("sibling", tuned[0], beside=tuned[1], beside_dtype="F16")
    yield Made("shared-seed", zoo[Job(family, seed, dialect=5)])


def _merged(zoo: Zoo, family: str, seed: int, foreign: Weights) -> Iterator[Made]:
    base, (one, two, three) = zoo[Job(family, seed)], parents(zoo, family, seed)
    yield Made("merge", edits.mixed((0.6, one), (0.4, two)), detail="of two")
    mix = edits.mixed((0.5, one), (0.3, two), (0.2, three))
    yield Made("merge", mix, "BF16", "of three")
    yield Made("add-difference", edits.added(one, two, base, 0.7))
    yield Made("block-weighted", edits.by_block(one, two, block_share))
    yield Made("slerp", edits.spherical(one, two, 0.4))
    for percent in (70, 50, 30, 10):
        share = percent / 100
        yield Made(f"share-{percent}", edits.mixed((share, base), (1 - share, foreign)))


def _permuted(zoo: Zoo, family: str, seed: int) -> Iterator[Made]:
    base = zoo[Job(family, seed)]
    permuted = permutations.PERMUTED[family](base, seed)
    yield Made("permuted", permuted, detail="as it is")
    yield Made("permuted", permuted, "I8", detail="in 8 bits")
    yield Made("permuted", edits.noise(permuted, 0.3, seed), detail="and noise of 0.3")
    trained = zoo[further(family, seed, 3)]
    yield Made("permuted", permutations.PERMUTED[family](trained, seed), detail="after a fine-tune")
    yield Made("permuted-shuffled", permutations.shuffled_input(permuted, seed))


def block_share(name: str) -> float:
    """Of the second parent of a block-weighted merge, by tensor."""
    return 0.2 + 0.6 * (sum(name.encode()) % 7) / 6


def _correlations(one: Weights, other: Weights) -> dict[str, float]:
    """Of whole matrices."""
    return {
        name: float(np.corrcoef(value.ravel(), other[name].ravel())[0, 1])
        for name, value in one.items()
        if value.ndim > 1
    }


def _by_distance(one: Weights, other: Weights) -> dict[str, float]:
    """What the relative L2 of an independent change implies."""
    return {
        name: edits.expected_r(value, other[name]) for name, value in one.items() if value.ndim > 1
    }
