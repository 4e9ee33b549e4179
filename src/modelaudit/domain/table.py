"""Tables for programs: named columns of one type each, rows as tuples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum


class Type(Enum):
    """What a column holds; any value may be ``None``."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    TIME = "time"
    """UTC seconds since 1970."""
    TEXTS = "texts"
    """A sequence of texts."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows that are streamed once, in the order of ``columns``."""

    name: str
    columns: Mapping[str, Type]
    rows: Iterator[tuple[object, ...]]
