"""``modelaudit blocklist show``: read a list."""

from __future__ import annotations

from typing import Annotated

import typer

from modelaudit.cli import options as opt


def show(
    name: Annotated[str, typer.Argument(metavar="NAME|PATH", help="A list.")],
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = False,
    log_format: opt.LogFormatOption = opt.LogFormat.text,
    no_progress: opt.NoProgress = False,
    offline: opt.Offline = False,
) -> None:
    """Show a list's entries: what is listed, why, and where that can be read."""
    from modelaudit.check import blocklist
    from modelaudit.cli.output import Output
    from modelaudit.report.listing import render

    out = Output(quiet=quiet, verbose=verbose, as_json=log_format is opt.LogFormat.json)
    out.data(render(blocklist.load(blocklist.resolve(name))))
