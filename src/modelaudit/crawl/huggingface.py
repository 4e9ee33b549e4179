"""The Hugging Face Hub as a platform: its list API, its model API and its files.

A page of a list carries everything but file digests, which cost one call per repository
(``?blobs=true``). ``config.json`` is never read: the Hub counts that as a download
(https://huggingface.co/docs/hub/models-download-stats).
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import msgspec

from modelaudit.crawl import hub_listing
from modelaudit.crawl.hub_records import sizes, split
from modelaudit.crawl.hub_replay import LONGEST_TEXT, TEXTS, of_dataset, replay
from modelaudit.crawl.hub_session import Answer, HubSession
from modelaudit.crawl.pacing import Wait, sleep
from modelaudit.crawl.platform import Source
from modelaudit.crawl.ranges import HttpReader
from modelaudit.domain.errors import CredentialsError, IncompleteError, UsageError
from modelaudit.domain.model import Gap, Model, Page, Received
from modelaudit.domain.reader import Reader, ReadError
from modelaudit.domain.refs import ModelRef, hf, local, platform
from modelaudit.domain.words import GapReason

SILENT_MODELS = 3
"""So many models in a row without any answer mean that the Hub is gone, not the models."""


class HuggingFace:
    """One Hub, asked with one token; nothing is loaded or asked before the first request."""

    name = "hf"

    def __init__(
        self,
        *,
        endpoint: str | None = None,
        token: str | None = None,
        wait: Wait = sleep,
        timeout: float = 30.0,
        tries: int = 5,
    ) -> None:
        """``endpoint`` defaults to HF_ENDPOINT, ``token`` to HF_TOKEN or the hf login."""
        chosen = endpoint or os.environ.get("HF_ENDPOINT") or "https://huggingface.co"
        self._endpoint = chosen.rstrip("/")
        if not re.match(r"https?://[^/\s]+\Z", self._endpoint):
            raise UsageError(f"{chosen!r} is not an endpoint", hint="set HF_ENDPOINT to an origin")
        self._token = token
        self._wait = wait
        self._timeout = timeout
        self._tries = tries
        self._opened: HubSession | None = None

    @property
    def requests(self) -> int:
        """Requests made so far."""
        return self._opened.requests if self._opened else 0

    def list(self, source: Source, cursor: str | None) -> Iterator[Page]:
        """The whole Hub, one author or one model; the cursor is the URL of the next page."""
        if source.kind == "model":
            yield self._detailed(hf(source.value))
        else:
            yield from self._walk({**hub_listing.CREATED, **_narrowed(source)}, cursor)

    def changed(self, source: Source, cursor: str | None, since: int) -> Iterator[Page]:
        """The same models by their last commit, latest first, to the page that ends before it."""
        return self._walk({**hub_listing.CHANGED, **_narrowed(source)}, cursor, since)

    def children(self, parent: ModelRef, cursor: str | None) -> Iterator[Page]:
        """Models with the tag ``base_model:{parent}``."""
        wanted = {"filter": f"base_model:{local(parent)}"}
        return self._walk({**hub_listing.CREATED, **wanted}, cursor)

    def details(self, refs: Sequence[ModelRef]) -> Iterator[Page]:
        """One page per model: its record with file digests, and its texts on lineage."""
        silent = 0
        for ref in refs:
            try:
                page = self._detailed(ref)
                silent = 0
            except IncompleteError as error:
                silent += 1
                if silent == SILENT_MODELS:
                    raise
                page = Page(gaps=(Gap(reason=GapReason.UNREADABLE, detail=str(error), model=ref),))
            yield page

    def look_up(self, ref: ModelRef) -> Page:
        """The record of a repository or of a data set."""
        if platform(ref) != "dataset":
            return self._model(ref)
        url = f"{self._endpoint}/api/datasets/{quote(local(ref))}"
        answer = self._session.get(url, decode=_json_object)
        record = answer.body if answer.status == 200 else msgspec.json.encode(_refusal(answer))
        return of_dataset(ref, record, answer.status)

    def by_digest(self, digests: Sequence[str]) -> Iterator[Page]:
        """Nothing: the Hub does not search by digest."""
        return iter(())

    def open(self, ref: ModelRef, revision: str | None, path: str, size: int | None) -> Reader:
        """One file of a repository, read by ranges."""
        if ".." in path.split("/"):
            raise ReadError("the path leads out of its repository")
        return HttpReader(self._session.get, self._file_url(local(ref), revision, path), size)

    def replay(self, kind: str, record: bytes, *, url: str | None, status: int, at: int) -> Page:
        """The page of an archived line of kind ``list``, ``model`` or ``text``."""
        return replay(kind, record, url=url, status=status, at=at)

    def close(self) -> None:
        """Let go of connections."""
        if self._opened:
            self._opened.close()

    @property
    def _session(self) -> HubSession:
        if self._opened is None:
            from huggingface_hub import get_token

            token = self._token or get_token()
            if token and not (token.isascii() and token.isprintable()):
                raise CredentialsError("the Hub's token holds characters no token has")
            self._opened = HubSession(
                self._endpoint,
                token=token,
                wait=self._wait,
                timeout=self._timeout,
                tries=self._tries,
            )
        return self._opened

    def _walk(
        self, query: Mapping[str, str], cursor: str | None, since: int | None = None
    ) -> Iterator[Page]:
        def get(url: str) -> Answer:
            return self._session.get(url, decode=split)

        return hub_listing.pages(get, self._endpoint, query, cursor, since)

    def _detailed(self, ref: ModelRef) -> Page:
        page = self._model(ref)
        listed = sizes(bytes(page.received[0].record))
        for record in page.records:
            for path, (shown_by, _) in TEXTS.items():
                if shown_by not in record.model.traits:
                    continue
                text = self._text(record.model, path, listed.get(path))
                page = Page(
                    records=page.records,
                    documents=page.documents + text.documents,
                    gaps=page.gaps + text.gaps,
                    renamed=page.renamed,
                    received=page.received + text.received,
                )
                if any(gap.reason is GapReason.GATED for gap in text.gaps):
                    break  # the other files of the repository are closed as well
        return page

    def _model(self, ref: ModelRef) -> Page:
        url = f"{self._endpoint}/api/models/{quote(local(ref))}?blobs=true"
        answer = self._session.get(url, decode=_json_object)
        record = answer.body if answer.status == 200 else msgspec.json.encode(_refusal(answer))
        return self._received("model", url, answer.status, record)

    def _text(self, model: Model, path: str, size: int | None) -> Page:
        repo = local(model.ref)
        url = self._file_url(repo, model.revision, path)

        def demand_size(body: bytes) -> None:
            """A text has no form that shows whether it is whole or a web page of errors."""
            if size is not None and len(body) != min(size, LONGEST_TEXT + 1):
                raise ValueError("not of the size listed")

        try:
            answer = self._session.get(url, most=LONGEST_TEXT + 1, decode=demand_size)
        except IncompleteError as error:
            gap = Gap(reason=GapReason.UNREADABLE, detail=str(error), model=model.ref, file=path)
            return Page(gaps=(gap,))
        record: dict[str, Any] = {"id": repo, "sha": model.revision, "path": path}
        if answer.status == 200:
            record["text"] = answer.body[:LONGEST_TEXT].decode("utf-8", "replace")
            record["cut"] = len(answer.body) > LONGEST_TEXT
        else:
            record |= _refusal(answer)
        return self._received("text", url, answer.status, msgspec.json.encode(record))

    def _received(self, kind: str, url: str, status: int, record: bytes) -> Page:
        """The page that replaying this answer gives, with the line to replay."""
        at = int(time.time())
        page = self.replay(kind, record, url=url, status=status, at=at)
        line = Received(
            platform=self.name, kind=kind, url=url, status=status, at=at, record=msgspec.Raw(record)
        )
        return replace(page, received=(line,))

    def _file_url(self, repo: str, revision: str | None, path: str) -> str:
        where = quote(revision or "main", safe="")
        return f"{self._endpoint}/{quote(repo)}/resolve/{where}/{quote(path)}"


def _narrowed(source: Source) -> dict[str, str]:
    return {"author": source.value} if source.kind == "author" else {}


def _json_object(body: bytes) -> None:
    if not body.lstrip().startswith(b"{") or len(split(b"[" + body + b"]")) != 1:
        raise ValueError("not a JSON object")


def _refusal(answer: Answer) -> dict[str, str]:
    said = answer.headers.get("x-error-message") or answer.body[:512].decode("utf-8", "replace")
    return {"code": answer.headers.get("x-error-code", "")[:64], "error": said[:512]}
