"""Ranges against a real socket, through the Hub's session."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from modelaudit.crawl.huggingface import HuggingFace
from modelaudit.domain.reader import Reader, ReadError
from modelaudit.domain.refs import hf
from tests.servers.base import FAULTS, Faults
from tests.servers.hub import GATED, GONE, Hub

CONTENT = bytes(range(256)) * 40
FILE = {("acme/a", "unet/x y.safetensors"): CONTENT}


@contextmanager
def opened(size: int | None = len(CONTENT), **hub: Any) -> Iterator[tuple[Reader, Hub]]:
    with Hub(files=FILE, **hub) as server:
        client = HuggingFace(
            endpoint=server.url, token="t", wait=lambda why, s: None, timeout=0.3, tries=3
        )
        try:
            yield client.open(hf("acme/a"), None, "unet/x y.safetensors", size), server
        finally:
            client.close()


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


def test_a_file_of_another_size_than_listed_is_refused() -> None:
    with opened(size=5000) as (reader, _), pytest.raises(ReadError, match="listed with 5000"):
        reader.read(0, 10)


def test_a_server_without_ranges_serves_the_beginning_only() -> None:
    with opened(ignore_ranges=True) as (reader, _):
        assert reader.read(0, 64) == CONTENT[:64]
        with pytest.raises(ReadError, match="ignores ranges"):
            reader.read(64, 64)


@pytest.mark.parametrize(("refusal", "word"), [(GATED, "GatedRepo"), (GONE, "not there")])
def test_a_refused_file_says_why(refusal: Any, word: str) -> None:
    with opened(closed={"acme/a": refusal}) as (reader, _), pytest.raises(ReadError, match=word):
        reader.read(0, 8)


@pytest.mark.parametrize("fault", sorted(set(FAULTS) - {"truncated", "html"}))
def test_a_passing_fault_is_read_through(fault: str) -> None:
    with opened(faults=Faults(fault)) as (reader, hub):
        assert reader.read(10, 20) == CONTENT[10:30]
        assert len(hub.requests) == 2


def test_a_lasting_fault_is_one_line() -> None:
    with (
        opened(faults=Faults("cut", once=False)) as (reader, hub),
        pytest.raises(ReadError, match=r"\Ano usable answer from 127"),
    ):
        reader.read(10, 20)
    assert len(hub.requests) == 3


def test_a_redirect_to_another_host_gets_no_token() -> None:
    with (
        Hub(files=FILE) as store,
        opened(redirect_files_to=store.url) as (reader, hub),
    ):
        assert reader.read(256, 4) == CONTENT[256:260]
        assert hub.authorizations() == ["Bearer t"]
        assert store.authorizations() == [None]


def test_a_path_never_leaves_its_repository() -> None:
    client = HuggingFace(endpoint="http://127.0.0.1:9")
    with pytest.raises(ReadError):
        client.open(hf("a/b"), None, "../../api/whoami-v2", None)
