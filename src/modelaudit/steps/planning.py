"""What an audit will ask of its platforms, before it starts: requests, hours, bytes. Pure.

Upper bounds, for quotas alone: a list page waits for the one before it, which comes on top.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from modelaudit.crawl.platform import Source
from modelaudit.domain.plan import Estimate, Listing
from modelaudit.domain.words import Read

PAGE: Final = {"hf": 1000, "civitai": 100}
"""Models a list page."""

CENSUS: Final = {"hf": (3_118_000, "a census of 2026-10-03")}
"""(models, who counted) of a whole platform."""

TEXTS: Final = 4
"""Small files that may be read of one model: adapter, pipeline, merge recipe, card."""

HEAD: Final = 438_000
"""Bytes of a weight file's head as read, on average (docs/reference/performance.md)."""


def estimate(
    sources: Sequence[Source],
    *,
    read: Read,
    known: Mapping[str, int],
    models: int | None = None,
    max_requests: int,
    budget: int,
) -> Estimate:
    """``known``: source → models listed last time; ``models``: what the user says of the others."""
    listings = tuple(_listing(source, known, models) for source in sources)
    live = any(one.platform in PAGE for one in listings)
    calls = max_requests if live else 0
    heads = budget // HEAD if live and read >= Read.HEADERS else 0
    return Estimate(
        listings=listings,
        calls=calls,
        files=TEXTS * calls + heads,
        bytes=budget if heads else 0,
    )


def _listing(source: Source, known: Mapping[str, int], models: int | None) -> Listing:
    page = PAGE.get(source.platform)
    count, told = known.get(source.text), "as listed before"
    if count is None and source.kind == "model":
        count, told = 1, "one model"
    if count is None and models is not None:
        count, told = models, "as you say"
    if count is None and source.kind == "all" and source.platform in CENSUS:
        count, told = CENSUS[source.platform]
    requests = 0 if page is None else None if count is None else max(-(-count // page), 1)
    return Listing(
        source=source.text,
        platform=source.platform,
        models=count,
        told=told if count is not None else "not known: say --models N",
        requests=requests,
    )
