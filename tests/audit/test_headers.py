"""``--read headers``: what the weight files themselves record, read by range."""

from __future__ import annotations

from collections.abc import Callable

from modelaudit.domain.words import Read
from tests.audit.auditing import NOW, Auditor
from tests.audit.world import BY_HEADERS, KOHYA, LISTED, ON_CIVITAI, ON_HUB, STROKES, World

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
