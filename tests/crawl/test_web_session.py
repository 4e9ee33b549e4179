from __future__ import annotations

import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from modelaudit.crawl.web_session import WebSession, decode
from modelaudit.domain.errors import IncompleteError
from tests.servers.base import Faults, Reply, Request, Server, dripping


class Web(Server):
    """Answers by path; everything else is ``{}``."""

    def __init__(self, replies: dict[str, Reply] | None = None, **more: Any) -> None:
        super().__init__(**more)
        self.replies = replies or {}

    def answer(self, request: Request) -> Reply:
        return self.replies.get(request.path, Reply.of_json({}))


def a_session(base: str, **more: Any) -> WebSession:
    return WebSession(base, **{"wait": lambda why, seconds: None, "timeout": 0.2, **more})


def redirect(to: str) -> Reply:
    return Reply(302, b"", {"Location": to})


def test_requests_name_the_project_and_carry_the_token_to_its_host() -> None:
    with Web() as server, closing(a_session(server.url, token="KEY")) as session:
        session.get("/x", [("a", "1"), ("a", "2")])
        [request] = server.requests
    assert request.headers["user-agent"].startswith("modelaudit/")
    assert request.headers["authorization"] == "Bearer KEY"
    assert request.query == {"a": ["1", "2"]}


def test_the_token_stays_at_home_when_the_host_changes() -> None:
    with Web({"/far": Reply.of_json({"far": 1})}) as other:
        moved = {"/a": redirect("/b"), "/b": redirect(other.url + "/far")}
        with Web(moved) as server, closing(a_session(server.url, token="KEY")) as session:
            assert session.get("/a").value == {"far": 1}
            assert server.authorizations() == ["Bearer KEY", "Bearer KEY"]
        assert other.authorizations() == [None]


def test_the_token_stays_dropped_when_the_way_leads_back_home() -> None:
    with Web() as other, Web() as server:
        other.replies["/far"] = redirect(server.url + "/back")
        server.replies["/a"] = redirect(other.url + "/far")
        with closing(a_session(server.url, token="KEY")) as session:
            session.get("/a")
            assert server.authorizations() == ["Bearer KEY", None]
            session.fetch(other.url + "/far", {}, 10)
            session.get("/b")
        assert server.authorizations() == ["Bearer KEY", None, None, "Bearer KEY"]


def test_only_the_platform_itself_is_asked_slowly() -> None:
    waits: list[str] = []
    with (
        Web({"/far": Reply.of_json({"far": 1})}) as other,
        Web({"/a": redirect(other.url + "/far")}) as server,
        closing(
            a_session(server.url, interval=60, wait=lambda why, seconds: waits.append(why))
        ) as session,
    ):
        assert session.get("/a").value == {"far": 1}
        assert waits == []
        session.get("/b")
        assert waits == ["pacing"]


def test_a_netrc_file_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with Web() as server, closing(a_session(server.url)) as session:
        session.get("/")
        assert server.authorizations() == [None]


@pytest.mark.parametrize("target", ["/x", "http://[", "ftp://127.0.0.1/x", "http://a b/"])
def test_redirects_to_nowhere_end(target: str) -> None:
    with Web({"/x": redirect(target)}) as server, pytest.raises(IncompleteError):
        a_session(server.url).get("/x")


def test_a_host_that_no_name_can_have_ends_only_its_own_request() -> None:
    target = f"http://{'x' * 64}.example/"
    with Web({"/x": redirect(target)}) as server, closing(a_session(server.url)) as session:
        with pytest.raises(IncompleteError, match="no address that can be asked"):
            session.get("/x")
        assert session.get("/y").value == {}
        assert server.count("/x") == 1


def test_a_redirect_is_followed_whatever_it_carries() -> None:
    picture = Reply(302, b"x" * 100, {"Location": "/y", "Content-Type": "image/png"})
    endless = Reply(302, b"x" * 100, {"Location": "/y"}, endless=True)
    with (
        Web({"/a": picture, "/b": endless, "/y": Reply.of_json({"n": 1})}) as server,
        closing(a_session(server.url, tries=1, max_bytes=99)) as session,
    ):
        assert session.get("/a").value == {"n": 1}
        assert session.get("/b").value == {"n": 1}


def test_a_question_by_post_is_never_sent_elsewhere() -> None:
    with Web() as other, Web({"/x": redirect(other.url)}) as server:
        with closing(a_session(server.url)) as session:
            assert session.post("/x", ["private"]).status == 302
        assert other.requests == []


@pytest.mark.parametrize(
    "fault", ["rate-limit", "server-error", "cut", "stall", "truncated", "html"]
)
def test_a_fault_that_passes_is_waited_out(fault: str) -> None:
    waits: list[str] = []
    with Web({"/x": Reply.of_json({"n": 1})}, faults=Faults(fault)) as server:
        session = a_session(server.url, wait=lambda why, seconds: waits.append(why))
        with closing(session):
            assert session.get("/x").value == {"n": 1}
            assert session.requests == 2
    assert len(waits) == 1


def test_a_fault_that_stays_is_incomplete() -> None:
    with Web(faults=Faults("server-error", once=False)) as server:
        session = a_session(server.url, tries=3)
        with closing(session), pytest.raises(IncompleteError, match=r"HTTP 500, 3 tries"):
            session.get("/x")
        assert server.count("/x") == 3


@pytest.mark.parametrize("headers", [True, False])
def test_a_drip_ends_at_the_ceiling(headers: bool) -> None:
    with dripping(headers=headers) as url:
        session = a_session(url, ceiling=0.3, tries=1, timeout=5)
        begun = time.monotonic()
        with closing(session), pytest.raises(IncompleteError, match=r"no end within 0\.3 s"):
            session.get("/")
        assert time.monotonic() - begun < 3


@pytest.mark.parametrize("kind", ["image/png", "Video/mp4"])
def test_pictures_and_films_are_refused(kind: str) -> None:
    picture = Reply(200, b"{}", {"Content-Type": kind})
    with Web({"/x": picture}) as server, closing(a_session(server.url)) as session:
        with pytest.raises(IncompleteError, match="refused unread"):
            session.get("/x")
        with pytest.raises(IncompleteError, match="refused unread"):
            session.fetch(server.url + "/x", {}, 10)
        assert session.requests == 2


def test_an_answer_over_the_cap_is_refused_and_one_over_the_wish_is_cut() -> None:
    with Web({"/x": Reply(200, b"1" * 100)}) as server:
        session = a_session(server.url, max_bytes=99)
        with closing(session):
            with pytest.raises(IncompleteError, match="more than 99 bytes"):
                session.get("/x")
            assert session.fetch(server.url + "/x", {}, 10).body == b"1" * 10


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b'{"a": "\\ud800b"}', {"a": "?b"}),
        (b'{"a": [NaN, Infinity, 1e999, 1.5]}', {"a": [None, None, None, 1.5]}),
        (b'{"a": "\xff"}', {"a": "\ufffd"}),
    ],
)
def test_one_odd_value_does_not_cost_the_answer(text: bytes, value: object) -> None:
    assert decode(text) == value


@pytest.mark.parametrize(
    "text", [b"", b"<html>", b"[" * 100_000, b'{"a": NaN, "b": ' + b"[" * 9999]
)
def test_what_is_no_json_says_so(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode(text)
