"""What Civitai answered, as pages: pure, so that an archive replayed gives what the crawl gave."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from modelaudit.crawl import civitai_records as records
from modelaudit.domain.model import Gap, Page, Received
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.words import GapReason, Status

REF = re.compile(r"civitai:(\d{1,10})(?:@(\d{1,10}))?\Z", re.ASCII)
"""A model, or one of its versions."""

_REFUSALS = {
    401: (Status.PRIVATE, GapReason.PRIVATE, "needs a key"),
    403: (Status.GATED, GapReason.GATED, "is closed to us"),
    404: (Status.GONE, GapReason.GONE, "is not shown (deleted, unpublished, hidden or unrated)"),
    410: (Status.GONE, GapReason.GONE, "is gone"),
    451: (Status.BLOCKED, GapReason.DISABLED, "is withheld where we stand"),
}

_PICTURE_TAG = re.compile(r"<(?:img|video|source)\b[^>]{0,4096}>?", re.IGNORECASE)
_DEPTH = 8


def page_of(
    items: Sequence[Any],
    *,
    kind: str,
    url: str | None,
    status: int,
    at: int,
    merges: Collection[int] = (),
    cursor: str | None = None,
) -> Page:
    """The page of some model objects, or of one version's body.

    ``merges``, ids of models, is written into the records as ``checkpointType``: bodies lack it.
    """
    items = [_flagged(trimmed(item), kind, merges) for item in items]
    received = tuple(
        Received(platform="civitai", kind=kind, url=url or "", status=status, at=at, record=item)
        for item in items
    )
    if status != 200:
        return _refusal(items[0], received, status)
    found = []
    gaps = []
    for item in items:
        if kind == "version":
            good, bad = records.of_version(item, at=at, source=url)
        else:
            good, bad = records.of_model(item, at=at)
        found += good
        gaps += bad
    return Page(records=tuple(found), gaps=tuple(gaps), received=received, cursor=cursor)


def _flagged(item: Any, kind: str, merges: Collection[int]) -> Any:
    if not merges or not isinstance(item, dict):
        return item
    if kind != "version":
        return {**item, "checkpointType": "Merge"} if _in(item.get("id"), merges) else item
    model = item.get("model")
    if isinstance(model, dict) and _in(item.get("modelId"), merges):
        return {**item, "model": {**model, "checkpointType": "Merge"}}
    return item


def _in(number: object, merges: Collection[int]) -> bool:
    return records.is_id(number) and number in merges


def _refusal(item: Any, received: tuple[Received, ...], status: int) -> Page:
    """What a status other than 200 says about one model; a 404 is one observation, no more."""
    item = item if isinstance(item, dict) else {}
    ids = [item["modelId"], item.get("id")] if "modelId" in item else [item.get("id")]
    ref = ModelRef("civitai:" + "@".join(str(number) for number in ids))
    if not REF.match(ref):
        gap = Gap(reason=GapReason.MALFORMED, detail=f"HTTP {status} about nothing that is named")
        return Page(gaps=(gap,), received=received)
    if status not in _REFUSALS:
        gap = Gap(reason=GapReason.UNREADABLE, detail=f"answered HTTP {status}", model=ref)
        return Page(gaps=(gap,), received=received)
    state, reason, what = _REFUSALS[status]
    gap = Gap(reason=reason, detail=f"it {what} (HTTP {status})", model=ref)
    return Page(missing={ref: state}, gaps=(gap,), received=received)


def trimmed(value: Any, depth: int = 0) -> Any:
    """The received JSON without pictures and without numbers that no database holds.

    An ``images`` list stays as an empty one: the archive notes that there was one.
    """
    if isinstance(value, Mapping):
        if depth > _DEPTH:
            return None
        return {
            name: [] if name == "images" else trimmed(item, depth + 1)
            for name, item in value.items()
            if name == "images" or "image" not in name.lower()
        }
    if isinstance(value, list):
        return None if depth > _DEPTH else [trimmed(item, depth + 1) for item in value]
    if isinstance(value, str):
        return _PICTURE_TAG.sub("", value) if "<" in value else value
    if isinstance(value, int) and abs(value) >= 2**63:
        return None
    return value
