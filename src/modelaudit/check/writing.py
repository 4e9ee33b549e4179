"""YAML as we write it: what a strict reader takes from it is what was given, to the letter.

Text goes without quotes only where no reader of YAML 1.1 or 1.2 could take it for anything else;
digests always have them. What has quotes is written as JSON writes strings, which YAML reads alike
(yaml.org/spec/1.2.2, section 7.3.1).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Final

from modelaudit.check.lint.quotes import HASHES

if TYPE_CHECKING:
    from yaml.resolver import Resolver

Value = str | int | float | Mapping[str, "Value"] | Sequence["Value"]
"""What a list is made of; numbers and booleans only where the format has them."""

WIDTH: Final = 100
"""Columns that a short list may take to stand in one line."""

_PLAIN: Final = re.compile(
    r"[A-Za-z](?:[A-Za-z0-9 ._/()@+?=&%~-]|:(?=[^\s]))*(?<![\s:])\Z", re.ASCII
)
_WORDS: Final = frozenset({"y", "n"})
"""Booleans of YAML 1.1 that not every reader of it knows."""
_RAW: Final = re.compile(
    "[\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff0-\uffff]"
)
"""Printed as it is, each would be refused, taken for the end of a line, or not be seen."""
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def scalar(text: str, key: str | None = None) -> str:
    """One text, with quotes where they are needed; ``key`` is what it is the value of.

    A lone surrogate, which no file can hold, becomes U+FFFD.
    """
    plain = (
        key not in HASHES and _PLAIN.match(text) and text.lower() not in _WORDS and _is_text(text)
    )
    return text if plain else quoted(text)


def quoted(text: str) -> str:
    """One text in double quotes."""
    told = json.dumps(_SURROGATE.sub("\ufffd", text), ensure_ascii=False)
    return _RAW.sub(lambda found: f"\\u{ord(found[0]):04x}", told)


def block(value: Mapping[str, Value], indent: int = 0, step: int = 2) -> Iterator[str]:
    """Lines of a mapping, each value under its key; short lists stand in one line."""
    for key, inner in value.items():
        name = f"{' ' * indent}{scalar(key)}:"
        flow = _flow(inner, key)
        if flow is not None and indent + len(key) + len(flow) + 2 <= WIDTH:
            yield f"{name} {flow}"
        elif isinstance(inner, Mapping) and inner:
            yield name
            yield from block(inner, indent + step, step)
        elif isinstance(inner, Sequence) and not isinstance(inner, str) and inner:
            yield name
            yield from items(inner, indent + step, step, key)
        else:
            yield f"{name} {_one(inner, key)}"


def items(
    values: Sequence[Value], indent: int = 0, step: int = 2, key: str | None = None
) -> Iterator[str]:
    """Lines of a sequence, an item at each dash."""
    dash = f"{' ' * indent}- "
    for value in values:
        if isinstance(value, Mapping) and value:
            first, *rest = block(value, indent + 2, step)
            yield dash + first[indent + 2 :]
            yield from rest
        elif isinstance(value, Sequence) and not isinstance(value, str) and value:
            first, *rest = items(value, indent + 2, step, key)
            yield dash + first[indent + 2 :]
            yield from rest
        else:
            yield dash + _one(value, key)


def _flow(value: Value, key: str) -> str | None:
    """A list of single values in brackets; ``None`` for anything else."""
    if isinstance(value, str | int | float | Mapping):
        return None
    if any(isinstance(inner, Mapping | list | tuple) for inner in value):
        return None
    return f"[{', '.join(_one(inner, key) for inner in value)}]"


def _one(value: Value, key: str | None) -> str:
    """A value that takes one line."""
    if isinstance(value, str):
        return scalar(value, key)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    return "{}" if isinstance(value, Mapping) else "[]"


def _is_text(text: str) -> bool:
    """Whether other readers, too, take it for a text where it has no quotes."""
    import yaml

    tag: str = _resolver().resolve(yaml.ScalarNode, text, (True, False))  # type: ignore[no-untyped-call]  # PyYAML's stubs leave it untyped
    return tag == "tag:yaml.org,2002:str"


@cache
def _resolver() -> Resolver:
    import yaml

    return yaml.SafeLoader("")
