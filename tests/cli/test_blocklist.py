"""`blocklist list|show|lint|schema|sums`."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from modelaudit.check import blocklist
from tests.cli.running import EXAMPLE, Ran, Shell, hub_record, write_catalogue
from tests.cli.test_terminal import at_terminal

Invoke = Callable[..., Ran]
SHIPPED = blocklist.shipped()


def test_the_shipped_lists_are_named(invoke: Invoke) -> None:
    ran = invoke("blocklist", "list")
    assert (ran.code, ran.err) == (0, "")
    assert [row["name"] for row in ran.rows] == list(SHIPPED)
    default = {loaded.id for loaded in blocklist.default_lists()}
    for row in ran.rows:
        assert (row["use"] == "by default") == (row["name"] in default)
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
    count = len(ran.out.splitlines())
    assert ran.err == f"2 lists, {count} problems: {count} errors\n"
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


SOUND = """\
schema: modelaudit.blocklist/1
list:
  {id: mine, title: Mine, version: "2026.11.22", updated: "2026-11-22",
   maintainer: me, license: CC0-1.0}
entries:
  - id: mine/base
    title: The base
    status: active
    kind: model
    claim: {relation: trained-on, of: ["dataset:org/data"], confidence: documented, tainted: [unet]}
    match:
      models: ["hf:org/base"]
      labels: {civitai: ["SD 1.5"]}
    evidence:
      - {url: "https://example.org", kind: primary, where: Data, summary: Names the set.,
         retrieved: "2026-11-22", supports: [claim]}
    added: "2026-11-22"
    review_by: "2096-05-22"
"""


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    path = tmp_path / "mine.yaml"
    path.write_text(SOUND)
    return path


def test_a_problem_is_one_line_with_its_remedy(invoke: Invoke, mine: Path) -> None:
    assert invoke("blocklist", "lint", mine).out == ""
    mine.write_text(SOUND.replace("SD 1.5", "SD1.5"))
    ran = invoke("blocklist", "lint", mine)
    assert ran.out == (
        f"{mine}:13: warning: entry mine/base: civitai has no label 'SD1.5' - "
        'did you mean "SD 1.5"?\n'
    )
    assert (ran.code, ran.err) == (0, "1 list, 1 problem: 1 warning\n")
    mine.write_text(SOUND.replace("tainted: [unet]", "tainted: [u-net]"))
    ran = invoke("blocklist", "lint", mine, "--format", "json")
    assert ran.code == 1
    assert ran.json == [
        {"path": str(mine), "line": 10, "level": "error", "entry": "mine/base",
         "text": ran.json[0]["text"], "fix": "write unet"}
    ]  # fmt: skip
    mine.write_text(SOUND)
    assert invoke("blocklist", "lint", mine, "--format", "json").json == []


def test_at_a_terminal_the_remedy_stands_below(shell: Shell, mine: Path) -> None:
    mine.write_text(SOUND.replace("tainted: [unet]", "tainted: [vae]"))
    _, text = at_terminal(shell.folder, "blocklist", "lint", "mine.yaml", NO_COLOR="1")
    lines = text.splitlines()
    assert lines[0].startswith("mine.yaml:10: warning: entry mine/base: only vae is tainted")
    assert lines[-1] == "    fix: add unet or transformer, or set kind: component"
    assert max(map(len, lines)) <= 80


def test_lint_opens_the_sketches(invoke: Invoke, mine: Path) -> None:
    sketched = "match:\n      sketches: [{ref: base.sketch, component: unet}]"
    mine.write_text(SOUND.replace("match:", sketched))
    (mine.parent / "base.sketch").write_bytes(b"not a sketch")
    ran = invoke("blocklist", "lint", mine)
    assert ran.code == 1
    assert "base.sketch is not a sketch that can be used: " in ran.out


def test_hostile_text_in_a_list_is_shown_and_not_obeyed(invoke: Invoke, mine: Path) -> None:
    mine.write_text(SOUND.replace("title: The base", '"ti\\etle": "\\e[2J"'))
    ran = invoke("blocklist", "lint", mine)
    assert ran.code == 1
    assert "\x1b" not in ran.out + ran.err


def test_one_entry_is_shown_by_its_id_or_the_end_of_it(invoke: Invoke) -> None:
    whole = invoke("blocklist", "show", "laion-5b", "laion-5b/sd-1.5")
    assert (whole.code, whole.err) == (0, "")
    assert whole.out.startswith("laion-5b/sd-1.5\nStable Diffusion 1.5\n")
    assert "laion-5b/sd-1.x\n" not in whole.out
    assert invoke("blocklist", "show", "laion-5b", "sd-1.5").out == whole.out


def test_an_entry_that_is_not_there_is_told_with_those_near_it(invoke: Invoke) -> None:
    ran = invoke("blocklist", "show", "laion-5b", "sd-15")
    assert (ran.code, ran.out) == (2, "")
    assert "laion-5b has no entry 'sd-15'" in ran.err
    assert "hint: near it: laion-5b/sd-1.5" in ran.err
    ran = invoke("blocklist", "show", "laion-5b", "")
    assert ran.code == 2
    assert "hint: " in ran.err


@pytest.mark.parametrize("columns", [80, 60, 200])
def test_at_a_terminal_lists_and_entries_fit(shell: Shell, columns: int) -> None:
    for command in (["list"], ["show", "laion-5b", "sd-1.5"]):
        code, text = at_terminal(shell.folder, "blocklist", *command, columns=columns, NO_COLOR="1")
        assert (code, "\x1b" in text, "\t" in text) == (0, False, False)
        for line in text.splitlines():
            assert len(line) <= columns or " " not in line.strip()


def test_colours_are_for_those_who_want_them(shell: Shell) -> None:
    coloured = at_terminal(shell.folder, "blocklist", "list")[1]
    assert "\x1b[1mlaion-5b\x1b[0m" in coloured
    assert "\x1b" not in at_terminal(shell.folder, "blocklist", "list", NO_COLOR="1")[1]
    at_pipe = shell.run("blocklist", "show", "laion-5b").out
    assert "\x1b" not in at_pipe


def test_the_schema_is_the_one_that_lists_are_checked_with(invoke: Invoke) -> None:
    from jsonschema import Draft202012Validator

    ran = invoke("blocklist", "schema")
    assert (ran.code, ran.err) == (0, "")
    Draft202012Validator.check_schema(ran.json)
    assert ran.json["title"] == "modelaudit.blocklist/1"


def test_sums_are_those_that_sha256sum_checks(invoke: Invoke, tmp_path: Path) -> None:
    folder = tmp_path / "lists"
    (folder / "allow").mkdir(parents=True)
    for name in ("b.yaml", "a.yaml", "allow/c.yaml"):
        (folder / name).write_text(f"# {name}")
    (folder / "README.md").write_text("not a list")
    ran = invoke("blocklist", "sums", "lists")
    assert (ran.code, ran.err) == (0, "")
    told = [line.split("  ") for line in ran.out.splitlines()]
    assert sorted(name for _, name in told) == ["a.yaml", "allow/c.yaml", "b.yaml"]
    for digest, name in told:
        assert digest == hashlib.sha256((folder / name).read_bytes()).hexdigest()
    assert invoke("blocklist", "sums", folder).out == ran.out


def test_sums_cover_sketches(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "sketches").mkdir()
    (tmp_path / "house.yaml").write_text("a list")
    (tmp_path / "sketches" / "one.unet.sketch").write_bytes(b"a sketch")
    (tmp_path / "house.cases.toml").write_text("cases change as they please")
    assert [line.split()[1] for line in invoke("blocklist", "sums", tmp_path).out.splitlines()] == [
        "house.yaml", "sketches/one.unet.sketch",
    ]  # fmt: skip


def test_sums_of_nothing_are_an_error(invoke: Invoke, tmp_path: Path) -> None:
    assert "there is no folder" in invoke("blocklist", "sums", "absent").err
    ran = invoke("blocklist", "sums", tmp_path)
    assert (ran.code, ran.out) == (2, "")
    assert "no lists" in ran.err
