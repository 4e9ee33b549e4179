"""Whether a regular expression may take exponential time: it is tried out, within bounds.

What is repeated and holds a repeat or a choice is pumped up step by step in a text that fits up
to there and then fails. Where such a repeat is ambiguous, each step multiplies the time; it stops
at the first try that takes longer than any honest one (the method of "regexploit" and its like,
by measuring in place of proving).
"""

from __future__ import annotations

import re
import time
import warnings
from collections.abc import Iterator
from functools import cache
from itertools import product
from typing import Any

_LONG = 0.05
"""Seconds of this thread's work that one try may take."""
_STEPS = range(4, 41)
_FEW = 5
"""Repeats that do no harm."""
_MOST = 100
"""Repeats of anything else in a sample."""
_TAIL = "\0"
"""Hardly ever what an expression wants next."""


@cache
def explodes(pattern: str) -> bool:
    """True when a name of at most some hundred characters can keep the expression busy."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compiled = re.compile(pattern)
    tree = re._parser.parse(pattern)  # type: ignore[attr-defined]  # nothing public parses
    return any(_slow(compiled, tree, node) for node in _suspects(tree))


def _slow(compiled: re.Pattern[str], tree: Any, suspect: Any) -> bool:
    for times, least in product(_STEPS, (1, 0)):
        text = _sample(tree, suspect, times, least)[0] + _TAIL
        began = time.thread_time()
        compiled.search(text)
        if time.thread_time() - began > _LONG:
            return True
    return False


def _suspects(tree: Any) -> Iterator[Any]:
    """Repeats without a small limit that hold a repeat or a choice."""
    for node in tree:
        name, value = str(node[0]), node[1]
        if name in ("MAX_REPEAT", "MIN_REPEAT"):
            _, most, inner = value
            if most > _FEW and _is_ambiguous(inner):
                yield node
        for inner in _inside(name, value):
            yield from _suspects(inner)


def _is_ambiguous(tree: Any) -> bool:
    return any(
        str(node[0]) in ("MAX_REPEAT", "MIN_REPEAT", "BRANCH")
        or any(map(_is_ambiguous, _inside(str(node[0]), node[1])))
        for node in tree
    )


def _inside(name: str, value: Any) -> list[Any]:
    if name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
        return [value[2]]
    if name == "SUBPATTERN":
        return [value[3]]
    if name == "BRANCH":
        return list(value[1])
    if name in ("ASSERT", "ASSERT_NOT"):
        return [value[1]]
    return [value] if name == "ATOMIC_GROUP" else []


def _sample(tree: Any, suspect: Any, times: int, least: int) -> tuple[str, bool]:
    """A text that fits as far as the suspect, repeated so often; whether it was met.

    What may be left out stands there ``least`` times.
    """
    told = ""
    for node in tree:
        name, value = str(node[0]), node[1]
        if node is suspect:
            return told + _sample(value[2], None, times, least)[0] * times, True
        if name == "LITERAL":
            told += chr(value)
        elif name == "NOT_LITERAL":
            told += "a" if value != ord("a") else "b"
        elif name == "IN":
            told += _member(value)
        elif name == "ANY":
            told += "a"
        elif inner := _inside(name, value):
            chosen = next((i for i in inner if any(s is suspect for s in _suspects(i))), inner[0])
            text, met = _sample(chosen, suspect, times, least)
            if met:
                return told + text, True
            if name.endswith("REPEAT"):
                told += text * min(max(value[0], least), _MOST)
            elif not name.startswith("ASSERT"):
                told += text
    return told, False


def _member(choices: Any) -> str:
    """A character of a class."""
    for name, value in choices:
        kind = str(name)
        if kind == "LITERAL":
            return chr(value)
        if kind == "RANGE":
            return chr(value[0])
        if kind == "CATEGORY":
            return {"CATEGORY_SPACE": " ", "CATEGORY_DIGIT": "0"}.get(str(value), "a")
    return "a"
