"""A patient connection to a Hugging Face Hub: timeouts, pacing, retries, redirects, one token.

The client is httpx2 with the request hooks of huggingface_hub's own session, so that
``HF_HUB_OFFLINE`` holds here as well; the library's calls would wait for ever on a stalled socket.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from modelaudit import __version__
from modelaudit.crawl import redirects
from modelaudit.crawl.pacing import RETRY_STATUSES, Pace, Wait, retry_delay, sleep
from modelaudit.crawl.patience import Patience, ThrottledError, note
from modelaudit.crawl.ranges import worth_reading
from modelaudit.domain.errors import CredentialsError, IncompleteError, PlatformError

if TYPE_CHECKING:
    import httpx2

USER_AGENT = f"modelaudit/{__version__} (model provenance audit)"
MAX_BODY = 256 << 20
"""Most bytes read of one answer: a page of 1,000 repositories with all their file names."""

_COURTESY = 4096
"""Bytes read of a redirect's body, for the sake of its connection: one read to its end is kept."""
_RESUME = "run the same command again: it goes on from here"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the Hub said in the end, whatever the status."""

    url: str
    """Of the last hop."""
    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes
    value: Any = None
    """What ``decode`` made of the body of a 200."""


def origin(url: str) -> tuple[str, str, int | None]:
    """Scheme, host and port: what a token belongs to; ``ValueError`` for what is no URL."""
    parts = urlsplit(url)
    return (
        parts.scheme.lower(),
        (parts.hostname or "").lower(),
        parts.port or {"http": 80, "https": 443}.get(parts.scheme.lower()),
    )


class HubSession:
    """Requests to one endpoint; the token goes nowhere else. Not for several threads at a time."""

    def __init__(
        self,
        endpoint: str,
        *,
        token: str | None = None,
        wait: Wait = sleep,
        timeout: float = 30.0,
        ceiling: float = 300.0,
        tries: int = 5,
    ) -> None:
        """``timeout`` bounds a silence, ``ceiling`` a whole answer, in seconds."""
        self.endpoint = endpoint
        self.requests = 0
        self._origin = origin(endpoint)
        self._token = token
        self._wait = wait
        self._timeout = timeout
        self._ceiling = ceiling
        self._tries = tries
        # The Hub counts API calls and file resolutions apart.
        self._api, self._resolve = Pace(wait=wait), Pace(wait=wait)
        self._http: httpx2.Client | None = None
        self._sockets: list[socket.socket] = []

    def get(
        self,
        url: str,
        headers: Mapping[str, str] | None = None,
        most: int = MAX_BODY,
        patience: Patience | None = None,
        *,
        decode: Callable[[bytes], Any] | None = None,
    ) -> Answer:
        """The answer to GET; redirects are followed, the body ends after ``most`` bytes.

        Where ``headers`` ask for a Range, only such a part is read (``ranges.worth_reading``).

        A 200 whose body ``decode`` refuses with ``ValueError`` is tried again like any passing
        failure. Raises ``IncompleteError`` when every try failed, ``CredentialsError`` when the
        token is refused, ``PlatformError`` when the Hub library is told to stay offline.
        """
        import httpx2

        reason = ""
        patience = patience or Patience()
        for attempt in range(self._tries):
            stated: Mapping[str, str] = {}
            try:
                answer = self._once(url, headers or {}, most, patience)
                if answer.status not in RETRY_STATUSES:
                    if origin(answer.url) == self._origin:
                        _refuse_bad_token(answer)
                    if decode is None or answer.status != 200:
                        return answer
                    return _decoded(answer, decode)
                stated, reason = answer.headers, f"HTTP {answer.status}"
            except (_GarbledError, _TooSlowError) as error:
                reason = str(error)
            except httpx2.RequestError as error:
                reason = f"{type(error).__name__} ({error})"[:200]
            if patience.left <= 0:
                break
            if attempt + 1 < self._tries:
                patience.wait(self._wait, reason, retry_delay(attempt, stated))
        host = urlsplit(url).netloc
        failure = ThrottledError if reason == "HTTP 429" else IncompleteError
        raise failure(f"no usable answer from {host}: {reason}", hint=_RESUME)

    def close(self) -> None:
        """Let go of connections; the session can still be used."""
        if self._http is not None:
            self._http.close()
            self._http = None

    def _once(self, url: str, headers: Mapping[str, str], most: int, patience: Patience) -> Answer:
        import httpx2
        from huggingface_hub.errors import OfflineModeIsEnabled

        pace = self._api if urlsplit(url).path.startswith("/api/") else self._resolve
        if origin(url) == self._origin:
            pace.before(patience)
        self.requests += 1
        with patience.exchange(self._ceiling, self._sockets) as late:
            try:
                answer = self._follow(url, headers, most, pace)
            except OfflineModeIsEnabled:
                raise PlatformError(
                    "the Hub may not be asked while HF_HUB_OFFLINE is set",
                    hint="unset HF_HUB_OFFLINE, or audit a recorded catalogue:FILE",
                ) from None
            except httpx2.RequestError:
                if not late.is_set():
                    raise
        if late.is_set():
            raise _TooSlowError("the answer came too slowly to its end")
        return answer

    def _follow(self, url: str, headers: Mapping[str, str], most: int, pace: Pace) -> Answer:
        import httpx2

        at_home = True
        for _ in range(redirects.MOST + 1):
            try:
                at_home = at_home and origin(url) == self._origin
                answer = self._hop(url, headers, most, pace, trusted=at_home)
            except (httpx2.UnsupportedProtocol, httpx2.InvalidURL, ValueError):
                raise redirects.no_address(url) from None
            target = redirects.onward(answer)
            if target is None:
                return answer
            url = target
        raise redirects.endless(self.endpoint)

    def _hop(
        self, url: str, headers: Mapping[str, str], most: int, pace: Pace, *, trusted: bool
    ) -> Answer:
        """One answer, a redirect as well; the token is sent when the way here is ``trusted``."""
        sent = dict(headers)
        if self._token and trusted:
            sent["Authorization"] = f"Bearer {self._token}"
        trace = {"trace": self._trace}
        with self._client().stream("GET", url, headers=sent, extensions=trace) as response:
            stated = {name.lower(): text for name, text in response.headers.items()}
            if origin(url) == self._origin:
                pace.after(stated)
            if response.has_redirect_location:
                body = b""
                _drain(response)
            else:
                wanted = worth_reading(headers, response.status_code, stated, most)
                body = _body(response, wanted)
            return Answer(
                url=str(response.url), status=response.status_code, headers=stated, body=body
            )

    def _trace(self, event: str, info: Mapping[str, Any]) -> None:
        """Note the sockets that httpx2 opens; TLS puts another in a plain one's place."""
        if event.endswith(("connect_tcp.complete", "start_tls.complete")):
            note(info["return_value"].get_extra_info("socket"), self._sockets)

    def _client(self) -> httpx2.Client:
        if self._http is None:
            import httpx2
            from huggingface_hub import get_session

            self._http = httpx2.Client(
                event_hooks=get_session().event_hooks,
                cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
                timeout=self._timeout,
                headers={"User-Agent": USER_AGENT},
            )
        return self._http


class _GarbledError(Exception):
    """A 200 whose body is not what a Hub sends."""


class _TooSlowError(Exception):
    """A server that drips bytes never trips the socket's timeout."""


def _drain(response: httpx2.Response) -> None:
    read = 0
    for chunk in response.iter_raw():
        read += len(chunk)
        if read > _COURTESY:
            return


def _body(response: httpx2.Response, most: int) -> bytes:
    body = bytearray()
    if most:
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) > most:  # and not at most: a body read to its end leaves its connection
                break
    return bytes(body[:most])


def _decoded(answer: Answer, decode: Callable[[bytes], Any]) -> Answer:
    try:
        value = decode(answer.body)
    except ValueError:
        raise _GarbledError("a body that is not what was asked for") from None
    return replace(answer, value=value)


def _refuse_bad_token(answer: Answer) -> None:
    said = answer.body[:4096].lower() + answer.headers.get("x-error-message", "").lower().encode()
    if answer.status == 401 and b"invalid credentials" in said:
        raise CredentialsError(
            "the Hub refuses the token",
            hint="set HF_TOKEN to a valid token, or unset it, or run `hf auth login`",
        )
