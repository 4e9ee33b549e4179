"""CSV for spreadsheets (RFC 4180): the columns of the TSV, by verdict, downloads and id.

A cell that a sheet would take for a formula begins with ``'``; the JSON has the raw value.
"""

from __future__ import annotations

from collections.abc import Iterator

from modelaudit.domain.finding import Report
from modelaudit.report.clean import for_csv
from modelaudit.report.record import COLUMNS, row

name = "csv"
suffix = ".csv"


def render(report: Report) -> Iterator[str]:
    """A line per finding."""
    yield ",".join(COLUMNS) + "\r\n"
    for finding in report.findings(order="reach"):
        yield ",".join(map(for_csv, row(finding))) + "\r\n"
