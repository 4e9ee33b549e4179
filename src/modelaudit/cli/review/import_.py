"""``modelaudit review import``: take decisions from a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from modelaudit.cli import options as opt


def import_(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="A waivers.toml.")],
    db: opt.Database = opt.DATABASE,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = False,
    log_format: opt.LogFormatOption = opt.LogFormat.text,
    no_progress: opt.NoProgress = False,
    offline: opt.Offline = False,
) -> None:
    """Keep the decisions of a file; what it held before and lacks now ends.

    Example: modelaudit review import waivers.toml
    """
    from modelaudit.cli.deciding import keep_waivers, read_waivers
    from modelaudit.cli.output import Output
    from modelaudit.cli.session import must_exist
    from modelaudit.report.words import amount
    from modelaudit.store.db import writing

    out = Output(quiet=quiet, verbose=verbose, as_json=log_format is opt.LogFormat.json)
    decisions = read_waivers(path)
    must_exist(db)
    with writing(db) as connection:
        done = keep_waivers(connection, decisions)
    if done is not None:
        out.say(
            f"{amount(done.added, 'new waiver')}, {done.ended:,} ended, {done.kept:,} as before"
        )
