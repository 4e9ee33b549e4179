"""Where an entry's facts can be read, and whether that covers what it lists."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from modelaudit.check.lint.item import Item, indexed
from modelaudit.check.listfile import Problem
from modelaudit.check.strict_yaml import Place

_COVERS = {"files": "files", "datasets": "datasets", "rehosts": "models"}
"""What is listed → the word of the evidence that it needs."""
_ABOUT = {
    "files": ("match", "files"),
    "datasets": ("match", "datasets"),
    "exception": ("exceptions",),
}
"""The word of the evidence → what it is for."""


def problems(item: Item) -> Iterator[Problem]:
    """Each source by itself, and all of them against what is listed."""
    sources = list(item.each("evidence"))
    for at, source in sources:
        yield from _source(item, at, source)
    for at, exception in item.each("exceptions"):
        for inner, source in indexed((*at, "evidence"), exception.get("evidence")):
            yield from _source(item, inner, source)
    told = any(item.written.is_told((*item.place, *at, "supports")) for at, _ in sources)
    if item.acts and sources and not told:
        yield from _covered(item, [source for _, source in sources])


def _source(item: Item, at: Place, source: dict[str, Any]) -> Iterator[Problem]:
    lacking = [
        key
        for key in ("where", "summary")
        if key not in source and not item.written.is_told((*item.place, *at, key))
    ]
    if lacking:
        yield item.warning(
            at,
            f"evidence without {' and '.join(lacking)}: a reader must search for it",
            "say where in the source it stands, and in own words what it says",
        )
    if source.get("url", "").startswith("http://"):
        yield item.warning(
            (*at, "url"),
            "an address without encryption can be changed on its way",
            "write https://",
        )
    retrieved, published = source.get("retrieved", ""), source.get("published", "")
    if retrieved > item.today:
        yield item.warning(
            (*at, "retrieved"), f"retrieved {retrieved} is in the future",
            "write the day it was read",
        )  # fmt: skip
    elif retrieved and published > retrieved:
        yield item.error(
            (*at, "published"), f"published {published}, after it was read on {retrieved}",
            "correct one of the days",
        )  # fmt: skip


def _covered(item: Item, sources: list[dict[str, Any]]) -> Iterator[Problem]:
    supported = {word for source in sources for _, word in indexed((), source.get("supports"))}
    if "claim" not in supported:
        yield item.error(
            ("evidence",),
            "no evidence supports the claim of an entry that acts",
            "cite where the claim can be read, or set status: draft",
        )
    match = item.get("match") or {}
    for listed, word in _COVERS.items():
        if match.get(listed) and word not in supported:
            yield item.warning(
                ("match", listed, "evidence"),  # whatever else is wrong with one of them
                f"no evidence supports the {listed}",
                f"cite where they can be read, with supports: [{word}]",
            )
    for index, source in enumerate(sources):
        for inner, word in indexed(("evidence", index, "supports"), source.get("supports")):
            about = _ABOUT.get(word)
            if about and not item.get(*about) and not item.written.is_told((*item.place, *about)):
                yield item.warning(
                    inner,
                    f"it supports {about[-1]}, and the entry has none",
                    f"remove {word}, or add them",
                )
