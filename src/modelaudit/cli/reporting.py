"""Writing a run's report where it was asked for, and the exit code that follows from it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from modelaudit.cli import errors
from modelaudit.cli.options import FailOn
from modelaudit.cli.output import Output
from modelaudit.domain.errors import UsageError
from modelaudit.domain.words import Verdict

if TYPE_CHECKING:
    from modelaudit.cli.nightly import Night
    from modelaudit.store.report import StoredReport


def parse_outputs(wanted: Sequence[str] | None) -> list[tuple[str, Path | None]]:
    """(format, path) of every ``-o``; without a path, or with ``-``, it goes to stdout."""
    from modelaudit.report.reporter import named

    outputs: list[tuple[str, Path | None]] = []
    for text in wanted or ():
        name, _, place = text.partition("=")
        named(name)
        outputs.append((name, Path(place) if place not in ("", "-") else None))
    if sum(path is None for _, path in outputs) > 1:
        raise UsageError("only one report can go to stdout", hint="give the others a path")
    for _, path in outputs:
        if path is not None and not path.parent.is_dir():
            raise UsageError(f"there is no folder {path.parent}", hint="create it first")
    files = [path.resolve() for _, path in outputs if path is not None]
    for path in files:
        if files.count(path) > 1:
            raise UsageError(f"two reports would go to {path}", hint="give each its own path")
    return outputs


def deliver(
    out: Output,
    report: StoredReport,
    outputs: Sequence[tuple[str, Path | None]],
    tonight: Night,
    fail_on: FailOn,
    *,
    complete: bool,
    max_gaps: int | None,
) -> int:
    """The reports of a run that has just ended, and the exit code."""
    code = code_for(out, report, fail_on, complete=complete, max_gaps=max_gaps)
    protect(report)
    kept = tonight.publish(report, code)
    if kept is not None:
        out.say(f"reports: {kept}")
    emit(out, report, outputs, told=kept is not None)
    return code


def protect(report: StoredReport) -> None:
    """From here on, files are the user's alone if a private list was used."""
    if any(entry.title is None for entry in report.run.entries):
        os.umask(0o077)


def emit(
    out: Output,
    report: StoredReport,
    outputs: Sequence[tuple[str, Path | None]],
    *,
    told: bool = False,
) -> None:
    """Files first, then stdout, then a summary for people; ``told``: stdout only on request."""
    from modelaudit.report import reporter

    protect(report)
    for name, path in outputs:
        if path is not None:
            reporter.write(path, reporter.render(name, report))
            out.say(f"{name} report: {path}")
    stdout = next((name for name, path in outputs if path is None), None)
    if stdout is None and not outputs and not told and not out.quiet:
        stdout = "table" if out.on_terminal else "tsv"
    if stdout is not None:
        out.data(_rendered(out, report, stdout))
    summarise(out, report, table=stdout == "table" and out.on_terminal)


def summarise(out: Output, report: StoredReport, *, table: bool) -> None:
    """The numbers and what to do next, on stderr; a table has said what was not examined."""
    from modelaudit.report import words
    from modelaudit.report.clean import for_terminal

    out.say(words.found(report) if table else words.headline(report))
    states = report.summary.states
    told = [f"{count:,} {state}" for state, count in states.items() if count]
    if waived := report.summary.waived:
        told.append(f"{waived:,} waived")
    if gone := sum(1 for _ in report.gone()):
        told.append(f"{gone:,} gone")
    total = sum(states.values())
    if told:
        out.say(f"{words.amount(total, 'finding')}: {', '.join(told)}. Run {report.run.id}")
    for line in words.lapsed(report.waivers()):
        out.say(f"warning: {for_terminal(line)}")
    if report.run.finished is None:
        out.hint("run the same command again to go on")
    elif total:
        first = next(report.findings(order="reach", limit=1, waived=False))
        out.hint(f"modelaudit explain {first.model}   shows the evidence of the first one")


def code_for(
    out: Output,
    report: StoredReport,
    fail_on: FailOn,
    *,
    complete: bool,
    max_gaps: int | None,
) -> int:
    """1 for findings at or above the threshold, else 3 for incomplete work, else 0."""
    from modelaudit.report import words

    if fail_on is FailOn.new:
        failed = report.raised() > 0
    elif fail_on is FailOn.none:
        failed = False
    else:
        threshold = Verdict.parse(fail_on.value)
        failed = any(
            count for verdict, count in report.summary.findings.items() if verdict >= threshold
        )
    if failed:
        return errors.FINDINGS
    gaps = sum(gap.count for gap in report.coverage.gaps)
    if max_gaps is not None and gaps > max_gaps:
        out.error(f"error: {words.amount(gaps, 'gap')}, more than --max-gaps {max_gaps:,} allows")
        return errors.INCOMPLETE
    return errors.OK if complete else errors.INCOMPLETE


def _rendered(out: Output, report: StoredReport, name: str) -> Iterator[str]:
    from modelaudit.report import reporter

    if name == "table" and out.on_terminal:
        from modelaudit.report.formats.table import render

        return render(report, width=out.width, colour=out.colour)
    return reporter.render(name, report)
