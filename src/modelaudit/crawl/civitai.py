"""Civitai: https://civitai.com/api/v1, one node per model version.

A model is listed with all its versions, and each version is one record; what a version was
trained from stands in its own body only, which ``details`` asks for.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Collection, Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from modelaudit.crawl import civitai_listing, heads, weighed
from modelaudit.crawl.civitai_pages import REF, page_of
from modelaudit.crawl.pacing import Wait, sleep
from modelaudit.crawl.platform import Source
from modelaudit.crawl.web_session import Answer, Params, WebSession, decode, origin
from modelaudit.domain import refs as names
from modelaudit.domain.errors import CredentialsError, IncompleteError, UsageError
from modelaudit.domain.model import Gap, Page
from modelaudit.domain.reader import Reader, ReadError
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.words import GapReason

DEFAULT_ENDPOINT = "https://civitai.com"

DIGESTS_PER_REQUEST = 10_000

_ORIGIN = "CIVITAI_ENDPOINT is a scheme and a host, such as https://civitai.com"

_SHA256 = re.compile(r"[0-9a-f]{64}\Z", re.ASCII)


class Civitai:
    """The Civitai of one origin: civitai.com, civitai.red, or a mirror of their API."""

    name = "civitai"

    def __init__(
        self,
        *,
        endpoint: str | None = None,
        token: str | None = None,
        wait: Wait = sleep,
        timeout: float = 30,
        interval: float = 1.0,
    ) -> None:
        """``timeout`` and ``interval`` (least time between requests) in seconds.

        ``CIVITAI_ENDPOINT`` and ``CIVITAI_API_KEY`` stand in for what is not given.
        """
        self._endpoint = _origin(endpoint or os.environ.get("CIVITAI_ENDPOINT") or DEFAULT_ENDPOINT)
        self._token = _key(token or os.environ.get("CIVITAI_API_KEY") or "")
        self._session = WebSession(
            self._endpoint,
            token=self._token,
            wait=wait,
            timeout=timeout,
            interval=interval,
            settled=_is_paging_cap,
        )

    @property
    def requests(self) -> int:
        """Requests made so far."""
        return self._session.requests

    def list(self, source: Source, cursor: str | None) -> Iterator[Page]:
        """The whole platform, one ``author``, or one ``model`` (``ID`` or ``ID@VERSION``).

        Only the first two have cursors: a model is one page.
        """
        if source.kind == "model":
            yield self._model(source.value)
            return
        extra = (("username", source.value),) if source.kind == "author" else ()
        yield from civitai_listing.pages(self._listed, self._endpoint, extra, cursor)

    def changed(self, source: Source, cursor: str | None, since: int) -> Iterator[Page]:
        """None: a model with a new version moves to the end of the list, and comes as new.

        No order shows other changes.
        """
        return iter(())

    def children(self, parent: ModelRef, cursor: str | None) -> Iterator[Page]:
        """None: the platform cannot be asked for descendants."""
        return iter(())

    def details(self, refs: Sequence[ModelRef]) -> Iterator[Page]:
        """One page per version, with what lists leave out (``trainingDetails``, ``uploadType``).

        One silence is a gap of its version; a second in a row ends the work.
        """
        silent = False
        merges: Collection[int] = ()
        for place, ref in enumerate(refs):
            if place % civitai_listing.PAGE == 0:
                merges = self._merges(refs[place : place + civitai_listing.PAGE])
            try:
                yield self._ask(ref, merges)
                silent = False
            except IncompleteError as error:
                if silent or isinstance(error, _RegionError):
                    raise
                silent = True
                yield Page(gaps=(Gap(reason=GapReason.UNREADABLE, detail=str(error), model=ref),))

    def look_up(self, ref: ModelRef) -> Page:
        """The answer about a version, or about all of a model's; Civitai has no data sets."""
        return self._ask(ref, ()) if REF.match(ref) else Page()

    def by_digest(self, digests: Sequence[str]) -> Iterator[Page]:
        """The versions that hold a file with one of these sha256, one page each."""
        asked = sorted({digest.lower() for digest in digests if _SHA256.match(digest.lower())})
        for start in range(0, len(asked), DIGESTS_PER_REQUEST):
            batch = asked[start : start + DIGESTS_PER_REQUEST]
            answer = self._session.post("/api/v1/model-versions/by-hash/ids", batch)
            self._stop_if_refused(answer)
            if answer.status != 200 or not isinstance(answer.value, list):
                detail = f"the lookup of {len(batch)} digests was answered HTTP {answer.status}"
                yield Page(gaps=(Gap(reason=GapReason.INCONCLUSIVE, detail=detail),))
                continue
            hits = [hit for hit in answer.value if isinstance(hit, dict)]
            found = {f"civitai:{hit.get('modelId')}@{hit.get('modelVersionId')}" for hit in hits}
            yield from self.details([ModelRef(ref) for ref in sorted(found) if REF.match(ref)])

    def open(self, ref: ModelRef, revision: str | None, path: str, size: int | None) -> Reader:
        """The version's download, which is its primary file: another size is another file."""
        from modelaudit.crawl.ranges import HttpReader

        found = REF.match(ref)
        if not found or not found[2]:
            raise ReadError("not a Civitai model version")
        url = f"{self._endpoint}/api/download/models/{found[2]}"
        return HttpReader(self._session.fetch, url, size)

    def replay(self, kind: str, record: bytes, *, url: str | None, status: int, at: int) -> Page:
        """The page of one archived line, of any kind."""
        if kind == heads.KIND:
            return heads.replay(record, at, self.name)
        if kind == weighed.KIND:
            return weighed.replay(record, at, self.name)
        try:
            value = decode(record)
        except ValueError:
            return Page(gaps=(Gap(reason=GapReason.MALFORMED, detail="a record that is not JSON"),))
        return page_of([value], kind=kind, url=url, status=status, at=at)

    def close(self) -> None:
        """Let go of connections."""
        self._session.close()

    def _listed(self, params: Params) -> Answer:
        answer = self._session.get(civitai_listing.PATH, params)
        self._stop_if_refused(answer)
        return answer

    def _model(self, value: str) -> Page:
        model, _, version = value.partition("@")
        merges = self._merges([names.civitai(model)])
        page = self._ask(names.civitai(model), merges, only=int(version) if version else None)
        if version and not page.records:
            return self._ask(names.civitai(model, version), merges)
        return page

    def _merges(self, refs: Sequence[ModelRef]) -> Collection[int]:
        ids = {int(found[1]) for ref in refs if (found := REF.match(ref))}
        return civitai_listing.merges(self._listed, civitai_listing.WIDEST, ids, {})

    def _ask(self, ref: ModelRef, merges: Collection[int], *, only: int | None = None) -> Page:
        """The answer about one version, or about all (``only``: one) of a model's."""
        found = REF.match(ref)
        if not found:
            detail = "not a Civitai model or version"
            return Page(gaps=(Gap(reason=GapReason.MALFORMED, detail=detail, model=ref),))
        model, version = found.groups()
        kind, number = ("version", version) if version else ("model", model)
        path = f"/api/v1/{'model-versions' if version else 'models'}/{number}"
        answer = self._session.get(path)
        if answer.status != 401 or self._token:
            self._stop_if_refused(answer)
        value = answer.value
        if not isinstance(value, dict):
            detail = f"HTTP {answer.status} without a JSON object"
            return Page(gaps=(Gap(reason=GapReason.UNREADABLE, detail=detail, model=ref),))
        if answer.status != 200:
            ids = {"id": int(version), "modelId": int(model)} if version else {"id": int(model)}
            value = {**ids, "error": value.get("error")}
        elif only is not None:
            value = {**value, "modelVersions": _only(value.get("modelVersions"), only)}
        url = self._endpoint + path
        now = int(time.time())
        return page_of([value], kind=kind, url=url, status=answer.status, at=now, merges=merges)

    def _stop_if_refused(self, answer: Answer) -> None:
        """Raise for the answers that every further request would get as well."""
        if answer.status == 401:
            raise CredentialsError(
                f"{self._host} {'refused the API key' if self._token else 'asks for an API key'}",
                hint="set CIVITAI_API_KEY to a valid key",
            )
        if answer.status == 451 and _code(answer) == "REGION_BLOCKED":
            raise _RegionError(
                f"{self._host} is blocked in the region of this machine (HTTP 451 REGION_BLOCKED)",
                hint="run the audit where the platform answers; what was received is kept",
            )
        if answer.status == 429:
            raise IncompleteError(f"{self._host} refuses to page further (HTTP 429)")

    @property
    def _host(self) -> str:
        return urlsplit(self._endpoint).netloc


class _RegionError(IncompleteError):
    """The platform is closed where this machine stands."""


def _only(versions: object, number: int) -> Any:
    if not isinstance(versions, list):
        return versions
    return [item for item in versions if isinstance(item, dict) and item.get("id") == number]


def _is_paging_cap(answer: Answer) -> bool:
    return answer.status == 429 and "cursor" in str(answer.value)


def _code(answer: Answer) -> object:
    return answer.value.get("code") if isinstance(answer.value, dict) else None


def _origin(text: str) -> str:
    try:
        parts = urlsplit(text.strip().rstrip("/"))
        origin(parts.geturl())
    except ValueError:
        raise UsageError(f"{text[:200]!r} is not an origin", hint=_ORIGIN) from None
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        raise UsageError(f"{text[:200]!r} is not an origin", hint=_ORIGIN)
    if parts.path or parts.query or parts.fragment:
        raise UsageError(f"{text[:200]!r} is more than an origin", hint=_ORIGIN)
    return f"{parts.scheme}://{parts.netloc}"


def _key(text: str) -> str | None:
    text = text.strip()
    if not (text.isascii() and text.isprintable()):
        raise UsageError("CIVITAI_API_KEY holds characters that no key has")
    return text or None
