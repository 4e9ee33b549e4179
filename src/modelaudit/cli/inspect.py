"""``modelaudit inspect``: what one weight file is, and what it says about its own origin."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from modelaudit.cli import options as opt


class Shown(StrEnum):
    """How the answer is written."""

    text = "text"
    json = "json"


def inspect(
    target: Annotated[
        str,
        typer.Argument(
            metavar="FILE|URL|MODEL", help="A weight file, its address, or hf:ORG/NAME."
        ),
    ],
    file: Annotated[
        str | None,
        typer.Option("--file", help="Which file of a model.", metavar="PATH", show_default=False),
    ] = None,
    digests: Annotated[
        bool, typer.Option("--digests", help="Compute digests of a remote file: reads all of it.")
    ] = False,
    all_metadata: Annotated[
        bool, typer.Option("--all-metadata", help="Show metadata that may be personal as well.")
    ] = False,
    shown: Annotated[Shown, typer.Option("--format", help="text or json.")] = Shown.text,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = False,
    log_format: opt.LogFormatOption = opt.LogFormat.text,
    no_progress: opt.NoProgress = False,
    offline: opt.Offline = False,
) -> None:
    """Read one file's head: format, tensors, architecture, embedded records, digests.

    Nothing is executed; of a remote file only the head is fetched.
    Example: modelaudit inspect model.safetensors
    """
    from modelaudit.cli import errors
    from modelaudit.cli.output import Output
    from modelaudit.crawl.pacing import sleep
    from modelaudit.crawl.registry import open_platforms
    from modelaudit.domain.errors import PlatformError, UsageError
    from modelaudit.domain.reader import ReadError
    from modelaudit.report import inspection as report
    from modelaudit.steps.targets import find, look

    out = Output(quiet=quiet, verbose=verbose, as_json=log_format is opt.LogFormat.json)
    platforms = open_platforms(offline=offline, wait=sleep)
    try:
        chosen = find(target, platforms, file=file, offline=offline)
        if digests and chosen.sharded:
            raise UsageError(
                "shards read as one have no digests",
                hint="name one of them; --file chooses one of a model's",
            )
        found = look(chosen, whole=digests or chosen.local)
    except ReadError as error:
        raise PlatformError(f"{target}: {error}") from None
    finally:
        platforms.close()
    metadata = found.header.metadata if all_metadata and found.header else None
    render = report.render_json if shown is Shown.json else report.render
    out.data(render(found, metadata))
    if chosen.others:
        out.hint(
            f"{len(chosen.others)} other weight files, such as {chosen.others[0]}: "
            "name one with --file"
        )
    if found.head.fault is not None:
        out.error(f"error: {target}: {found.head.fault}")
        raise typer.Exit(errors.USAGE)
