"""Keys of their own for tensors whose names mean one key: which of them is the model's is not told.

Whoever puts other values beside a model's own, under names that mean the same, is to hide neither.
"""

from __future__ import annotations

import re
from typing import Final

_OTHER: Final = re.compile(r"^(?:other_[0-9#]+\.)+")


def other(key: str, number: int) -> str:
    """The key of the tensor of this number, from 2 on, of those that one key stands for."""
    return f"other_{number}.{key}"


def bare(key: str) -> str:
    """The key without what :func:`other` puts before it; of a role its digits may be ``#``."""
    return _OTHER.sub("", key)


def cleaned(name: str) -> str:
    """A name without what cannot be printed: such characters tell no tensors apart to the eye."""
    return name if name.isprintable() else "".join(filter(str.isprintable, name))
