"""The matrices of a file that can be read and compared, and why the others cannot."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from modelaudit.domain.weights import Architecture, Tensor
from modelaudit.domain.words import Component
from modelaudit.resolve.weights.decode import can_decode, stored
from modelaudit.resolve.weights.naming import Keys
from modelaudit.resolve.weights.roles import eligible, is_permuted

SizeOf = Callable[[str | None], int]
"""Length of a shard by its name; that of the only file by ``None``."""

_PACKED: Final = 4096
"""Values of a weight that is worth a word; packed ones are stored as vectors as well."""


class Usable(NamedTuple):
    """What is left of a file."""

    matrices: dict[Component, dict[str, Tensor]]
    """By part, the main one first, and by key; no part is empty."""
    notes: tuple[str, ...]


def usable(keys: Keys, what: Architecture, size: SizeOf | None = None) -> Usable:
    """The matrices by part and key, both in a fixed order; ``size`` bounds where they may lie."""
    faults: dict[str, list[Tensor]] = {}
    found: dict[Component, dict[str, Tensor]] = {}
    for (part, key), tensor in sorted(keys.tensors.items()):
        fault = _fault(key, tensor, what, size)
        if fault is None:
            found.setdefault(part, {})[key] = tensor
        elif fault:
            faults.setdefault(fault, []).append(tensor)
    order = [part for part in what.components if part in found]
    notes = tuple(
        f"{some(tensor.name for tensor in tensors)}: {fault}"
        for fault, tensors in sorted(faults.items())
    )
    return Usable({part: found[part] for part in dict.fromkeys([*order, *found])}, notes)


def some(names: Iterable[str]) -> str:
    """The first of some names, and how many more there are, as harmless text in one line."""
    found = sorted(names)
    return f"{found[0][:100]!a}" + (f" and {len(found) - 1} more" if len(found) > 1 else "")


def _fault(key: str, tensor: Tensor, what: Architecture, size: SizeOf | None) -> str | None:
    """What a tensor cannot be compared for; nothing to say of what is no matrix of weights."""
    decodes = can_decode(tensor.dtype)
    if not eligible(key, tensor.shape):
        if decodes or not key.endswith("weight") or math.prod(tensor.shape) < _PACKED:
            return ""
    elif is_permuted(tensor.name, key, what):
        return "left out, its rows lie in another order than elsewhere"
    if not decodes:
        return "left out, packed in a way that is not decoded"
    if tensor.offset is None:
        return "left out, its bytes do not lie in one row of this file"
    if tensor.bytes != stored(tensor.dtype, tensor.shape):
        return "left out, its bytes are not as many as its type and shape say"
    if size is not None and tensor.offset + tensor.bytes > size(tensor.file):
        return "left out, it ends beyond the end of the file"
    return None
