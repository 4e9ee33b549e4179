"""Weight files at plain addresses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from modelaudit.crawl.remote import UrlReader, model_file, open_url
from modelaudit.domain.reader import ReadError
from modelaudit.domain.words import GapReason
from tests.servers.base import Faults, Reply
from tests.servers.files import Cdn, Files

CONTENT = bytes(range(256)) * 4


def reading(url: str, **more: Any) -> UrlReader:
    return open_url(url, **{"wait": lambda why, seconds: None, "timeout": 0.3, **more})


def test_a_file_at_an_address_is_read_by_ranges() -> None:
    with Files({"/a b.safetensors": CONTENT}) as server:
        with reading(f"{server.url}/a%20b.safetensors?download=true") as reader:
            assert reader.size == len(CONTENT)
            assert reader.read(100, 20) == CONTENT[100:120]
        [request] = server.requests
        assert request.headers["accept"] == "*/*"
        assert "range" in request.headers


def test_no_token_of_ours_goes_to_an_address(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with Files({"/m": CONTENT}) as server:
        netrc = tmp_path / "netrc"
        netrc.write_text("machine 127.0.0.1 login someone password secret\n")
        for name in ("HF_TOKEN", "CIVITAI_API_KEY"):
            monkeypatch.setenv(name, "secret")
        for name in ("HF_ENDPOINT", "CIVITAI_ENDPOINT"):
            monkeypatch.setenv(name, server.url)
        monkeypatch.setenv("NETRC", str(netrc))
        with reading(f"{server.url}/m") as reader:
            assert reader.read(0, 8) == CONTENT[:8]
        assert server.authorizations() == [None]


def test_a_redirect_is_followed_once() -> None:
    with Cdn() as cdn, Files({}) as server:
        target = cdn.sign(bytes(range(256)) * 4096)
        server.instead = lambda request: Reply(302, b"", {"Location": target})
        with reading(server.url) as reader:
            assert reader.size == 1 << 20
            assert reader.read((1 << 20) - 1, 9) == b"\xff"
        assert (len(server.requests), len(cdn.requests)) == (1, 2)


def test_what_a_signed_address_holds_is_never_told() -> None:
    with Cdn(odd="picture") as cdn, Files({}) as server:
        target = cdn.sign(CONTENT)
        server.instead = lambda request: Reply(302, b"", {"Location": target})
        with reading(server.url) as reader, pytest.raises(ReadError, match="refused") as caught:
            reader.read(0, 8)
        assert "secret" not in str(caught.value)


def test_an_absent_file_is_gone() -> None:
    with Files({}) as server, reading(f"{server.url}/m") as reader:
        with pytest.raises(ReadError, match="not there") as caught:
            reader.read(0, 8)
        assert caught.value.reason is GapReason.GONE


def test_a_server_that_stays_silent_is_one_line() -> None:
    silent = Faults("stall", once=False)
    with (
        Files({"/m": CONTENT}, faults=silent) as server,
        reading(f"{server.url}/m", tries=2) as reader,
        pytest.raises(ReadError, match=r"does not answer \(nothing for 0\.3 s, 2 tries\)"),
    ):
        reader.read(0, 8)


def test_nobody_listens() -> None:
    with Files({}) as server:
        url = server.url
    with reading(f"{url}/m") as reader, pytest.raises(ReadError, match="does not answer"):
        reader.read(0, 8)


@pytest.mark.parametrize(
    "url",
    [
        "", "file:///etc/passwd", "ftp://example.org/m", "https:///m", "m.safetensors",
        "http://[", "http://h:x/m", "https://someone:secret@example.org/m", "https://k@example.org/",
    ],
)  # fmt: skip
def test_what_is_no_address_of_a_file_is_refused(url: str) -> None:
    with pytest.raises(ReadError) as caught:
        open_url(url)
    assert "secret" not in str(caught.value)


HUB = "https://huggingface.co"


@pytest.mark.parametrize(
    ("url", "found"),
    [
        (f"{HUB}/acme/a/resolve/main/x.safetensors", ("hf:acme/a", "main", "x.safetensors")),
        (f"{HUB}/acme/a/blob/v1.0/unet/x%20y.bin?x=1#L", ("hf:acme/a", "v1.0", "unet/x y.bin")),
        (f"{HUB}/acme/a/raw/0123abc/a/b/c.gguf", ("hf:acme/a", "0123abc", "a/b/c.gguf")),
        (f"{HUB}/gpt2/resolve/main/m.h5", ("hf:gpt2", "main", "m.h5")),
        (f"{HUB}/acme/a/resolve/refs%2Fpr%2F1/m", ("hf:acme/a", "refs/pr/1", "m")),
        (f"{HUB}/acme/a/resolve/refs/pr/1/m", ("hf:acme/a", "refs/pr/1", "m")),
        ("HTTPS://HuggingFace.co:443/a/b/resolve/main/m", ("hf:a/b", "main", "m")),
        ("https://hf.co/a/b/resolve/main/m", ("hf:a/b", "main", "m")),
        ("https://hub.example/a/b/resolve/main/m", ("hf:a/b", "main", "m")),
        ("https://civitai.com/models/12?modelVersionId=34", ("civitai:12@34", None, "")),
        ("https://civitai.red/models/12/a-name?modelVersionId=34", ("civitai:12@34", None, "")),
    ],
)
def test_a_platforms_own_file_is_left_to_it(
    monkeypatch: pytest.MonkeyPatch, url: str, found: tuple[str, str | None, str]
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "https://hub.example/")
    assert model_file(url) == found


@pytest.mark.parametrize(
    "url",
    [
        "http://[", "", "https://example.org/acme/a/resolve/main/m",
        "https://huggingface.co.example.org/acme/a/resolve/main/m",
        "https://huggingface.co:8443/acme/a/resolve/main/m",
        f"{HUB}/acme/a", f"{HUB}/acme/a/tree/main/m", f"{HUB}/acme/a/resolve/main/",
        f"{HUB}/datasets/acme/a/resolve/main/m", f"{HUB}/datasets/squad/resolve/main/m",
        f"{HUB}/spaces/acme/a/resolve/main/m", f"{HUB}/ac..me/a/resolve/main/m",
        f"{HUB}/a%2Fb/c/resolve/main/m",
        "https://civitai.com/models/12", "https://civitai.com/models/12?modelVersionId=x",
        "https://civitai.com/api/download/models/34",
    ],
)  # fmt: skip
def test_any_other_address_is_a_plain_one(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.delenv("HF_ENDPOINT", raising=False)
    assert model_file(url) is None


def test_an_odd_endpoint_does_not_hide_the_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://[")
    assert model_file(f"{HUB}/a/b/resolve/main/m") == ("hf:a/b", "main", "m")
