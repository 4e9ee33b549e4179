"""Exceptions: decisions that spare something, and must end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from modelaudit.check.lint.item import Item
from modelaudit.check.listfile import Problem
from modelaudit.check.strict_yaml import Place

YEARS = 2
"""After so long a decision about somebody's work should be looked at again."""

_USABLE = frozenset({"models", "rehosts", "files", "datasets", "labels"})
_CAPS = {"none": 0, "note": 1, "review": 2, "take-down": 3}


def problems(item: Item) -> Iterator[Problem]:
    """Each exception by itself."""
    for at, exception in item.each("exceptions"):
        yield from _expiry(item, at, exception)
        match, effect = exception.get("match"), exception.get("effect", "none")
        if match and not _USABLE & set(match) and "name_regex" not in match.get("hints", {}):
            yield item.error(
                (*at, "match"),
                f"an exception by {' and '.join(sorted(match))} alone spares nothing",
                "name the models, or the digests of their files",
            )
        told = any(item.written.is_told(p) for p in ((*item.place, *at, "effect"),
                                                     (*item.place, "policy")))  # fmt: skip
        if _CAPS[effect] >= _CAPS.get(item.policy, 3) and not told:
            yield item.warning(
                (*at, "effect"),
                f"effect {effect} changes nothing: the policy of the entry is {item.policy}",
                "set a milder effect, or remove the exception",
            )


def _expiry(item: Item, at: Place, exception: dict[str, Any]) -> Iterator[Problem]:
    expires = exception.get("expires")
    if not expires:
        return
    today = date.fromisoformat(item.today)
    latest = f"{today.year + YEARS}{item.today[4:]}"
    if expires <= item.today:
        yield item.warning(
            (*at, "expires"), f"the exception expired on {expires}", "decide again, or remove it"
        )
    elif expires > latest:
        yield item.warning(
            (*at, "expires"),
            f"the exception holds until {expires}, more than {YEARS} years",
            f"end it by {latest}, and decide again then",
        )
