"""``modelaudit blocklist recheck``: an old report against the lists of today."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from modelaudit.cli import options as opt

Lists = Annotated[
    list[str] | None,
    typer.Option(
        "--blocklist",
        help="A shipped list's name or a file; repeatable. Default: all shipped lists.",
        metavar="NAME|PATH",
        show_default=False,
    ),
]


def recheck(
    report: Annotated[Path, typer.Argument(metavar="REPORT.json", help="Written by -o json=PATH.")],
    blocklists: Lists = None,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = False,
    log_format: opt.LogFormatOption = opt.LogFormat.text,
    no_progress: opt.NoProgress = False,
    offline: opt.Offline = False,
) -> None:
    """Name the findings of an old report that no longer stand by the lists of today (TSV).

    Exits with 1 when there is one. Nothing is audited again: models that the lists reach now and
    did not then are not looked for.
    """
    from datetime import UTC, datetime

    from modelaudit.check import blocklist, oldreport
    from modelaudit.check import recheck as check
    from modelaudit.cli import errors
    from modelaudit.cli.output import Output
    from modelaudit.report.recheck import HEADER, row
    from modelaudit.report.words import amount

    out = Output(quiet=quiet, verbose=verbose, as_json=log_format is opt.LogFormat.json)
    lists = [blocklist.load(blocklist.resolve(name)) for name in blocklists or blocklist.shipped()]
    old = oldreport.read(report)
    told = 0

    def rows() -> Iterator[str]:
        nonlocal told
        yield HEADER
        for fallen in check.recheck(old, lists, datetime.now(UTC).date().isoformat()):
            told += 1
            yield row(fallen)

    out.data(rows())
    for name, what in check.list_changes(old.lists, lists):
        out.say(f"list {name}: {what}")
    stand = "no longer stands as it was" if told == 1 else "no longer stand as they were"
    out.say(f"run {old.run}: of {amount(old.total, 'finding')}, {told:,} {stand}")
    raise typer.Exit(errors.FINDINGS if told else errors.OK)
