"""One hop of lineage, reduced to what its verdict depends on, and packed into one integer."""

from __future__ import annotations

from enum import IntFlag
from typing import Final, NamedTuple

from modelaudit.domain.words import Grade, Relation


class Flag(IntFlag):
    """What is odd about an edge."""

    NONE = 0
    DATE = 1
    """The parent was created more than 30 days after the child."""
    CYCLE = 2
    """The edge lies inside a cycle of claims."""
    UNDIRECTED = 4
    """Same bytes, and the child is not known to be the later one."""
    CONFLICT = 8
    """A stronger claim about the child says something else."""
    ALLOWED = 16
    """The child is on an allow list."""
    SINGLE_SOURCE = 32
    """The listed digest rests on one source."""
    UNDATED = 64
    """A dated rule applies and the child has no date."""
    BACKWARD = 128
    """Same bytes, and the child is known to be the earlier one; comes with ``UNDIRECTED``."""
    WEAK = 256
    """The weights agree in part only, and no independent claim says the same."""
    RELATIVE = 512
    """By weights alone, of a listed model that is itself derived from what is not listed: what
    descends from that shares them too."""
    AMONG = 1024
    """The publisher names several parents and does not say how the model comes from each."""


class Edge(NamedTuple):
    """One hop of a path, reduced to what its verdict depends on."""

    relation: Relation
    grade: Grade
    flags: Flag = Flag.NONE
    weight: float | None = None
    """A merge parent's share; ``None`` when unknown."""


GRADE_SHIFT: Final = 4
FLAG_SHIFT: Final = 8
WEIGHT_SHIFT: Final = 20
"""Bits below each field of a code; the relation lies lowest."""

RELATION_BITS: Final = (1 << GRADE_SHIFT) - 1
GRADE_BITS: Final = (1 << (FLAG_SHIFT - GRADE_SHIFT)) - 1
FLAG_BITS: Final = (1 << (WEIGHT_SHIFT - FLAG_SHIFT)) - 1

WEIGHT_STEPS: Final = 100_000
"""Shares are packed in steps of a hundred-thousandth: finer than any recipe states them."""

UNKNOWN_WEIGHT: Final = (1 << 17) - 1


def pack(edge: Edge) -> int:
    """An edge as one integer: relation, grade, flags and the merge weight in steps."""
    weight = UNKNOWN_WEIGHT
    if edge.weight is not None:
        weight = int(max(0, min(edge.weight, 1)) * WEIGHT_STEPS + 0.5)
    return (
        edge.relation
        | edge.grade << GRADE_SHIFT
        | edge.flags << FLAG_SHIFT
        | weight << WEIGHT_SHIFT
    )


def unpack(code: int) -> Edge:
    """The edge behind a code; weights come back as whole steps."""
    weight = code >> WEIGHT_SHIFT
    return Edge(
        Relation(code & RELATION_BITS),
        Grade(code >> GRADE_SHIFT & GRADE_BITS),
        Flag(code >> FLAG_SHIFT & FLAG_BITS),
        None if weight == UNKNOWN_WEIGHT else weight / WEIGHT_STEPS,
    )
