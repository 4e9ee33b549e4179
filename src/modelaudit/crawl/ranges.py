"""A remote file as a Reader: every read is one HTTP range request (RFC 9110, section 14).

All reads are of one version of the file. Its ETag goes back as ``If-Match`` (section 13.1.1): a
changed file is then refused without a body, where ``If-Range`` would ask for the whole of it.
Servers that know neither are found out by comparing what they state.
"""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final, Protocol

from modelaudit.crawl.patience import Patience, ThrottledError
from modelaudit.domain.errors import IncompleteError
from modelaudit.domain.reader import ReadError
from modelaudit.domain.words import GapReason

MOST: Final = 64 << 20
"""Bytes read of one file: more than twice the longest header that any format is read with."""
SECONDS: Final = 120.0
"""Seconds that one file's server may take, all answers together."""
WAITS: Final = 600.0
"""Seconds that one file's server may put us off, all waits together: two windows of the Hub's."""

_FIRST: Final = 0x80000
"""Bytes of the first read where no size is listed: as many as a file of any size is begun with."""
_REFUSED: Final = 4096
"""Bytes read of an answer that refuses: why."""
_TRIES: Final = 3
_EXPIRED: Final = frozenset({400, 401, 403, 404, 410})
"""How a CDN says that a signed address is no longer one."""
_CHANGED: Final = "the file changed while it was read"
_TAG = re.compile(r"[ -~]{1,512}\Z")
"""An ETag that can be sent back: of other characters clients make what they like."""
_CONTENT_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18})\Z")
_REASONS: Final = {
    401: GapReason.GATED,
    403: GapReason.GATED,
    404: GapReason.GONE,
    410: GapReason.GONE,
    429: GapReason.RATE_LIMITED,
}


class Answer(Protocol):
    """What a server said, as any HTTP client can tell it."""

    @property
    def url(self) -> str:
        """Of the last hop."""

    @property
    def status(self) -> int:
        """HTTP status of the last hop."""

    @property
    def headers(self) -> Mapping[str, str]:
        """Names in lower case."""

    @property
    def body(self) -> bytes:
        """As much of it as ``worth_reading`` says."""


Get = Callable[[str, Mapping[str, str], int, Patience], Answer]
"""``get(url, headers, most, patience)``: follows redirects, and retries while patience lasts.

A token goes to its own origin only. ``ThrottledError`` when the server only puts us off, else
``IncompleteError``.
"""


class _PassingError(ReadError):
    """Half an answer, or a web page in its place; another try may better it."""


def worth_reading(
    asked: Mapping[str, str], status: int, headers: Mapping[str, str], most: int
) -> int:
    """Bytes to read of an answer's body before its connection is closed.

    Where a range was asked for, a 200 is the whole file and is not downloaded; what is compressed
    has offsets of its own and is not unpacked.
    """
    if "Range" not in asked:
        return most
    if status == 206:
        return 0 if _coding(headers) else most
    return min(most, _REFUSED) if status >= 400 else 0


class HttpReader:
    """Random access to one URL; nothing is asked before the first read."""

    def __init__(
        self,
        get: Get,
        url: str,
        size: int | None = None,
        *,
        most: int = MOST,
        seconds: float = SECONDS,
        waits: float = WAITS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``size`` as listed; ``most`` bounds the bytes of all reads.

        ``seconds`` bounds the time of all answers, ``waits`` that of all waits between them.
        """
        self.bytes_read = 0
        self.requests = 0
        self._get = get
        self._url = self._target = url
        self._size = size
        self._most = most
        self._seconds = seconds
        self._patience = Patience(seconds, waits=waits, clock=clock)
        self._head = b""
        self._version: tuple[str | None, int] | None = None

    def allow(self, seconds: float) -> None:
        """Many small ranges are to be read: this much time for all answers, from now on."""
        self._seconds = seconds
        self._patience = Patience(seconds, waits=WAITS)

    def unbounded(self) -> None:
        """Somebody asked for all of the file: no more limit to its bytes, nor to their time."""
        self._most = sys.maxsize
        self._patience = Patience(waits=WAITS)

    @property
    def size(self) -> int:
        """Length in bytes: as listed, else as the first answer states it."""
        if self._size is None:
            self._head = self._fetch(0, _FIRST)
        return self._size or 0

    @property
    def etag(self) -> str | None:
        """What the server calls these very bytes (a strong ETag), once an answer has come."""
        tag = self._version[0] if self._version else None
        return tag if tag and tag.startswith('"') else None

    def read(self, offset: int, length: int) -> bytes:
        """Up to ``length`` bytes from ``offset``; ``ReadError`` when they cannot be had."""
        length = min(length, self.size - offset)
        if length <= 0:
            return b""
        known = self._head[offset : offset + length]
        missing = length - len(known)
        return known + self._fetch(offset + len(known), missing) if missing else known

    def _fetch(self, offset: int, length: int) -> bytes:
        for _ in range(_TRIES - 1):
            with suppress(_PassingError):
                return self._part(offset, length)
        return self._part(offset, length)

    def _part(self, offset: int, length: int) -> bytes:
        answer = self._ask(offset, length)
        if answer.status == 416 and self._size is None and _is_empty(answer.headers):
            self._size = 0
            return b""
        if answer.status != 206:
            raise self._refusal(answer)
        if coding := _coding(answer.headers):
            raise ReadError(f"the server compresses the file ({coding[:40]!a})")
        stated = _CONTENT_RANGE.match(answer.headers.get("content-range", ""))
        if not stated:
            raise ReadError("a partial answer does not say which part it is")
        first, last, total = (int(number) for number in stated.groups())
        self._settle(_validator(answer.headers), total)
        if first != offset or last != min(offset + length, total) - 1:
            raise ReadError(
                f"bytes {first}-{last} came where {length} from {offset} were asked for"
            )
        if len(answer.body) != last - first + 1:
            raise _PassingError(f"{len(answer.body)} bytes came where {last - first + 1} were said")
        return answer.body

    def _ask(self, offset: int, length: int) -> Answer:
        if self.bytes_read + length > self._most:
            raise ReadError(f"more than {self._most} bytes to read", GapReason.TOO_LARGE)
        if self._patience.left <= 0:
            raise ReadError(f"the file takes more than {self._seconds:g} s to read")
        headers = {
            "Range": f"bytes={offset}-{offset + length - 1}",
            "Accept": "*/*",
            "Accept-Encoding": "identity",  # offsets count bytes of the file itself
        }
        if self.etag:
            headers["If-Match"] = self.etag
        self.requests += 1
        try:
            answer = self._get(self._target, headers, length, self._patience)
        except ThrottledError as error:
            raise ReadError(str(error), GapReason.RATE_LIMITED) from None
        except IncompleteError as error:
            raise ReadError(str(error)) from None
        self.bytes_read += len(answer.body)
        if answer.status in _EXPIRED and self._target != self._url:
            self._target = self._url
            return self._ask(offset, length)
        if answer.status == 206:
            self._target = answer.url
        return answer

    def _settle(self, validator: str | None, total: int) -> None:
        """One version of the file for all reads; the first answer says which."""
        if self._version is None and self._size not in (None, total):
            raise ReadError(f"listed with {self._size} bytes, served with {total}")
        if self._version not in (None, (validator, total)):
            raise ReadError(_CHANGED)
        self._version, self._size = (validator, total), total

    def _refusal(self, answer: Answer) -> ReadError:
        status, headers = answer.status, answer.headers
        reason = _REASONS.get(status, GapReason.UNREADABLE)
        if status == 200 and headers.get("content-type", "").lower().startswith("text/html"):
            return _PassingError("a web page came in place of the file")
        if self._version and (
            status in (412, 416) or (status == 200 and _validator(headers) != self._version[0])
        ):
            return ReadError(_CHANGED)
        if status == 200:
            return ReadError("the server ignores ranges")
        if status in (401, 403):
            code = headers.get("x-error-code", "no reason given")[:64]
            return ReadError(f"the file is closed to us (HTTP {status}, {code})", reason)
        if status in (404, 410):
            return ReadError(f"the file is not there (HTTP {status})", reason)
        if status == 416:
            listed = self._size is not None
            what = "the file is shorter than listed" if listed else "the server refuses the range"
            return ReadError(f"{what} (HTTP 416)")
        return ReadError(f"HTTP {status}", reason)


def _coding(headers: Mapping[str, str]) -> str:
    """The Content-Encoding of a body that is not the file's own bytes."""
    coding = headers.get("content-encoding", "").strip().lower()
    return "" if coding == "identity" else coding


def _is_empty(headers: Mapping[str, str]) -> bool:
    """Whether a 416 to a first read means that there is nothing to read."""
    return headers.get("content-range", "").strip() in ("", "bytes */0")


def _validator(headers: Mapping[str, str]) -> str | None:
    """What tells one version of a file from the next, as far as the server says."""
    tag = headers.get("etag", "")
    return tag if _TAG.match(tag) else headers.get("last-modified")
