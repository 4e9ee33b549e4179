"""Where the scales of 8-bit values lie: in a tensor of their own, beside the weight.

Names are those of bitsandbytes (``SCB``), compressed-tensors (``weight_scale``), DeepSeek
(``weight_scale_inv``), ComfyUI (``scale_weight``) and SmoothQuant (``scale``).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from modelaudit.domain.weights import Tensor
from modelaudit.resolve.weights.decode import span

_BESIDE: Final = ("weight_scale", "weight_scale_inv", "scale_weight", "scale")
_FLOATS: Final = frozenset({"F64", "F32", "F16", "BF16"})
_SCB: Final = 127
"""bitsandbytes keeps the largest size of a row, which the integer 127 stands for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scales:
    """One scale for all values of a tensor, or one for each row that a block touches."""

    tensor: Tensor
    offset: int
    """Of the first byte, in the file of ``tensor``."""
    length: int
    divisor: int = 1
    """What the stored numbers are to be divided by."""


class Companions:
    """The tensors of a file by name, to find those that scale others."""

    def __init__(self, tensors: Iterable[Tensor]) -> None:
        self._tensors = {tensor.name: tensor for tensor in tensors}

    def of(self, tensor: Tensor) -> Tensor | None:
        """What holds the scales of a tensor; ``None`` where nothing does."""
        stem = tensor.name.removesuffix("weight")
        names = (f"{stem}SCB", *(stem + name for name in _BESIDE), f"{tensor.name}_scale")
        return next((self._tensors[name] for name in names if name in self._tensors), None)

    def scales(self, tensor: Tensor, start: int, count: int) -> Scales | None:
        """The scales of a row of values; ``None`` where there are none, or laid out otherwise."""
        found = self.of(tensor)
        if found is None or found.offset is None or found.dtype not in _FLOATS:
            return None
        row = math.prod(tensor.shape[1:])
        held = math.prod(found.shape)
        if held == 1:
            first, rows = 0, 1
        elif held == tensor.shape[0]:
            first, rows = start // row, (start + count - 1) // row - start // row + 1
        else:
            return None
        place = span(found.dtype, found.shape, first, rows)
        if place.offset_bytes + place.length_bytes > found.bytes:
            return None
        return Scales(
            tensor=found,
            offset=found.offset + place.offset_bytes,
            length=place.length_bytes,
            divisor=_SCB if found.name.endswith("SCB") else 1,
        )
