"""What came of a list's cases, a line each."""

from __future__ import annotations

from collections.abc import Sequence

from modelaudit.domain.cases import Case, Outcome
from modelaudit.report.clean import for_terminal
from modelaudit.report.words import amount

_MOST = 3
"""Findings told of one case."""


def render(outcome: Outcome) -> str:
    """``ok   NAME: take-down by ENTRY (what decided)``, or ``FAIL NAME: expected …, got …``."""
    case = outcome.case
    if not outcome.shown:
        return _line(f"FAIL {case.name}: {case.model} was not read{_because(outcome.odd)}")
    if outcome.as_expected:
        return _line(f"ok   {case.name}: {_got(outcome)}")
    if outcome.misread and not outcome.findings:
        return _line(f"FAIL {case.name}: none, but for its record{_because(outcome.odd)}")
    text = f"FAIL {case.name}: expected {_expected(case)}, got {_got(outcome)}"
    return _line(f"{text}; its record{_because(outcome.odd)}" if outcome.odd else text)


def summary(outcomes: Sequence[Outcome]) -> str:
    """``14 cases: 13 as expected, 1 not``."""
    good = sum(outcome.as_expected for outcome in outcomes)
    bad = f", {len(outcomes) - good:,} not" if good < len(outcomes) else ""
    return f"{amount(len(outcomes), 'case')}: {good:,} as expected{bad}"


def _expected(case: Case) -> str:
    by = f" by {case.entry}" if case.entry else ""
    return f"{case.expect}{by}"


def _got(outcome: Outcome) -> str:
    told = [f"{f.verdict} by {f.entry} ({f.decided_by})" for f in outcome.findings]
    more = [f"{len(told) - _MOST} more"] if len(told) > _MOST else []
    return ", ".join([*told[:_MOST], *more]) or "none"


def _because(odd: str) -> str:
    return f": {odd}" if odd else ""


def _line(text: str) -> str:
    return f"{for_terminal(text)}\n"
