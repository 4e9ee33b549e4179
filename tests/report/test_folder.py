"""A folder of reports: whole or not there, the old ones removed, and nothing else ever."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from modelaudit.domain.errors import UsageError
from modelaudit.report import folder, lastrun, reporter
from tests.report.sample import sample

DAY = 1_795_309_200
FILES = {"report.html", "report.json", "findings.tsv", "last-run.json"}


def publish(root: Path, number: int, *, keep: int = 30) -> str:
    """The report of a run, an hour after the one before."""
    name = folder.free_name(root, f"2026-11-22T01:15:{number:02}Z-{number}")
    record = lastrun.last_run(
        started=DAY, finished=DAY + 3600 * number, exit_code=0,
        versions={}, numbers={}, folder=name,
    )  # fmt: skip
    folder.publish(root, name, sample(), record)
    folder.prune(root, keep, name)
    return name


def names(root: Path) -> list[str]:
    return sorted(path.name for path in root.iterdir())


def test_a_run_s_reports_stand_together(tmp_path: Path) -> None:
    root = tmp_path / "reports"
    name = publish(root, 1)
    assert name == "2026-11-22T011501Z-1"
    assert names(root) == [name, "latest"]
    assert set(names(root / name)) == FILES
    assert (root / "latest").readlink() == Path(name)
    read = (root / "latest" / "report.json").read_text()
    assert read == "".join(reporter.render("json", sample()))


def test_a_run_that_went_on_gets_another_folder(tmp_path: Path) -> None:
    first, second = publish(tmp_path, 1), publish(tmp_path, 1)
    assert (first, second) == ("2026-11-22T011501Z-1", "2026-11-22T011501Z-1.2")
    assert (tmp_path / "latest").readlink() == Path(second)


def test_the_oldest_are_removed_by_their_time_not_by_their_name(tmp_path: Path) -> None:
    made = [publish(tmp_path, number, keep=3) for number in (8, 9, 10, 11, 12)]
    assert names(tmp_path) == [*made[2:], "latest"]


def test_the_new_one_stays_whatever_the_clock_says(tmp_path: Path) -> None:
    late = publish(tmp_path, 20)
    early = publish(tmp_path, 3, keep=1)
    assert names(tmp_path) == [early, late, "latest"]
    assert (tmp_path / "latest").readlink() == Path(early)


def plant(root: Path) -> set[str]:
    """Things of other people that look more or less like ours."""
    record = {"schema": lastrun.SCHEMA, "finished": "2020-01-01T00:00:00Z"}
    for name, told, extra in [
        ("2020-01-01T000000Z-1", {"folder": "elsewhere"}, None),  # a copy of one of ours
        ("2020-01-01T000000Z-2", {"folder": "2020-01-01T000000Z-2"}, "notes.md"),
        ("2020-01-01T000000Z-3", {"folder": "2020-01-01T000000Z-3", "schema": "other/1"}, None),
        ("kept for court", {"folder": "kept for court"}, None),
    ]:
        (root / name).mkdir()
        (root / name / "report.json").write_text("{}")
        (root / name / "last-run.json").write_text(json.dumps(record | told))
        if extra:
            (root / name / extra).write_text("mine")
    (root / "2020-01-01T000000Z-4").mkdir()
    (root / "2020-01-01T000000Z-5").write_text("a file")
    (root / ".2020-01-01T000000Z-6.part").mkdir()
    (root / ".2020-01-01T000000Z-6.part" / "mine").write_text("")
    os.utime(root / ".2020-01-01T000000Z-6.part", (0, 0))
    elsewhere = root.parent / "2020-01-01T000000Z-7"
    elsewhere.mkdir()
    told = {"folder": elsewhere.name}
    (elsewhere / "last-run.json").write_text(json.dumps(record | told))
    (root / elsewhere.name).symlink_to(elsewhere)
    return set(names(root))


def test_nothing_else_is_ever_removed(tmp_path: Path) -> None:
    root = tmp_path / "reports"
    root.mkdir()
    planted = plant(root)
    for number in (1, 2, 3):
        newest = publish(root, number, keep=1)
    assert set(names(root)) == planted | {newest, "latest"}
    assert (tmp_path / "2020-01-01T000000Z-7" / "last-run.json").exists()


def test_what_a_killed_run_left_is_removed_after_a_day(tmp_path: Path) -> None:
    old, young = tmp_path / ".2026-11-22T011501Z-1.part", tmp_path / ".2026-11-22T011502Z-2.part"
    for left in (old, young):
        left.mkdir()
        (left / "report.html").write_text("half")
        (left / ".report.json.77.part").write_text("half")
    os.utime(old, (DAY - 10**8, DAY - 10**8))
    publish(tmp_path, 3)
    assert not old.exists()
    assert young.exists()
    assert set(names(tmp_path / publish(tmp_path, 2))) == FILES  # it makes room for its own run
    assert not young.exists()


def test_a_report_that_fails_leaves_yesterday_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = publish(tmp_path, 1)

    def half(name: str, report: object) -> Iterator[str]:
        yield "half a"
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(reporter, "render", half)
    with pytest.raises(UsageError, match="No space left on device"):
        publish(tmp_path, 2)
    assert names(tmp_path) == [before, "latest"]
    assert (tmp_path / "latest").readlink() == Path(before)


@pytest.mark.parametrize("what", ["a file", "latest", "last-run.json", "no parent"])
def test_a_place_that_will_not_do_is_told_before_any_work(tmp_path: Path, what: str) -> None:
    root = tmp_path / "reports"
    if what == "a file":
        root.write_text("")
    elif what == "no parent":
        root = tmp_path / "none" / "reports"
    else:
        root.mkdir()
        (root / what).write_text("my own")
    with pytest.raises(UsageError):
        folder.check(root)
    folder.check(tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_note_of_a_failure_is_no_more_open_than_the_record_it_repeats(tmp_path: Path) -> None:
    def noted(**given: Any) -> int:
        record = lastrun.last_run(started=DAY, finished=DAY, versions={}, **given)
        folder.note(tmp_path, record)
        return (tmp_path / "last-run.json").stat().st_mode & 0o777

    before = os.umask(0o077)
    try:
        assert noted(exit_code=0, numbers={}) == 0o600
    finally:
        os.umask(0o022)
    previous = lastrun.read(tmp_path / "last-run.json")
    assert noted(exit_code=2, error="no", previous=previous) == 0o600
    assert noted(exit_code=0, numbers={}) == 0o644
    os.umask(before)
