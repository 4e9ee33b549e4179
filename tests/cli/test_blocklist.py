"""`blocklist list|show|lint`."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from modelaudit.check import blocklist
from tests.cli.running import EXAMPLE, Ran, Shell, hub_record, write_catalogue

Invoke = Callable[..., Ran]
SHIPPED = blocklist.shipped()


def test_the_shipped_lists_are_named(invoke: Invoke) -> None:
    ran = invoke("blocklist", "list")
    assert (ran.code, ran.err) == (0, "")
    assert [row["name"] for row in ran.rows] == list(SHIPPED)
    for row in ran.rows:
        digest = hashlib.sha256(SHIPPED[row["name"]].read_bytes()).hexdigest()
        assert digest.startswith(row["sha256"])
        assert int(row["entries"]) == len(blocklist.load(SHIPPED[row["name"]]).entries)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_list_is_shown_with_its_evidence(invoke: Invoke, name: str) -> None:
    ran = invoke("blocklist", "show", name)
    assert (ran.code, ran.err) == (0, "")
    for entry in blocklist.load(SHIPPED[name]).entries:
        assert entry.id in ran.out
        assert {citation.url for citation in entry.evidence} <= set(ran.out.split())
    assert invoke("blocklist", "show", SHIPPED[name]).out == ran.out


def test_a_private_list_shows_only_ids(invoke: Invoke, tmp_path: Path) -> None:
    private = tmp_path / "private.yaml"
    text = SHIPPED["known-files"].read_text()
    private.write_text(text.replace("\n  kind: block\n", "\n  kind: block\n  private: true\n", 1))
    shown = invoke("blocklist", "show", private).out
    (entry, *_) = blocklist.load(SHIPPED["known-files"]).entries
    assert blocklist.load(private).private
    assert entry.id in shown
    assert entry.title not in shown
    assert entry.match.files[0].sha256 not in shown


def test_a_private_list_leaves_no_word_of_itself_behind(shell: Shell) -> None:
    text = SHIPPED["laion-5b"].read_text()
    listed = blocklist.load(SHIPPED["laion-5b"]).entries
    (shell.folder / "private.yaml").write_text(
        text.replace("\n  kind: block\n", "\n  kind: block\n  private: true\n", 1)
    )
    source = write_catalogue(
        shell.folder / "c.jsonl", hub_record("stable-diffusion-v1-5/stable-diffusion-v1-5")
    )
    ran = shell.run("audit", source, "--blocklist", "private.yaml", "-o", "json=r.json")
    assert ran.code == 0, ran.err
    (shell.folder / "private.yaml").unlink()
    again = shell.run("report", "-o", "html=r.html", "-q")
    assert again.code == 0, again.err
    for name in ("r.json", "r.html", "audit.db"):
        written = shell.folder / name
        assert written.stat().st_mode & 0o077 == 0
        told = written.read_bytes()
        for entry in listed:
            assert f"of {entry.title}".encode() not in told
            assert not [c.url for c in entry.evidence if c.url.encode() in told]
    (finding,) = json.loads((shell.folder / "r.json").read_text())["findings"]
    assert finding["entry"] == "laion-5b/sd-1.5"
    assert len(finding["claims"]) == 1


def test_the_shipped_lists_have_no_error(invoke: Invoke) -> None:
    ran = invoke("blocklist", "lint")
    assert ran.code == 0
    assert ran.err.startswith(f"{len(SHIPPED)} lists, ")
    assert "error" not in ran.out


def test_errors_are_told_with_line_and_file_and_fail(invoke: Invoke, tmp_path: Path) -> None:
    broken = tmp_path / "broken.yaml"
    text = SHIPPED["known-files"].read_text()
    broken.write_text(text.replace("status: active", "status: asleep"))
    lines = {n for n, line in enumerate(text.splitlines(), 1) if "status: active" in line}
    ran = invoke("blocklist", "lint", broken, "laion-5b")
    assert ran.code == 1
    assert {int(n) for n in re.findall(rf"{re.escape(str(broken))}:(\d+)", ran.out)} == lines
    assert ran.err == f"2 lists, {len(ran.out.splitlines())} problems\n"
    assert invoke("blocklist", "lint", broken, "-q").err == ""
    assert invoke("blocklist", "lint", "laion-5b").err.startswith("1 list, ")


def test_a_broken_list_is_not_shown_and_not_used(invoke: Invoke, tmp_path: Path) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text("schema: [")
    for command in (["blocklist", "show"], ["audit", f"catalogue:{EXAMPLE}", "--blocklist"]):
        ran = invoke(*command, broken)
        assert ran.code == 2
        assert f"{broken}:2: not YAML" in ran.err
    assert not Path("audit.db").exists()


def test_an_unknown_name_is_told_with_the_known_ones(invoke: Invoke) -> None:
    ran = invoke("blocklist", "show", "laion-6b")
    assert ran.code == 2
    assert "laion-5b" in ran.err
