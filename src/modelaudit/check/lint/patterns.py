"""Name patterns: what fits everything hints at nothing, and what takes for ever stops an audit."""

from __future__ import annotations

import re
from collections.abc import Iterator

from modelaudit.check.lint.backtracking import explodes
from modelaudit.check.lint.item import Item, indexed
from modelaudit.check.listfile import Problem
from modelaudit.check.strict_yaml import Place

_STRANGERS = (
    "acme/model", "bert-base-uncased", "example-org/llama-3-8b-instruct", "x/y",
    "someone/watercolour-lora", "speech/whisper-small.en", "a1/Q4_K_M-gguf", "t5-11b",
    "vision/resnet50_v2", "1000/2000",
)  # fmt: skip
"""Names of no family in particular."""


def problems(item: Item) -> Iterator[Problem]:
    """Each expression by itself; whether it fits an allowed model is a matter of all lists."""
    for at, pattern in _all(item):
        if explodes(pattern):
            yield item.error(
                at,
                f"{pattern} may take for ever on some names",
                "do not repeat what is itself repeated: write a+ in place of (a+)+",
            )
        elif re.search(pattern, ""):
            yield item.error(at, f"{pattern} fits every name, even none", "name what must be there")
        elif sum(bool(re.search(pattern, name)) for name in _STRANGERS) * 2 > len(_STRANGERS):
            yield item.error(at, f"{pattern} fits nearly every name", "name what must be there")


def _all(item: Item) -> Iterator[tuple[Place, str]]:
    """The expressions of an entry and of its exceptions."""
    for key in ("name_regex", "name_unless"):
        yield from item.each("match", "hints", key)
        for at, exception in item.each("exceptions"):
            hints = exception.get("match", {}).get("hints", {})
            yield from indexed((*at, "match", "hints", key), hints.get(key))
