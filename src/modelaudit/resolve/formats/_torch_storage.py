"""The storages of a pickled model: rows of elements outside the pickle, named by persistent ids."""

from __future__ import annotations

from typing import Final, NamedTuple, TypeGuard

from modelaudit.resolve.formats import _torch_types as torch
from modelaudit.resolve.formats._nodes import Global, PersistentId, Tuple, items_of
from modelaudit.resolve.formats._pickle import Pickle

MAX_OFFSET: Final = 2**63


class Storage(NamedTuple):
    """A row of elements outside the pickle."""

    key: str
    dtype: str
    itemsize: int
    elements: int
    first: int
    """Where a view into it begins, in elements; old files only."""

    @property
    def bytes(self) -> int:
        """Length of the whole."""
        return self.elements * self.itemsize


def storages_of(pickle: Pickle) -> dict[str, Storage]:
    """Every storage that the pickle names, by key; the largest, where several have one key."""
    found: dict[str, Storage] = {}
    for persistent in pickle.persistent:
        storage = storage_of(persistent)
        if storage is not None and (
            storage.key not in found or storage.bytes > found[storage.key].bytes
        ):
            found[storage.key] = storage
    return found


def storage_of(node: object) -> Storage | None:
    """``("storage", class, key, location, elements[, (key, first, elements)])``."""
    if not isinstance(node, PersistentId) or not isinstance(node.id, Tuple):
        return None
    fields = node.id.items
    if len(fields) not in (5, 6) or not isinstance(fields[0], str) or fields[0] != "storage":
        return None
    kind, key, elements = fields[1], fields[2], fields[4]
    if not (
        isinstance(kind, Global)
        and kind.module in torch.STORAGE_MODULES
        and kind.name in torch.STORAGES
        and isinstance(key, str)
        and is_count(elements)
    ):
        return None
    view = items_of(fields[-1])
    first = view[1] if len(view) == 3 else 0
    dtype, itemsize = torch.STORAGES[kind.name]
    if not is_count(first) or elements * itemsize >= MAX_OFFSET:
        return None
    return Storage(key, dtype, itemsize, elements, first)


def is_count(value: object) -> TypeGuard[int]:
    """A number of elements or bytes that may be."""
    # bool is an int as well, and no count
    return type(value) is int and 0 <= value < MAX_OFFSET
