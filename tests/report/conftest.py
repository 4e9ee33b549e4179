"""Reports that do not change when error rates are measured again."""

from __future__ import annotations

import pytest

from modelaudit.report import weights

RATES = {
    "generated": "2026-11-20",
    "independent_bases": 18,
    "independent_pairs": 38,
    "false_alarms": 0,
    "upper_bound": 0.0789,
    "grades": {
        "identical": {"precision": 1.0, "recall": 1.0, "cases": 12},
        "derived": {"precision": 1.0, "recall": 0.988, "cases": 82},
        "inconclusive": {"precision": None, "recall": None, "cases": 4},
    },
    "edits": {"cast-f16": {"cases": 8, "found": 8, "median_r": 1.0}},
}


@pytest.fixture(autouse=True)
def _measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "error_rates", lambda: RATES)
