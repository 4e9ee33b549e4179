r"""TSV for pipes: a header, then a line per finding by verdict, downloads and id.

Tab, line end, backslash and everything invisible are written ``\t \n \\ \x1b \u202e``.
"""

from __future__ import annotations

from collections.abc import Iterator

from modelaudit.domain.finding import Report
from modelaudit.report.clean import for_tsv
from modelaudit.report.record import COLUMNS, row

name = "tsv"
suffix = ".tsv"


def render(report: Report) -> Iterator[str]:
    """A line per finding."""
    yield "\t".join(COLUMNS) + "\n"
    for finding in report.findings(order="reach"):
        yield "\t".join(map(for_tsv, row(finding))) + "\n"
