"""The form of a list: what its schema refuses, in plain words, one fault for each mistake.

The schema (``schema/blocklist.schema.json``, JSON Schema 2020-12) alone would say some mistakes
twice and in its own words. Here a key that is misspelled is not missed under its right name as
well, a value that is wrong is told once, and what hangs on it is not judged.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from modelaudit.check.remedies import closest, remedy
from modelaudit.check.strict_yaml import Place
from modelaudit.check.validator import validator

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

INTEGERS = frozenset({"size", "sources", "max_hops"})
FLOATS = frozenset({"min_merge_weight"})
BOOLEANS = frozenset({"private"})

_MOST = 1000
"""Faults looked for in one document."""

_PLAIN = {
    "type": "must be of type {}",
    "enum": "must be one of {}",
    "const": "must be {}",
    "minLength": "is shorter than {} characters",
    "maxLength": "is longer than {} characters",
    "minimum": "is below {}",
    "maximum": "is above {}",
    "minItems": "is empty",
    "minProperties": "is empty",
    "uniqueItems": "holds one value twice",
}
"""The schema's keywords as a sentence goes on."""

_INTEGER = re.compile(r"[0-9]{1,15}")
_FLOAT = re.compile(r"[0-9]{1,3}(\.[0-9]{1,15})?")


@dataclass(frozen=True, slots=True)
class Fault:
    """One mistake of form."""

    place: Place
    """Of the value; of a key that is missing, where it would stand."""
    text: str
    fix: str = ""
    spoils: bool = True
    """The value has the wrong form: nothing further can be said about it."""
    hangs: bool = False
    """It follows from another value of the entry, such as its policy, which may be wrong itself."""


def typed(value: Any, key: str | None = None) -> Any:
    """The few numbers and booleans of the format, converted; the schema refuses the rest."""
    if isinstance(value, dict):
        return {name: typed(inner, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [typed(inner) for inner in value]
    if key in INTEGERS and _INTEGER.fullmatch(value):
        return int(value)
    if key in FLOATS and _FLOAT.fullmatch(value):
        return float(value)
    if key in BOOLEANS and value in ("true", "false"):
        return value == "true"
    return value


def respelled(data: Any) -> tuple[Any, dict[Place, str]]:
    """The data with its misspelled keys put right, and the place as written of each → its key.

    Only a key with one near neighbour that the same mapping lacks is taken for it.
    """
    meant: dict[Place, str] = {}
    data = deepcopy(data)
    while True:
        found = False
        for error in islice(validator().iter_errors(data), _MOST):
            if error.validator != "additionalProperties":
                continue
            holder: Any = error.instance
            for key in islice(_unknown(error), _MOST):
                name = closest(key, _properties(error))
                if name and name not in holder:
                    holder[name] = holder.pop(key)
                    meant[(*error.absolute_path, key)] = name
                    found = True
        if not found:
            return data, meant


def faults(document: Any) -> list[Fault]:
    """Everything that the schema refuses in a document, each mistake once."""
    found: dict[Place, Fault] = {}
    told = (fault for error in validator().iter_errors(document) for fault in _told(error))
    for fault in islice(told, _MOST):  # one error may be of half a million keys
        found.setdefault(fault.place, fault)
    return [f for f in found.values() if f.spoils or not _lies_below(f.place, found)]


def without(document: Any, told: Iterable[Fault]) -> Any:
    """A copy with what is wrong taken out; in lists ``None`` keeps its place."""
    document = deepcopy(document)
    for fault in told:
        holder: Any = document
        try:
            for step in fault.place[:-1]:
                holder = holder[step]
        except (KeyError, IndexError, TypeError):
            continue
        if not fault.spoils or not fault.place:
            continue
        if isinstance(holder, dict):
            holder.pop(fault.place[-1], None)
        elif isinstance(holder, list):
            holder[int(fault.place[-1])] = None
    return document


def beyond(found: Iterable[Fault], told: Sequence[Fault]) -> Iterator[Fault]:
    """Faults of a document after what was told had been taken out, but for what is due to that.

    An entry that would have inherited a default which is wrong does not lack it.
    """
    defaults = {f.place[2] for f in told if f.place[:2] == ("list", "defaults") and f.place[2:]}
    for fault in found:
        inherits = (
            fault.place[:1] == ("entries",) and fault.place[2:] and fault.place[2] in defaults
        )
        if not inherits and not any(f.place[: len(fault.place)] == fault.place for f in told):
            yield fault


def shown(text: object) -> str:
    """Foreign text in a message: quoted, escaped, short."""
    return ascii(str(text)[:60])


def _lies_below(place: Place, others: Iterable[Place]) -> bool:
    return any(len(o) > len(place) and o[: len(place)] == place for o in others)


def _told(error: ValidationError) -> Iterator[Fault]:
    place: Place = tuple(error.absolute_path)
    path = list(error.absolute_schema_path)
    hangs = "allOf" in path
    if error.validator == "additionalProperties":
        for key in _unknown(error):
            near = closest(key, _properties(error))
            known = f" (did you mean {near}?)" if near else ""
            yield Fault((*place, key), f"unknown key {shown(key)}{known}")
    elif error.validator == "required":
        for name in sorted(_names(error.validator_value) - _names(error.instance)):
            why = _sentence(place, f"lacks '{name}'")
            yield Fault((*place, name), why, remedy(error, name), spoils=False, hangs=hangs)
    elif "propertyNames" in path:
        why = f"{shown(error.instance)} is not the name of a platform"
        yield Fault((*place, str(error.instance)), why, "write civitai")
    else:
        held = f" {shown(error.instance)}" if isinstance(error.instance, str) else ""
        spoils = not hangs and error.validator != "uniqueItems"
        why = _sentence(place, _why(error), held)
        yield Fault(place, why, remedy(error), spoils=spoils, hangs=hangs)


def _unknown(error: ValidationError) -> list[str]:
    return sorted(_names(error.instance) - _properties(error))


def _properties(error: ValidationError) -> frozenset[str]:
    """The keys that a mapping may have."""
    return _names(error.schema["properties"] if isinstance(error.schema, Mapping) else ())


def _names(values: Any) -> frozenset[str]:
    return frozenset(values)


def _sentence(place: Place, why: str, held: str = "") -> str:
    """One plain line: the field, what it holds, what it should."""
    inner = place[2:] if place[:1] == ("entries",) else place
    name = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in inner)
    return ": ".join(part for part in (f"{name.lstrip('.')}{held}".strip(), why[:300]) if part)


def _why(error: ValidationError) -> str:
    said = error.schema.get("errorMessage") if isinstance(error.schema, dict) else None
    if error.cause or said:
        return str(error.cause or said)
    wanted = error.validator_value
    words = ", ".join(map(str, wanted)) if isinstance(wanted, list) else str(wanted)
    return _PLAIN.get(str(error.validator), "breaks the rule {}").format(words)
