"""``modelaudit review export``: write the decisions in force to a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from modelaudit.cli import options as opt

Target = Annotated[
    Path | None,
    typer.Option("-o", "--output", help="Where to; default: stdout.", metavar="PATH",
                 show_default=False),
]  # fmt: skip


def export(
    output: Target = None,
    db: opt.Database = opt.DATABASE,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = False,
    log_format: opt.LogFormatOption = opt.LogFormat.text,
    no_progress: opt.NoProgress = False,
    offline: opt.Offline = False,
) -> None:
    """Write every decision that was not ended as a waivers.toml, also those that have expired.

    Example: modelaudit review export -o waivers.toml
    """
    from modelaudit.check.waivers import dump
    from modelaudit.cli.output import Output
    from modelaudit.report.reporter import write
    from modelaudit.report.words import amount
    from modelaudit.store.db import reading
    from modelaudit.store.waivers import stored

    out = Output(quiet=quiet, verbose=verbose, as_json=log_format is opt.LogFormat.json)
    with reading(db) as connection:
        live = {one.waiver for one in stored(connection) if one.ended is None}
    text = dump(live)
    if output is None or str(output) == "-":
        out.data([text])
    else:
        write(output, [text])
        out.say(f"{amount(len(live), 'waiver')}: {output}")
