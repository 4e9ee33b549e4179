"""What the Hub's connection does beyond a plain GET."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from modelaudit.crawl.hub_session import HubSession
from modelaudit.crawl.patience import Patience
from modelaudit.domain.errors import IncompleteError
from tests.servers.base import Reply, Request, dripping
from tests.servers.files import Cdn, Files
from tests.servers.hub import BAD_TOKEN, Hub


@pytest.mark.parametrize("headers", [True, False])
def test_a_drip_ends_at_the_ceiling(headers: bool) -> None:
    with dripping(headers=headers) as url:
        session = HubSession(url, ceiling=0.3, tries=1, timeout=5)
        started = time.monotonic()
        with pytest.raises(IncompleteError, match="too slowly"):
            session.get(f"{url}/a/b/resolve/main/x")
        session.close()
        assert time.monotonic() - started < 3


def test_a_drip_is_tried_again_as_long_as_patience_lasts() -> None:
    with Files({"/x": b"x" * 1000}, odd="drip") as server:
        session = HubSession(server.url, wait=lambda why, s: None, ceiling=0.2, tries=3)
        ranged = {"Range": "bytes=0-999"}
        for patience, requests in [(None, 3), (Patience(0.1), 1)]:
            del server.requests[:]
            with pytest.raises(IncompleteError, match="too slowly"):
                session.get(f"{server.url}/x", ranged, 1000, patience)
            assert len(server.requests) == requests
        session.close()


def test_a_cdn_that_says_bad_credentials_speaks_of_no_token_of_ours() -> None:
    with Cdn() as cdn, Hub() as hub:
        cdn.instead = lambda request: BAD_TOKEN.reply()
        session = HubSession(hub.url, token="t", wait=lambda why, s: None)
        assert session.get(f"{cdn.url}/signed/0", {"Range": "bytes=0-9"}, 10).status == 401
        session.close()


def test_a_renamed_repository_is_told_by_the_last_address() -> None:
    record = {"_id": "6" * 24, "id": "acme/new"}
    with Hub(records=[record], renamed={"acme/old": "acme/new"}) as hub:
        session = HubSession(hub.url, token="t", wait=lambda why, s: None)
        answer = session.get(f"{hub.url}/api/models/acme/old?blobs=true")
        session.close()
        assert (answer.status, answer.url) == (200, f"{hub.url}/api/models/acme/new?blobs=true")
        assert hub.authorizations() == ["Bearer t"] * 2
        assert hub.connections == 1


def test_a_token_that_was_left_at_home_does_not_come_back() -> None:
    with Cdn() as stranger, Hub(files={("a/b", "x"): b"1"}) as hub:
        back = Reply(302, b"", {"Location": f"{hub.url}/a/b/resolve/main/x"})
        stranger.instead = lambda request: back
        away = Reply(302, b"", {"Location": stranger.url})
        serve = hub.answer
        hub.instead = lambda r: away if r.path == "/away" else serve(r)
        session = HubSession(hub.url, token="t", wait=lambda why, s: None)
        assert session.get(f"{hub.url}/away").body == b"1"
        session.close()
        assert hub.authorizations() == ["Bearer t", None]
        assert stranger.authorizations() == [None]


@pytest.mark.parametrize(("who", "expected"), [("cdn", []), ("hub", ["rate limit"])])
def test_only_the_hub_itself_says_how_fast_it_may_be_asked(who: str, expected: list[str]) -> None:
    waits: list[str] = []
    with Cdn() as cdn, Hub(files={("a/b", "x"): b"1"}, cdn=cdn) as hub:
        server = cdn if who == "cdn" else hub
        answer = server.answer

        def spent(request: Request) -> Reply:
            reply = answer(request)
            reply.headers["RateLimit"] = '"api";r=0;t=60'
            return reply

        server.instead = spent
        session = HubSession(hub.url, wait=lambda why, s: waits.append(why))
        for _ in range(2):
            assert session.get(f"{hub.url}/a/b/resolve/main/x").body == b"1"
        session.close()
    assert waits == expected


def test_offline_mode_of_the_library_is_obeyed(tmp_path: Path) -> None:
    script = (
        "from modelaudit.crawl.huggingface import HuggingFace\n"
        "from modelaudit.domain.errors import PlatformError\n"
        "from modelaudit.domain.refs import hf\n"
        "try: list(HuggingFace(endpoint='http://127.0.0.1:9').details([hf('a/b')]))\n"
        "except PlatformError as error: print(type(error).__name__, '|', error, '|', error.hint)\n"
    )
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path)}
    run = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
    )
    assert run.stdout.startswith("PlatformError | ")
    assert "unset HF_HUB_OFFLINE" in run.stdout


def test_opening_the_platform_loads_no_client() -> None:
    script = (
        "import sys\nfrom modelaudit.crawl.huggingface import HuggingFace\nHuggingFace()\n"
        "print([m for m in ('httpx2', 'huggingface_hub', 'requests') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
