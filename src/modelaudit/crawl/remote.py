"""A weight file at a plain address: read by ranges, and no token is ever sent.

What a platform serves is opened by that platform, which has the token: ``model_file`` says which.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from types import TracebackType
from typing import Final, Self
from urllib.parse import parse_qs, unquote, urlsplit

from modelaudit.crawl.pacing import Wait, sleep
from modelaudit.crawl.ranges import MOST, SECONDS, HttpReader
from modelaudit.crawl.web_session import WebSession, origin
from modelaudit.domain.reader import ReadError
from modelaudit.domain.refs import ModelRef, civitai, hf, is_hf_id

_HUBS: Final = ("https://huggingface.co", "https://www.huggingface.co", "https://hf.co")
_CIVITAIS: Final = ("https://civitai.com", "https://civitai.red", "https://civitai.green")
_HUB_FILE = re.compile(
    r"/((?:[^/]+/)?[^/]+)/(?:resolve|blob|raw)/(refs/(?:pr|convert)/[^/]+|[^/]+)/(.+)\Z"
)
_CIVITAI_PAGE = re.compile(r"/models/(\d{1,10})(?:/[^/]*)?\Z", re.ASCII)
_VERSION = re.compile(r"\d{1,10}\Z", re.ASCII)


def model_file(url: str) -> tuple[ModelRef, str | None, str] | None:
    """Model, revision and path of a file that a platform of ours serves; else ``None``.

    Of Civitai it is the page of one version, which stands for its primary file; a download's
    address does not name its model.
    """
    try:
        where, parts = origin(url), urlsplit(url)
    except ValueError:
        return None
    if where in _origins("HF_ENDPOINT", _HUBS):
        found = _HUB_FILE.match(parts.path)
        repo, revision, path = map(unquote, found.groups()) if found else ("", "", "")
        if is_hf_id(repo) and not repo.startswith(("datasets/", "spaces/")):
            return hf(repo), revision, path
    if where in _origins("CIVITAI_ENDPOINT", _CIVITAIS):
        found = _CIVITAI_PAGE.match(parts.path)
        version = parse_qs(parts.query).get("modelVersionId", [""])[0]
        if found and _VERSION.match(version):
            return civitai(found[1], version), None, ""
    return None


class UrlReader(HttpReader):
    """One file at a plain address; close it."""

    def __init__(self, session: WebSession, url: str, *, most: int, seconds: float) -> None:
        super().__init__(session.fetch, url, most=most, seconds=seconds, waits=seconds)
        self._session = session

    def close(self) -> None:
        """Let go of connections."""
        self._session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def open_url(
    url: str,
    *,
    most: int = MOST,
    seconds: float = SECONDS,
    wait: Wait = sleep,
    timeout: float = 30.0,
    tries: int = 3,
) -> UrlReader:
    """The file at an http or https address; nothing is asked before the first read.

    ``ReadError`` when it is no such address, or one with a password in it.
    """
    try:
        scheme, host, _ = origin(url)
        inside = "@" in urlsplit(url).netloc
    except ValueError:
        scheme, host, inside = "", "", False
    if scheme not in ("http", "https") or not host:
        raise ReadError("not the address of a file (http or https)")
    if inside:
        raise ReadError("an address with a name or a password in it is not read")
    session = WebSession(url, wait=wait, timeout=timeout, tries=tries)
    return UrlReader(session, url, most=most, seconds=seconds)


def _origins(variable: str, known: tuple[str, ...]) -> set[tuple[str, str, int | None]]:
    """The origins of a platform, one of a person's own choosing among them."""
    chosen = os.environ.get(variable) or known[0]
    with suppress(ValueError):  # the platform itself says what is wrong with it
        return {origin(url) for url in (*known, chosen)}
    return {origin(url) for url in known}
