"""JSON Lines: one finding a line, the same object as in the JSON report, sorted by id."""

from __future__ import annotations

import json
from collections.abc import Iterator

from modelaudit.domain.finding import Report
from modelaudit.report.record import finding_record

name = "jsonl"
suffix = ".jsonl"


def render(report: Report) -> Iterator[str]:
    """A line per finding; a run's scope and gaps are in the JSON report only."""
    for finding in report.findings(order="id"):
        yield json.dumps(finding_record(finding)) + "\n"
