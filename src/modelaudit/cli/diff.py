"""``modelaudit diff``: what changed between two runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from modelaudit.cli import options as opt

if TYPE_CHECKING:
    from modelaudit.store.diff import Difference
    from modelaudit.store.runs import OpenRun


def diff(
    run_a: Annotated[
        str | None, typer.Argument(metavar="[RUN_A]", help="The earlier run.", show_default=False)
    ] = None,
    run_b: Annotated[
        str | None, typer.Argument(metavar="[RUN_B]", help="The later run.", show_default=False)
    ] = None,
    db: opt.Database = opt.DATABASE,
    listing: Annotated[bool, typer.Option("--list", help="Name the finished runs.")] = False,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = False,
    log_format: opt.LogFormatOption = opt.LogFormat.text,
    no_progress: opt.NoProgress = False,
    offline: opt.Offline = False,
) -> None:
    """Show what is new, changed or gone since the run before, or between two runs.

    At a pipe: TSV with the header `change id before after decided_by`.
    """
    from modelaudit.cli.output import Output
    from modelaudit.domain.errors import UsageError
    from modelaudit.store import runs
    from modelaudit.store.db import reading
    from modelaudit.store.diff import changed_lists, compare

    out = Output(quiet=quiet, verbose=verbose, as_json=log_format is opt.LogFormat.json)
    with reading(db) as connection:
        if listing:
            out.data(f"{run.run.id}\t{' '.join(run.run.sources) or 'all'}\n"
                     for run in runs.finished(connection))  # fmt: skip
            return
        later = runs.latest(connection, run_b)
        earlier = runs.latest(connection, run_a) if run_a else runs.baseline(connection, later)
        if earlier is None:
            raise UsageError(
                "there is no earlier run to compare with",
                hint="audit the same sources again, or name two runs: modelaudit diff --list",
            )
        for name, before, after in changed_lists(earlier, later):
            out.say(f"list {name}: {before or 'not used'} → {after or 'not used'}")
        found = compare(connection, earlier, later)
        out.data(_for_people(found, earlier, later) if out.on_terminal else _tsv(found))


def _tsv(found: Iterator[Difference]) -> Iterator[str]:
    from modelaudit.report.clean import for_tsv

    yield "change\tid\tbefore\tafter\tdecided_by\n"
    for item in found:
        cells = (item.change, item.id, item.before or "", item.after or "", item.decided_by)
        yield "\t".join(for_tsv(str(cell)) for cell in cells) + "\n"


def _for_people(found: Iterator[Difference], earlier: OpenRun, later: OpenRun) -> Iterator[str]:
    from modelaudit.report.clean import for_terminal

    yield f"{earlier.run.id} → {later.run.id}\n"
    counts: dict[str, int] = {}
    for item in found:
        counts[item.change] = counts.get(item.change, 0) + 1
        verdicts = " → ".join(str(v) for v in (item.before, item.after) if v is not None)
        yield f"{item.change:<9}{verdicts:<24}{for_terminal(item.id)}\n"
    yield ", ".join(f"{count:,} {change}" for change, count in counts.items()) or "No change."
    yield "\n"
