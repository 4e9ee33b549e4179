"""The Hub's list of models, page by page: the order, the fields, and how to go on from a cursor.

``GET /api/models`` in the order of creation, or of the last commit, a thousand records a page,
following the ``Link`` header (https://huggingface.co/docs/hub/api).
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from urllib.parse import urlencode, urljoin, urlsplit

import msgspec

from modelaudit.crawl.hub_records import read
from modelaudit.crawl.hub_session import Answer, origin
from modelaudit.domain.errors import CredentialsError, IncompleteError
from modelaudit.domain.model import Gap, Page, Received, Record
from modelaudit.domain.refs import key
from modelaudit.domain.words import GapReason

PATH = "/api/models"
PAGE_SIZE = 1000
OPTIONAL = ("gguf", "safetensors", "disabled", "config", "library_name", "baseModels")
"""Fields done without, in this order, where a Hub does not know one of them (HTTP 400)."""
EXPAND = (
    "author", "cardData", "createdAt", "downloads", "gated", "lastModified", "likes",
    "pipeline_tag", "private", "sha", "siblings", "tags", *OPTIONAL,
)  # fmt: skip
"""Fields asked for; naming any drops all that are not named."""

CREATED: Mapping[str, str] = {"sort": "createdAt", "direction": "1"}
CHANGED: Mapping[str, str] = {"sort": "lastModified", "direction": "-1"}
"""Orders: the oldest repository first; the latest commit first."""

Get = Callable[[str], Answer]
"""The answer at a list's URL, its records split."""

_NEXT = re.compile(r'<([^<>]{1,8192})>\s*;[^,<>]*\brel="?next\b')
_NEEDS_TOKEN = "set HF_TOKEN to a token that may read it, or run `hf auth login`"  # noqa: S105 - advice


def pages(
    get: Get,
    endpoint: str,
    query: Mapping[str, str],
    cursor: str | None,
    since: int | None = None,
) -> Iterator[Page]:
    """A list from its first page or from ``cursor`` on, the URL of a page or its query alone.

    With ``since`` it ends at the page that was changed before.
    """
    url, answer, gaps = _page_at(get, endpoint, query, cursor)
    seen, previous = {url}, frozenset[str]()
    while True:
        _demand_list(answer)
        records, odd, received = _listed(answer.value, url)
        ids = frozenset(r.model.stable_id or key(r.model.ref) for r in records)
        onward = None if _is_past(records, since) else _next(answer)
        stuck = onward is not None and (onward in seen or ids <= previous)
        leads_away = onward is not None and not _is_own(endpoint, onward)
        yield Page(
            records=records,
            gaps=(*gaps, *odd),
            received=received,
            cursor=url if stuck or leads_away else onward,
            onward=f"?{urlsplit(url).query}" if onward is None else None,
        )
        if onward is None:
            return
        if stuck:
            raise IncompleteError("the Hub repeats itself: the rest was not listed")
        url, previous, gaps = _own(endpoint, onward), ids, ()
        seen.add(url)
        answer = get(url)


def _page_at(
    get: Get, endpoint: str, query: Mapping[str, str], cursor: str | None
) -> tuple[str, Answer, tuple[Gap, ...]]:
    """The page that a cursor leads to; the first one for a cursor that the Hub forgot."""
    if cursor is not None:
        url = _own(endpoint, urljoin(f"{endpoint}{PATH}", cursor))
        answer = get(url)
        if answer.status != 400:
            return url, answer, ()
    return _first_page(get, endpoint, query)


def _first_page(
    get: Get, endpoint: str, query: Mapping[str, str]
) -> tuple[str, Answer, tuple[Gap, ...]]:
    """The first page with all the fields that this Hub knows."""
    for count in range(len(OPTIONAL) + 1):
        left_out = OPTIONAL[:count]
        url = f"{endpoint}{PATH}?" + urlencode([
            ("limit", PAGE_SIZE), *query.items(),
            *(("expand[]", field) for field in EXPAND if field not in left_out),
        ])  # fmt: skip
        answer = get(url)
        if answer.status != 400:
            break
    detail = f"the Hub would not list these fields: {', '.join(left_out)}"
    gaps = (Gap(reason=GapReason.UNMAPPED, detail=detail),) if left_out else ()
    return url, answer, gaps


def _is_own(endpoint: str, url: str) -> bool:
    try:
        own = origin(url) == origin(endpoint)
    except ValueError:
        return False
    return own and urlsplit(url).path == PATH


def _own(endpoint: str, url: str) -> str:
    if not _is_own(endpoint, url):
        raise IncompleteError(
            f"the next page is not on {endpoint}: {url[:200]!r}",
            hint="crawl with the HF_ENDPOINT that the crawl began with",
        )
    return url


def _listed(
    page: Sequence[msgspec.Raw], url: str
) -> tuple[tuple[Record, ...], tuple[Gap, ...], tuple[Received, ...]]:
    at = int(time.time())
    records: list[Record] = []
    gaps: list[Gap] = []
    for raw in page:
        found = read(raw, at)
        if isinstance(found, Record):
            records.append(found)
        else:
            gaps.append(found)
    received = tuple(
        Received(platform="hf", kind="list", url=url, status=200, at=at, record=raw) for raw in page
    )
    return tuple(records), tuple(gaps), received


def _is_past(records: Sequence[Record], since: int | None) -> bool:
    """Whether a page of what was changed ends before ``since``.

    One that is not in order ends nothing: what follows it may be of any day.
    """
    days = [r.model.modified for r in records if r.model.modified is not None]
    in_order = days == sorted(days, reverse=True)
    return since is not None and in_order and bool(days) and days[-1] < since


def _demand_list(answer: Answer) -> None:
    if answer.status in (401, 403):
        raise CredentialsError(
            f"the Hub does not list this to us (HTTP {answer.status})", hint=_NEEDS_TOKEN
        )
    if answer.status != 200:
        raise IncompleteError(f"the Hub answered HTTP {answer.status} where a list was asked for")


def _next(answer: Answer) -> str | None:
    link = _NEXT.search(answer.headers.get("link", ""))
    return urljoin(answer.url, link[1]) if link else None
