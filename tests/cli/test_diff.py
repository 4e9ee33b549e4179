"""`diff`: what is not the same in two runs."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tests.cli.running import Ran, Shell, hub_record, write_catalogue
from tests.cli.test_terminal import at_terminal

Invoke = Callable[..., Ran]

LIST = """
schema: modelaudit.blocklist/1
list:
  id: demo
  kind: block
  title: A list of one
  version: "{version}"
  updated: "{day}"
  maintainer: nobody
  license: CC0-1.0
  defaults: {{policy: review, review_by: "2099-01-01"}}
entries:
  - id: demo/base
    title: A base
    status: active
    kind: model
    policy: take-down
    claim:
      {{relation: trained-on, of: ["dataset:a/b"], confidence: documented, tainted: [unet]}}
    scope: {{finetune: take-down, adapter: review}}
    match:
      models: ["hf:acme/base"]
    evidence:
      - url: https://example.org/a
        kind: primary
        where: p. 1
        summary: It says so.
        retrieved: "2026-01-01"
        supports: [claim, models]
    added: "2026-01-01"
    review_by: "2099-01-01"
"""


def adapter(repo: str, base: str) -> dict[str, Any]:
    return hub_record(repo, base, tags=[f"base_model:{base}", f"base_model:adapter:{base}"])


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """Two audits with a change of every kind between them: their folder and their ids."""
    folder = tmp_path_factory.mktemp("diff")
    shell, catalogue, listing = Shell(folder), folder / "c.jsonl", folder / "demo.yaml"
    listing.write_text(LIST.format(version="2026.01.01", day="2026-01-01"))
    write_catalogue(
        catalogue,
        hub_record("acme/same", "acme/base"),
        hub_record("acme/left", "acme/base"),
        hub_record("acme/moved", "acme/base"),
        hub_record("acme/weaker", "acme/base"),
        hub_record("acme/quiet"),
    )
    audit = ("audit", "catalogue:c.jsonl", "--blocklist", "demo.yaml", "-o", "json")
    first = shell.run(*audit)
    listing.write_text(LIST.format(version="2026.02.02", day="2026-02-02"))
    write_catalogue(
        catalogue,
        hub_record("acme/same", "acme/base"),
        hub_record("acme/moved", "acme/same"),
        adapter("acme/weaker", "acme/base"),
        hub_record("acme/quiet", "acme/base"),
    )
    second = shell.run(*audit)
    assert (first.code, second.code) == (0, 0), first.err + second.err
    return folder, [first.json["run"]["id"], second.json["run"]["id"]]


@pytest.fixture
def twice(recorded: tuple[Path, list[str]], tmp_path: Path) -> list[str]:
    """The ids of both runs, and a copy of their database in the test's own folder."""
    for name in ("audit.db", "c.jsonl", "demo.yaml"):
        shutil.copy(recorded[0] / name, tmp_path)
    return recorded[1]


def changes(ran: Ran) -> list[tuple[str, str, str, str]]:
    """(change, model, before, after) of every row."""
    return [
        (r["change"], r["id"].removeprefix("demo/base/hf:acme/"), r["before"], r["after"])
        for r in ran.rows
    ]


def test_every_kind_of_change_is_told(invoke: Invoke, twice: list[str]) -> None:
    ran = invoke("diff")
    assert ran.code == 0
    assert ran.out.splitlines()[0].split("\t") == ["change", "id", "before", "after", "decided_by"]
    assert changes(ran) == [
        ("gone", "left", "take-down", ""),
        ("evidence", "moved", "take-down", "take-down"),
        ("new", "quiet", "", "take-down"),
        ("verdict", "weaker", "take-down", "review"),
    ]
    assert "adapter" in {row["change"]: row for row in ran.rows}["verdict"]["decided_by"]
    assert "list demo: 2026.01.01 → 2026.02.02" in ran.err


def test_a_list_changed_under_its_version_is_told_by_its_digest(
    invoke: Invoke, twice: list[str]
) -> None:
    listing = Path("demo.yaml")
    before = listing.read_bytes()
    listing.write_bytes(before + b"# reviewed\n")
    assert invoke("audit", "catalogue:c.jsonl", "--blocklist", "demo.yaml", "-q").code == 0
    old, new = (sha256(text).hexdigest()[:12] for text in (before, listing.read_bytes()))
    assert f"list demo: sha256 {old} → sha256 {new}\n" in invoke("diff").err


def test_what_is_gone_is_counted_beside_what_is_there(invoke: Invoke, twice: list[str]) -> None:
    gone = len(invoke("report", "-o", "json").json["gone"])
    assert gone
    assert f", {gone} gone. Run {twice[1]}" in invoke("report").err


def test_two_runs_can_be_named_in_either_order(invoke: Invoke, twice: list[str]) -> None:
    assert invoke("diff", *twice) == invoke("diff")
    back = changes(invoke("diff", *reversed(twice)))
    assert back == [
        ("new", "left", "", "take-down"),
        ("evidence", "moved", "take-down", "take-down"),
        ("gone", "quiet", "take-down", ""),
        ("verdict", "weaker", "review", "take-down"),
    ]
    assert changes(invoke("diff", twice[0])) == changes(invoke("diff"))
    assert changes(invoke("diff", twice[1], twice[1])) == []


def test_a_script_can_count_on_the_json_report_instead(invoke: Invoke, twice: list[str]) -> None:
    states = {f["model"]: f["state"] for f in invoke("report", "-o", "json").json["findings"]}
    assert states == {
        "hf:acme/same": "unchanged", "hf:acme/moved": "changed",
        "hf:acme/weaker": "changed", "hf:acme/quiet": "new",
    }  # fmt: skip


def test_people_get_a_summary(shell: Shell, twice: list[str]) -> None:
    code, text = at_terminal(shell.folder, "diff", NO_COLOR="1")
    assert code == 0
    assert text.splitlines()[0] == f"{twice[0]} → {twice[1]}"
    assert text.splitlines()[-1] == "1 gone, 1 evidence, 1 new, 1 verdict"
    assert at_terminal(shell.folder, "diff", twice[0], twice[0])[1].endswith("No change.\n")


def test_the_runs_can_be_named(invoke: Invoke, twice: list[str]) -> None:
    rows = [line.split("\t") for line in invoke("diff", "--list").out.splitlines()]
    assert rows == [[run, "catalogue:c.jsonl"] for run in reversed(twice)]


def test_a_first_run_has_nothing_to_compare_with(invoke: Invoke, audited: Path) -> None:
    ran = invoke("diff")
    assert (ran.code, ran.out) == (2, "")
    assert "no earlier run" in ran.err


def test_runs_of_another_standard_are_no_baseline(invoke: Invoke, twice: list[str]) -> None:
    lists = ("--blocklist", "demo.yaml")
    assert invoke("audit", "catalogue:c.jsonl", *lists, "--standard", "recorded", "-q").code == 0
    assert "no earlier run" in invoke("diff").err


def test_an_unknown_run_is_told(invoke: Invoke, twice: list[str]) -> None:
    ran = invoke("diff", "yesterday")
    assert ran.code == 2
    assert "modelaudit diff --list" in ran.err
