"""The error rates that a build carries, if it does, are what reports can print."""

from __future__ import annotations

import pytest

from modelaudit.domain.words import Kinship
from modelaudit.report import weights
from modelaudit.report.html import weights as html


@pytest.fixture(autouse=True)
def _measured() -> None:
    """The real ones, for once."""


def test_they_name_kinships_and_shares() -> None:
    rates = weights.error_rates()
    if rates is None:
        pytest.skip("not measured in this build")
    assert rates["independent_pairs"] >= rates["independent_bases"] > 0
    assert 0 <= rates["false_alarms"] <= rates["independent_pairs"]
    assert set(rates["grades"]) <= {kinship.word for kinship in Kinship}
    for rate in rates["grades"].values():
        assert rate["cases"] >= 0
        for share in (rate["precision"], rate["recall"]):
            assert share is None or 0 <= share <= 1
    page = "".join(html.error_rates())
    assert weights.error_sentence() in page
    assert all(f"<td>{edit}</td>" in page for edit in rates["edits"])
