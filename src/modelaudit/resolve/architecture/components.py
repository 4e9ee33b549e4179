"""Which part of a model a tensor of a single file belongs to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from modelaudit.domain.weights import Architecture, Tensor
from modelaudit.domain.words import Component
from modelaudit.resolve.architecture.names import Zone, split

_PARTS: Final = {
    Zone.ADAPTER: Component.ADAPTER,
    Zone.VAE: Component.VAE,
    Zone.IMAGE: Component.IMAGE_ENCODER,
    Zone.TEXT: Component.TEXT_ENCODER,
    Zone.OTHER: Component.OTHER,
}


def part_of(name: str, architecture: Architecture) -> Component | None:
    """The part that a tensor belongs to; ``None`` for EMA copies and the optimizer's state.

    Those repeat or accompany weights: a copy without them is the same model.
    """
    zone, _ = split(name)
    if zone in (Zone.EMA, Zone.TRAINING):
        return None
    main = architecture.components[0] if architecture.components else Component.OTHER
    return main if main is Component.ADAPTER else _PARTS.get(zone, main)


def parts(tensors: Iterable[Tensor], architecture: Architecture) -> dict[Component, list[Tensor]]:
    """The tensors by part, each in the order given; without what belongs to none."""
    found: dict[Component, list[Tensor]] = {}
    for tensor in tensors:
        part = part_of(tensor.name, architecture)
        if part is not None:
            found.setdefault(part, []).append(tensor)
    return found
