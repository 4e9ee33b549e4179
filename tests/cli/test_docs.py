"""What the documents say about the command line is so."""

from __future__ import annotations

import re
import shlex
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.main import get_command

from modelaudit.cli.main import app
from tests.cli.commands import commands, options

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference" / "cli.md"
COMMANDS = [pytest.param(path, command, id=" ".join(path)) for path, command in commands()]


@pytest.mark.skipif(not REFERENCE.exists(), reason="docs/reference/cli.md is not written yet")
@pytest.mark.parametrize(("path", "command"), COMMANDS)
def test_the_reference_names_every_command_and_option(path: tuple[str, ...], command: Any) -> None:
    text = REFERENCE.read_text(encoding="utf-8")
    assert re.search(rf"modelaudit {r'[^`]*'.join(map(re.escape, path))}\b", text)
    assert {name for name in options(command) if not re.search(rf"{name}\b", text)} == set()


def told() -> list[tuple[Path, str]]:
    """Every call of the program in a block of a document for users, patterns of calls left out."""
    found = []
    documents = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *ROOT.glob("examples/*.md")]
    for document in documents:
        fenced, call = False, ""
        for line in document.read_text(encoding="utf-8").splitlines():
            if line.lstrip().startswith("```"):
                fenced = not fenced
            elif fenced:
                call += line.strip().removeprefix("$ ")
                if call.endswith("\\"):
                    call = call[:-1]
                    continue
                call = re.split(r" [|>&;#]| 2>|  ", call)[
                    0
                ]  # what follows is the shell's, or prose
                if call.startswith("modelaudit ") and not re.search(r"\.\.\.|…|\[|\w\|\w", call):
                    found.append((document, call))
                call = ""
    return found


@pytest.mark.parametrize(
    ("document", "call"),
    [pytest.param(d, call, id=f"{d.relative_to(ROOT)}: {call}") for d, call in told()],
)
def test_a_call_in_a_document_is_understood(document: Path, call: str) -> None:
    words = shlex.split(call)[1:]
    command: Any = get_command(app)
    while hasattr(command, "commands") and not words[0].startswith("-"):
        command = command.commands[words.pop(0)]
    with suppress(typer.Exit):  # --help and --version say their word and leave
        command.make_context("modelaudit", words)
