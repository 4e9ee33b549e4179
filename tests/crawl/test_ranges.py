"""Ranges against real sockets, through both clients."""

from __future__ import annotations

import gzip
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelaudit.crawl.hub_session import HubSession
from modelaudit.crawl.huggingface import HuggingFace
from modelaudit.crawl.ranges import HttpReader
from modelaudit.crawl.web_session import WebSession
from modelaudit.domain.reader import Reader, ReadError
from modelaudit.domain.refs import hf
from modelaudit.domain.words import GapReason
from modelaudit.resolve.formats.window import Window, first_read
from tests.servers.base import FAULTS, Faults, Reply, Request
from tests.servers.files import Cdn, Files, etag
from tests.servers.hub import GATED, GONE, HIDDEN, Hub

CONTENT = bytes(range(256)) * 40
OTHER = CONTENT[::-1]
FILE = {("acme/a", "unet/x y.safetensors"): CONTENT}
PATH = "/model.safetensors"
CLIENTS = ("requests", "httpx2")
NOWHERE = (
    "file:///etc/passwd", "ftp://127.0.0.1/x", "data:text/plain,hello", "javascript:\x1b[2J",
    "https://", "http://[::1", "http://127.0.0.1:99999/", "http://\xe9..example/",
    "http://xn--\xff.example/", f"http://{'x' * 64}.example/", "http://" + "\xe9" * 100,
)  # fmt: skip


@contextmanager
def opened(size: int | None = len(CONTENT), **hub: Any) -> Iterator[tuple[Reader, Hub]]:
    """The file on a Hub."""
    with Hub(files=FILE, **hub) as server:
        client = HuggingFace(
            endpoint=server.url, token="t", wait=lambda why, s: None, timeout=0.3, tries=3
        )
        try:
            yield client.open(hf("acme/a"), None, "unet/x y.safetensors", size), server
        finally:
            client.close()


@contextmanager
def plain(
    client: str = "requests",
    *,
    odd: str = "",
    content: bytes = CONTENT,
    faults: Faults | None = None,
    size: int | None = None,
    timeout: float = 0.3,
    **more: Any,
) -> Iterator[tuple[HttpReader, Files]]:
    """The file on a plain web server, read through one of the two clients."""
    with Files({PATH: content}, odd=odd, faults=faults) as server:
        how: Any = {"wait": lambda why, s: None, "timeout": timeout, "tries": 3}
        session: Any = (WebSession if client == "requests" else HubSession)(server.url, **how)
        get = session.fetch if client == "requests" else session.get
        try:
            yield HttpReader(get, server.url + PATH, size, **more), server
        finally:
            session.close()


def test_bytes_come_from_where_they_were_asked() -> None:
    with opened() as (reader, hub):
        assert reader.read(1000, 300) == CONTENT[1000:1300]
        assert reader.size == len(CONTENT)
        assert hub.requests[0].headers["accept-encoding"] == "identity"
        assert len(hub.requests) == 1


def test_a_read_across_the_end_is_shorter_and_one_behind_it_empty() -> None:
    with opened() as (reader, hub):
        assert reader.read(len(CONTENT) - 5, 100) == CONTENT[-5:]
        assert reader.read(len(CONTENT), 1) == b""
        assert len(hub.requests) == 1


@pytest.mark.parametrize("offset", [0, 7, len(CONTENT) - 1])
def test_an_unlisted_size_is_learned_from_the_answer(offset: int) -> None:
    with opened(size=None) as (reader, hub):
        assert reader.read(offset, 10) == CONTENT[offset : offset + 10]
        assert reader.size == len(CONTENT)
        assert len(hub.requests) == 1


def test_a_first_read_behind_the_end_learns_the_size() -> None:
    with opened(size=None) as (reader, _):
        assert reader.read(10**6, 10) == b""
        assert reader.size == len(CONTENT)


@pytest.mark.parametrize("client", CLIENTS)
def test_asking_for_the_size_is_the_first_read(client: str) -> None:
    content = bytes(range(251)) * 4000
    with plain(client, content=content) as (reader, server):
        assert reader.size == len(content)
        assert reader.read(8, 1000) == content[8:1008]
        assert len(server.requests) == reader.requests == 1
        half = reader.bytes_read
        assert reader.read(half - 10, 20) == content[half - 10 : half + 10]
        assert server.requests[1].headers["range"] == f"bytes={half}-{half + 9}"
        assert reader.bytes_read == half + 10


def test_the_first_read_of_a_file_of_any_size_lies_in_what_its_size_cost() -> None:
    with plain(content=bytes(1 << 20)) as (reader, server):
        assert reader.size == 1 << 20
        assert reader.bytes_read >= max(first_read(size) for size in (0, 10**9, 10**10))
        Window(reader).read(0, 64)
        assert len(server.requests) == 1


@pytest.mark.parametrize("client", CLIENTS)
def test_all_reads_share_one_connection(client: str) -> None:
    with plain(client, size=len(CONTENT)) as (reader, server):
        for offset in range(0, 1000, 100):
            reader.read(offset, 50)
        assert server.connections == 1


@pytest.mark.parametrize("client", CLIENTS)
def test_an_empty_file_has_no_bytes(client: str) -> None:
    with plain(client, content=b"") as (reader, _):
        assert reader.size == 0
        assert reader.read(0, 8) == b""


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("stated", ["bytes */0", ""])
def test_a_refused_first_range_is_an_empty_file(client: str, stated: str) -> None:
    with plain(client) as (reader, server):
        headers = {"Content-Range": stated} if stated else {}
        server.instead = lambda request: Reply(416, b"", headers)
        assert reader.size == 0


@pytest.mark.parametrize("client", CLIENTS)
def test_a_refused_first_range_of_a_file_with_bytes_is_told(client: str) -> None:
    with plain(client) as (reader, server):
        headers = {"Content-Range": "bytes */151"}
        server.instead = lambda request: Reply(416, b"", headers)
        with pytest.raises(ReadError, match=r"refuses the range \(HTTP 416\)"):
            reader.read(0, 8)


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 11_000), st.integers(0, 11_000)), max_size=8),
    st.booleans(),
)
def test_every_read_gives_what_a_slice_gives(reads: list[tuple[int, int]], listed: bool) -> None:
    with plain(size=len(CONTENT) if listed else None) as (reader, _):
        for offset, length in reads:
            assert reader.read(offset, length) == CONTENT[offset : offset + length]


def test_a_file_of_another_size_than_listed_is_refused() -> None:
    with opened(size=5000) as (reader, _), pytest.raises(ReadError, match="listed with 5000"):
        reader.read(0, 10)
    with opened(size=10**6) as (reader, _), pytest.raises(ReadError, match="shorter than listed"):
        reader.read(500_000, 10)


@pytest.mark.parametrize("client", CLIENTS)
def test_a_server_without_ranges_is_refused_and_not_downloaded(client: str) -> None:
    with plain(client, odd="ignores-ranges", seconds=10) as (reader, server):
        with pytest.raises(ReadError, match="ignores ranges"):  # and not: too slow
            reader.read(0, len(CONTENT))
        assert len(server.requests) == 1
        assert reader.bytes_read == 0


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize(
    ("odd", "why"),
    [
        ("other-range", r"bytes 1-64 came where 64 from 0"),
        ("shorter-range", r"bytes 0-62 came where 64 from 0"),
        ("no-range-stated", "does not say which part"),
        ("no-total", "does not say which part"),
        ("multipart", "does not say which part"),
        ("gzip", "compresses the file"),
    ],
)
def test_an_answer_that_is_not_what_was_asked_for_is_refused(
    client: str, odd: str, why: str
) -> None:
    size = len(CONTENT) + (odd == "other-range")
    with plain(client, odd=odd, size=size) as (reader, server):
        with pytest.raises(ReadError, match=why) as caught:
            reader.read(0, 64)
        assert caught.value.reason is GapReason.UNREADABLE
        assert len(server.requests) == 1


def test_a_picture_is_refused() -> None:
    with plain(odd="picture") as (reader, _), pytest.raises(ReadError, match="refused unread"):
        reader.read(0, 64)


@pytest.mark.parametrize("client", CLIENTS)
def test_the_first_answers_etag_holds_for_all(client: str) -> None:
    with plain(client, size=len(CONTENT)) as (reader, server):
        assert reader.etag is None
        reader.read(0, 8)
        reader.read(8, 8)
        assert reader.etag == etag(CONTENT)
        assert [r.headers.get("if-match") for r in server.requests] == [None, etag(CONTENT)]


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize(
    "odd", ["", "weak-etag", "no-etag", "odd-etag", "long-etag", "ignores-conditions"]
)
def test_a_file_that_changes_between_two_reads_is_refused(client: str, odd: str) -> None:
    with plain(client, odd=odd, size=len(CONTENT)) as (reader, server):
        reader.read(0, 8)
        server.files[PATH] = OTHER
        with pytest.raises(ReadError, match="changed while it was read"):
            reader.read(8, 8)


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("odd", ["weak-etag", "no-etag", "odd-etag", "long-etag"])
def test_what_is_no_strong_etag_is_neither_sent_nor_shown(client: str, odd: str) -> None:
    with plain(client, odd=odd, size=len(CONTENT)) as (reader, server):
        assert reader.read(0, 8) + reader.read(8, 8) == CONTENT[:16]
        assert reader.etag is None
        assert all("if-match" not in request.headers for request in server.requests)


@pytest.mark.parametrize("now", [OTHER * 2, CONTENT[:5], b""])
def test_a_file_of_another_length_has_changed(now: bytes) -> None:
    with plain(odd="ignores-conditions", size=len(CONTENT)) as (reader, server):
        reader.read(0, 8)
        server.files[PATH] = now
        with pytest.raises(ReadError, match="changed while it was read"):
            reader.read(8, 8)


def test_a_total_that_grows_from_answer_to_answer_is_a_change() -> None:
    with plain(odd="grows", size=len(CONTENT) + 1) as (reader, _):
        reader.read(0, 8)
        with pytest.raises(ReadError, match="changed while it was read"):
            reader.read(8, 8)


class TurnedOff(Files):
    """Serves the first range, then the whole file whatever is asked."""

    def answer(self, request: Request) -> Reply:
        self.odd = "ignores-ranges" if len(self.requests) > 1 else ""
        return super().answer(request)


def test_a_server_that_stops_to_know_ranges_is_told_from_a_change() -> None:
    with TurnedOff({PATH: CONTENT}) as server:
        session = WebSession(server.url, wait=lambda why, s: None)
        reader = HttpReader(session.fetch, server.url + PATH, len(CONTENT))
        assert reader.read(0, 8) == CONTENT[:8]
        with pytest.raises(ReadError, match="ignores ranges"):
            reader.read(8, 8)
        session.close()


@pytest.mark.parametrize(
    ("refusal", "word", "reason"),
    [
        (GATED, "GatedRepo", GapReason.GATED),
        (HIDDEN, "closed to us", GapReason.GATED),
        (GONE, "not there", GapReason.GONE),
    ],
)
def test_a_refused_file_says_why(refusal: Any, word: str, reason: GapReason) -> None:
    with opened(closed={"acme/a": refusal}) as (reader, _):
        with pytest.raises(ReadError, match=word) as caught:
            reader.read(0, 8)
        assert caught.value.reason is reason


@pytest.mark.parametrize("fault", sorted(set(FAULTS)))
@pytest.mark.parametrize("client", CLIENTS)
def test_a_passing_fault_is_read_through(client: str, fault: str) -> None:
    with plain(client, faults=Faults(fault)) as (reader, server):
        assert reader.read(10, 20) == CONTENT[10:30]
        assert len(server.requests) == 2


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize(
    ("fault", "why", "reason"),
    [
        ("cut", "answer", GapReason.UNREADABLE),
        ("html", "a web page came", GapReason.UNREADABLE),
        ("truncated", "bytes came where", GapReason.UNREADABLE),
        ("rate-limit", "429", GapReason.RATE_LIMITED),
    ],
)
def test_a_lasting_fault_is_one_line(client: str, fault: str, why: str, reason: GapReason) -> None:
    with plain(client, faults=Faults(fault, once=False)) as (reader, server):
        with pytest.raises(ReadError, match=why) as caught:
            reader.read(10, 20)
        assert "\n" not in str(caught.value)
        assert caught.value.reason is reason
        assert len(server.requests) == 3


@pytest.mark.parametrize("client", CLIENTS)
def test_a_drip_ends_when_the_time_for_the_file_is_over(client: str) -> None:
    with plain(client, odd="drip", timeout=5, seconds=0.3) as (reader, server):
        with pytest.raises(ReadError, match=r"no end within 0\.3 s|too slowly"):
            reader.read(0, 8)
        assert len(server.requests) == 1
        with pytest.raises(ReadError, match=r"takes more than 0\.3 s"):
            reader.read(0, 8)
        assert len(server.requests) == 1


def test_the_time_of_all_reads_together_is_bounded() -> None:
    now = iter(range(0, 1000, 25))
    with plain(size=len(CONTENT), seconds=60, clock=lambda: float(next(now))) as (reader, _):
        for offset in range(3):
            reader.read(offset, 1)
        with pytest.raises(ReadError, match="takes more than 60 s"):
            reader.read(3, 1)


class Busy(Files):
    """Answers every other request with 429, or each as the last that its budget allowed."""

    def answer(self, request: Request) -> Reply:
        if self.odd == "" and len(self.requests) % 2:
            return Reply(429, b"Too many requests", {"Retry-After": "99999"})
        reply = super().answer(request)
        if self.odd:
            reply.headers["RateLimit"] = '"api";r=0;t=999999999'
        return reply


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("odd", ["", "ignores-conditions"])
def test_the_waits_of_all_reads_together_are_bounded(client: str, odd: str) -> None:
    waits: list[float] = []
    with Busy({PATH: CONTENT}, odd=odd) as server:
        how: Any = {"wait": lambda why, seconds: waits.append(seconds)}
        session: Any = (WebSession if client == "requests" else HubSession)(server.url, **how)
        get = session.fetch if client == "requests" else session.get
        reader = HttpReader(get, server.url + PATH, len(CONTENT))
        with pytest.raises(ReadError, match="more than 600 s to wait") as caught:
            for offset in range(100):
                reader.read(offset, 1)
        session.close()
    assert caught.value.reason is GapReason.RATE_LIMITED
    assert waits == [300, 300]


def test_more_bytes_than_allowed_are_not_asked_for() -> None:
    with plain(size=len(CONTENT), most=100) as (reader, server):
        reader.read(0, 60)
        with pytest.raises(ReadError, match="more than 100 bytes") as caught:
            reader.read(60, 41)
        assert caught.value.reason is GapReason.TOO_LARGE
        assert reader.read(60, 40) == CONTENT[60:100]
        assert len(server.requests) == reader.requests == 2
        assert reader.bytes_read == 100


def test_all_of_a_file_can_be_asked_for() -> None:
    with plain(size=len(CONTENT), most=10, seconds=0) as (reader, _):
        reader.unbounded()
        assert reader.read(0, len(CONTENT)) == CONTENT


def test_a_redirect_to_another_host_gets_no_token_and_is_asked_from_then_on() -> None:
    with Cdn() as cdn, opened(cdn=cdn) as (reader, hub):
        assert reader.read(256, 4) == CONTENT[256:260]
        assert reader.read(8, 4) == CONTENT[8:12]
        assert hub.authorizations() == ["Bearer t"]
        assert cdn.authorizations() == [None, None]
        assert len({request.target for request in cdn.requests}) == 1


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("target", NOWHERE)
def test_a_file_that_is_sent_nowhere_is_one_line_at_once(client: str, target: str) -> None:
    with plain(client) as (reader, server):
        server.instead = lambda request: Reply(302, b"", {"Location": target})
        with pytest.raises(ReadError, match="no address that can be asked") as caught:
            reader.read(0, 8)
        assert caught.value.reason is GapReason.UNREADABLE
        assert str(caught.value).isascii()
        assert str(caught.value).isprintable()
        assert len(server.requests) == 1


@pytest.mark.parametrize("client", CLIENTS)
def test_a_redirect_without_end_is_left_after_five(client: str) -> None:
    with plain(client) as (reader, server):
        server.instead = lambda request: Reply(302, b"", {"Location": PATH})
        with pytest.raises(ReadError, match="redirects without end"):
            reader.read(0, 8)
        assert len(server.requests) == 6


@pytest.mark.parametrize("client", CLIENTS)
def test_a_redirect_may_be_relative(client: str) -> None:
    with plain(client) as (reader, server):
        serve = server.answer
        moved = Reply(307, b"over there", {"Location": "model.safetensors?again"})
        server.instead = lambda r: serve(r) if r.query else moved
        assert reader.read(8, 8) == CONTENT[8:16]


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("target", ["/\xc3\xa9", "/\xe9", "/%C3%A9"])
def test_a_redirect_may_be_spelt_in_bytes(client: str, target: str) -> None:
    with plain(client) as (reader, server):
        server.files["/\xe9"] = OTHER
        serve, moved = server.answer, Reply(302, b"", {"Location": target})
        server.instead = lambda r: moved if r.path == PATH else serve(r)
        assert reader.read(8, 8) == OTHER[8:16]


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("endless", [False, True])
def test_what_a_redirect_carries_besides_is_not_read(client: str, endless: bool) -> None:
    zeros = gzip.compress(bytes(64 << 20))
    with Files({PATH: CONTENT}) as cdn, plain(client, timeout=5, seconds=5) as (reader, hub):
        headers = {"Location": cdn.url + PATH} | ({} if endless else {"Content-Encoding": "gzip"})
        reply = Reply(302, zeros, headers, endless=endless)
        hub.instead = lambda request: reply
        tracemalloc.start()
        try:
            assert reader.read(0, 8) == CONTENT[:8]
            assert tracemalloc.get_traced_memory()[1] < 16 << 20
        finally:
            tracemalloc.stop()


@pytest.mark.parametrize("client", CLIENTS)
def test_a_cookie_is_not_kept(client: str) -> None:
    with Files({PATH: CONTENT}) as cdn, plain(client) as (reader, hub):
        headers = {"Location": cdn.url + PATH, "Set-Cookie": "secret=1; Path=/"}
        hub.instead = lambda request: Reply(302, b"", headers)
        reader.read(0, 8)
        assert [r.headers.get("cookie") for r in cdn.requests] == [None]


def test_an_expired_target_is_asked_for_again_once() -> None:
    with Cdn() as cdn, opened(cdn=cdn) as (reader, hub):
        reader.read(0, 4)
        cdn.expire()
        assert reader.read(8, 4) == CONTENT[8:12]
        assert hub.authorizations() == ["Bearer t"] * 2
        assert cdn.authorizations() == [None] * 3
        cdn.sign = lambda content: f"{cdn.url}/signed/0?signature=old"
        cdn.expire()
        with pytest.raises(ReadError, match="closed to us"):
            reader.read(16, 4)
        assert len(hub.requests) == 3


def test_a_file_replaced_behind_a_new_target_has_changed() -> None:
    with Cdn() as cdn, opened(cdn=cdn) as (reader, hub):
        reader.read(0, 4)
        cdn.expire()
        hub.files[("acme/a", "unet/x y.safetensors")] = OTHER
        with pytest.raises(ReadError, match="changed while it was read"):
            reader.read(8, 4)


def test_a_path_never_leaves_its_repository() -> None:
    client = HuggingFace(endpoint="http://127.0.0.1:9")
    with pytest.raises(ReadError):
        client.open(hf("a/b"), None, "../../api/whoami-v2", None)
