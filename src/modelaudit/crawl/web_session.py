"""A patient JSON client over requests, for every platform but the Hub.

Each request has a ceiling in wall-clock seconds (a server that drips bytes never trips a socket
timeout), a size cap, and retries paced by ``crawl/pacing.py``. The token goes to its own origin
only and is dropped on the way to any other; pictures and films are refused unread.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

from modelaudit import __version__
from modelaudit.crawl import redirects
from modelaudit.crawl.pacing import RETRY_STATUSES, Pace, Wait, retry_delay, sleep
from modelaudit.crawl.patience import Patience, ThrottledError, note
from modelaudit.crawl.ranges import worth_reading
from modelaudit.domain.errors import IncompleteError

if TYPE_CHECKING:
    import requests

USER_AGENT = f"modelaudit/{__version__} (model provenance audit)"
MAX_BYTES = 64 << 20
REFUSED_TYPES = ("image/", "video/")

Params = Sequence[tuple[str, str]]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a server said."""

    url: str
    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes

    @cached_property
    def value(self) -> Any:
        """The decoded JSON; ``None`` where the body was something else."""
        try:
            return decode(self.body)
        except ValueError:
            return None


def decode(body: bytes | str) -> Any:
    """The JSON value of a hostile text; ``ValueError`` when it is none.

    NaN and infinities become ``None`` and lone surrogates ``?``, so that whatever comes out can
    be stored and encoded again.
    """
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeError):
        pass  # one odd character must not cost a page: the slow, lenient way
    except RecursionError:
        raise ValueError("nested too deeply") from None
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else body
    try:
        return _encodable(json.loads(text, parse_constant=lambda _: None))
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _encodable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, float):
        return value if abs(value) < float("inf") else None
    if isinstance(value, list):
        return [_encodable(item) for item in value]
    if isinstance(value, dict):
        return {_encodable(name): _encodable(item) for name, item in value.items()}
    return value


def origin(url: str) -> tuple[str, str, int | None]:
    """Scheme, host and port: what a token belongs to."""
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    port = parts.port or {"http": 80, "https": 443}.get(scheme)
    return scheme, (parts.hostname or "").lower(), port


class WebSession:
    """One platform's connection; not for use by several threads at a time."""

    def __init__(
        self,
        base: str,
        *,
        token: str | None = None,
        wait: Wait = sleep,
        timeout: float = 30,
        interval: float = 0.0,
        ceiling: float | None = None,
        tries: int = 5,
        max_bytes: int = MAX_BYTES,
        settled: Callable[[Answer], bool] = lambda answer: False,
    ) -> None:
        """``timeout`` bounds a silence, ``ceiling`` (4 × as long) a whole request, in seconds.

        ``settled`` names answers that look temporary and are not.
        """
        self.base = base.rstrip("/")
        self.requests = 0
        self._token = token
        self._wait = wait
        self._pace = Pace(wait=wait, interval=interval)
        self._timeout = timeout
        self._ceiling = ceiling or 4 * timeout
        self._tries = tries
        self._max_bytes = max_bytes
        self._settled = settled
        self._http: requests.Session | None = None
        self._sockets: list[socket.socket] = []

    def get(self, path: str, params: Params = ()) -> Answer:
        """The JSON answer to GET, whatever its status; redirects are followed.

        Raises ``IncompleteError`` when every try failed or the answer is refused.
        """
        return self._patiently(_Ask(url=self.base + path, params=params))

    def post(self, path: str, payload: Any) -> Answer:
        """The answer to a POST of JSON that only asks a question; it is never redirected."""
        return self._patiently(_Ask(url=self.base + path, method="POST", payload=payload))

    def fetch(
        self, url: str, headers: Mapping[str, str], most: int, patience: Patience | None = None
    ) -> Answer:
        """At most ``most`` bytes of what an address serves, of whatever kind.

        Where ``headers`` ask for a Range, only such a part is read (``ranges.worth_reading``).
        """
        ask = _Ask(url=url, headers=headers, most=most)
        return self._patiently(replace(ask, patience=patience) if patience else ask)

    def close(self) -> None:
        """Let go of connections; the session can still be used."""
        if self._http is not None:
            self._http.close()
            self._http = None

    def _patiently(self, ask: _Ask) -> Answer:
        reason = ""
        for attempt in range(self._tries):
            headers: Mapping[str, str] = {}
            try:
                answer = self._follow(ask)
            except _TransientError as error:
                reason = str(error)
            else:
                headers, reason = answer.headers, f"HTTP {answer.status}"
                if ask.most is None and answer.status == 200 and answer.value is None:
                    reason = "not JSON"  # a maintenance page, or half an answer
                elif answer.status not in RETRY_STATUSES or self._settled(answer):
                    return answer
            if ask.patience.left <= 0:
                break
            if attempt + 1 < self._tries:
                ask.patience.wait(self._wait, reason, retry_delay(attempt, headers))
        failure = ThrottledError if reason == "HTTP 429" else IncompleteError
        raise failure(
            f"{urlsplit(ask.url).netloc} does not answer ({reason}, {attempt + 1} tries)",
            hint="run the same command again later: it goes on from where it stopped",
        )

    def _follow(self, ask: _Ask) -> Answer:
        at_home = True
        for _ in range(redirects.MOST + 1):
            at_home = at_home and self._is_own(ask.url)
            answer = self._once(ask, trusted=at_home)
            target = redirects.onward(answer) if ask.method == "GET" else None
            if target is None:
                return answer
            ask = replace(ask, url=target, params=())
        raise redirects.endless(self.base)

    def _once(self, ask: _Ask, *, trusted: bool) -> Answer:
        """One answer, a redirect as well; the token is sent when the way here is ``trusted``."""
        import requests
        from urllib3.exceptions import HTTPError

        if self._http is None:
            self._http = _session(self._sockets)
        own = self._is_own(ask.url)
        if own:
            self._pace.before(ask.patience)
        self.requests += 1
        slow = f"no end within {min(self._ceiling, ask.patience.left):.3g} s"
        with ask.patience.exchange(self._ceiling, self._sockets) as late:
            try:
                with self._http.request(
                    ask.method,
                    ask.url,
                    params=list(ask.params),
                    headers=dict(ask.headers),
                    json=ask.payload,
                    auth=self._authorise if trusted else _unsigned,
                    timeout=self._timeout,
                    stream=True,
                    allow_redirects=False,
                ) as response:
                    headers = {name.lower(): text for name, text in response.headers.items()}
                    if "location" in headers:
                        headers["location"] = _as_utf8(headers["location"])
                    if own:
                        self._pace.after(headers)
                    body = self._body(response, headers, ask)
            except requests.Timeout:
                raise _TransientError(f"nothing for {self._timeout:g} s") from None
            except ValueError:  # all of InvalidURL, LocationParseError and UnicodeError are
                raise redirects.no_address(ask.url) from None
            except (requests.RequestException, HTTPError) as error:
                raise _TransientError(slow if late.is_set() else type(error).__name__) from None
        if late.is_set():
            raise _TransientError(slow)
        return Answer(url=response.url, status=response.status_code, headers=headers, body=body)

    def _body(self, response: requests.Response, headers: Mapping[str, str], ask: _Ask) -> bytes:
        """The decoded body; one longer than is wanted is cut there, one over the cap refused.

        That of a redirect which is followed is not read.
        """
        moved = response.status_code in redirects.STATUSES and headers.get("location")
        if moved and ask.method == "GET":
            return b""
        content_type, host = headers.get("content-type", ""), urlsplit(response.url).netloc
        if content_type.strip().lower().startswith(REFUSED_TYPES):
            raise IncompleteError(f"refused unread: {content_type[:60]!r} from {host}")
        most = ask.most
        if most is not None:
            most = worth_reading(ask.headers, response.status_code, headers, most)
        if most == 0:
            return b""
        body = bytearray()
        for chunk in response.iter_content(65536):
            body += chunk
            if most is not None and len(body) >= most:
                return bytes(body[:most])
            if len(body) > self._max_bytes:
                raise IncompleteError(f"more than {self._max_bytes} bytes from {host}")
        return bytes(body)

    def _is_own(self, url: str) -> bool:
        try:
            return origin(url) == origin(self.base)
        except ValueError:
            return False

    def _authorise(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """As the session's only ``auth`` it also keeps ~/.netrc out of the request."""
        if self._token and self._is_own(request.url or ""):
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ask:
    """One request, before it is sent."""

    url: str
    method: str = "GET"
    params: Params = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    payload: Any = None
    most: int | None = None
    patience: Patience = field(default_factory=Patience)


class _TransientError(Exception):
    """A try that another try may better."""


def _as_utf8(text: str) -> str:
    """A header as most servers mean it; requests takes each byte for a character."""
    try:
        return text.encode("latin-1").decode()
    except UnicodeError:
        return text


def _unsigned(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Without the token; as the ``auth`` it keeps ~/.netrc out, too."""
    return request


def _session(sockets: list[socket.socket]) -> requests.Session:
    """A requests session that notes the sockets it opens, for the watch to hang up."""
    import requests
    from requests.adapters import HTTPAdapter
    from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
    from urllib3.connection import HTTPConnection, HTTPSConnection

    class Plain(HTTPConnection):
        def connect(self) -> None:
            super().connect()
            note(self.sock, sockets)

    class Secure(HTTPSConnection):
        def connect(self) -> None:
            super().connect()
            note(self.sock, sockets)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    class Session(requests.Session):
        def get_redirect_target(self, resp: requests.Response) -> None:
            """None: requests would read a redirect's body without a limit to prepare the next."""

    adapter = HTTPAdapter(max_retries=0)
    adapter.poolmanager.pool_classes_by_scheme = {"http": PlainPool, "https": SecurePool}
    session = Session()
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.headers["User-Agent"] = USER_AGENT
    session.headers["Accept"] = "application/json"
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return session
