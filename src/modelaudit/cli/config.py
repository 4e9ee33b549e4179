"""``modelaudit config``: every setting, its value, and where that came from."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from modelaudit.cli import options as opt

_VARIABLES = ("HF_ENDPOINT", "CIVITAI_ENDPOINT", "HF_TOKEN", "CIVITAI_API_KEY", "NO_COLOR")
_SECRET = frozenset({"HF_TOKEN", "CIVITAI_API_KEY"})


def config(
    context: typer.Context,
    command: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[COMMAND...]", help="One command, such as: blocklist lint.", show_default=False
        ),
    ] = None,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = False,
    log_format: opt.LogFormatOption = opt.LogFormat.text,
    no_progress: opt.NoProgress = False,
    offline: opt.Offline = False,
) -> None:
    """Show what each command would use: setting, value, origin (TSV). Never a token.

    Options can be kept in modelaudit.toml, in this folder or where MODELAUDIT_CONFIG says.
    """
    from modelaudit.cli import settings
    from modelaudit.cli.output import Output
    from modelaudit.domain.errors import UsageError
    from modelaudit.report.clean import for_tsv

    out = Output(quiet=quiet, verbose=verbose, as_json=log_format is opt.LogFormat.json)
    program = context.find_root().command
    loaded = context.find_root().obj or settings.Settings()
    wanted = tuple(command or ())
    if wanted and all(
        words[: len(wanted)] != wanted for words, _ in settings.each_command(program)
    ):
        raise UsageError(f"there is no command {' '.join(wanted)[:80]!r}", hint="modelaudit --help")
    out.data(
        "\t".join(map(for_tsv, row)) + "\n"
        for row in (("command", "setting", "value", "origin"), *_rows(program, loaded, wanted))
    )
    out.say(f"configuration file: {loaded.path or 'none'}")


def _rows(program: Any, loaded: Any, wanted: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    from modelaudit.cli import settings

    for words, command in settings.each_command(program):
        if words[: len(wanted)] != wanted:
            continue
        for name, parameter in settings.options(command).items():
            told = loaded.of(words, name)
            value = parameter.default if told is None else told
            origin = "default" if told is None else str(loaded.path)
            yield " ".join(words), name, _shown(value), origin
    for name in () if wanted else _VARIABLES:
        value = os.environ.get(name)
        shown = "" if value is None else "(set)" if name in _SECRET else value
        yield "", name, shown, "unset" if value is None else "environment"


def _shown(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return " ".join(map(str, value))
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None or callable(value) else str(getattr(value, "value", value))
