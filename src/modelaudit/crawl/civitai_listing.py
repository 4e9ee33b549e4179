"""Civitai's list of models, page by page: the order, the passes, and how to go on from a cursor.

Oldest first, because that order's cursor includes its own row and so loses none (``Newest``
loses one per page: https://github.com/civitai/civitai/issues/1372), in partitions whose union is
what the public may see. The order is that of a model's newest version: from the last cursor of each
partition on stand the models that are new, and those with a new version. Whether a checkpoint is a
merge stands in no body; the list's filter ``checkpointType`` is asked about each page.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Generator, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

import msgspec

from modelaudit.crawl.civitai_pages import page_of
from modelaudit.crawl.civitai_records import is_id
from modelaudit.crawl.web_session import Answer, Params
from modelaudit.domain.errors import IncompleteError
from modelaudit.domain.model import Page

PATH = "/api/v1/models"

PAGE = 100
"""Models per request."""

_ALL: Params = (("limit", str(PAGE)), ("sort", "Oldest"), ("period", "AllTime"))
# Only ``archived=true`` is ever sent: the platform reads ``archived=false`` as true.
_ARCHIVED = ("archived", "true")
_MERGES: Params = (("types", "Checkpoint"), ("checkpointType", "Merge"))

PARTITIONS: Mapping[str, Params] = {
    "safe": (("nsfw", "false"),),
    "nsfw": (("nsfw", "true"),),
    "safe-archived": (("nsfw", "false"), _ARCHIVED),
    "nsfw-archived": (("nsfw", "true"), _ARCHIVED),
}
"""Passes over the list, in their order; ``nsfw=true`` alone leaves out what ``false`` shows."""

WIDEST: Params = (*_ALL, *PARTITIONS["nsfw-archived"])
"""Of the four passes, the one that shows most."""

Get = Callable[[Params], Answer]
"""The list's answer to some parameters; raises for what no other request would better."""


@dataclass(frozen=True, slots=True)
class _Place:
    """How far the listing is."""

    partition: str
    cursor: str | None = None
    cut: str | None = None
    """The first partition that the platform ended early."""
    ends: Mapping[str, str] = field(default_factory=dict)
    """Partition → the cursor of its last page, in this listing or in the one before."""


def pages(get: Get, endpoint: str, extra: Params, cursor: str | None) -> Iterator[Page]:
    """Every partition, or those from ``cursor`` on, which is JSON: ``{"partition", "cursor"}``.

    ``extra`` narrows each of them. A partition that ends early does not keep those behind it from
    being listed; ``IncompleteError`` comes last, and the cursor leads back to it.
    """
    known: dict[int, bool] = {}
    todo = list(PARTITIONS)
    place = _resume_point(cursor)
    del todo[: todo.index(place.partition)]
    for partition, following in zip(todo, [*todo[1:], None], strict=True):
        params = [*_ALL, *PARTITIONS[partition], *extra]
        if place.partition != partition:
            place = replace(place, partition=partition, cursor=place.ends.get(partition))
        place = yield from _partition(get, endpoint + PATH, params, place, following, known)
    if place.cut is not None:
        raise IncompleteError(
            f"the platform ended the listing {place.cut!r} early",
            hint="run the same command again later: it lists that part anew",
        )


def merges(get: Get, params: Params, ids: Collection[int], known: dict[int, bool]) -> set[int]:
    """Which of these models the platform calls merges; ``known`` holds what it said before."""
    new = sorted(set(ids) - known.keys())
    for start in range(0, len(new), PAGE):
        batch = new[start : start + PAGE]
        query = [*params, *_MERGES, ("ids", ",".join(map(str, batch)))]
        found = {item.get("id") for item in _items(get(query)) or () if isinstance(item, dict)}
        known.update((number, number in found) for number in batch)
    return {number for number in ids if known[number]}


def _partition(
    get: Get,
    url: str,
    params: Params,
    place: _Place,
    following: str | None,
    known: dict[int, bool],
) -> Generator[Page, None, _Place]:
    """Until the platform names no next cursor: a page may be short, or empty, before that.

    Returns the place with the partition's end, or with ``cut`` set where it ended early.
    """
    after = place.cursor
    seen: set[str] = set()
    asked: set[str] = set()
    restarted = False
    while True:
        query = [*params]
        if after is not None:
            query.append(("cursor", after))
            asked.add(after)
        answer = get(query)
        if answer.status == 400 and after is not None and not restarted:
            # A deploy may change the cursor's columns: what was seen comes again.
            restarted, after = True, None
            asked.clear()
            continue
        if answer.status == 400:
            return (yield from _cut_short(place, following))
        items = _items(answer)
        if items is None:
            raise IncompleteError(
                f"the platform gives no list of models (HTTP {answer.status})",
                hint="run the same command again later: it goes on from where it stopped",
            )
        ids = {str(item.get("id")) for item in items if isinstance(item, dict)}
        here, after = after, _next_cursor(answer.value)
        if after is None:
            place = _ended(place, here)
        page = page_of(
            items,
            merges=merges(get, params, _checkpoints(items), known),
            kind="list",
            url=f"{url}?{urlencode(query)}",
            status=200,
            at=int(time.time()),
            cursor=_onward(place, following)
            if after is None
            else _token(replace(place, cursor=after)),
        )
        yield page if page.cursor is not None else replace(page, onward=_token(_again(place)))
        if after is None:
            return place
        if after in asked and ids <= seen:  # more models of one moment than a page holds
            return (yield from _cut_short(place, following))
        seen |= ids


def _cut_short(place: _Place, following: str | None) -> Generator[Page, None, _Place]:
    place = replace(place, cut=place.cut or place.partition)
    yield Page(cursor=_onward(place, following))
    return place


def _onward(place: _Place, following: str | None) -> str | None:
    """The cursor behind a partition: the next one, else back to the first that was cut short."""
    partition = following or place.cut
    if partition is None:
        return None
    cut = place.cut if following else None
    return _token(_Place(partition, place.ends.get(partition), cut, place.ends))


def _ended(place: _Place, cursor: str | None) -> _Place:
    """The place behind a partition whose last page was at ``cursor``."""
    others = {name: end for name, end in place.ends.items() if name != place.partition}
    return replace(place, ends=others if cursor is None else others | {place.partition: cursor})


def _again(place: _Place) -> _Place:
    """The beginning of a listing that goes on where each partition ended."""
    first = next(iter(PARTITIONS))
    return _Place(first, place.ends.get(first), ends=place.ends)


def _items(answer: Answer) -> list[Any] | None:
    items = answer.value.get("items") if isinstance(answer.value, dict) else None
    return items if answer.status == 200 and isinstance(items, list) else None


def _checkpoints(items: list[Any]) -> set[int]:
    return {
        item["id"]
        for item in items
        if isinstance(item, dict) and item.get("type") == "Checkpoint" and is_id(item.get("id"))
    }


def _next_cursor(body: Mapping[str, Any]) -> str | None:
    metadata = body.get("metadata")
    cursor = metadata.get("nextCursor") if isinstance(metadata, dict) else None
    return str(cursor)[:512] if isinstance(cursor, str | int) and cursor != "" else None


def _token(place: _Place) -> str:
    return msgspec.json.encode(place).decode()


def _resume_point(token: str | None) -> _Place:
    """Where a token points to; the beginning for one that is none of ours."""
    try:
        place = msgspec.json.decode(token or "", type=_Place)
    except ValueError:
        return _Place(next(iter(PARTITIONS)))
    known = place.partition in PARTITIONS and (place.cut is None or place.cut in PARTITIONS)
    return place if known else _Place(next(iter(PARTITIONS)))
