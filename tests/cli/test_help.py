"""Finding one's way: --help, --version, and a start that costs nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from modelaudit import __version__
from tests.cli.commands import commands, options
from tests.cli.running import SCRIPT, Ran, Shell, environment

Invoke = Callable[..., Ran]
COMMANDS = [pytest.param(path, command, id=" ".join(path)) for path, command in commands()]

HEAVY = {
    "huggingface_hub", "requests", "httpx2", "numpy", "sqlite_utils", "sqlite3", "jsonschema",
    "yaml", "zstandard", "msgspec", "filelock", "safetensors", "fsspec",
}  # fmt: skip


def test_the_commands_of_the_contract_are_there() -> None:
    assert {path for path, _ in commands()} >= {
        ("audit",), ("crawl",), ("resolve",), ("check",), ("report",), ("explain",), ("diff",),
        ("inspect",), ("sketch",), ("compare",), ("blocklist", "list"), ("blocklist", "show"),
        ("blocklist", "lint"),
    }  # fmt: skip


@pytest.mark.parametrize(("path", "command"), COMMANDS)
def test_help_names_every_option_and_says_what_it_does(
    invoke: Invoke, path: tuple[str, ...], command: Any
) -> None:
    for asked in ("--help", "-h"):
        ran = invoke(*path, asked)
        assert (ran.code, ran.err) == (0, "")
    assert {name for name in options(command) if name not in ran.out} == set()
    for parameter in command.params:
        assert parameter.help
        assert parameter.help.endswith((".", ";")) or parameter.help[0].isupper()


@pytest.mark.parametrize(("path", "command"), COMMANDS)
def test_options_of_the_contract_are_taken_where_they_belong(
    path: tuple[str, ...], command: Any
) -> None:
    taken = set(options(command))
    assert taken >= {"--quiet", "--verbose", "--log-format", "--no-progress", "--offline"}
    if path[0] in ("blocklist", "inspect", "sketch", "compare", "config"):
        return
    assert "--db" in taken
    assert ({"--blocklist", "--standard"} <= taken) == (path[0] in ("audit", "check"))
    assert ("--fail-on" in taken) == (path[0] in ("audit", "check", "report"))


def test_the_version_is_told(shell: Shell) -> None:
    said = Ran(0, f"modelaudit {__version__}\n", "")
    assert shell.run("--version") == said
    assert shell.run("--version", program=[sys.executable, "-m", "modelaudit"]) == said


def test_help_whose_reader_has_gone_ends_quietly(shell: Shell) -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [SCRIPT, "--help"], env=environment(shell.folder), stdout=write, stderr=subprocess.PIPE,
        timeout=30, check=False,
    )  # fmt: skip
    os.close(write)
    assert (done.returncode, done.stderr) == (141, b"")


def test_without_a_command_help_is_shown(invoke: Invoke) -> None:
    ran = invoke()
    assert ran.code == 2
    assert "explain" in ran.out + ran.err


@pytest.mark.parametrize("arguments", [[], ["--help"], ["audit", "--help"]])
def test_help_loads_nothing_heavy(shell: Shell, arguments: list[str]) -> None:
    look = (
        "import sys; from modelaudit.cli.main import main; sys.argv = ['modelaudit', *sys.argv[1:]]"
        "\ntry:\n    main()\nexcept SystemExit:\n    pass"
        "\nprint('loaded', *{name.partition('.')[0] for name in sys.modules})"
    )
    ran = shell.run("-c", look, *arguments, program=[sys.executable])
    loaded = set(ran.out.splitlines()[-1].split())
    assert "typer" in loaded
    assert loaded & HEAVY == set()
