"""What a pickle would make, as inert nodes.

A node is never hashed, compared, printed, copied or recursed into: a pickle may hold itself, or
tuples of tuples of one tuple whose size grows threefold with each three bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final


@dataclass(slots=True, eq=False, repr=False)
class Tuple:
    """A tuple; never changed once made."""

    items: list[object]


@dataclass(slots=True, eq=False, repr=False)
class List:
    """A list or a set."""

    items: list[object]


@dataclass(slots=True, eq=False, repr=False)
class Dict:
    """A dictionary as its pairs, repeated keys included."""

    pairs: list[tuple[str | None, object]]


@dataclass(slots=True, eq=False, repr=False)
class Global:
    """What would be imported."""

    module: str
    name: str

    @property
    def path(self) -> str:
        """Both, with a dot."""
        return f"{self.module}.{self.name}"


@dataclass(slots=True, eq=False, repr=False)
class Call:
    """What would be called, and what its result would be given afterwards."""

    function: object
    arguments: object
    held: list[tuple[str | None, object]] = field(default_factory=list)
    """Items set or appended, by key; a state, which has none."""


@dataclass(slots=True, eq=False, repr=False)
class PersistentId:
    """What lies outside the pickle, as the pickle names it."""

    id: object


class Opaque:
    """A value of no use here: bytes, a long string, what only running it would tell."""


OPAQUE: Final = Opaque()


def items_of(node: object) -> list[object]:
    """The items of a list or tuple; none of anything else."""
    return node.items if isinstance(node, (List, Tuple)) else []
