"""``modelaudit compare``: how one model's weights relate to others'."""

from __future__ import annotations

from typing import Annotated

import typer

from modelaudit.cli import options as opt
from modelaudit.cli.inspect import Shown

_HELP = "A weight file, a model's folder, an address, hf:ORG/NAME, or a sketch."


def compare(
    suspect: Annotated[str, typer.Argument(metavar="S", help=_HELP)],
    references: Annotated[
        list[str],
        typer.Argument(metavar="REF...", help="What it may descend from, named alike."),
    ],
    shown: Annotated[Shown, typer.Option("--format", help="text or json.")] = Shown.text,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = False,
    log_format: opt.LogFormatOption = opt.LogFormat.text,
    no_progress: opt.NoProgress = False,
    offline: opt.Offline = False,
) -> None:
    """Say by the weights alone how S relates to each REF; of several, the recipe of a merge.

    Reads a few kilobytes of each matrix; nothing is executed.
    Example: modelaudit compare suspect.safetensors base.safetensors
    """
    from modelaudit.cli.output import Output
    from modelaudit.crawl.pacing import sleep
    from modelaudit.crawl.registry import open_platforms
    from modelaudit.domain.errors import PlatformError
    from modelaudit.domain.reader import ReadError
    from modelaudit.report import comparison as report
    from modelaudit.steps.comparing import compare_models

    out = Output(quiet=quiet, verbose=verbose, as_json=log_format is opt.LogFormat.json)
    platforms = open_platforms(offline=offline, wait=sleep)
    try:
        found = compare_models(suspect, references, platforms, offline=offline)
    except ReadError as error:  # it names the file
        raise PlatformError(str(error)) from None
    finally:
        platforms.close()
    out.data(report.render_json(found) if shown is Shown.json else report.render(found))
