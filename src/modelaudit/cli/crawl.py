"""``modelaudit crawl``: only list sources into the database."""

from __future__ import annotations

import typer

from modelaudit.cli import options as opt


def crawl(
    sources: opt.Sources,
    db: opt.Database = opt.DATABASE,
    blocklists: opt.Blocklists = None,
    max_requests: opt.MaxRequests = 10_000,
    limit: opt.Limit = None,
    sweep: opt.Sweep = 7,
    deadline: opt.Deadline = None,
    no_archive: opt.NoArchive = False,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = False,
    log_format: opt.LogFormatOption = opt.LogFormat.text,
    no_progress: opt.NoProgress = False,
    offline: opt.Offline = False,
) -> None:
    """List sources into the database; `check` and `report` go on from there.

    Example: modelaudit crawl hf: --db hub.db
    """
    from modelaudit.cli import errors
    from modelaudit.cli.output import Output
    from modelaudit.cli.session import load_lists, parse_deadline, working
    from modelaudit.crawl.registry import LIVE
    from modelaudit.crawl.sources import parse_sources
    from modelaudit.report.words import amount
    from modelaudit.steps.budget import Budget
    from modelaudit.steps.intake import Intake
    from modelaudit.steps.listing import Lister

    out = Output(
        quiet=quiet, verbose=verbose, as_json=log_format is opt.LogFormat.json,
        progress=not no_progress,
    )  # fmt: skip
    parsed = parse_sources(sources)
    lists = load_lists(blocklists)
    spend = Budget(requests=max_requests, deadline=parse_deadline(deadline))
    live = any(source.platform in LIVE for source in parsed)
    with working(out, db, spend, offline=offline, archive=live and not no_archive) as session:
        intake = Intake(session.connection, session.archive, session.progress)
        lister = Lister(session.platforms, intake, session.progress, spend, limit, sweep)
        listed = [lister.list(source, lists) for source in parsed]
        done = session.progress
        out.say(
            f"{amount(done.listed, 'model')} listed, {amount(done.claims, 'claim')}, "
            f"{amount(done.gaps, 'gap')}"
        )
    raise typer.Exit(errors.OK if all(listed) else errors.INCOMPLETE)
