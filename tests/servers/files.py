"""Files served by ranges (RFC 9110, sections 13 and 14), the ways to do it wrong, and a CDN."""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Mapping

from tests.servers.base import Faults, Reply, Request, Server

ODDITIES = (
    "ignores-ranges", "other-range", "shorter-range", "no-range-stated", "no-total", "multipart",
    "gzip", "grows", "drip", "weak-etag", "no-etag", "odd-etag", "long-etag",
    "ignores-conditions", "picture",
)  # fmt: skip
"""200, slowly, for every range · a range one byte further on · one byte less than asked · no
Content-Range · one without a total · multipart/byteranges · compressed · a larger total with each
answer · a byte every 20 ms · a weak ETag · Last-Modified alone · one that is not ASCII · one of
600 characters · If-Match unheard · an image's type
"""

_DRIP = 0.02


def etag(content: bytes) -> str:
    """A strong validator."""
    return f'"{hashlib.sha256(content).hexdigest()[:16]}"'


def ranged(content: bytes, request: Request, validators: Mapping[str, str] | None = None) -> Reply:
    """The part of a file that a request asks for, if it is still the file that it means."""
    stated = {"ETag": etag(content)} if validators is None else dict(validators)
    if request.headers.get("if-match", stated.get("ETag")) != stated.get("ETag"):
        return Reply(412, b"", stated)
    asked = re.fullmatch(r"bytes=(\d+)-(\d+)", request.headers.get("range", ""))
    if not asked or request.headers.get("if-range", stated.get("ETag")) != stated.get("ETag"):
        return Reply(200, content, stated)
    first, last = int(asked[1]), min(int(asked[2]), len(content) - 1)
    if first >= len(content):
        return Reply(416, b"", {"Content-Range": f"bytes */{len(content)}"})
    stated["Content-Range"] = f"bytes {first}-{last}/{len(content)}"
    return Reply(206, content[first : last + 1], stated)


class Files(Server):
    """Path → content; replace one, and it has changed."""

    def __init__(
        self, files: Mapping[str, bytes], *, odd: str = "", faults: Faults | None = None
    ) -> None:
        assert not odd or odd in ODDITIES
        super().__init__(faults=faults)
        self.files = dict(files)
        self.odd = odd

    def answer(self, request: Request) -> Reply:
        content = self.files.get(request.path)
        return Reply(404, b"Not Found") if content is None else self.serve(content, request)

    def serve(self, content: bytes, request: Request) -> Reply:
        """The answer, with this server's oddity."""
        validators = {"ETag": etag(content)}
        if self.odd == "weak-etag":
            validators = {"ETag": f"W/{etag(content)}"}
        if self.odd in ("no-etag", "odd-etag", "long-etag"):
            day = hashlib.sha256(content).digest()[0] % 28 + 1
            validators = {"Last-Modified": f"Tue, {day:02} Apr 2024 00:00:00 GMT"}
        if self.odd == "odd-etag":
            validators["ETag"] = '"\xff\xe9"'
        if self.odd == "long-etag":
            validators["ETag"] = f'"{"v" * 600}"'
        if self.odd == "ignores-conditions":
            request.headers.pop("if-match", None)
        if self.odd == "ignores-ranges":
            return Reply(200, content, validators, drip=_DRIP)
        reply = ranged(content, request, validators)
        return self._spoilt(reply) if reply.status == 206 else reply

    def _spoilt(self, reply: Reply) -> Reply:
        headers, body = dict(reply.headers), reply.body
        first, last, total = map(int, re.findall(r"\d+", headers["Content-Range"]))
        if self.odd == "other-range":
            headers["Content-Range"] = f"bytes {first + 1}-{last + 1}/{total + 1}"
        elif self.odd == "shorter-range":
            headers["Content-Range"], body = f"bytes {first}-{last - 1}/{total}", body[:-1]
        elif self.odd == "no-range-stated":
            del headers["Content-Range"]
        elif self.odd == "no-total":
            headers["Content-Range"] = f"bytes {first}-{last}/*"
        elif self.odd == "multipart":
            part = f"--x\r\nContent-Range: {headers.pop('Content-Range')}\r\n\r\n".encode()
            headers["Content-Type"], body = "multipart/byteranges; boundary=x", part + body
        elif self.odd == "gzip":
            headers["Content-Encoding"], body = "gzip", gzip.compress(body)
        elif self.odd == "grows":
            headers["Content-Range"] = f"bytes {first}-{last}/{total + len(self.requests)}"
        elif self.odd == "picture":
            headers["Content-Type"] = "image/png"
        return Reply(206, body, headers, drip=_DRIP if self.odd == "drip" else 0.0)


class Cdn(Files):
    """Signed addresses of what somebody else lists, until they expire."""

    def __init__(self, *, odd: str = "") -> None:
        super().__init__({}, odd=odd)
        self.expired: set[str] = set()

    def sign(self, content: bytes) -> str:
        """An address where this content lies for a while."""
        path = f"/signed/{len(self.files)}"
        self.files[path] = content
        return f"{self.url}{path}?signature=secret"

    def expire(self) -> None:
        """End the life of every address handed out so far."""
        self.expired |= set(self.files)

    def answer(self, request: Request) -> Reply:
        if request.path in self.expired or request.one("signature") != "secret":
            return Reply(403, b"Request has expired")
        return super().answer(request)
