"""A remote file as a Reader: every read is one HTTP range request (RFC 9110, section 14)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Protocol

from modelaudit.domain.errors import IncompleteError
from modelaudit.domain.reader import ReadError

_CONTENT_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18})\Z")
_TRIES = 3
_UNSATISFIED = re.compile(r"bytes \*/(\d{1,18})\Z")


class Answer(Protocol):
    """What a server said, as any HTTP client can tell it."""

    @property
    def status(self) -> int:
        """HTTP status of the last hop."""

    @property
    def headers(self) -> Mapping[str, str]:
        """Names in lower case."""

    @property
    def body(self) -> bytes:
        """At most as many bytes as were wanted."""


Get = Callable[[str, Mapping[str, str], int], Answer]
"""``get(url, headers, most)``: follows redirects, retries, stops reading after ``most`` bytes."""


class _GarbledError(ReadError):
    """Half an answer, or a web page of errors in its place; another try may better it."""


class HttpReader:
    """Random access to one URL; nothing is asked before the first read."""

    def __init__(self, get: Get, url: str, size: int | None = None) -> None:
        self._get = get
        self._url = url
        self._size = size

    @property
    def size(self) -> int:
        """Length in bytes: as listed, else as the server states it."""
        if self._size is None:
            self._fetch(0, 1)
        if self._size is None:
            raise ReadError("the server does not state the size of the file")
        return self._size

    def read(self, offset: int, length: int) -> bytes:
        """Up to ``length`` bytes from ``offset``; ``ReadError`` when they cannot be had."""
        if self._size is not None:
            length = min(length, self._size - offset)
        return self._fetch(offset, length) if length > 0 else b""

    def _fetch(self, offset: int, length: int) -> bytes:
        for _ in range(_TRIES - 1):
            with suppress(_GarbledError):
                return self._ask(offset, length)
        return self._ask(offset, length)

    def _ask(self, offset: int, length: int) -> bytes:
        headers = {
            "Range": f"bytes={offset}-{offset + length - 1}",
            "Accept-Encoding": "identity",  # offsets count bytes of the file itself
        }
        try:
            answer = self._get(self._url, headers, length)
        except IncompleteError as error:
            raise ReadError(str(error)) from None
        if answer.status == 206:
            expected = self._expected(answer.headers.get("content-range", ""), offset, length)
        elif answer.status == 200 and offset == 0:  # Range ignored, but this is the beginning
            total = answer.headers.get("content-length", "")
            self._settle_size(int(total) if total.isdecimal() else None)
            expected = length if self._size is None else min(length, self._size)
        elif answer.status == 416 and self._size is None:
            beyond = _UNSATISFIED.match(answer.headers.get("content-range", ""))
            self._size = int(beyond[1]) if beyond else None
            return b""
        else:
            raise ReadError(_refusal(answer))
        if len(answer.body) != expected:
            raise _GarbledError(f"{len(answer.body)} bytes came where {expected} were promised")
        return answer.body

    def _expected(self, content_range: str, offset: int, length: int) -> int:
        """Bytes that the range holds, once it is known to be the one that was asked for."""
        stated = _CONTENT_RANGE.match(content_range)
        if not stated:
            raise _GarbledError("a partial answer does not say which part it is")
        first, last, total = (int(number) for number in stated.groups())
        self._settle_size(total)
        if first != offset or last != min(offset + length, total) - 1:
            raise _GarbledError(f"bytes {first}-{last} came where {offset} and on were asked for")
        return last - first + 1

    def _settle_size(self, total: int | None) -> None:
        if self._size is None:
            self._size = total
        elif total is not None and total != self._size:
            raise _GarbledError(f"listed with {self._size} bytes, served with {total}")


def _refusal(answer: Answer) -> str:
    if answer.status == 200:
        return "the server ignores ranges"
    if answer.status in (401, 403):
        code = answer.headers.get("x-error-code", "no reason given")[:64]
        return f"the file is closed to us (HTTP {answer.status}, {code})"
    if answer.status in (404, 410):
        return f"the file is not there (HTTP {answer.status})"
    if answer.status == 416:
        return "the file is shorter than listed (HTTP 416)"
    return f"HTTP {answer.status}"
