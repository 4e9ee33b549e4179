"""Two blocks of values side by side: how they correlate, and how many values are the same."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from modelaudit.domain.sketch import Block, TensorScore, Use
from modelaudit.resolve.weights import decode

Vector = NDArray[np.float64]

_DIGITS: Final = 6
"""What is kept of a correlation: further ones depend on the machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A block of the suspect and the one of the reference that it is compared with."""

    suspect: Block
    reference: Block
    r: float | None = None
    """``None`` where a block is constant, not finite, or cannot be decoded."""
    equal: float = 0.0
    """Share of equal values, after casting both to the lower of two precisions."""
    bit_equal: float = 0.0
    """Share of equal values of one type; 0 where the types differ."""
    same: bool = False
    """The stored bytes are the same, and stand for the same values."""

    @property
    def score(self) -> TensorScore:
        """The pair as it is told."""
        moved = self.suspect.key != self.reference.key or self.reference.use is Use.TRANSPOSED
        return TensorScore(
            name=self.suspect.name,
            reference_name=self.reference.name,
            component=self.suspect.component,
            r=self.r,
            equal=self.equal,
            by_content=moved,
        )


def samples(blocks: Iterable[Block]) -> list[Block]:
    """The blocks that stand for their component, in an order of their own."""
    return sorted((b for b in blocks if b.use is Use.SAMPLE and b.chosen), key=_order)


def by_name(suspects: Iterable[Block], references: Iterable[Block]) -> list[Pair]:
    """Each of the suspect's blocks with that of the same name and place, where there is one."""
    known = {_order(block): block for block in references if block.use is Use.SAMPLE}
    return [pair(block, known[_order(block)]) for block in suspects if _order(block) in known]


def pair(suspect: Block, reference: Block) -> Pair:
    """The two compared, value by value; both hold ``count`` of them."""
    try:
        one, other = decode.values(suspect), decode.values(reference)
    except ValueError:
        return Pair(suspect=suspect, reference=reference)
    alike = suspect.dtype == reference.dtype
    return Pair(
        suspect=suspect,
        reference=reference,
        r=pearson(one, other),
        equal=_equal(one, other, {suspect.dtype, reference.dtype}),
        bit_equal=float(np.mean(one.view(np.uint32) == other.view(np.uint32))) if alike else 0.0,
        same=alike and suspect.data == reference.data and suspect.scales == reference.scales,
    )


def pearson(one: NDArray[Any], other: NDArray[Any]) -> float | None:
    """Centred correlation of two rows of as many values; ``None`` where one cannot have any."""
    first, second = unit(one), unit(other)
    return None if first is None or second is None else round_off(float(first @ second))


def unit(values: NDArray[Any]) -> Vector | None:
    """The values centred and of length 1; ``None`` where they are constant or not finite."""
    if not len(values) or not np.isfinite(values).all() or values.min() == values.max():
        return None
    centred = values.astype(np.float64)
    centred -= centred.mean()
    length = float(np.linalg.norm(centred))
    return centred / length if length > 0 else None


def round_off(r: float) -> float:
    """A correlation without the digits that no two machines agree on."""
    return round(min(1.0, max(-1.0, r)), _DIGITS)


def _equal(one: decode.Floats, other: decode.Floats, dtypes: set[str]) -> float:
    """Both types are tried: F16 and BF16 each keep what the other does not."""
    shares = [_share(one, other)]
    for dtype in dtypes if len(dtypes) > 1 else ():
        try:
            shares.append(_share(decode.cast(one, dtype), decode.cast(other, dtype)))
        except ValueError:
            continue  # it keeps no floats as such: values are compared as they are
    return max(shares)


def _share(one: decode.Floats, other: decode.Floats) -> float:
    return float(np.mean((one == other) | (np.isnan(one) & np.isnan(other))))


def _order(block: Block) -> tuple[int, str, int, int]:
    return (block.component, block.key, block.start, block.count)
