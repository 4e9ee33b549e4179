"""What goes to stdout, what to stderr, and what into files."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from modelaudit.report import reporter
from modelaudit.report.reporter import formats
from tests.cli.running import EXAMPLE, HEADER, SCRIPT, Ran, Shell, write_catalogue

SOURCE = f"catalogue:{EXAMPLE}"
Invoke = Callable[..., Ran]
FORMATS = [reporter.name for reporter in formats()]


def test_a_pipe_gets_every_finding_as_tsv_and_people_a_summary(shell: Shell) -> None:
    ran = shell.run("audit", SOURCE)
    assert ran.code == 0
    assert ran.out.splitlines()[0].split("\t") == HEADER
    assert len(ran.rows) == len({row["id"] for row in ran.rows}) > 25
    assert f"{len(ran.rows)} findings: {len(ran.rows)} new" in ran.err
    assert f"modelaudit explain {ran.rows[0]['model']}" in ran.err
    assert "\x1b" not in ran.out + ran.err


def test_people_s_rows_go_by_verdict_then_downloads(invoke: Invoke, audited: Path) -> None:
    rank = ("take-down", "review", "note")
    rows = invoke("report").rows
    keys = [(rank.index(r["verdict"]), -int(r["downloads"] or -1), r["id"]) for r in rows]
    assert keys == sorted(keys)
    ids = [f["id"] for f in invoke("report", "-o", "json").json["findings"]]
    assert ids == sorted(ids)
    assert set(ids) == {row["id"] for row in rows}


@pytest.mark.parametrize("asked", ["json", "json=-"])
def test_stdout_carries_only_the_format_asked_for(
    invoke: Invoke, audited: Path, asked: str
) -> None:
    ran = invoke("report", "-o", asked)
    assert ran.json["schema"] == "modelaudit.report/1"
    assert "findings" in ran.err
    quiet = invoke("report", "-o", asked, "-q")
    assert (quiet.out, quiet.err) == (ran.out, "")


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_holds_what_stdout_would(invoke: Invoke, audited: Path, name: str) -> None:
    ran = invoke("report", "-o", name)
    to_file = invoke("report", "-o", f"{name}=a file")
    assert (to_file.code, to_file.out) == (0, "")
    assert f"{name} report: a file" in to_file.err
    assert Path("a file").read_bytes().decode() == ran.out


def test_two_formats_in_one_go_leave_nothing_else_behind(shell: Shell, audited: Path) -> None:
    (shell.folder / "r.json").write_text("the report of yesterday")
    ran = shell.run("report", "-o", "json=r.json", "-o", "csv=r.csv", "-o", "tsv")
    assert ran.code == 0
    found = len(ran.rows)
    assert len(json.loads((shell.folder / "r.json").read_text())["findings"]) == found
    assert len((shell.folder / "r.csv").read_text().splitlines()) == found + 1
    left = {p.name for p in shell.folder.iterdir() if not p.name.startswith("audit.db")}
    assert left == {"r.json", "r.csv"}


def test_a_report_that_fails_leaves_the_old_one(
    invoke: Invoke, audited: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def half(name: str, report: object) -> object:
        yield "half a"
        raise OSError(28, "No space left on device")

    Path("r.json").write_text("the report of yesterday")
    monkeypatch.setattr(reporter, "render", half)
    ran = invoke("report", "-o", "json=r.json")
    assert ran.code == 2
    assert "No space left on device" in ran.err
    assert Path("r.json").read_text() == "the report of yesterday"
    assert not list(Path().glob(".*.part"))


def test_a_place_that_cannot_be_is_told_before_any_work(invoke: Invoke) -> None:
    assert invoke("audit", SOURCE, "-o", "json", "-o", "html=no/r.html").code == 2
    assert not Path("audit.db").exists()


@pytest.mark.parametrize("command", [["audit", SOURCE], ["check"], ["report"]])
def test_quiet_is_silent_when_all_is_well(
    invoke: Invoke, audited: Path, command: list[str]
) -> None:
    ran = invoke(*command, "-q", "-o", "json=r.json")
    assert (ran.code, ran.out, ran.err) == (0, "", "")
    assert Path("r.json").stat().st_size


@pytest.mark.parametrize("command", [["crawl", SOURCE], ["resolve"]])
def test_the_other_writers_can_be_quiet_as_well(
    invoke: Invoke, audited: Path, command: list[str]
) -> None:
    assert invoke(*command, "-q") == Ran(0, "", "")


def test_quiet_still_tells_errors(invoke: Invoke) -> None:
    assert "there is no database" in invoke("report", "-q").err


@pytest.mark.parametrize(
    "command",
    [
        ["audit", SOURCE, "-o", "json=r.json"],
        ["crawl", SOURCE],
        ["check", "-o", "json=r.json"],
        ["report", "--db", "none.db"],
        ["audit", "nonsense"],
        ["explain", "hf:no/body"],
    ],
)
def test_a_log_in_json_is_one_object_a_line(
    invoke: Invoke, audited: Path, command: list[str]
) -> None:
    ran = invoke(*command, "--log-format", "json")
    lines = [json.loads(line) for line in ran.err.splitlines()]
    assert lines
    assert all(set(line) == {"at", "level", "message"} for line in lines)
    assert {line["level"] for line in lines} == ({"info"} if ran.code == 0 else {"error"})


BUG = """
import sys
from modelaudit.report import reporter
def render(name, report):
    raise KeyError("boom")
reporter.render = render
from modelaudit.cli.main import main
sys.argv = ["modelaudit", "report", "--log-format", "json"]
main()
"""


def test_even_a_bug_keeps_to_the_log_format(shell: Shell, audited: Path) -> None:
    ran = shell.run("-c", BUG, program=[sys.executable], TMPDIR=str(shell.folder))
    assert ran.code == 70
    assert "KeyError" in json.loads(ran.err.splitlines()[0])["message"]


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-16"])
@pytest.mark.parametrize(
    "command", [["explain", "hf:example-circle/left"], ["report", "-o", "html"]]
)
def test_pipes_and_files_are_utf_8_wherever_we_run(
    shell: Shell, audited: Path, command: list[str], encoding: str
) -> None:
    ran = shell.run(*command, PYTHONIOENCODING=encoding)
    assert ran.code == 0
    assert ran == shell.run(*command)
    assert "→" in ran.out


def test_a_full_disk_behind_stdout_is_told(shell: Shell, audited: Path) -> None:
    line = f"{SCRIPT} report > /dev/full"
    ran = shell.run("-c", line, program=["bash"])
    assert ran == Ran(2, "", "error: stdout cannot be written: No space left on device\n")


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_closed_streams_do_no_harm(shell: Shell, audited: Path, closed: str) -> None:
    ran = shell.run("-c", f"{SCRIPT} report -o json=r.json {closed}", program=["bash"])
    assert (ran.code, ran.out) == (0, "")
    assert json.loads((shell.folder / "r.json").read_text())["findings"]


def test_an_empty_catalogue_gives_a_header_and_no_more(invoke: Invoke, tmp_path: Path) -> None:
    source = write_catalogue(tmp_path / "empty.jsonl")
    ran = invoke("audit", source)
    assert (ran.code, ran.out.splitlines()) == (0, ["\t".join(HEADER)])
    assert invoke("report", "-o", "json").json["summary"]["findings"]["take-down"] == 0
