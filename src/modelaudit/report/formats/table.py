"""A table for a terminal: the 25 findings that matter most, and apart from them what is waived.

Pipes get TSV, which cuts nothing.
"""

from __future__ import annotations

import io
from collections.abc import Iterator

from modelaudit.domain.finding import Finding, Report
from modelaudit.domain.words import Verdict
from modelaudit.report import words
from modelaudit.report.clean import for_terminal, shorten
from modelaudit.report.record import VERDICTS

name = "table"
suffix = ".txt"

ROWS = 25
_WAIVED = 5
_NARROW = 100
_OTHERS = 37
"""Columns that the short table needs beside the names."""
_COLUMNS = ("VERDICT", "GRADE", "DOWNLOADS", "MODEL", "RELATION", "ENTRY")
_STYLE = {Verdict.TAKE_DOWN: "bold red", Verdict.REVIEW: "bold", Verdict.NOTE: ""}


def render(report: Report, *, width: int = 120, colour: bool = False) -> Iterator[str]:
    """The table at ``width`` columns, then what it leaves out.

    Colour (bold, dim, red) only repeats what the words say.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    findings = list(report.findings(order="reach", limit=ROWS, waived=False))
    cut = False
    screen = io.StringIO()
    console = Console(
        file=screen, width=width, force_terminal=colour, no_color=not colour, highlight=False
    )
    if findings:
        table = Table(box=None, pad_edge=False, header_style="dim")
        for title in _COLUMNS if width >= _NARROW else _COLUMNS[:-2]:
            number = title == "DOWNLOADS"
            table.add_column(title, no_wrap=True, justify="right" if number else "left")
        for finding in findings:
            room = width // 3 if width >= _NARROW else max(width - _OTHERS, 20)
            cells = _cells(finding, room)[: len(table.columns)]
            cut = cut or cells[3] != for_terminal(finding.model)
            table.add_row(Text(cells[0], style=_STYLE[finding.verdict]), *map(Text, cells[1:]))
        console.print(table)
    for line in _below(report, len(findings), cut=cut):
        console.print(Text(line))
    yield screen.getvalue()


def _cells(finding: Finding, room: int) -> tuple[str, ...]:
    hops = f", {finding.hops} hops" if finding.hops > 1 else ""
    return (
        str(finding.verdict),
        str(finding.grade),
        "" if finding.downloads is None else f"{finding.downloads:,}",
        shorten(for_terminal(finding.model), room),
        f"{finding.relation}{hops}",
        shorten(for_terminal(finding.entry), room * 2 // 3),
    )


def _waived(report: Report) -> Iterator[str]:
    """What is left out of the table by somebody's decision."""
    total = report.summary.waived
    for finding in report.findings(order="reach", limit=_WAIVED, waived=True):
        if finding.waiver is not None:
            model = shorten(for_terminal(finding.model), 60)
            why = shorten(for_terminal(words.waived(finding.waiver)), 160)
            yield f"{finding.verdict}, {model}: {why}"
    if total > _WAIVED:
        yield f"… {words.amount(total - _WAIVED, 'more waived finding')}"


def _below(report: Report, shown: int, *, cut: bool) -> Iterator[str]:
    total = sum(report.summary.findings.get(verdict, 0) for verdict in VERDICTS)
    if total > shown:
        yield f"… {words.amount(total - shown, 'more finding')}"
    elif not total:
        yield "No findings."
    yield from _waived(report)
    if cut:
        yield "Names with … are cut to fit; -o tsv has them whole."
    if warning := words.incomplete(report):
        yield warning
    reasons = " · ".join(
        f"{count:,} {reason}" for reason, count in words.gaps_by_reason(report.coverage.gaps)
    )
    yield words.not_examined(report.coverage) + (f" ({reasons})" if reasons else "")
    if note := words.declared_only(report.run):
        yield note
    lists = [f"{used.id} {used.version} (sha256 {used.sha256[:12]})"
             for used in report.run.blocklists]  # fmt: skip
    if lists:
        yield f"Lists: {', '.join(lists)}"
