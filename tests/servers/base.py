"""A loopback HTTP server for tests: real sockets, every request kept, faults on a switchboard.

class Hub(Server):
    def answer(self, request: Request) -> Reply: ...

with Hub(faults=Faults("cut", "stall")) as hub:
    client(hub.url)
    assert hub.count("/api/models") == 2
"""

from __future__ import annotations

import json
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlsplit

FAULTS = ("rate-limit", "server-error", "cut", "stall", "truncated", "html")
"""429 with headers · 500 · half a body, then a closed socket · silence, then a closed socket ·
200 with half of the JSON · 200 with a web page."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came in."""

    method: str
    target: str
    """Path and query as sent."""
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes = b""

    @property
    def path(self) -> str:
        return unquote(urlsplit(self.target).path)

    @property
    def query(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.target).query, keep_blank_values=True)

    def one(self, name: str) -> str | None:
        """The first value of a query parameter."""
        return next(iter(self.query.get(name, ())), None)


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    drip: float = 0.0
    """Seconds between two bytes of the body."""
    endless: bool = False
    """The body comes again and again, in chunks, until the client hangs up."""

    @classmethod
    def of_json(cls, value: Any, status: int = 200, **headers: str) -> Reply:
        """A JSON body; ``X_Error_Code="…"`` becomes the header ``X-Error-Code``."""
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        return cls(status, json.dumps(value).encode(), {"Content-Type": "application/json"} | named)


class Faults:
    """Which faults are on. With ``once`` every URL fails once, the faults taking turns, and then
    answers; without, every request fails. ``only`` is a regular expression over the target."""

    def __init__(self, *kinds: str, once: bool = True, only: str = "", stall: float = 0.4) -> None:
        self.kinds = kinds
        self.once = once
        self.only = re.compile(only)
        self.stall = stall
        """Seconds of silence: longer than the read timeout of the client under test."""
        self.struck: list[tuple[str, str]] = []
        """(kind, target) of every fault so far."""
        self._lock = threading.Lock()

    def strike(self, target: str) -> str | None:
        """The fault that this request shall meet."""
        with self._lock:
            if not self.kinds or not self.only.search(target):
                return None
            if self.once and any(target == seen for _, seen in self.struck):
                return None
            kind = self.kinds[len(self.struck) % len(self.kinds)]
            self.struck.append((kind, target))
            return kind


class Server:
    """Base of the loopback platforms; a subclass says how to ``answer``."""

    def __init__(self, *, faults: Faults | None = None) -> None:
        self.faults = faults or Faults()
        self.instead: Callable[[Request], Reply] | None = None
        """What a test wants answered, where no oddity of the platform fits."""
        self.requests: list[Request] = []
        self.connections = 0
        self.stopping = threading.Event()
        self._http = _Http(self)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,))

    @property
    def url(self) -> str:
        """``http://127.0.0.1:PORT``."""
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def answer(self, request: Request) -> Reply:
        """The answer of a platform in good health."""
        raise NotImplementedError

    def rate_limited(self) -> Reply:
        """The platform's own form of 429."""
        return Reply(429, b"Too many requests", {"Retry-After": "1"})

    def count(self, pattern: str) -> int:
        """Number of requests whose target matches a regular expression from its start."""
        return sum(bool(re.match(pattern, request.target)) for request in self.requests)

    def authorizations(self) -> list[str | None]:
        """The Authorization header of every request, in order."""
        return [request.headers.get("authorization") for request in self.requests]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stopping.set()
        self._http.shutdown()
        self._http.hang_up()
        self._http.server_close()
        self._thread.join()


@contextmanager
def dripping(*, headers: bool) -> Iterator[str]:
    """A server that sends one byte every 20 ms, in its headers or in a body without length."""
    stop = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            try:
                connection.sendall(b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n")
                connection.sendall(b"X-Slow: " if headers else b"\r\n")
                while not stop.wait(0.02):
                    connection.sendall(b"1")
            except OSError:
                pass  # the client has hung up, which is the point

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with listener:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        stop.set()
        thread.join()


class _Http(ThreadingHTTPServer):
    daemon_threads = False  # joined at the end: no socket outlives its test

    def __init__(self, owner: Server) -> None:
        self.owner = owner
        self.open: set[socket.socket] = set()
        super().__init__(("127.0.0.1", 0), _Handler)

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        self.open.add(connection)
        self.owner.connections += 1
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        self.open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """Wake the threads that wait on connections which clients keep alive."""
        for connection in list(self.open):
            with suppress(OSError):  # the client may be faster
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up early is part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Http

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)

    def do_GET(self) -> None:
        owner = self.server.owner
        length = int(self.headers.get("Content-Length") or 0)
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, self.path, headers, self.rfile.read(length))
        owner.requests.append(request)
        fault = owner.faults.strike(request.target)
        if fault == "rate-limit":
            self.send(owner.rate_limited())
        elif fault == "server-error":
            self.send(Reply(500, b"Internal Server Error"))
        elif fault == "stall":
            owner.stopping.wait(owner.faults.stall)
            self.close_connection = True
        elif fault == "html":
            self.send(
                Reply(200, b"<!doctype html><p>Be right back.", {"Content-Type": "text/html"})
            )
        else:
            reply = (owner.instead or owner.answer)(request)
            if fault == "truncated":
                reply = Reply(reply.status, reply.body[: len(reply.body) // 2], reply.headers)
            self.send(reply, cut=fault == "cut")

    do_POST = do_HEAD = do_GET

    def send(self, reply: Reply, *, cut: bool = False) -> None:
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if reply.endless:
            self.send_header("Transfer-Encoding", "chunked")
        else:
            self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        if reply.endless:
            chunk = b"%x\r\n%s\r\n" % (len(reply.body), reply.body)
            while not self.server.owner.stopping.is_set():
                self.wfile.write(chunk)
        elif cut:
            self.wfile.write(reply.body[: len(reply.body) // 2])
            self.close_connection = True
        elif reply.drip:
            for byte in reply.body:
                if self.server.owner.stopping.wait(reply.drip):
                    break
                self.wfile.write(bytes([byte]))
        elif self.command != "HEAD":
            self.wfile.write(reply.body)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""
