"""The steps one by one: crawl, resolve, check, report."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.running import EXAMPLE, Ran, Shell, hub_record, write_catalogue
from tests.cli.slow import record
from tests.servers.hub import Hub

SOURCE = f"catalogue:{EXAMPLE}"
Invoke = Callable[..., Ran]


def judged(ran: Ran) -> dict[str, tuple[str, str, str, int, str]]:
    """Finding → what was found."""
    return {
        f["id"]: (f["verdict"], f["grade"], f["relation"], f["hops"], f["decided_by"])
        for f in ran.json["findings"]
    }


def test_crawl_then_check_finds_what_an_audit_finds(invoke: Invoke, audited: Path) -> None:
    crawled = invoke("crawl", SOURCE, "--db", "crawled.db")
    assert crawled.code == 0
    assert "models listed" in crawled.err
    assert crawled.out == ""
    checked = invoke("check", "--db", "crawled.db", "-o", "json")
    assert judged(checked) == judged(invoke("report", "-o", "json"))


def test_a_crawl_alone_is_no_run(invoke: Invoke) -> None:
    invoke("crawl", SOURCE, "-q")
    ran = invoke("report")
    assert ran.code == 2
    assert "no run has finished yet" in ran.err


def test_check_takes_another_standard_and_another_list(invoke: Invoke, audited: Path) -> None:
    strict = invoke("check", "--standard", "exact", "-o", "json")
    assert strict.code == 2
    strict = invoke("check", "--standard", "measured", "-o", "json")
    assert strict.json["run"]["standard"] == "measured"
    assert {f["grade"] for f in strict.json["findings"] if f["verdict"] == "take-down"} == {"exact"}
    narrow = invoke("check", "--blocklist", "known-files", "-o", "json")
    assert [used["id"] for used in narrow.json["run"]["blocklists"]] == ["known-files"]
    assert {f["entry"].partition("/")[0] for f in narrow.json["findings"]} <= {"known-files"}


def test_check_never_asks_anybody(shell: Shell, audited: Path) -> None:
    with Hub() as hub:
        assert shell.run("check", "-q", HF_ENDPOINT=hub.url).code == 0
        assert hub.requests == []


def test_resolve_reads_the_models_named(shell: Shell) -> None:
    source = write_catalogue(shell.folder / "c.jsonl", hub_record("acme/m1"))
    assert shell.run("audit", source).rows == []
    listed = "stable-diffusion-v1-5/stable-diffusion-v1-5"
    with Hub(records=[record(1, "acme/m1", listed)]) as hub:
        ran = shell.run("resolve", "hf:acme/m1", HF_ENDPOINT=hub.url)
        assert hub.count("/api/models/acme/m1") == 1
    assert ran.code == 0
    assert "0 gaps" in ran.err
    assert {row["model"] for row in shell.run("check").rows} == {"hf:acme/m1"}


def test_resolve_without_a_network_says_so(invoke: Invoke, audited: Path) -> None:
    ran = invoke("resolve", "hf:acme/m1", "--offline")
    assert ran.code == 2
    assert "offline" in ran.err
    assert invoke("resolve", "sha256:" + "0" * 64).code == 2


def test_resolve_again_changes_nothing(invoke: Invoke, audited: Path) -> None:
    assert invoke("resolve").err == "0 claims changed, 0 gaps\n"


def test_an_earlier_run_can_be_reported(invoke: Invoke, tmp_path: Path) -> None:
    catalogue = tmp_path / "c.jsonl"
    base = "stable-diffusion-v1-5/stable-diffusion-v1-5"
    source = write_catalogue(catalogue, hub_record("acme/one", base))
    first = invoke("audit", source, "-o", "json").json
    write_catalogue(catalogue, hub_record("acme/one", base), hub_record("acme/two", "acme/one"))
    second = invoke("audit", source, "-o", "json").json
    assert len(second["findings"]) == 2
    assert invoke("report", "-o", "json").json == second
    again = invoke("report", "--run", first["run"]["id"], "-o", "json").json
    assert again == first
    unknown = invoke("report", "--run", "2020-01-01T00:00:00Z-9")
    assert unknown.code == 2
    assert "there is no finished run" in unknown.err


def test_a_copy_of_the_one_file_is_enough(invoke: Invoke, audited: Path, tmp_path: Path) -> None:
    folder = tmp_path / "read-only"
    folder.mkdir()
    copy = folder / "copy.db"
    copy.write_bytes(audited.read_bytes())
    copy.chmod(0o444)
    folder.chmod(0o555)
    try:
        assert invoke("report", "--db", copy, "-o", "json").json["findings"]
    finally:
        folder.chmod(0o755)


def test_limit_is_per_source(invoke: Invoke) -> None:
    ran = invoke("audit", SOURCE, "--limit", "3", "-o", "json=r.json")
    assert ran.code == 0
    assert json.loads(Path("r.json").read_text())["coverage"]["models"] == 3
    assert invoke("report", "-o", "json").json["run"]["finished"]


@pytest.mark.parametrize(("size", "code"), [("500MB", 0), ("2 GiB", 0), ("0", 0), ("1.5x", 2)])
def test_budgets_are_sizes(invoke: Invoke, tmp_path: Path, size: str, code: int) -> None:
    source = write_catalogue(tmp_path / "c.jsonl", hub_record("acme/one"))
    assert invoke("audit", source, "--budget", size, "-q").code == code
