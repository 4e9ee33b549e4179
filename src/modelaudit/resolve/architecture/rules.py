"""A line of a detection table: the family that one tensor's name and shape give away."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from modelaudit.resolve.architecture.names import Listing, Shape


class Rule(NamedTuple):
    """The tensor ``key`` with leading sizes ``shape``, all of ``also`` and none of ``absent``."""

    family: str
    key: str
    shape: tuple[int | None, ...] = ()
    """Sizes from the outermost; ``None`` is any size."""
    also: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    variant: str | None = None
    note: str = ""
    """What the shape leaves open, for the reason."""

    def fits(self, shapes: Mapping[str, Shape]) -> bool:
        """Whether tensors are as the rule wants them."""
        shape = shapes.get(self.key)
        return (
            shape is not None
            and len(shape) >= len(self.shape)
            and all(
                want is None or want == got for want, got in zip(self.shape, shape, strict=False)
            )
            and all(key in shapes for key in self.also)
            and not any(key in shapes for key in self.absent)
        )

    def reason(self, listing: Listing, shapes: Mapping[str, Shape]) -> str:
        """The tensor that decided, and what it leaves open."""
        tensor = listing.shown(self.key, shapes[self.key])
        return f"{tensor}: {self.note}" if self.note else tensor


def first(rules: Iterable[Rule], shapes: Mapping[str, Shape]) -> Rule | None:
    """The first rule that fits."""
    return next((rule for rule in rules if rule.fits(shapes)), None)
