"""The commands and options that the program really has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from typer.main import get_command

from modelaudit.cli.main import app


def commands(
    command: Any = None, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command below ``modelaudit``, with the words that call it."""
    command = command or get_command(app)
    children = getattr(command, "commands", None)
    if children is None:
        yield path, command
        return
    for name, child in children.items():
        yield from commands(child, (*path, name))


def options(command: Any) -> Iterator[str]:
    """The long names of a command's own options."""
    for parameter in command.params:
        yield from (name for name in parameter.opts if name.startswith("--"))
