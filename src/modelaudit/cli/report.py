"""``modelaudit report``: render a finished run again, in any format."""

from __future__ import annotations

import typer

from modelaudit.cli import options as opt


def report(
    db: opt.Database = opt.DATABASE,
    run: opt.RunId = None,
    waivers: opt.Waivers = None,
    outputs: opt.Outputs = None,
    fail_on: opt.FailOnOption = opt.FailOn.none,
    max_gaps: opt.MaxGaps = None,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = False,
    log_format: opt.LogFormatOption = opt.LogFormat.text,
    no_progress: opt.NoProgress = False,
    offline: opt.Offline = False,
) -> None:
    """Write the report of the latest finished run, or of another.

    Example: modelaudit report -o html=report.html -o csv=findings.csv
    """
    from modelaudit.cli.deciding import read_waivers
    from modelaudit.cli.output import Output
    from modelaudit.cli.reporting import code_for, emit, parse_outputs
    from modelaudit.store.db import reading
    from modelaudit.store.report import StoredReport
    from modelaudit.store.runs import latest
    from modelaudit.store.waivers import known

    out = Output(quiet=quiet, verbose=verbose, as_json=log_format is opt.LogFormat.json)
    wanted = parse_outputs(outputs)
    decisions = read_waivers(waivers)
    with reading(db) as connection:
        opened = latest(connection, run)
        stored = StoredReport(connection, opened, known(connection, opened, decisions))
        emit(out, stored, wanted)
        raise typer.Exit(code_for(out, stored, fail_on, complete=True, max_gaps=max_gaps))
