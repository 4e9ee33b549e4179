"""``modelaudit.toml``: options that need not be typed each time, and where each value came from.

Keys at the top hold for every command that has such an option (:data:`EVERYWHERE`), a table such
as ``[audit]`` for one command. They become the parser's own defaults: they are checked as if they
had been typed, and what is typed wins.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from modelaudit.domain.errors import UsageError

Words = tuple[str, ...]
"""What calls a command: ``("blocklist", "lint")``."""

NAME = "modelaudit.toml"
VARIABLE = "MODELAUDIT_CONFIG"

EVERYWHERE = frozenset({
    "db", "blocklist", "standard", "quiet", "verbose", "log-format", "no-progress", "offline",
})  # fmt: skip
"""Options that mean the same in every command that has them."""

_LARGEST = 1 << 20
_NEVER = frozenset({"help", "version", "config", "online", "private-too"})
"""What a file in a folder cannot mean, or must not say yes to for a person."""
_PLAIN = (str, int, float, bool)


@dataclass(frozen=True, slots=True)
class Settings:
    """A configuration file as read."""

    path: Path | None = None
    everywhere: Mapping[str, Any] = field(default_factory=dict)
    """Option → value, for every command that has it."""
    commands: Mapping[Words, Mapping[str, Any]] = field(default_factory=dict)
    """Words of a command → its own options."""

    def of(self, command: Words, option: str) -> Any:
        """What the file says of an option; ``None`` where it says nothing."""
        return self.commands.get(command, {}).get(option, self.everywhere.get(option))


def find(named: Path | None) -> Path | None:
    """The file that was named, that of the environment, or the one of this folder, if any."""
    if named is not None:
        return named
    if told := os.environ.get(VARIABLE):
        return Path(told)
    here = Path(NAME)
    return here if here.is_file() else None


def load(path: Path | None, program: Any) -> Settings:
    """The settings in a file; ``UsageError`` for what no command of ``program`` understands."""
    if path is None:
        return Settings()
    everywhere: dict[str, Any] = {}
    commands: dict[Words, Mapping[str, Any]] = {}
    known = {words: set(options(command)) for words, command in each_command(program)}
    groups = {words[:depth] for words in known for depth in range(1, len(words) + 1)}

    def take(table: Mapping[str, Any], words: Words, into: dict[str, Any]) -> None:
        fitting = known.get(words, set()) if words else EVERYWHERE
        for key, value in table.items():
            place = ".".join((*words, key))
            if isinstance(value, Mapping):
                below = (*words, key)
                if below not in groups:
                    raise _unknown(path, place, {one[-1] for one in groups if one[:-1] == words})
                own: dict[str, Any] = {}
                take(value, below, own)
                commands[below] = own
            elif key not in fitting:
                raise _unknown(path, place, fitting)
            else:
                into[key] = _checked(path, place, value)

    take(_read(path), (), everywhere)
    return Settings(path, everywhere, commands)


def defaults(settings: Settings, program: Any) -> dict[str, Any]:
    """The same as the parser's map of defaults: by command, then by its parameters' own names."""
    found: dict[str, Any] = {}
    for words, command in each_command(program):
        mine = {
            parameter.name: value
            for name, parameter in options(command).items()
            if (value := settings.of(words, name)) is not None
        }
        if mine:
            below = found
            for word in words:
                below = below.setdefault(word, {})
            below |= mine
    return found


def each_command(command: Any, words: Words = ()) -> Iterator[tuple[Words, Any]]:
    """Every command that does something, with the words that call it."""
    children: Mapping[str, Any] | None = getattr(command, "commands", None)
    if children is None:
        yield words, command
        return
    for name, child in children.items():
        yield from each_command(child, (*words, name))


def options(command: Any) -> dict[str, Any]:
    """Name as written in the file → parameter: ``fail-on``; arguments by their own name."""
    found = {}
    for parameter in command.params:
        name = max(parameter.opts, key=len).lstrip("-")
        if name not in _NEVER:
            found[name] = parameter
    return found


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            raw = file.read(_LARGEST + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise UsageError(f"{path} cannot be read: {reason}") from None
    if len(raw) > _LARGEST:
        raise UsageError(f"{path} is larger than {_LARGEST:,} bytes")
    try:
        return tomllib.loads(raw.decode())
    except (ValueError, RecursionError) as error:  # a TOMLDecodeError is one, with its line
        raise UsageError(f"{path} is not TOML: {error}") from None


def _checked(path: Path, place: str, value: Any) -> Any:
    """A value that a command line could hold as well."""
    if isinstance(value, bool) or not isinstance(value, list):
        if not isinstance(value, _PLAIN):
            raise UsageError(f"{path}: {place} is neither text, a number, a boolean nor a list")
        return value
    if not all(isinstance(item, str) for item in value):
        raise UsageError(f"{path}: {place} is a list of something else than text")
    return value


def _unknown(path: Path, place: str, known: Collection[str]) -> UsageError:
    import difflib

    near = difflib.get_close_matches(place.rpartition(".")[2][:60], known, n=1)
    return UsageError(
        f"{path}: there is no setting {place[:80]!r}",
        hint=f"did you mean {near[0]}?" if near else "modelaudit config   names all settings",
    )
