"""`--deadline`: work ends in time, with everything saved, and goes on later."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from modelaudit.cli.session import parse_deadline
from modelaudit.domain.errors import IncompleteError, UsageError
from modelaudit.domain.progress import Progress
from modelaudit.steps.budget import Budget, waiting
from tests.cli.running import EXAMPLE, Ran, Shell

Invoke = Callable[..., Ran]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("5h", 18_000), ("90m", 5_400), ("1h30m", 5_400), ("45s", 45), ("3600", 3_600), ("1H 30M", 0)],
)
def test_times_are_written_as_people_write_them(text: str, seconds: int) -> None:
    if not seconds:
        with pytest.raises(UsageError, match="is not a time"):
            parse_deadline(text)
        return
    before = time.monotonic()
    deadline = parse_deadline(text)
    assert deadline is not None
    assert before <= deadline - seconds <= time.monotonic()


@pytest.mark.parametrize("text", ["", "h", "soon", "-5m", "5d", "1m1h", "٣m"])
def test_other_texts_are_refused(invoke: Invoke, text: str) -> None:
    ran = invoke("audit", f"catalogue:{EXAMPLE}", f"--deadline={text}")
    assert ran.code == 2
    assert "is not a time" in ran.err


def test_a_run_that_is_out_of_time_is_incomplete_and_goes_on(shell: Shell) -> None:
    source = f"catalogue:{EXAMPLE}"
    ran = shell.run("audit", source, "--deadline", "0s", "-o", "json=r.json")
    assert ran.code == 3
    assert "Incomplete" in ran.err
    assert shell.run("audit", source, "-o", "json=r.json", "-q").code == 0
    assert shell.run("crawl", source, "--db", "c.db", "--deadline", "0s").code == 3


def test_a_wait_ends_with_the_time() -> None:
    wait = waiting(Progress(), Budget(deadline=time.monotonic() + 0.1))
    before = time.monotonic()
    with pytest.raises(IncompleteError, match="deadline"):
        wait("rate limit", 30.0)
    assert time.monotonic() - before < 10
