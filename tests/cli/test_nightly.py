"""`--report-dir`: how a job that runs by itself leaves its reports, and says how it ended."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from modelaudit.report import lastrun
from modelaudit.store.db import writing
from tests.cli.running import EXAMPLE, Ran, Shell, hub_record, write_catalogue
from tests.cli.slow import SlowHub
from tests.cli.test_diff import LIST
from tests.servers.hub import BAD_TOKEN, Hub

SOURCE = f"catalogue:{EXAMPLE}"
Invoke = Callable[..., Ran]
VALIDATOR = jsonschema.Draft202012Validator(lastrun.schema())
NIGHT = ("--report-dir", "reports", "-q")


def last(folder: Path) -> dict[str, Any]:
    """The record, which is valid in every test."""
    found: dict[str, Any] = json.loads((folder / "reports" / "last-run.json").read_text())
    VALIDATOR.validate(found)
    return found


def runs(folder: Path) -> list[str]:
    """Names of the reports that are there; nothing half-made is."""
    found = sorted(path.name for path in (folder / "reports").iterdir())
    assert not [name for name in found if name.startswith(".")]
    return [name for name in found if name not in ("latest", "last-run.json")]


def test_a_night_leaves_a_report_and_says_nothing(shell: Shell) -> None:
    ran = shell.run("audit", SOURCE, *NIGHT)
    assert (ran.code, ran.out, ran.err) == (0, "", "")
    told = last(shell.folder)
    (name,) = runs(shell.folder)
    report = json.loads((shell.folder / "reports" / "latest" / "report.json").read_text())
    assert told["folder"] == name == report["run"]["id"].replace(":", "")
    assert told["run"] == report["run"]
    assert told["numbers"]["findings"] == report["summary"]["findings"]
    assert told["numbers"]["states"]["new"] == len(report["findings"])
    assert (told["exit_code"], told["error"], told["resumable"]) == (0, None, False)
    kept = shell.folder / "reports" / name / "last-run.json"
    assert json.loads(kept.read_text()).keys() == told.keys()


def test_the_second_night_is_compared_with_the_first(invoke: Invoke, tmp_path: Path) -> None:
    night = ("audit", SOURCE, *NIGHT, "--fail-on", "new")
    assert invoke(*night).code == 1
    assert last(tmp_path)["exit_code"] == 1
    assert last(tmp_path)["error"] is None
    assert invoke(*night) == Ran(0, "", "")
    states = last(tmp_path)["numbers"]["states"]
    assert (states["new"], states["changed"]) == (0, 0)
    assert len(runs(tmp_path)) == 2
    assert invoke("check", *NIGHT, "--keep", "2").code == 0
    assert len(runs(tmp_path)) == 2
    assert invoke("audit", SOURCE, *NIGHT, "--keep", "0").code == 2


def test_stdout_holds_only_what_was_asked_for(invoke: Invoke, audited: Path) -> None:
    ran = invoke("check", "--report-dir", "reports")
    assert ran.out == ""
    assert "reports: reports/2" in ran.err
    assert invoke("check", "--report-dir", "reports", "-o", "json").json["findings"]


@pytest.mark.parametrize(
    "call", [["audit", "nonsense"], ["audit", SOURCE, "--blocklist", "none"], ["check", "-o", "x"]]
)
def test_a_command_that_never_began_keeps_the_last_numbers(
    invoke: Invoke, tmp_path: Path, call: list[str]
) -> None:
    invoke("audit", SOURCE, *NIGHT)
    good = last(tmp_path)
    for _ in range(2):
        ran = invoke(*call, *NIGHT)
        told = last(tmp_path)
        assert (ran.code, told["exit_code"], told["run"], told["numbers"]) == (2, 2, None, None)
        assert f"error: {told['error']}" in ran.err
        assert told["previous"] == {k: v for k, v in good.items() if k != "previous"}
    assert (tmp_path / "reports" / "latest").readlink() == Path(good["folder"])
    invoke("audit", SOURCE, *NIGHT)
    assert last(tmp_path)["previous"] is None


def test_an_incomplete_run_says_why_and_goes_on_under_its_own_name(shell: Shell) -> None:
    assert shell.run("audit", SOURCE, *NIGHT, "--deadline", "0s").code == 3
    told = last(shell.folder)
    assert (told["exit_code"], told["resumable"]) == (3, True)
    assert told["error"] == "the deadline has come"
    assert told["numbers"] is not None
    assert shell.run("audit", SOURCE, *NIGHT).code == 0
    again = last(shell.folder)
    assert again["run"]["id"] == told["run"]["id"]
    assert runs(shell.folder) == [told["folder"], f"{told['folder']}.2"]
    assert (shell.folder / "reports" / "latest").readlink() == Path(f"{told['folder']}.2")


def test_too_many_gaps_are_told(invoke: Invoke, tmp_path: Path) -> None:
    assert invoke("audit", SOURCE, *NIGHT, "--max-gaps", "0").code == 3
    assert last(tmp_path)["resumable"] is False
    assert "not examined" in last(tmp_path)["error"]


def test_another_run_s_folder_is_left_alone(shell: Shell, audited: Path) -> None:
    with writing(audited):
        for call in (["audit", SOURCE], ["check"]):
            assert shell.run(*call, *NIGHT).code == 5
        assert not (shell.folder / "reports").exists()
    assert shell.run("check", *NIGHT).code == 0
    before = (shell.folder / "reports" / "last-run.json").read_bytes()
    with writing(audited):
        assert shell.run("audit", SOURCE, *NIGHT).code == 5
    assert (shell.folder / "reports" / "last-run.json").read_bytes() == before
    assert len(runs(shell.folder)) == 1


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 3), (signal.SIGINT, 130)])
def test_a_signal_is_told_and_the_run_goes_on(
    shell: Shell, number: signal.Signals, code: int
) -> None:
    audit = ("audit", "hf:acme", "--no-archive", *NIGHT)
    with SlowHub() as hub:
        process = shell.start(*audit, HF_ENDPOINT=hub.url)
        hub.interrupt(process, number)
        assert process.returncode == code
        told = last(shell.folder)
        assert (told["exit_code"], told["resumable"]) == (code, True)
        assert told["run"]["sources"] == ["hf:acme"]
        assert told["error"] in ("asked to stop by a signal", "interrupted")
        assert len(runs(shell.folder)) == (code == 3)
        assert shell.run(*audit, HF_ENDPOINT=hub.url).code == 0
    assert last(shell.folder)["run"]["id"] == told["run"]["id"]
    assert last(shell.folder)["numbers"]["examined"] == 4


def test_a_refused_token_is_told_and_not_shown(shell: Shell) -> None:
    with Hub(list_refused=BAD_TOKEN) as hub:
        shell.run("audit", "hf:", *NIGHT, HF_ENDPOINT=hub.url, HF_TOKEN="hf_wrong")
    told = last(shell.folder)
    assert (told["exit_code"], told["resumable"]) == (4, True)
    assert "refuses the token" in told["error"]
    assert "hf_wrong" not in json.dumps(told)


BUG = """
import sys
from modelaudit.steps import checking
def conclude(*_, **__):
    raise KeyError("boom")
checking.Checker.conclude = conclude
from modelaudit.cli.main import main
sys.argv = ["modelaudit", "check", "--report-dir", "reports", "-q"]
main()
"""


def test_a_bug_is_told(shell: Shell, audited: Path) -> None:
    ran = shell.run("-c", BUG, program=[sys.executable], TMPDIR=str(shell.folder))
    assert ran.code == 70
    told = last(shell.folder)
    assert (told["exit_code"], told["resumable"]) == (70, True)
    assert "KeyError" in told["error"]
    assert runs(shell.folder) == []


def test_a_reader_that_has_gone_is_told_after_the_report_is_kept(
    shell: Shell, audited: Path
) -> None:
    line = "modelaudit check --report-dir reports -o json | head -1 > one; exit ${PIPESTATUS[0]}"
    bin_ = str(Path(sys.executable).parent)
    ran = shell.run("-c", line, program=["bash"], PATH=f"{bin_}:{os.environ['PATH']}")
    assert ran.code == 141
    assert last(shell.folder)["exit_code"] == 141
    assert len(runs(shell.folder)) == 1


def test_a_folder_that_cannot_be_is_told_before_any_work(shell: Shell) -> None:
    (shell.folder / "reports").write_text("mine")
    ran = shell.run("audit", SOURCE, *NIGHT)
    assert (ran.code, ran.err.splitlines()[0]) == (2, "error: reports is not a folder")
    assert not (shell.folder / "audit.db").exists()


def test_reports_about_a_private_list_are_the_user_s_alone(shell: Shell) -> None:
    text = LIST.format(version="2026.01.01", day="2026-01-01")
    private = text.replace("  id: demo\n", "  id: demo\n  private: true\n")
    (shell.folder / "mine.yaml").write_text(private)
    line = hub_record("someone/dream", "acme/base")
    source = write_catalogue(shell.folder / "c.jsonl", line)
    assert shell.run("audit", source, *NIGHT, "--blocklist", "mine.yaml").code == 0
    for path in (shell.folder / "reports").rglob("*"):
        if not path.is_symlink():
            assert path.stat().st_mode & 0o077 == 0, path
    shell.run("audit", "nonsense", *NIGHT)
    assert last(shell.folder)["previous"]["numbers"]
    assert (shell.folder / "reports" / "last-run.json").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("setting", ["report-dir", "keep"])
def test_both_can_be_kept_in_the_configuration(
    invoke: Invoke, tmp_path: Path, setting: str
) -> None:
    value = '"reports"' if setting == "report-dir" else "1"
    (tmp_path / "modelaudit.toml").write_text(
        f'quiet = true\n[audit]\nsources = ["{SOURCE}"]\n{setting} = {value}\n'
    )
    for _ in range(2):
        assert invoke("audit", *(() if setting == "report-dir" else NIGHT)).code == 0
    assert len(runs(tmp_path)) == (2 if setting == "report-dir" else 1)
