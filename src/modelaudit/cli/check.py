"""``modelaudit check``: judge what is in the database, offline."""

from __future__ import annotations

import time

import typer

from modelaudit.cli import options as opt


def check(
    db: opt.Database = opt.DATABASE,
    blocklists: opt.Blocklists = None,
    standard: opt.StandardOfProof = opt.Standard.declared,
    waivers: opt.Waivers = None,
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
    """Check every model in the database against the lists, as a run of its own; never online.

    Example: modelaudit check --standard recorded --blocklist laion-5b
    """
    from modelaudit.audit import begin
    from modelaudit.cli.deciding import keep_waivers, read_waivers
    from modelaudit.cli.nightly import night
    from modelaudit.cli.output import Output
    from modelaudit.cli.reporting import deliver, parse_outputs
    from modelaudit.cli.session import load_lists, must_exist, working
    from modelaudit.domain.words import Grade, Read
    from modelaudit.steps.budget import Budget
    from modelaudit.steps.checking import Checker
    from modelaudit.steps.intake import Intake
    from modelaudit.steps.linking import link
    from modelaudit.store import runs
    from modelaudit.store.report import StoredReport

    out = Output(
        quiet=quiet, verbose=verbose, as_json=log_format is opt.LogFormat.json,
        progress=not no_progress,
    )  # fmt: skip
    with night(report_dir, keep) as tonight:
        wanted = parse_outputs(outputs)
        lists = load_lists(blocklists)
        decisions = read_waivers(waivers)
        must_exist(db)
        with working(out, db, Budget(), offline=True) as session:
            now = int(time.time())
            proof = Grade.parse(standard.value)
            run = begin(session.connection, (), lists, proof, Read.METADATA, now)
            tonight.begun(run)
            link(Intake(session.connection, None, session.progress), session.progress)
            checker = Checker(session.connection, lists, proof, (), session.progress, now=now)
            checker.conclude(run, complete=True, finished=True, now=now)
            keep_waivers(session.connection, decisions, run.seq)
            out.stop()
            report = StoredReport(session.connection, runs.load(session.connection, run.seq))
            code = deliver(out, report, wanted, tonight, fail_on, complete=True, max_gaps=max_gaps)
            raise typer.Exit(code)
