"""What comparing a file's weights showed as plain JSON values: one form for the archive, the
database and the extractors. Words stand for codes, and numbers have six significant digits.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from modelaudit.domain import refs
from modelaudit.domain.sketch import Comparison, Score, Weighed
from modelaudit.domain.words import Component, Kinship

_LONGEST: Final = 1000
"""Characters kept of one text: names of tensors may have megabytes."""
_MOST: Final = 1e9


def plain(weighed: Weighed) -> dict[str, Any]:
    """The value as JSON has it."""
    told = _tidied(msgspec.to_builtins(weighed))
    told["component"] = _word(weighed.component)
    for told_kin, kin in zip(told["kin"], weighed.kin, strict=True):
        told_kin["comparison"] |= _worded(told_kin["comparison"], kin.comparison)
    return told


def parse(record: object) -> Weighed:
    """The value behind JSON that anybody may have written; ``ValueError`` for all else."""
    try:
        found = msgspec.convert(_coded(_tidied(record)), type=Weighed)
    except (LookupError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
        raise ValueError(f"that is not what a comparison of weights gives: {error!r}") from None
    parents = (*(kin.parent for kin in found.kin), *(one.parent for one in found.ingredients))
    if any(refs.parse(ref) != ref for ref in (found.model, *parents)):
        raise ValueError("a reference with something around it")
    if not all(_is_possible(score) for kin in found.kin for score in _scores(kin.comparison)):
        raise ValueError("these are no numbers that a comparison of weights gives")
    if min(found.bytes_read, found.references, found.observed) < 0:
        raise ValueError("a count below zero")
    return found


def _tidied(record: Any) -> dict[str, Any]:
    """The record with texts that can be stored and numbers that JSON has; addresses stay whole."""
    told = {_tidy(key): _tidy(value) for key, value in record.items()}
    for name in ("path", "source"):
        text = record.get(name)
        told[name] = _storable(text) if isinstance(text, str) else text
    return told


def _tidy(value: Any) -> Any:
    if isinstance(value, str):
        return _storable(value[:_LONGEST])
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, Mapping):
        return {_tidy(key): _tidy(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_tidy(item) for item in value]
    return value


def _storable(text: str) -> str:
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _number(value: float) -> float:
    if math.isnan(value):
        return 0.0
    return float(f"{max(-_MOST, min(value, _MOST)):.6g}")


def _worded(told: Mapping[str, Any], one: Comparison) -> dict[str, Any]:
    """The fields of a comparison that hold words."""
    return {
        "component": _word(one.component),
        "overall": {**told["overall"], "grade": one.overall.grade.word},
        "components": {
            part.word: {**told["components"][part], "grade": score.grade.word}
            for part, score in sorted(one.components.items())
        },
        "tensors": [
            {**matrix, "component": tensor.component.word}
            for matrix, tensor in zip(told["tensors"], one.tensors, strict=True)
        ],
    }


def _word(component: Component | None) -> str | None:
    return None if component is None else component.word


def _coded(record: Any) -> dict[str, Any]:
    """The record with codes for words; raises what taking strangers at their word raises."""
    kin = [{**one, "comparison": _comparison(one["comparison"])} for one in record.get("kin") or ()]
    return {**record, "component": _code(record.get("component")), "kin": kin}


def _comparison(told: Any) -> dict[str, Any]:
    return {
        **told,
        "component": _code(told.get("component")),
        "overall": _score(told["overall"]),
        "components": {
            int(Component.parse(part)): _score(score)
            for part, score in (told.get("components") or {}).items()
        },
        "tensors": [
            {**one, "component": int(Component.parse(one["component"]))}
            for one in told.get("tensors") or ()
        ],
    }


def _score(told: Any) -> dict[str, Any]:
    return {**told, "grade": int(Kinship.parse(told["grade"]))}


def _code(word: Any) -> int | None:
    return None if word is None else int(Component.parse(word))


def _scores(one: Comparison) -> Iterator[Score]:
    yield one.overall
    yield from one.components.values()


def _is_possible(score: Score) -> bool:
    shares = (score.median, score.coverage, score.bit_equal)
    counts = (score.tensors, score.values, score.skipped, score.floor)
    return abs(score.score) <= 1 and all(0 <= x <= 1 for x in shares) and min(counts) >= 0
