"""Every exit code of the contract, from real processes."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from modelaudit.cli import errors
from modelaudit.cli.errors import CODES, PipeClosedError, exit_code
from modelaudit.domain import errors as domain
from modelaudit.store.db import writing
from tests.cli.running import EXAMPLE, SCRIPT, Ran, Shell, environment
from tests.cli.slow import SlowHub, record
from tests.cli.test_diff import LIST
from tests.servers.hub import BAD_TOKEN, Hub

SOURCE = f"catalogue:{EXAMPLE}"
Invoke = Callable[..., Ran]

CONTRACT = {
    domain.LockedError: 5,
    domain.CredentialsError: 4,
    domain.IncompleteError: 3,
    domain.PlatformError: 2,
    domain.UsageError: 2,
    domain.BlocklistError: 2,
    domain.StoreError: 2,
    domain.AuditError: 2,
    KeyboardInterrupt: 130,
    PipeClosedError: 141,
}


def test_each_error_has_the_code_of_the_contract() -> None:
    assert dict(CODES) == CONTRACT
    assert {cls: exit_code(cls("why")) for cls, _ in CODES} == CONTRACT
    assert {exit_code(error) for error in (ValueError(), KeyError(), OSError())} == {70}


def test_every_error_of_the_domain_is_on_the_map() -> None:
    declared = {c for c in vars(domain).values() if isinstance(c, type)}
    assert {c for c in declared if issubclass(c, Exception)} <= {cls for cls, _ in CODES}


def test_the_codes_are_told_where_they_are_kept() -> None:
    told = {int(number) for number in re.findall(r"^(\d+) ", errors.__doc__ or "", re.M)}
    assert told == {0, 1, *CONTRACT.values(), errors.BUG}


@pytest.mark.parametrize(
    ("threshold", "code"),
    [("none", 0), ("take-down", 1), ("review", 1), ("note", 1)],
)
def test_findings_at_the_threshold_fail_after_the_report_is_written(
    shell: Shell, audited: Path, threshold: str, code: int
) -> None:
    ran = shell.run("report", "--fail-on", threshold, "-o", "json=r.json", "-q")
    assert (ran.code, ran.out, ran.err) == (code, "", "")
    assert json.loads((shell.folder / "r.json").read_text())["findings"]


def test_findings_below_the_threshold_do_not_fail(invoke: Invoke, tmp_path: Path) -> None:
    lenient = tmp_path / "lenient.yaml"
    text = invoke_list("laion-5b").read_text().replace("policy: take-down", "policy: review")
    lenient.write_text(text)
    checked = ("--blocklist", lenient, "-o", "json")
    ran = invoke("audit", SOURCE, *checked, "--fail-on", "take-down")
    assert ran.code == 0
    assert {f["verdict"] for f in ran.json["findings"]} >= {"review"}
    assert invoke("report", "--fail-on", "review", "-q").code == 1


def invoke_list(name: str) -> Path:
    return EXAMPLE.parents[1] / "blocklists" / f"{name}.yaml"


def test_only_the_first_run_has_new_findings(shell: Shell) -> None:
    again = ("audit", SOURCE, "--fail-on", "new", "-o", "json=-")
    first, second = shell.run(*again), shell.run(*again)
    assert (first.code, second.code) == (1, 0)
    assert {f["state"] for f in first.json["findings"]} == {"new"}
    assert {f["state"] for f in second.json["findings"]} == {"unchanged"}


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["audit", "--frob"], "No such option"),
        (["audit"], "Missing argument"),
        (["frobnicate"], "No such command"),
        (["audit", "nonsense"], "'nonsense' is not a source"),
        (["audit", "acme/model"], "did you mean hf:acme/model?"),
        (["audit", "catalogue:missing.jsonl"], "there is no catalogue"),
        (["audit", "@missing.txt"], "cannot be read"),
        (["audit", SOURCE, "-o", "docx"], "there is no report format 'docx'"),
        (["audit", SOURCE, "-o", "json", "-o", "tsv"], "only one report can go to stdout"),
        (["audit", SOURCE, "-o", "json=x", "-o", "csv=./x"], "two reports would go to"),
        (["audit", SOURCE, "--blocklist", "allow/karlo"], "nothing to look for"),
        (["audit", "./nope"], "hint: use hf:"),
        (["audit", ".", ".."], "this database is about the folder"),
        (["blocklist", "show"], "Missing argument"),
        (["audit", SOURCE, "-o", "json=missing/r.json"], "there is no folder missing"),
        (["audit", SOURCE, "--blocklist", "no-such-list"], "no-such-list"),
        (["audit", SOURCE, "--blocklist", "laion-5b", "--blocklist", "laion-5b"], "given twice"),
        (["audit", SOURCE, "--standard", "rumoured"], "rumoured"),
        (["audit", SOURCE, "--budget", "lots"], "'lots' is not a size"),
        (["audit", SOURCE, "--db", "missing/audit.db"], "missing is not a folder"),
        (["audit", "hf:acme/model", "--offline"], "offline"),
        (["check"], "there is no database audit.db"),
        (["report"], "there is no database audit.db"),
        (["report", "--db", "."], "there is no database ."),
        (["explain", "hf:acme/model"], "there is no database audit.db"),
        (["diff"], "there is no database audit.db"),
        (["resolve"], "there is no database audit.db"),
        (["resolve", "acme"], "is not a model reference"),
        (["blocklist", "show", "no-such-list"], "no-such-list"),
    ],
)
def test_a_wrong_call_is_told_in_a_line(
    invoke: Invoke, tmp_path: Path, args: list[str], said: str
) -> None:
    ran = invoke(*args)
    assert ran.code == 2
    assert said in ran.err
    assert ran.out == ""
    first, *rest = ran.err.splitlines()
    assert first.startswith("error: ")
    assert [line[:6] for line in rest] in ([], ["hint: "])


@pytest.mark.parametrize("command", ["check", "report", "explain hf:a/b", "diff", "resolve"])
def test_a_database_that_is_not_there_is_not_made(
    invoke: Invoke, tmp_path: Path, command: str
) -> None:
    assert invoke(*command.split(), "--db", tmp_path / "none.db").code == 2
    assert list(tmp_path.iterdir()) == []


def test_a_stranger_s_file_is_left_as_it_is(invoke: Invoke, tmp_path: Path) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("my notes\n")
    for command in (["audit", SOURCE], ["report"], ["check"], ["explain", "hf:a/b"]):
        ran = invoke(*command, "--db", notes)
        assert ran.code == 2
        assert "notes.txt" in ran.err
    assert notes.read_text() == "my notes\n"


def test_every_mistake_in_a_list_is_told_with_its_line(invoke: Invoke, tmp_path: Path) -> None:
    broken = tmp_path / "broken.yaml"
    text = invoke_list("laion-5b").read_text()
    wrong = text.replace("    policy: take-down", "    policy: burn")
    wrong = wrong.replace("kind: model", "kind: house")
    broken.write_text(wrong)
    expected = {
        number
        for number, line in enumerate(wrong.splitlines(), 1)
        if line in ("    policy: burn", "    kind: house")
    }
    ran = invoke("audit", SOURCE, "--blocklist", broken)
    assert ran.code == 2
    told = {int(n) for n in re.findall(rf"{re.escape(str(broken))}:(\d+)", ran.err)}
    assert expected
    assert told >= expected


def test_too_many_gaps_leave_a_run_incomplete(invoke: Invoke, audited: Path) -> None:
    assert invoke("report", "-q", "-o", "json=r.json", "--max-gaps", "0").code == 3
    gaps = json.loads(Path("r.json").read_text())["coverage"]["gaps"]
    count = sum(gap["count"] for gap in gaps)
    assert invoke("report", "-q", "--max-gaps", str(count)).code == 0
    over = invoke("report", "-q", "--max-gaps", str(count - 1))
    assert (over.code, over.err) == (
        3, f"error: {count} gaps, more than --max-gaps {count - 1} allows\n",
    )  # fmt: skip


def test_findings_outweigh_gaps(invoke: Invoke, audited: Path) -> None:
    assert invoke("report", "-q", "--max-gaps", "0", "--fail-on", "note").code == 1


def test_a_spent_request_budget_leaves_a_run_incomplete(shell: Shell) -> None:
    chain = [record(0, "acme/m0"), *(record(n, f"acme/m{n}", f"acme/m{n - 1}") for n in (1, 2, 3))]
    with Hub(records=chain) as hub:
        ran = shell.run(
            "audit", "hf:descendants-of/acme/m0", "--max-requests", "1", "-o", "json",
            HF_ENDPOINT=hub.url,
        )  # fmt: skip
    assert ran.code == 3
    assert "out-of-budget" in {gap["reason"] for gap in ran.json["coverage"]["gaps"]}
    assert "budget" in ran.err


def test_a_refused_token_is_told_apart(shell: Shell) -> None:
    with Hub(list_refused=BAD_TOKEN) as hub:
        ran = shell.run("audit", "hf:", HF_ENDPOINT=hub.url, HF_TOKEN="hf_wrong")
    assert ran.code == 4
    assert "the Hub refuses the token" in ran.err
    assert "HF_TOKEN" in ran.err
    assert "hf_wrong" not in ran.err


def test_a_held_lock_is_told(shell: Shell, audited: Path) -> None:
    with writing(audited):
        for command in (["audit", SOURCE], ["crawl", SOURCE], ["check"], ["resolve"]):
            ran = shell.run(*command)
            assert ran.code == 5
            assert "another run holds" in ran.err
        assert shell.run("report", "-q").code == 0


def test_a_lock_that_cannot_be_made_is_held_by_nobody(shell: Shell) -> None:
    ran = shell.run("audit", SOURCE, "--db", "/proc/x.db")
    assert ran.code == 2
    assert ran.err.startswith("error: cannot lock /proc/x.db")


BROKEN = """
import sys
from modelaudit.report import reporter
def render(name, report):
    password = "".join(["hunter", "2"])
    raise KeyError("boom")
reporter.render = render
from modelaudit.cli.main import main
sys.argv = ["modelaudit", "report"]
main()
"""


def test_a_bug_leaves_a_file_and_no_traceback(shell: Shell, audited: Path) -> None:
    ran = shell.run("-c", BROKEN, program=[sys.executable], TMPDIR=str(shell.folder))
    assert ran.code == 70
    assert ran.out == ""
    assert "Traceback" not in ran.err
    assert len(ran.err.splitlines()) == 2
    (crash,) = shell.folder.glob("modelaudit-crash-*.txt")
    assert str(crash) in ran.err
    text = crash.read_text()
    assert "KeyError: 'boom'" in text
    assert "hunter2" not in text
    assert crash.stat().st_mode & 0o077 == 0


def test_sigterm_ends_an_audit_at_the_next_page_and_it_can_be_resumed(shell: Shell) -> None:
    audit = ("audit", "hf:acme", "--no-archive", "-o", "json=r.json")
    with SlowHub() as hub:
        process = shell.start(*audit, HF_ENDPOINT=hub.url)
        said = hub.interrupt(process, signal.SIGTERM)
        assert process.returncode == 3
        assert "signal" in said
        assert "\nIncomplete: this run was stopped before its end" in said
        assert said.endswith("hint: run the same command again to go on\n")
        assert json.loads((shell.folder / "r.json").read_text())["run"]["finished"] is None
        assert shell.run(*audit, HF_ENDPOINT=hub.url).code == 0
        report = json.loads((shell.folder / "r.json").read_text())
        assert report["run"]["finished"]
        assert {f["model"] for f in report["findings"]} == {
            "hf:acme/m0",
            "hf:acme/m1",
            "hf:acme/m3",
        }


def test_sigterm_ends_a_crawl(shell: Shell) -> None:
    with SlowHub() as hub:
        process = shell.start("crawl", "hf:acme", HF_ENDPOINT=hub.url)
        hub.interrupt(process, signal.SIGTERM)
        assert process.returncode == 3
        assert shell.run("crawl", "hf:acme", HF_ENDPOINT=hub.url).code == 0
    assert models(shell.folder / "audit.db") >= 4


def test_ctrl_c_ends_at_once_and_keeps_what_was_received(shell: Shell) -> None:
    database = shell.folder / "audit.db"
    with SlowHub() as hub:
        process = shell.start("crawl", "hf:acme", HF_ENDPOINT=hub.url)
        said = hub.interrupt(process, signal.SIGINT)
        assert process.returncode == 130
        assert said == (
            "Interrupted; what was received is kept. Run the same command again to go on.\n"
        )
        assert not database.with_name("audit.db-wal").exists()
        assert models(database) == 2
        assert shell.run("crawl", "hf:acme", HF_ENDPOINT=hub.url).code == 0
        assert models(database) == 4
        first_pages = [r for r in hub.requests if r.path == "/api/models" and not r.one("cursor")]
        assert len(first_pages) == 1


def models(database: Path) -> int:
    """Live models in a sound database."""
    connection = sqlite3.connect(database)
    try:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        found = connection.execute("SELECT count(*) FROM models WHERE status = 'live'").fetchone()
    finally:
        connection.close()
    return int(found[0])


@pytest.mark.parametrize("command", [["report"], ["report", "-o", "json"], ["blocklist", "list"]])
def test_a_reader_that_goes_away_ends_it_quietly(
    shell: Shell, audited: Path, command: list[str]
) -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [SCRIPT, *command], cwd=shell.folder, env=environment(shell.folder), stdout=write,
        stderr=subprocess.PIPE, timeout=30, check=False,
    )  # fmt: skip
    os.close(write)
    assert (done.returncode, done.stderr) == (141, b"")


def test_head_takes_what_it_wants(shell: Shell, audited: Path) -> None:
    line = f"{SCRIPT} report -o json | head -1; exit ${{PIPESTATUS[0]}}"
    ran = shell.run("-c", line, program=["bash"])
    assert (ran.code, ran.err) == (141, "")
    assert ran.out == '{"schema": "modelaudit.report/1",\n'


def test_an_entry_that_two_lists_have_is_told_before_anything_is_done(
    invoke: Invoke, tmp_path: Path
) -> None:
    text = LIST.format(version="2026.01.01", day="2026-01-01")
    (tmp_path / "one.yaml").write_text(text)
    (tmp_path / "two.yaml").write_text(text.replace("id: demo\n", "id: other\n"))
    ran = invoke("audit", SOURCE, "--blocklist", "one.yaml", "--blocklist", "two.yaml")
    assert ran.code == 2
    assert "error: the entry demo/base is in two lists: demo and other\n" in ran.err
    assert not (tmp_path / "audit.db").exists()
