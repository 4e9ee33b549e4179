"""``modelaudit audit``: all steps over one or more sources, and the report."""

from __future__ import annotations

import typer

from modelaudit.cli import options as opt


def audit(
    sources: opt.Sources,
    db: opt.Database = opt.DATABASE,
    blocklists: opt.Blocklists = None,
    standard: opt.StandardOfProof = opt.Standard.declared,
    waivers: opt.Waivers = None,
    read: opt.ReadDepth = None,
    budget: opt.ByteBudget = "2GiB",
    max_requests: opt.MaxRequests = 10_000,
    limit: opt.Limit = None,
    sweep: opt.Sweep = 7,
    deadline: opt.Deadline = None,
    no_archive: opt.NoArchive = False,
    outputs: opt.Outputs = None,
    report_dir: opt.ReportDir = None,
    keep: opt.Keep = 30,
    fail_on: opt.FailOnOption = opt.FailOn.none,
    max_gaps: opt.MaxGaps = None,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = False,
    log_format: opt.LogFormatOption = opt.LogFormat.text,
    no_progress: opt.NoProgress = False,
    offline: opt.Offline = False,
) -> None:
    """List sources, resolve their lineage, check it, and report.

    Example: modelaudit audit hf:descendants-of/stable-diffusion-v1-5/stable-diffusion-v1-5
    --limit 200 -o html=report.html
    """
    from modelaudit.audit import Audit
    from modelaudit.cli.deciding import keep_waivers, read_waivers
    from modelaudit.cli.nightly import night
    from modelaudit.cli.output import Output
    from modelaudit.cli.reporting import deliver, parse_outputs
    from modelaudit.cli.session import load_lists, parse_deadline, parse_size, working
    from modelaudit.crawl.registry import LIVE
    from modelaudit.crawl.sources import parse_sources
    from modelaudit.domain.words import Grade, Read
    from modelaudit.steps.budget import Budget
    from modelaudit.store.report import StoredReport

    out = Output(
        quiet=quiet, verbose=verbose, as_json=log_format is opt.LogFormat.json,
        progress=not no_progress,
    )  # fmt: skip
    with night(report_dir, keep) as tonight:
        wanted = parse_outputs(outputs)
        parsed = parse_sources(sources)
        lists = load_lists(blocklists)
        decisions = read_waivers(waivers)
        spend = Budget(
            requests=max_requests, bytes=parse_size(budget), deadline=parse_deadline(deadline)
        )
        live = any(source.platform in LIVE for source in parsed)
        local = all(source.kind == "folder" for source in parsed)
        depth = read or (opt.Depth.headers if local else opt.Depth.metadata)
        with working(out, db, spend, offline=offline, archive=live and not no_archive) as session:
            run, complete = Audit(
                connection=session.connection,
                platforms=session.platforms,
                sources=parsed,
                lists=lists,
                standard=Grade.parse(standard.value),
                read=Read.parse(depth.value),
                read_folders=read is not opt.Depth.metadata,
                budget=spend,
                limit=limit,
                sweep=sweep,
                archive=session.archive,
                progress=session.progress,
                begun=tonight.begun,
            ).run()
            keep_waivers(session.connection, decisions, run.seq)
            out.stop()
            report = StoredReport(session.connection, run)
            tonight.why = "" if complete else spend.halted
            code = deliver(
                out, report, wanted, tonight, fail_on, complete=complete, max_gaps=max_gaps
            )
            raise typer.Exit(code)
