"""``modelaudit plan``: what an audit would ask of its platforms, before it starts."""

from __future__ import annotations

from typing import Annotated

import typer

from modelaudit.cli import options as opt


def plan(
    sources: opt.Sources,
    db: opt.Database = opt.DATABASE,
    read: opt.ReadDepth = None,
    models: Annotated[
        int | None,
        typer.Option(
            "--models",
            help="Models of a source that nobody has counted.",
            min=0,
            metavar="N",
            show_default=False,
        ),
    ] = None,
    budget: opt.ByteBudget = "2GiB",
    max_requests: opt.MaxRequests = 10_000,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = False,
    log_format: opt.LogFormatOption = opt.LogFormat.text,
    no_progress: opt.NoProgress = False,
    offline: opt.Offline = False,
) -> None:
    """Say how many requests, hours and bytes an audit takes at most; nothing is asked for that.

    Example: modelaudit plan hf: --read headers --budget 20GiB
    """
    from modelaudit.cli.output import Output
    from modelaudit.cli.session import parse_size
    from modelaudit.crawl.sources import parse_sources
    from modelaudit.domain.words import Read
    from modelaudit.report.plan import render
    from modelaudit.steps.planning import estimate
    from modelaudit.store.db import reading
    from modelaudit.store.sources import listed_before

    out = Output(quiet=quiet, verbose=verbose, as_json=log_format is opt.LogFormat.json)
    parsed = parse_sources(sources)
    known: dict[str, int] = {}
    if db.is_file():
        with reading(db) as connection:
            known = listed_before(connection)
    out.data(
        render(
            estimate(
                parsed,
                read=Read.parse((read or opt.Depth.metadata).value),
                known=known,
                models=models,
                max_requests=max_requests,
                budget=parse_size(budget),
            )
        )
    )
