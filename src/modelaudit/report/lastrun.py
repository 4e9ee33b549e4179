"""How the last command ended, ``modelaudit.last-run/1``: what whoever watches a night job reads.

Small, of one shape whatever happened, and written also when nothing else is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from modelaudit.domain.finding import Report, Run
from modelaudit.domain.times import format_time
from modelaudit.domain.words import State
from modelaudit.report import words
from modelaudit.report.clean import for_terminal
from modelaudit.report.record import VERDICTS, run_record

SCHEMA: Final = "modelaudit.last-run/1"
NAME: Final = "last-run.json"

_LARGEST: Final = 1 << 20


def last_run(
    *,
    started: int,
    finished: int,
    exit_code: int,
    versions: Mapping[str, str],
    error: str | None = None,
    run: Run | None = None,
    numbers: Mapping[str, Any] | None = None,
    folder: str | None = None,
    previous: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The record of a command; times are its own, those in ``run`` are the run's.

    ``run``: ``None`` when none was begun; ``numbers`` and ``folder``: when no report was written.
    ``previous``: the record before, told of only where this one has no numbers.
    """
    if previous is not None and previous.get("numbers") is None:
        previous = previous.get("previous")
    if numbers is not None or previous is None:
        kept = None
    else:
        kept = {name: value for name, value in previous.items() if name != "previous"}
    return {
        "schema": SCHEMA,
        "started": format_time(started),
        "finished": format_time(finished),
        "exit_code": exit_code,
        "error": None if error is None else for_terminal(error),
        "resumable": run is not None and run.finished is None,
        "run": None if run is None else run_record(run),
        "numbers": None if numbers is None else dict(numbers),
        "folder": folder,
        "versions": dict(versions),
        "previous": kept,
    }


def numbers_of(report: Report) -> dict[str, Any]:
    """What a report found, in numbers; ``findings`` and ``models`` leave out what is waived."""
    summary, coverage = report.summary, report.coverage
    return {
        "findings": {str(verdict): summary.findings.get(verdict, 0) for verdict in VERDICTS},
        "models": {str(verdict): summary.models.get(verdict, 0) for verdict in VERDICTS},
        "states": {str(state): summary.states.get(state, 0) for state in State},
        "waived": summary.waived,
        "gone": sum(1 for _ in report.gone()),
        "examined": coverage.models,
        "gaps": words.gap_total(coverage.gaps),
    }


def dumps(record: Mapping[str, Any]) -> str:
    """The record as a file holds it: ASCII, a line end last."""
    return json.dumps(record, indent=1) + "\n"


def read(path: Path) -> dict[str, Any] | None:
    """A record of ours; ``None`` for anything else, or where nothing is."""
    try:
        with path.open("rb") as file:
            raw = file.read(_LARGEST + 1)
        found = json.loads(raw) if len(raw) <= _LARGEST else None
    except (OSError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and found.get("schema") == SCHEMA else None


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of the record."""
    text = (files("modelaudit.report") / "schema" / "last-run.schema.json").read_text("utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded
