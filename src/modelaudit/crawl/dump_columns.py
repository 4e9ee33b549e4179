"""The columns of a dump that are read, the types that they may have, and their values; pure.

Nobody promises a schema: a time may be a timestamp or text, a card a struct or JSON text. Values
become those of the Hub's JSON (https://huggingface.co/docs/hub/api).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

import msgspec

from modelaudit.crawl.archive import mended
from modelaudit.domain.times import format_time

if TYPE_CHECKING:
    from pyarrow import Array, DataType, Schema

REQUIRED: Final = "id"
_END_OF_TIME: Final = 253_402_300_800
_UNITS: Final = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


class Kind(Enum):
    """What a column holds; the value says which types will do."""

    TEXT = "text"
    COUNT = "a number"
    TIME = "a timestamp, a date or text"
    OBJECT = "a struct or JSON text"
    PARENTS = "a struct, or JSON text"
    WORDS = "a list of text, or JSON text"
    FILES = "a list of names or of structs with rfilename, or JSON text"


COLUMNS: Final = {
    "_id": Kind.TEXT, "id": Kind.TEXT, "author": Kind.TEXT, "pipeline_tag": Kind.TEXT,
    "library_name": Kind.TEXT, "createdAt": Kind.TIME, "lastModified": Kind.TIME,
    "downloads": Kind.COUNT, "likes": Kind.COUNT, "tags": Kind.WORDS, "siblings": Kind.FILES,
    "cardData": Kind.OBJECT, "baseModels": Kind.PARENTS, "config": Kind.OBJECT,
    "safetensors": Kind.OBJECT, "gguf": Kind.OBJECT,
}  # fmt: skip
"""Columns that are used, by their names in the Hub's API; all others are not read."""


def faults(schema: Schema) -> list[str]:
    """Every column that stands in the way, a phrase each."""
    found = [] if REQUIRED in schema.names else [f"there is no column {REQUIRED}"]
    for name, kind in COLUMNS.items():
        fields = [schema.field(index) for index in schema.get_all_field_indices(name)]
        if len(fields) > 1:
            found.append(f"{name} is there {len(fields)} times")
        elif fields and not _fits(fields[0].type, kind):
            found.append(f"{name} is {str(fields[0].type)[:60]} and not {kind.value}")
    return found


def values(column: Array, kind: Kind) -> tuple[list[Any], int]:
    """The values as the Hub's API has them, and how many could not be read (``None``)."""
    if kind is Kind.TIME and _is_time(column.type):
        return [_time(seconds) for seconds in _seconds(column)], 0
    listed, bad = _plain(column)
    if kind is Kind.TEXT or kind is Kind.TIME:
        return listed, bad
    if kind is Kind.COUNT:
        return [_whole(value) for value in listed], bad
    if _is_text(column.type):
        decoded = [_decoded(text) for text in listed]
        bad += sum(value is _SPOILT for value in decoded)
        listed = [None if value is _SPOILT else value for value in decoded]
    elif kind in (Kind.OBJECT, Kind.PARENTS):
        listed = [_without_nulls(value) for value in listed]
    if kind is Kind.FILES:
        listed = [_siblings(value) for value in listed]
    elif kind is Kind.PARENTS:
        listed = [_parents(value) for value in listed]
    return listed, bad


_SPOILT: Final = object()


def _fits(type_: DataType, kind: Kind) -> bool:
    from pyarrow import types

    if types.is_null(type_):
        return True  # nobody has one
    if kind is Kind.COUNT:
        return bool(types.is_integer(type_) or types.is_floating(type_))
    if _is_text(type_):
        return True
    if kind is Kind.TIME:
        return _is_time(type_)
    if kind in (Kind.OBJECT, Kind.PARENTS):
        return bool(types.is_struct(type_))
    if kind is Kind.TEXT or not (types.is_list(type_) or types.is_large_list(type_)):
        return False
    inner = type_.value_type
    if kind is Kind.FILES and types.is_struct(inner):
        at = inner.get_field_index("rfilename")
        return at >= 0 and _is_text(inner.field(at).type)
    return _is_text(inner) or types.is_null(inner)


def _is_text(type_: DataType) -> bool:
    from pyarrow import types

    if types.is_dictionary(type_):
        type_ = type_.value_type
    return bool(types.is_string(type_) or types.is_large_string(type_))


def _is_time(type_: DataType) -> bool:
    from pyarrow import types

    return bool(types.is_timestamp(type_) or types.is_date(type_))


def _plain(column: Array) -> tuple[list[Any], int]:
    """Python values, and how many are none: text that is not UTF-8 spoils only its own row."""
    try:
        return column.to_pylist(), 0
    except (ValueError, OverflowError):
        found = [_one(column[row].as_py) for row in range(len(column))]
        return [None if v is _SPOILT else v for v in found], sum(v is _SPOILT for v in found)


def _one(read: Callable[[], Any]) -> Any:
    try:
        return read()
    except (ValueError, OverflowError):
        return _SPOILT


def _seconds(column: Array) -> Iterator[int | None]:
    """UTC seconds, whatever year they fall in."""
    import pyarrow as pa

    type_ = column.type
    if pa.types.is_date32(type_):
        for days in column.cast(pa.int32()).to_pylist():
            yield None if days is None else days * 86_400
        return
    unit = _UNITS["ms" if pa.types.is_date(type_) else type_.unit]
    for count in column.cast(pa.int64()).to_pylist():
        yield None if count is None else count // unit


def _time(seconds: int | None) -> str | None:
    return format_time(seconds) if seconds is not None and 0 <= seconds < _END_OF_TIME else None


def _whole(value: Any) -> Any:
    """A count that stands there as a fraction, which is how columns with gaps are often kept."""
    if isinstance(value, float):
        return int(value) if math.isfinite(value) else None
    return value


def _decoded(text: str | None) -> Any:
    if text is None or not text.strip():
        return None
    try:
        return msgspec.json.decode(text)
    except (ValueError, RecursionError):
        pass
    try:
        return msgspec.json.decode(mended(text.encode()))
    except (ValueError, RecursionError):
        return _SPOILT


def _siblings(value: Any) -> list[dict[str, Any]] | None:
    """Names alone: a dump is no model's own page, whatever more it says of a file."""
    if not isinstance(value, list):
        return None
    names = [file.get("rfilename") if isinstance(file, dict) else file for file in value]
    return [{"rfilename": name} for name in names if isinstance(name, str)]


def _parents(value: Any) -> Any:
    """The Hub gives each parent an ``id`` and its ``_id``; a dump may keep bare names."""
    models = value.get("models") if isinstance(value, dict) else None
    if not isinstance(models, list):
        return value
    return value | {"models": [{"id": m} if isinstance(m, str) else m for m in models]}


def _without_nulls(value: Any) -> Any:
    """A struct has every field that any row has; the Hub leaves out what there is not."""
    if isinstance(value, dict):
        return {name: _without_nulls(v) for name, v in value.items() if v is not None}
    if isinstance(value, list):
        return [_without_nulls(v) for v in value if v is not None]
    return value
