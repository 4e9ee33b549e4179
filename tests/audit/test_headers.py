"""``--read headers``: what the weight files themselves record, read by range."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from modelaudit.domain.words import Read
from tests import weights
from tests.audit.auditing import NOW, Auditor, settled
from tests.audit.world import (
    BY_HEADERS,
    KOHYA,
    LISTED,
    MIRROR,
    ON_CIVITAI,
    ON_HUB,
    STROKES,
    TRAINED_ON_LISTED,
    World,
    repository,
)
from tests.servers.base import Faults
from tests.servers.hub import Hub

Auditing = Callable[..., Auditor]
SOURCES = ("hf:", "civitai:")
FILES = r"/[^/]+/[^/]+/resolve/.*\.safetensors|/signed/"


def asked(earth: World) -> int:
    return earth.hub.count(FILES) + earth.civitai.count(FILES)


def test_a_recorded_base_is_found_by_its_digest(earth: World, auditing: Auditing) -> None:
    outcome = auditing(earth).run(*SOURCES, read=Read.HEADERS)
    assert outcome.found == ON_HUB | ON_CIVITAI | BY_HEADERS
    for ref in BY_HEADERS:
        finding = outcome.finding(ref)
        assert finding["path"] == [ref, f"sha256:{LISTED}"]
        (claim,) = finding["claims"]
        assert claim["extractor"] == "kohya"
        assert claim["locator"] == "/__metadata__/ss_new_sd_model_hash"


def test_headers_and_bytes_are_counted(earth: World, auditing: Auditing) -> None:
    coverage = auditing(earth).run(*SOURCES, read=Read.HEADERS).report["coverage"]
    assert coverage["headers_read"] == 4  # two LoRAs on each platform
    assert len(STROKES) + len(KOHYA) <= coverage["bytes_read"] < 4 * len(STROKES)
    not_served = {g["model"] for g in coverage["gaps"] if g["file"] and g["reason"] == "gone"}
    assert not_served > {
        "hf:stable-diffusion-v1-5/stable-diffusion-v1-5",
        "hf:studio/relabelled",
    }


def test_only_heads_are_read(earth: World, auditing: Auditing) -> None:
    auditing(earth).run(*SOURCES, read=Read.HEADERS)
    ranged = [r for r in earth.requests if ".safetensors" in r.target or "/signed/" in r.target]
    assert ranged
    assert all("range" in request.headers for request in ranged)


def test_no_header_is_read_twice(earth: World, auditing: Auditing) -> None:
    auditor = auditing(earth)
    first = auditor.run(*SOURCES, read=Read.HEADERS)
    before = asked(earth)
    second = auditor.run(*SOURCES, read=Read.HEADERS, now=NOW + 86_400)
    assert asked(earth) == before > 0
    assert second.found == first.found
    assert set(second.states.values()) == {"unchanged"}
    assert second.report["coverage"]["headers_read"] == 0


def test_without_being_asked_no_weight_file_is_touched(earth: World, auditing: Auditing) -> None:
    auditing(earth).run(*SOURCES)
    assert asked(earth) == 0


def a_hub(**files: bytes) -> Hub:
    """A Hub of LoRAs, one a repository, that all declare the listed base."""
    records = [
        repository(
            number, f"acme/{name}", MIRROR, "adapter", tags=("lora",), files={"l.safetensors": held}
        )
        for number, (name, held) in enumerate(files.items(), start=1)
    ]
    served = {(f"acme/{name}", "l.safetensors"): held for name, held in files.items()}
    return Hub(records=records, files=served)


def test_equal_bytes_are_read_once_wherever_they_lie(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lora = weights.safetensors(weights.SD1_LORA, 1, **TRAINED_ON_LISTED)
    with a_hub(one=lora, two=lora, three=lora) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        outcome = Auditor(tmp_path / "audit.db").run("hf:", read=Read.HEADERS)
        assert hub.count(r".*\.safetensors") == 1
        for name in ("one", "two", "three"):
            claims = outcome.finding(f"hf:acme/{name}")["claims"]
            assert "recorded" in {claim["grade"] for claim in claims}


def test_shapes_contradict_a_card_and_a_replay_says_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = weights.safetensors(weights.SD1_LORA, 1)
    wrong = weights.safetensors(weights.SDXL_LORA, 2)
    with a_hub(right=right, wrong=wrong) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        auditor = Auditor(tmp_path / "audit.db")
        outcome = auditor.run("hf:", read=Read.HEADERS)
    (conflict,) = outcome.report["conflicts"]
    assert (conflict["model"], conflict["kind"]) == ("hf:acme/wrong", "family")
    assert conflict["measured"]["family"] == "sdxl"
    assert conflict["measured"]["source"].startswith("https://huggingface.co/acme/wrong")
    assert outcome.finding("hf:acme/wrong")["conflicts"] == [conflict]
    assert outcome.finding("hf:acme/right")["conflicts"] == []
    replay = Auditor(tmp_path / "replay.db").run(f"catalogue:{auditor.archive}", offline=True)
    assert settled(replay.report) == settled(outcome.report)


def test_a_file_that_is_no_model_is_a_gap_and_is_not_asked_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with a_hub(broken=b"\x80\x02" + b"no pickle" * 99) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        auditor = Auditor(tmp_path / "audit.db")
        first = auditor.run("hf:", read=Read.HEADERS)
        asked = hub.count(r".*\.safetensors")
        second = auditor.run("hf:", read=Read.HEADERS, now=NOW + 86_400)
        assert hub.count(r".*\.safetensors") == asked > 0
    assert first.gaps == second.gaps == {("hf:acme/broken", "unreadable")}


def test_a_file_that_was_not_served_is_asked_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lora = weights.safetensors(weights.SD1_LORA, 1, **TRAINED_ON_LISTED)
    with a_hub(one=lora) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        auditor = Auditor(tmp_path / "audit.db")
        hub.faults = Faults("server-error", once=False, only=r".*\.safetensors")
        assert auditor.run("hf:", read=Read.HEADERS).gaps == {("hf:acme/one", "unreadable")}
        hub.faults = Faults()
        second = auditor.run("hf:", read=Read.HEADERS, now=NOW + 86_400)
    assert second.gaps == set()
    assert second.report["coverage"]["headers_read"] == 1
