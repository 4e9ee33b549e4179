"""``modelaudit review end``: take a decision back."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from modelaudit.cli import options as opt


def end(
    number: Annotated[int, typer.Argument(metavar="ID", help="As `review list` names it.")],
    by: Annotated[str, typer.Option("--by", help="Who takes it back.", metavar="WHO")],
    reason: Annotated[str, typer.Option("--reason", help="Why.", metavar="TEXT")],
    db: opt.Database = opt.DATABASE,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = False,
    log_format: opt.LogFormatOption = opt.LogFormat.text,
    no_progress: opt.NoProgress = False,
    offline: opt.Offline = False,
) -> None:
    """End a decision before its day; it stays on record, with who ended it and why.

    Example: modelaudit review end 3 --by reviewer-1 --reason "The appeal was rejected"
    """
    from modelaudit.check.waivers import REASON, too_short
    from modelaudit.cli.output import Output
    from modelaudit.cli.session import must_exist
    from modelaudit.domain.errors import UsageError
    from modelaudit.report.clean import for_terminal
    from modelaudit.store import waivers
    from modelaudit.store.db import transaction, writing

    out = Output(quiet=quiet, verbose=verbose, as_json=log_format is opt.LogFormat.json)
    if too_short(reason):
        raise UsageError(f"a reason has at least {REASON} characters", hint="say why, for later")
    if not by.strip():
        raise UsageError("--by is empty", hint="say who takes the decision back")
    must_exist(db)
    with writing(db) as connection, transaction(connection):
        ended = waivers.end(connection, number, by=by, reason=reason, now=int(time.time()))
    out.say(f"ended: {for_terminal(ended.waiver.rule)}")
    if ended.file is not None:
        out.hint(f"take it out of {ended.file} too, or the next import brings it back")
