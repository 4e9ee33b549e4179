"""``--read headers``: what the weight files themselves record, read by range."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from modelaudit.domain.words import Read
from tests import weights
from tests.audit import world
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
from tests.servers.civitai import CivitaiServer
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
    gaps = first.report["coverage"]["gaps"]
    missing = [gap for gap in gaps if gap["file"] and gap["reason"] == "gone"]
    assert 0 < asked(earth) - before <= len(missing)  # what was not there may be back
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


LORA = weights.safetensors(weights.SD1_LORA, 1, **TRAINED_ON_LISTED)
CLEAN = weights.safetensors(weights.SD1_LORA, 2)
FOUND = ("review", "recorded", "adapter", 1)


def holding(number: int, name: str, content: bytes, revision: int) -> dict[str, object]:
    record = repository(number, name, tags=("lora",), files={"l.safetensors": content})
    return record | {"sha": f"{revision:040x}"}


def test_a_repository_that_changed_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is clear for good by what lay there first; a replay says the same."""
    for first, then, verdict in ((CLEAN, LORA, {"hf:acme/x": FOUND}), (LORA, CLEAN, {})):
        where = tmp_path / str(len(verdict))
        where.mkdir()
        with Hub(records=[holding(1, "acme/x", first, 1)]) as hub:
            monkeypatch.setenv("HF_ENDPOINT", hub.url)
            hub.files = {("acme/x", "l.safetensors"): first}
            auditor = Auditor(where / "audit.db")
            auditor.run("hf:", read=Read.HEADERS)
            hub.records = [holding(1, "acme/x", then, 2)]
            hub.files = {("acme/x", "l.safetensors"): then}
            again = auditor.run("hf:", read=Read.HEADERS, now=NOW + 86_400)
        assert again.found == verdict
        replay = Auditor(where / "replay.db").run(f"catalogue:{auditor.archive}", offline=True)
        assert replay.found == verdict


def test_a_newer_revision_is_not_read_for_the_digest_of_an_older_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = clean_of_the_size_of(LORA)
    for first, then in ((LORA, other), (other, LORA)):
        where = tmp_path / ("hides" if first is LORA else "frames")
        where.mkdir()
        with Hub(records=[holding(1, "acme/x", first, 1)]) as hub:
            monkeypatch.setenv("HF_ENDPOINT", hub.url)
            auditor = Auditor(where / "audit.db")
            auditor.run("hf:", read=Read.HEADERS, bytes_left=0)
            hub.records = [holding(1, "acme/x", then, 2), holding(2, "other/y", first, 7)]
            hub.files = {("acme/x", "l.safetensors"): then, ("other/y", "l.safetensors"): first}
            again = auditor.run("hf:", read=Read.HEADERS, now=NOW + 86_400)
        assert again.found == {"hf:other/y" if first is LORA else "hf:acme/x": FOUND}


def test_what_was_not_there_may_be_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Hub(records=[holding(1, "acme/x", LORA, 1)]) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        auditor = Auditor(tmp_path / "audit.db")
        first = auditor.run("hf:", read=Read.HEADERS)
        assert (first.found, first.gaps) == ({}, {("hf:acme/x", "gone")})
        hub.files = {("acme/x", "l.safetensors"): LORA}
        again = auditor.run("hf:", read=Read.HEADERS, now=NOW + 86_400)
    assert (again.found, again.gaps) == ({"hf:acme/x": FOUND}, set())


def test_a_gap_ends_where_the_bytes_are_known_from_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Hub(records=[holding(1, "acme/x", LORA, 1)]) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        auditor = Auditor(tmp_path / "audit.db")
        assert auditor.run("hf:", read=Read.HEADERS).gaps == {("hf:acme/x", "gone")}
        hub.records.append(holding(2, "aa/first", LORA, 1))
        hub.files = {("aa/first", "l.safetensors"): LORA}
        again = auditor.run("hf:", read=Read.HEADERS, now=NOW + 86_400)
        again = auditor.run("hf:", read=Read.HEADERS, now=NOW + 2 * 86_400)
    assert again.found == {"hf:aa/first": FOUND, "hf:acme/x": FOUND}
    assert again.gaps == set()


def test_a_tag_makes_no_adapter_of_what_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = {"aurora.safetensors": weights.safetensors(weights.SD1, 5), "extra.safetensors": CLEAN}
    record = repository(1, "acme/m", MIRROR, "finetune", tags=("lora",), files=held)
    with Hub(records=[record], files={("acme/m", path): b for path, b in held.items()}) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        outcome = Auditor(tmp_path / "audit.db").run("hf:", read=Read.HEADERS)
    assert outcome.found == {"hf:acme/m": ("take-down", "declared", "finetune", 1)}


def test_a_download_is_not_taken_for_another_file_of_its_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Civitai serves the primary file of a version, whichever is meant."""
    other = clean_of_the_size_of(LORA)

    def file(name: str, content: bytes) -> world.Json:
        return world.file(f"{name}.safetensors", hashlib.sha256(content).hexdigest(), len(content))

    models = [
        world.model(
            201, "LORA", world.version(2011, "Other", file("high", LORA), file("low", other))
        ),
        world.model(202, "LORA", world.version(2021, "Other", file("innocent", other))),
    ]
    with CivitaiServer(models, downloads={2011: LORA, 2021: other}) as server:
        monkeypatch.setenv("CIVITAI_ENDPOINT", server.url)
        outcome = Auditor(tmp_path / "audit.db").run("civitai:", read=Read.HEADERS)
    assert outcome.found == {}
    assert outcome.gaps == {("civitai:201@2011", "inconclusive")}


def test_a_replay_says_what_its_catalogue_does_not_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Hub(records=[holding(1, "acme/x", LORA, 1), holding(2, "acme/y", CLEAN, 1)]) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        hub.files = {("acme/y", "l.safetensors"): CLEAN}
        auditor = Auditor(tmp_path / "audit.db")
        auditor.run("hf:", read=Read.HEADERS)
    replay = Auditor(tmp_path / "replay.db").run(
        f"catalogue:{auditor.archive}", read=Read.HEADERS, offline=True
    )
    (gap,) = replay.report["coverage"]["gaps"]
    detail = "1 file headers were not read: the catalogue does not hold them"
    assert (gap["count"], gap["detail"]) == (1, detail)


def clean_of_the_size_of(content: bytes) -> bytes:
    sizes = (weights.safetensors(weights.SD1_LORA, 2, pad="x" * n) for n in range(4_000))
    return next(made for made in sizes if len(made) == len(content))
