"""What speaks for one of two related models being the source of the other: remarks, no verdict.

The closest checkpoint that is known is seldom the parent, and distances don't tell which of the two
came first: they are not used here.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from modelaudit.domain.sketch import Block, Descent, Sketch, Use
from modelaudit.domain.words import Component
from modelaudit.resolve.weights import content, decode
from modelaudit.resolve.weights._pairs import Pair, by_name
from modelaudit.resolve.weights.grades import KIN, kin, names, short

_PRECISIONS: Final = ("F16", "BF16", "F8_E4M3", "F8_E5M2")
_SHARED: Final = 0.2
"""Of a matrix's values, exactly equal: relatives other than parent and child have .007 at most."""
_FINE: Final = ("F64", "F32", "F16", "BF16")
"""Types in which values are not equal by chance that often."""
_ROUNDED: Final = 0.99
"""r of what was rounded to 8 bits is .997 or more."""
_FIRST: Final = 32
_DAY: Final = 86_400
_NEAR: Final = (0.8, 1.25)
_SAME_WAY: Final = 0.5
_SOME_WAY: Final = 0.15

_Step = NDArray[np.float64]


def remarks(pairs: Sequence[Pair], reference: str) -> tuple[str, ...]:
    """What the values of related models say, one line each.

    Values that are all some others, rounded, cannot be what those were made from. (Training goes on
    from rounded weights and leaves others: values that differ beyond rounding show no direction.)
    Matrices that are exactly equal among others that are not were left as they were: frozen, or
    not touched by an adapter that was merged.
    """
    name, related = short(reference), kin(pairs)
    rounded: dict[tuple[bool, str], list[Pair]] = {}
    for pair in related:
        found = _rounded(pair)
        if found is not None:
            rounded.setdefault(found, []).append(pair)
    lines: list[str] = []
    for (suspect, dtype), those in sorted(rounded.items()):
        one, other = ("the suspect", name) if suspect else (name, "the suspect")
        lines.append(
            f"{len(those)} of {len(pairs)} tensors of {one} are {other}'s rounded to {dtype}:"
            f" {other} was not made from {one}"
        )
    equal = [pair for pair in related if pair.same]
    if equal and len(equal) < len(pairs):
        lines.append(
            f"{len(equal)} of {len(pairs)} tensors are exactly {name}'s, the others are not"
            f" ({names(equal)}): parts left as they were speak for a direct descent, one way or the"
            " other"
        )
    partly = [pair for pair in related if pair.bit_equal > _SHARED and not pair.same]
    partly = [pair for pair in partly if pair.suspect.dtype in _FINE]
    if partly:
        lines.append(
            f"{len(partly)} of {len(pairs)} tensors keep more than {_SHARED:.0%} of {name}'s exact"
            f" values ({names(partly)}), which relatives other than parent and child don't"
        )
    return tuple(lines)


def descent(suspect: Sketch, reference: Sketch, base: Sketch) -> tuple[Descent, str]:
    """Whether a relative of a derived reference descends from it, and that in a line.

    With B the reference's base, ``c = <S-B, P-B> / |P-B|^2`` says how far the suspect S goes the
    reference P's way, and ``rho = cos(S-B, P-B)`` whether it goes another way as well. Measured on
    networks of known ancestry: of 95 relatives that are no children one lies within these bounds,
    of 15 children 11 do. Where nothing shows a way it is ``PART``: for a person to look at.
    """
    steps = list(_steps(_related(suspect, reference), base))
    if not steps:
        return Descent.PART, "its way from the reference's base cannot be told: no matrix is in all"
    mine = np.concatenate([step for step, _ in steps])
    theirs = np.concatenate([step for _, step in steps])
    length, other = float(theirs @ theirs), float(mine @ mine)
    if length <= 0 or not math.isfinite(length + other):
        return Descent.PART, "the reference cannot be told from its base"
    c = float(mine @ theirs) / length
    rho = c * math.sqrt(length / other) if other > 0 else 0.0
    told = f"seen from its base, it goes {c:.2f} of the reference's way (cosine {rho:.2f})"
    if _NEAR[0] <= c <= _NEAR[1] and rho > _SAME_WAY:
        return Descent.DIRECT, told
    return (Descent.PART if c >= _SOME_WAY and rho >= _SOME_WAY else Descent.ASIDE), told


def _related(suspect: Sketch, reference: Sketch) -> list[Pair]:
    """The suspect's matrices of main parts, each with that of the reference that it is kin to.

    Names find them first, then values: whoever renames tensors, or puts others beside them under
    their names, changes no way. Where none is kin it is all that are named alike.
    """
    mine = [block for block in suspect.blocks if _counts(block) and block.use is Use.SAMPLE]
    theirs = [block for block in reference.blocks if _counts(block)]
    named = by_name(mine, theirs)
    related = kin(named)
    met = {pair.suspect for pair in related}
    related += content.match([block for block in mine if block not in met], theirs).pairs
    return related or named


def _steps(pairs: Sequence[Pair], base: Sketch) -> Iterator[tuple[_Step, _Step]]:
    """For each pair that the base has as well, the suspect and the reference as seen from it."""
    known = {_place(block): block for block in base.blocks}
    for pair in pairs:
        if (origin := known.get(_place(pair.reference))) is None:
            continue
        with contextlib.suppress(ValueError):
            one, other, start = map(decode.values, (pair.suspect, pair.reference, origin))
            if all(np.isfinite(values).all() for values in (one, other, start)):
                sign = -1 if pair.r is not None and pair.r <= -KIN else 1
                yield sign * one.astype(np.float64) - start, other.astype(np.float64) - start


def _counts(block: Block) -> bool:
    return block.component.main and block.use in (Use.SAMPLE, Use.TRANSPOSED)


def _place(block: Block) -> tuple[Component, str, Use, int, int]:
    return block.component, block.key, block.use, block.start, block.count


def dates(suspect: int | None, reference: int | None, name: str) -> str | None:
    """What the days say on which the two were published, UTC seconds; ``None`` without both.

    Models are uploaded again, and long after they were made: the weakest of all signs.
    """
    one, other = _day(suspect), _day(reference)
    if suspect is None or reference is None or one is None or other is None:
        return None
    days = (suspect - reference) // _DAY
    published = f"published {one}, {short(name)} {other}"
    if one == other:
        return f"both published {one}: the dates show no direction"
    if days < 0:
        return f"{published}: the suspect is the older one, unless either was uploaded again"
    return f"{published}: the dates allow the suspect to come from it"


def _rounded(pair: Pair) -> tuple[bool, str] | None:
    """Which of the two is the other with fewer digits, True for the suspect; and their type."""
    if pair.r is None or pair.r < _ROUNDED:
        return None
    one, other = decode.values(pair.suspect), decode.values(pair.reference)
    if np.array_equal(one, other):
        return None
    for dtype in _PRECISIONS:
        for suspect, coarse, fine in ((True, one, other), (False, other, one)):
            some = decode.cast(fine[:_FIRST], dtype)  # most differ there, and casts are slow
            if np.array_equal(coarse[:_FIRST], some) and np.array_equal(
                coarse, decode.cast(fine, dtype)
            ):
                return suspect, dtype
    return None


def _day(seconds: int | None) -> str | None:
    try:
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC).date().isoformat()
    except (OverflowError, ValueError, OSError):
        return None
