"""JSON, ``modelaudit.report/1``: the report that every other format is a view of.

Sorted by finding id, one finding a line, so that two reports can be compared line by line. All
ASCII: whatever a name holds is escaped, a lone surrogate included (RFC 8259, section 7).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from importlib.resources import files
from typing import Any

from modelaudit.domain.finding import Report
from modelaudit.report.record import (
    SCHEMA,
    conflict_record,
    coverage_record,
    finding_record,
    gone_record,
    run_record,
    summary_record,
    use_record,
)
from modelaudit.report.weights import compared_record

name = "json"
suffix = ".json"


def render(report: Report) -> Iterator[str]:
    """One JSON object, written as it is read."""
    summary = summary_record(report.summary, report.coverage.excepted)
    yield f'{{"schema": {json.dumps(SCHEMA)},\n'
    yield f'"run": {json.dumps(run_record(report.run))},\n'
    yield f'"coverage": {json.dumps(coverage_record(report.coverage))},\n'
    yield f'"summary": {json.dumps(summary)},\n'
    yield '"findings": ['
    yield from _items(finding_record(finding) for finding in report.findings(order="id"))
    yield '],\n"waivers": ['
    yield from _items(use_record(use) for use in report.waivers())
    yield '],\n"conflicts": ['
    yield from _items(conflict_record(conflict) for conflict in report.conflicts())
    yield '],\n"compared": ['
    yield from _items(compared_record(weighed) for weighed in report.compared(order="id"))
    yield '],\n"gone": ['
    yield from _items(gone_record(gone) for gone in report.gone())
    yield "]}\n"


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of what :func:`render` writes."""
    text = (files("modelaudit.report") / "schema" / "report.schema.json").read_text("utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def _items(records: Iterable[dict[str, Any]]) -> Iterator[str]:
    between = "\n"
    for record in records:
        yield between + json.dumps(record)
        between = ",\n"
