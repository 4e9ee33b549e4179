"""`last-run.json`: one shape, whatever happened."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelaudit.report import lastrun
from tests.report.rows import HOSTILE
from tests.report.sample import sample

VALIDATOR = jsonschema.Draft202012Validator(lastrun.schema())
VERSIONS = {"modelaudit": "1", "python": "3", "sqlite": "3"}


def record(**given: Any) -> dict[str, Any]:
    basis = {"started": 1_795_309_200, "finished": 1_795_312_800, "exit_code": 0}
    return lastrun.last_run(**(basis | {"versions": VERSIONS} | given))


def good(**given: Any) -> dict[str, Any]:
    report = sample()
    return record(run=report.run, numbers=lastrun.numbers_of(report), folder="a", **given)


def failed(previous: dict[str, Any] | None = None) -> dict[str, Any]:
    return record(exit_code=2, error="no such list", previous=previous)


def test_the_record_is_what_its_schema_says() -> None:
    VALIDATOR.check_schema(lastrun.schema())
    for one in (good(), failed(), failed(good()), record(exit_code=130, run=sample().run)):
        VALIDATOR.validate(json.loads(lastrun.dumps(one)))


def test_the_numbers_are_those_of_the_report() -> None:
    report = sample()
    numbers = good()["numbers"]
    assert sum(numbers["findings"].values()) == sum(report.summary.findings.values()) > 0
    assert numbers["gaps"] == sum(gap.count for gap in report.coverage.gaps)
    assert numbers["gone"] == len(list(report.gone()))
    assert numbers["examined"] == report.coverage.models


def test_a_failure_keeps_the_last_numbers_and_no_chain_of_failures() -> None:
    before = good()
    once = failed(before)
    twice = failed(once)
    assert once["previous"]["numbers"] == twice["previous"]["numbers"] == before["numbers"]
    assert "previous" not in twice["previous"]
    assert good(previous=twice)["previous"] is None
    assert failed(failed())["previous"] is None


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "null", "{", '{"schema": "other"}', "\x00", "[" * 99_999]
)
def test_what_is_no_record_is_none(tmp_path: Path, text: str) -> None:
    file = tmp_path / "last-run.json"
    assert lastrun.read(file) is None
    file.write_text(text)
    assert lastrun.read(file) is None
    file.write_text(lastrun.dumps(good()))
    assert lastrun.read(file) == good()


@given(st.text() | st.just(HOSTILE))
def test_an_error_is_one_harmless_line(error: str) -> None:
    text = lastrun.dumps(record(exit_code=2, error=error))
    assert text.isascii()
    told = json.loads(text)["error"]
    assert "\n" not in told
    assert "\x1b" not in told
