"""`--log-format json`: a collector reads every line of stderr, whoever wrote it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelaudit.cli import jsonlog
from tests.cli.commands import commands
from tests.cli.running import EXAMPLE, Ran, Shell

Invoke = Callable[..., Ran]
COMMANDS = [pytest.param(path, id=" ".join(path)) for path, _ in commands()]


def lines(said: str) -> list[dict[str, str]]:
    """Every line of stderr; fails where one is no object of the log."""
    found = [json.loads(line) for line in said.splitlines()]
    assert all(set(line) == {"at", "level", "message"} for line in found)
    return found


@pytest.mark.parametrize("path", COMMANDS)
@pytest.mark.parametrize("asked", [["--log-format", "json"], ["--log-format=json"]])
def test_the_parser_keeps_to_it(invoke: Invoke, path: tuple[str, ...], asked: list[str]) -> None:
    ran = invoke(*path, *asked, "--no-such-option")
    assert ran.code == 2
    error, hint = lines(ran.err)
    assert error["message"].startswith("error: No such option")
    assert hint["message"].endswith(f"modelaudit {' '.join(path)} --help")
    assert {error["level"], hint["level"]} == {"error"}


@pytest.mark.parametrize(
    "call",
    [["frobnicate"], ["blocklist", "frobnicate"], ["audit"], ["--config", "none.toml", "audit"]],
)
def test_so_do_mistakes_before_a_command_begins(invoke: Invoke, call: list[str]) -> None:
    ran = invoke(*call, "--log-format", "json")
    assert ran.code == 2
    assert lines(ran.err)


def test_the_configuration_can_ask_for_it(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "modelaudit.toml").write_text('log-format = "json"\n')
    assert lines(invoke("audit", "--frob").err)
    assert lines(invoke("diff").err)
    assert invoke("diff", "--log-format", "text").err.startswith("error: ")


STRANGERS = """
import logging, sys, threading, warnings
from modelaudit.store import report

class Loud:
    def __del__(self):
        raise ValueError("nobody hears me")

def finished(self):
    logging.getLogger("library").warning("a warning\\nin two lines")
    logging.getLogger("its own").addHandler(logging.StreamHandler())
    logging.getLogger("its own").error("an error")
    warnings.warn("deprecated")
    Loud()
    thread = threading.Thread(target=lambda: 1 / 0)
    thread.start()
    thread.join()
    sys.stderr.write("a bar: 50 %\\r")
    return 0

report.StoredReport.raised = finished
from modelaudit.cli.main import main
sys.argv = ["modelaudit", "report", "--fail-on", "new", "--log-format", "json", "-o", "json"]
main()
"""


def test_so_do_libraries_and_the_interpreter(shell: Shell, audited: Path) -> None:
    ran = shell.run("-c", STRANGERS, program=[sys.executable])
    assert ran.code == 0
    assert ran.json["findings"]
    strays = [line["message"] for line in lines(ran.err) if line["level"] == "warning"]
    said = "\n".join(strays)
    for expected in (
        "a warning", "in two lines", "an error", "deprecated", "nobody hears me",
        "ZeroDivisionError", "a bar: 50 %",
    ):  # fmt: skip
        assert expected in said


def test_the_next_command_in_the_same_process_talks_as_it_is_asked_to(invoke: Invoke) -> None:
    assert lines(invoke("diff", "--log-format", "json").err)
    assert invoke("diff").err.startswith("error: there is no database")


@given(st.text(), st.text())
def test_any_text_is_a_line(level: str, message: str) -> None:
    text = jsonlog.line(level, message)
    assert text.isascii()
    assert text.isprintable()
    assert json.loads(text)["message"] == message


WAIVER = """
[[waiver]]
entry = "laion-5b/sd-1.5"
model = "hf:example-archive/*"
decision = "accepted"
reason = "A mirror for research"
by = "reviewer-1"
on = 2026-01-01
until = 2099-01-01
"""


@pytest.mark.parametrize(
    "call",
    [
        ["audit", f"catalogue:{EXAMPLE}"],
        ["audit", f"catalogue:{EXAMPLE}", "--report-dir", "reports"],
        ["crawl", f"catalogue:{EXAMPLE}"],
        ["resolve"],
        ["check", "--report-dir", "reports"],
        ["report"],
        ["review", "export", "-o", "w.toml"],
        ["review", "import", "w.toml"],
        ["blocklist", "new", "mine.yaml"],
        ["blocklist", "lint"],
        ["blocklist", "test", "laion-5b"],
    ],
)
def test_quiet_says_nothing_at_all_when_all_is_well(
    invoke: Invoke, audited: Path, call: list[str]
) -> None:
    Path("w.toml").write_text(WAIVER)
    assert invoke(*call, "-q") == Ran(0, "", "")


@pytest.mark.parametrize(
    "call",
    [
        ["explain", "hf:example-circle/left"],
        ["diff"],
        ["diff", "--list"],
        ["review", "list"],
        ["blocklist", "list"],
        ["blocklist", "show", "laion-5b"],
        ["blocklist", "schema"],
        ["blocklist", "lint", "--format", "json"],
        ["config"],
        ["plan", "hf:"],
    ],
)
def test_quiet_leaves_an_answer_and_no_talk(invoke: Invoke, audited: Path, call: list[str]) -> None:
    invoke("audit", f"catalogue:{EXAMPLE}", "-q")
    ran = invoke(*call, "-q")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out
