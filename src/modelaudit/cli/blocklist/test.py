"""``modelaudit blocklist test``: try a list on models of which is known what it ought to say."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from modelaudit.cli import options as opt

Listing = Annotated[str, typer.Argument(metavar="LIST", help="A shipped list's name, or a file.")]
CasesFile = Annotated[
    Path | None,
    typer.Argument(metavar="[CASES]", help="Its cases. Default: LIST with .cases.toml.",
                   show_default=False),
]  # fmt: skip


def test(
    name: Listing,
    cases: CasesFile = None,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = False,
    log_format: opt.LogFormatOption = opt.LogFormat.text,
    no_progress: opt.NoProgress = False,
    offline: opt.Offline = False,
) -> None:
    """Try a list on its cases: what it must find, and what it must leave alone.

    Each case is a model, judged by itself as an audit would judge it; nothing is asked online.
    Exits with 1 when a case does not come out as expected. -v tells of every case.
    """
    from modelaudit.check import blocklist
    from modelaudit.check import cases as reader
    from modelaudit.cli import errors
    from modelaudit.cli.output import Output
    from modelaudit.crawl.pacing import sleep
    from modelaudit.crawl.registry import open_platforms
    from modelaudit.domain.errors import BlocklistError
    from modelaudit.report import cases as report
    from modelaudit.report.clean import for_terminal
    from modelaudit.steps.trying import judges, try_cases, unknown_entries

    out = Output(quiet=quiet, verbose=verbose, as_json=log_format is opt.LogFormat.json)
    path = blocklist.resolve(name)
    tested = blocklist.load(path)
    place = cases or reader.beside(path)
    if cases is None and not place.exists():
        raise BlocklistError(
            f"there are no cases for {name}: no file {place}",
            hint="write some, or name a file of them (docs/reference/cases.md)",
        )
    told = reader.load(place)
    lists = [blocklist.load(_beside(other, place)) for other in told.beside]
    blocklist.refuse_doubles([tested, *lists])
    known = judges(tested, lists)
    if problems := list(unknown_entries(told, known)):
        raise BlocklistError("\n".join(problems))
    outcomes = []
    hit: set[str] = set()
    platforms = open_platforms(offline=True, wait=sleep)
    try:
        for outcome in try_cases(told, tested, lists, platforms):
            outcomes.append(outcome)
            hit |= {finding.entry for finding in outcome.findings}
            if verbose or not outcome.as_expected:
                out.data([report.render(outcome)])
    finally:
        platforms.close()
    out.say(report.summary(outcomes))
    missed = [e.id for e in tested.entries if e.acts and e.id in known and e.id not in hit]
    if missed:
        out.say(f"no case hits: {for_terminal(', '.join(missed))}")
    failed = any(not outcome.as_expected for outcome in outcomes)
    raise typer.Exit(errors.FINDINGS if failed else errors.OK)


def _beside(name: str, cases: Path) -> Path:
    """A shipped list by its name, or a file relative to the cases; no other file is opened."""
    from modelaudit.check import blocklist
    from modelaudit.domain.errors import BlocklistError

    if name in blocklist.shipped():
        return blocklist.resolve(name)
    if name.startswith("/") or not name.endswith((".yaml", ".yml")):
        raise BlocklistError(
            f"{cases}: with: {name[:200]!r} is no shipped list, and no path of a list beside it",
            hint=f"shipped lists: {', '.join(blocklist.shipped())}",
        )
    return blocklist.resolve(str(cases.parent / name))
