"""Times: whatever a platform writes goes in, UTC comes out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelaudit.domain.times import format_time, parse_time


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2022-12-21", 1_671_580_800),
        ("2022-12-21T00:00:00Z", 1_671_580_800),
        ("2022-12-21T00:00:00.000Z", 1_671_580_800),
        ("2022-12-21T01:00:00+01:00", 1_671_580_800),
        ("2022-12-21T00:00:00", 1_671_580_800),
        ("1970-01-01", 0),
    ],
)
def test_a_time_is_read_as_utc(text: str, seconds: int) -> None:
    assert parse_time(text) == seconds


@pytest.mark.parametrize(
    "value",
    [None, "", "2022", "yesterday", 1_671_580_800, 1.5, True, [], "2022-13-01", "1969-12-31",
     "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2022-12-21" + " " * 99, "\0" * 12],
)  # fmt: skip
def test_anything_else_is_no_time(value: object) -> None:
    assert parse_time(value) is None


@given(seconds=st.integers(0, 253_402_300_799))
def test_a_time_survives_being_written(seconds: int) -> None:
    text = format_time(seconds)
    assert text is not None
    assert text.endswith("Z")
    assert parse_time(text) == seconds


@given(text=st.text(max_size=45) | st.from_regex(r"\d{4}-\d\d-\d\d[T ]?.{0,20}", fullmatch=True))
def test_every_time_that_is_read_can_be_written(text: str) -> None:
    seconds = parse_time(text)
    if seconds is not None:
        assert parse_time(format_time(seconds)) == seconds


def test_no_time_is_written_as_none() -> None:
    assert format_time(None) is None
