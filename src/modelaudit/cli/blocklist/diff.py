"""``modelaudit blocklist diff``: what changed between two versions of a list."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modelaudit.cli import options as opt

if TYPE_CHECKING:
    from modelaudit.domain.entry import Blocklist

_EITHER = "A shipped list's name, a file, or a folder of lists."


def diff(
    old: Annotated[str, typer.Argument(metavar="OLD", help=_EITHER)],
    new: Annotated[str, typer.Argument(metavar="NEW", help=_EITHER)],
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = False,
    log_format: opt.LogFormatOption = opt.LogFormat.text,
    no_progress: opt.NoProgress = False,
    offline: opt.Offline = False,
) -> None:
    """Show what a new version of a list finds that the old one did not, and the other way round.

    Two folders are compared list by list. The exit code is 0 whatever changed.
    Example: modelaudit blocklist diff laion-5b my-laion-5b.yaml
    """
    from modelaudit.check import blocklist
    from modelaudit.check.listdiff import diff as compare
    from modelaudit.cli.output import Output
    from modelaudit.domain.errors import UsageError
    from modelaudit.report.listdiff import render

    out = Output(quiet=quiet, verbose=verbose, as_json=log_format is opt.LogFormat.json)
    places = [blocklist.resolve(name) for name in (old, new)]
    if places[0].is_dir() is not places[1].is_dir():
        hint = "name two lists, or two folders"
        raise UsageError("one is a folder and the other is not", hint=hint)
    before, after = map(_lists, places)
    out.data(render(compare(before, after)))


def _lists(folder: Path) -> list[Blocklist]:
    from modelaudit.check import blocklist
    from modelaudit.domain.errors import BlocklistError

    if not folder.is_dir():
        return [blocklist.load(folder)]
    lists = [blocklist.load(path) for path in sorted(folder.rglob("*.yaml"))]
    if not lists:
        raise BlocklistError(f"{folder}: the folder holds no list", hint="lists end with .yaml")
    ids = [one.id for one in lists]
    if twice := next((name for name in ids if ids.count(name) > 1), None):
        raise BlocklistError(f"{folder}: two lists are called {twice}")
    return lists
