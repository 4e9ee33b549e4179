"""The same audit where everything fails once, and again from what it kept."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from modelaudit.domain.words import Read
from tests.audit.auditing import Auditor, settled
from tests.audit.world import World, world
from tests.servers.base import FAULTS, Faults

Auditing = Callable[..., Auditor]
SOURCES = ("hf:", "civitai:")


def failing() -> tuple[Faults, Faults]:
    return Faults(*FAULTS, stall=0.02), Faults(*FAULTS, stall=0.02)


@pytest.mark.parametrize("read", [Read.METADATA, Read.HEADERS], ids=str)
def test_an_audit_finds_the_same_where_every_address_fails_once(
    earth: World, auditing: Auditing, read: Read
) -> None:
    calm = auditing(earth, "calm").run(*SOURCES, read=read)
    with world(failing()) as stormy:
        auditor = auditing(stormy, "storm")
        storm = auditor.run(*SOURCES, read=read)
        struck = {kind for kind, _ in [*stormy.hub.faults.struck, *stormy.civitai.faults.struck]}
    assert struck == set(FAULTS)
    assert storm.complete
    assert storm.said == []
    assert len(auditor.waits) > len(earth.requests)
    assert settled(storm.report) == settled(calm.report)
    for part in ("summary", "gone"):
        assert storm.report[part] == calm.report[part]
    del storm.report["coverage"]["requests"], calm.report["coverage"]["requests"]
    assert storm.report["coverage"] == calm.report["coverage"]


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_alone_changes_nothing(earth: World, auditing: Auditing, fault: str) -> None:
    calm = auditing(earth, "calm").run(*SOURCES, read=Read.HEADERS)
    with world((Faults(fault, stall=0.02), Faults(fault, stall=0.02))) as stormy:
        storm = auditing(stormy, "storm").run(*SOURCES, read=Read.HEADERS)
    assert settled(storm.report) == settled(calm.report)


@pytest.mark.parametrize("read", [Read.METADATA, Read.HEADERS], ids=str)
def test_the_archive_replayed_offline_gives_the_findings_again(
    auditing: Auditing, read: Read
) -> None:
    with world(failing()) as stormy:
        auditor = auditing(stormy, "live")
        live = auditor.run(*SOURCES, read=read)
    asked = len(stormy.requests)
    replayed = auditing(stormy, "replay").run(f"catalogue:{auditor.archive}", offline=True)
    assert len(stormy.requests) == asked
    assert replayed.complete
    times_too = ("state",)
    assert settled(replayed.report, without=times_too) == settled(live.report, without=times_too)
    if read is Read.METADATA:  # what could not be read by range is no answer to archive
        assert replayed.gaps >= live.gaps
    assert replayed.report["coverage"]["models"] == live.report["coverage"]["models"]


def test_a_platform_that_falls_silent_leaves_an_audit_to_go_on_with(
    earth: World, auditing: Auditing
) -> None:
    calm = auditing(earth, "calm").run(*SOURCES)
    faults = Faults("server-error", once=False, only=r"cursor=\w*0007\b")
    with world((faults, Faults())) as ill:
        auditor = auditing(ill, "ill")
        first = auditor.run(*SOURCES)
        assert not first.complete
        assert [line for line in first.said if "no usable answer from 127.0.0.1" in line]
        assert set(first.found) < set(calm.found)
        assert first.report["gone"] == []
        faults.kinds = ()
        pages = ill.hub.count(r"/api/models\?.*createdAt(?!.*cursor=)")
        second = auditor.run(*SOURCES)
        assert ill.hub.count(r"/api/models\?.*createdAt(?!.*cursor=)") == pages
    assert second.complete
    assert settled(second.report) == settled(calm.report)


def test_a_platform_that_falls_silent_at_the_end_of_a_sweep_is_no_crash(
    earth: World, auditing: Auditing
) -> None:
    auditor = auditing(earth)
    before = auditor.run("hf:")
    kept = [r for r in earth.hub.records if not r["id"].startswith("quantizer/")]
    earth.hub.records = [r for r in kept if r["id"] not in ("tuner/evening", "tuner/aurora-lora")]
    earth.hub.faults = Faults("server-error", once=False, only=r"/api/models/")
    outcome = auditor.run("hf:", sweep=0)
    assert not outcome.complete
    assert outcome.found == before.found
    assert outcome.report["gone"] == []
