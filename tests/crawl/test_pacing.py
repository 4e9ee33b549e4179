"""What a platform says of waiting."""

from __future__ import annotations

import pytest

from modelaudit.crawl.pacing import retry_delay


@pytest.mark.parametrize("stated", ["\xb2", "1\xb2", "-1", "soon", ""])
def test_what_states_no_time_is_as_if_absent(stated: str) -> None:
    assert 0.8 <= retry_delay(0, {"retry-after": stated}) <= 1.2


def test_seconds_are_believed_up_to_a_window() -> None:
    assert retry_delay(0, {"retry-after": " 7 "}) == 7
    assert retry_delay(0, {"retry-after": "9" * 400}) == 300
