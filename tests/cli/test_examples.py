"""The files of examples/ for jobs that run by themselves do what the guide says."""

from __future__ import annotations

import configparser
import json
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.main import get_command

from modelaudit.cli.main import app
from tests.cli.running import Ran, Shell, hub_record, write_catalogue

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
BASE = "runwayml/stable-diffusion-v1-5"


@pytest.fixture
def home(shell: Shell) -> Path:
    """A folder as the guide has it: the script, a configuration, an environment to run in."""
    shutil.copy(EXAMPLES / "nightly.sh", shell.folder)
    (shell.folder / ".venv").mkdir()
    (shell.folder / ".venv" / "bin").symlink_to(Path(sys.executable).parent)
    write_catalogue(shell.folder / "c.jsonl", hub_record("someone/dream", BASE))
    (shell.folder / "modelaudit.toml").write_text('[audit]\nsources = ["catalogue:c.jsonl"]\n')
    return shell.folder


def night(shell: Shell, *options: str, **env: str) -> Ran:
    return shell.run("nightly.sh", *options, program=["sh"], **env)


def test_a_night_tells_what_is_new_and_then_nothing(shell: Shell, home: Path) -> None:
    first = night(shell)
    assert (first.code, first.err) == (0, "")
    said, header, row = first.out.splitlines()
    assert str(home / "reports" / "latest" / "report.html") in said
    assert header.split("\t") == ["verdict", "grade", "model", "entry"]
    assert row.split("\t") == ["take-down", "declared", "hf:someone/dream", "laion-5b/sd-1.5"]
    assert night(shell) == Ran(0, "", "")
    write_catalogue(
        home / "c.jsonl", hub_record("someone/dream", BASE), hub_record("someone/else", BASE)
    )
    third = night(shell)
    assert third.code == 0
    assert [line.split("\t")[2] for line in third.out.splitlines()[2:]] == ["hf:someone/else"]
    assert len(list((home / "reports").glob("*-*/report.json"))) == 3


def test_a_night_that_fails_says_why_and_fails(shell: Shell, home: Path) -> None:
    ran = night(shell, "--blocklist", "none")
    assert ran.code == 2
    assert "none" in ran.err
    assert "modelaudit ended with 2" in ran.out
    incomplete = night(shell, "--deadline", "0s")
    assert (incomplete.code, incomplete.out[:10]) == (0, "Incomplete")
    assert json.loads((home / "reports" / "last-run.json").read_text())["exit_code"] == 3


def test_tokens_come_from_a_file_beside_the_script(shell: Shell, home: Path) -> None:
    (home / "tokens.env").write_text("MODELAUDIT_CONFIG=other.toml\n")
    (home / "other.toml").write_text('db = "other.db"\n[audit]\nsources = ["catalogue:c.jsonl"]\n')
    assert night(shell).code == 0
    assert (home / "other.db").exists()


@pytest.mark.parametrize("name", ["sh", "dash", "bash"])
def test_the_script_is_understood_by_every_shell(name: str) -> None:
    program = shutil.which(name)
    if program is None:
        pytest.skip(f"there is no {name}")
    subprocess.run([program, "-n", EXAMPLES / "nightly.sh"], check=True)
    assert (EXAMPLES / "nightly.sh").stat().st_mode & 0o111


def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("there is no systemd-analyze")
    for name in ("modelaudit.service", "modelaudit.timer"):
        text = (EXAMPLES / name).read_text().replace("/srv/modelaudit/nightly.sh", "/bin/true")
        (tmp_path / name).write_text(text)
        done = subprocess.run(
            [program, "verify", tmp_path / name], capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, "")


def test_every_unit_can_be_read_and_they_belong_together() -> None:
    for name in ("modelaudit.service", "modelaudit.timer"):
        unit = configparser.ConfigParser(strict=False)
        unit.optionxform = str  # type: ignore[assignment,method-assign]
        unit.read(EXAMPLES / name)
        assert unit["Unit"]["Description"]
    (line,) = re.findall(r"^\d.*$", (EXAMPLES / "crontab").read_text(), re.M)
    assert len(line.split()) == 6
    assert line.split()[5] in (EXAMPLES / "modelaudit.service").read_text()


def told() -> Iterator[list[str]]:
    """What the container runs by itself."""
    for line in re.findall(r"^CMD (.*)$", (EXAMPLES / "Containerfile").read_text(), re.M):
        yield json.loads(line)


def test_the_container_holds_what_the_build_needs_and_runs_what_there_is() -> None:
    text = (EXAMPLES / "Containerfile").read_text()
    copied = [shlex.split(line) for line in re.findall(r"^COPY (?!--from)(.*)$", text, re.M)]
    sources = {name for words in copied for name in words[:-1]}
    assert all((ROOT / name).exists() for name in sources)
    assert sources >= {"pyproject.toml", "README.md", "LICENSE", "src", "blocklists"}
    assert re.search(r"^USER [1-9]", text, re.M)
    ((name, *words),) = told()
    with_source = [*words, "hf:acme/model"]
    try:
        get_command(app).commands[name].make_context(name, with_source)  # type: ignore[attr-defined]
    except typer.Exit:
        pytest.fail("the command of the container is not understood")
