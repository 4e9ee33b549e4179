"""``modelaudit blocklist verify``: ask the platforms about what lists name."""

from __future__ import annotations

from typing import Annotated

import typer

from modelaudit.cli import options as opt

Names = Annotated[
    list[str] | None,
    typer.Argument(metavar="[NAME|PATH...]", help="Shipped lists by name, or files.",
                   show_default=False),
]  # fmt: skip


def verify(
    names: Names = None,
    online: Annotated[
        bool, typer.Option("--online", help="Yes, ask the platforms: nothing else is done here.")
    ] = False,
    private_too: Annotated[
        bool, typer.Option("--private-too", help="Send ids and digests of private lists as well.")
    ] = False,
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit", help="Ids and digests per list.", min=1, metavar="N", show_default=False
        ),
    ] = None,
    max_requests: opt.MaxRequests = 10_000,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = False,
    log_format: opt.LogFormatOption = opt.LogFormat.text,
    no_progress: opt.NoProgress = False,
    offline: opt.Offline = False,
) -> None:
    """Ask the platforms whether what lists name is still there, and is what they say.

    Exits with 1 when an answer contradicts a list, 3 when something could not be asked.
    Example: modelaudit blocklist verify laion-5b --online
    """
    from modelaudit.check import blocklist
    from modelaudit.cli import errors
    from modelaudit.cli.output import Output
    from modelaudit.crawl.registry import open_platforms
    from modelaudit.domain.errors import UsageError
    from modelaudit.domain.progress import Progress
    from modelaudit.domain.verified import Standing
    from modelaudit.report import verified as report
    from modelaudit.steps.budget import Budget, waiting
    from modelaudit.steps.verifying import Verifier

    out = Output(
        quiet=quiet, verbose=verbose, as_json=log_format is opt.LogFormat.json,
        progress=not no_progress,
    )  # fmt: skip
    if offline and online:
        raise UsageError("--online and --offline exclude each other")
    if not online:
        raise UsageError(
            "verify asks the platforms about everything that the lists name",
            hint="if that is what you want, add --online",
        )
    shipped = blocklist.shipped()
    paths = [blocklist.resolve(name) for name in dict.fromkeys(names or shipped)]
    lists = [blocklist.load(path) for path in paths]
    for used in lists:
        if used.private and not private_too:
            raise UsageError(
                f"{used.id} is private: to verify it is to send its ids and digests to platforms",
                hint="--private-too sends them",
            )
    ids = {used.id for used in lists}
    beside = [used for used in map(blocklist.load, shipped.values()) if used.id not in ids]
    budget = Budget(requests=max_requests)
    progress = Progress(watcher=out)
    platforms = open_platforms(offline=False, wait=waiting(progress, budget))
    out.start()
    try:
        verifier = Verifier(lists, beside, platforms, budget, progress, limit)
        rows = verifier.rows()
        requests = platforms.requests
    finally:
        out.stop()
        platforms.close()
    shown = report.lines(rows, everything=verbose) if out.on_terminal else report.rows(rows)
    out.data(shown)
    out.say(report.summary(rows, requests))
    if any(row.standing.contradicts for row in rows):
        raise typer.Exit(errors.FINDINGS)
    unasked = any(row.standing is Standing.UNREACHABLE for row in rows)
    raise typer.Exit(errors.INCOMPLETE if unasked else errors.OK)
