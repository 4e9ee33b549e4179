"""Decisions in the database: recorded once, ended once, and shown by the runs they were made on."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from modelaudit.domain.errors import UsageError
from modelaudit.domain.waiver import Decision, Waiver
from modelaudit.domain.words import Verdict
from modelaudit.store import runs, waivers
from modelaudit.store.db import VERSION, reading, transaction, writing
from modelaudit.store.report import StoredReport
from tests.steps.catalogue import DAY, NOW, ROOT, Catalogue, entry, model, says

LISTED = entry("list/root", ROOT)
ONE = Waiver(
    decision=Decision.FALSE_POSITIVE,
    reason="the card names it by mistake",
    by="reviewer-1",
    on="2026-09-01",
    until="2026-12-01",
    finding="list/root/hf:a/one",
)
ALL_OF_A = replace(ONE, finding=None, model="hf:A/*", decision=Decision.ACCEPTED)
LATER = NOW + 100 * DAY
"""After ``until``."""


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    with writing(tmp_path / "audit.db") as connection:
        made = Catalogue(connection)
        made.add(*(model(f"hf:{name}", says(ROOT)) for name in ("a/one", "a/two", "b/one")))
        yield made


def record(
    catalogue: Catalogue,
    *given: Waiver,
    file: str = "/w.toml",
    at: int = NOW,
    run: runs.OpenRun | None = None,
) -> tuple[int, int, int]:
    step = run and run.seq
    with transaction(catalogue.connection):
        done = waivers.record(catalogue.connection, given, file=file, now=at, run=step)
    return done.added, done.ended, done.kept


def report(catalogue: Catalogue, run: runs.OpenRun) -> StoredReport:
    return StoredReport(catalogue.connection, runs.load(catalogue.connection, run.seq))


def waived(catalogue: Catalogue, run: runs.OpenRun) -> list[str]:
    return [finding.id for finding in report(catalogue, run).findings(waived=True)]


def test_reading_a_file_again_writes_nothing(catalogue: Catalogue) -> None:
    assert record(catalogue, ONE, ALL_OF_A, ONE) == (2, 0, 0)
    before = catalogue.connection.execute("SELECT * FROM waiver").fetchall()
    assert record(catalogue, ALL_OF_A, ONE, at=NOW + 9) == (0, 0, 2)
    assert catalogue.connection.execute("SELECT * FROM waiver").fetchall() == before


def test_what_left_the_file_ends_and_stays_on_record(catalogue: Catalogue) -> None:
    record(catalogue, ONE, ALL_OF_A)
    assert record(catalogue, ALL_OF_A, at=NOW + 9) == (0, 1, 1)
    ended, live = waivers.stored(catalogue.connection)
    assert (ended.waiver, ended.recorded, ended.ended) == (ONE, NOW, NOW + 9)
    assert (ended.ended_by, ended.ended_reason) == ("the file", "no longer in /w.toml")
    assert live.ended is None
    assert record(catalogue, ONE, ALL_OF_A, at=NOW + 99) == (1, 0, 1)
    assert [one.ended is None for one in waivers.stored(catalogue.connection)] == [0, 1, 1]


def test_a_changed_decision_is_another_one(catalogue: Catalogue) -> None:
    record(catalogue, ONE)
    assert record(catalogue, replace(ONE, until="2027-06-01"), at=NOW + 9) == (1, 1, 0)


def test_a_file_ends_only_what_it_held_itself(catalogue: Catalogue) -> None:
    record(catalogue, ONE, file="/one.toml")
    assert record(catalogue, ALL_OF_A, file="/two.toml") == (1, 0, 0)
    assert record(catalogue, file="/two.toml") == (0, 1, 0)


def test_a_file_that_moved_takes_its_decisions_along(catalogue: Catalogue) -> None:
    record(catalogue, ONE, ALL_OF_A, file="/old.toml")
    assert record(catalogue, ONE, ALL_OF_A, file="/new.toml") == (0, 0, 2)
    assert record(catalogue, ONE, file="/new.toml") == (0, 1, 1)


def test_a_decision_can_be_ended_once_by_somebody(catalogue: Catalogue) -> None:
    record(catalogue, ONE)
    connection = catalogue.connection
    waivers.end(connection, 1, by="reviewer-2", reason="the appeal was rejected", now=NOW + 5)
    (one,) = waivers.stored(connection)
    assert (one.ended, one.ended_by, one.ended_reason) == (
        NOW + 5, "reviewer-2", "the appeal was rejected",
    )  # fmt: skip
    for number, told in ((1, "was ended on"), (2, "there is no waiver 2")):
        with pytest.raises(UsageError, match=told):
            waivers.end(connection, number, by="x", reason="whatever it was", now=NOW)


def test_a_waived_finding_keeps_its_verdict_and_is_counted_apart(catalogue: Catalogue) -> None:
    run = catalogue.check(LISTED).run
    record(catalogue, ONE)
    told = report(catalogue, run)
    summary = told.summary
    assert summary.findings[Verdict.TAKE_DOWN] == summary.models[Verdict.TAKE_DOWN] == 2
    assert (summary.waived, summary.by_entry, sum(summary.states.values())) == (
        1, {"list/root": 2}, 2,
    )  # fmt: skip
    assert summary.verdict_by_grade[Verdict.TAKE_DOWN].popitem()[1] == 2
    found = {finding.model: finding for finding in told.findings()}
    assert found["hf:a/one"].verdict is Verdict.TAKE_DOWN
    assert found["hf:a/one"].waiver == ONE
    assert found["hf:a/two"].waiver is None
    assert [f.model for f in told.findings(order="reach")][-1] == "hf:a/one"
    assert [f.model for f in told.findings(waived=False)] == ["hf:a/two", "hf:b/one"]
    assert [f.model for f in told.findings(waived=True)] == ["hf:a/one"]
    assert [f.waiver for f in told.findings_of(node(catalogue, "hf:a/one"))] == [ONE]


def node(catalogue: Catalogue, ref: str) -> int:
    return int(catalogue.refs("SELECT id FROM node WHERE ref = ?", ref)[0])


def test_downloads_of_waived_models_are_not_reached(catalogue: Catalogue) -> None:
    catalogue.add(model("hf:a/one", says(ROOT), downloads=5))
    catalogue.add(model("hf:b/one", says(ROOT), downloads=7))
    run = catalogue.check(LISTED).run
    assert report(catalogue, run).summary.downloads_affected["hf"].count == 12
    record(catalogue, ONE)
    assert report(catalogue, run).summary.downloads_affected["hf"].count == 7


def test_of_several_the_narrowest_is_named_and_all_are_used(catalogue: Catalogue) -> None:
    run = catalogue.check(LISTED).run
    record(catalogue, ALL_OF_A, ONE, replace(ONE, finding=None, entry="list/root"))
    told = report(catalogue, run)
    rules = {f.model: f.waiver.rule for f in told.findings() if f.waiver}
    assert rules == {
        "hf:a/one": "finding list/root/hf:a/one",
        "hf:a/two": "model hf:A/*",
        "hf:b/one": "entry list/root",
    }
    assert {(use.waiver.rule, use.findings, use.state) for use in told.waivers()} == {
        ("finding list/root/hf:a/one", 1, "active"),
        ("model hf:A/*", 2, "active"),
        ("entry list/root", 3, "active"),
    }


def test_an_expired_decision_brings_the_finding_back_and_is_told(catalogue: Catalogue) -> None:
    record(catalogue, ALL_OF_A)
    first = catalogue.check(LISTED).run
    assert len(waived(catalogue, first)) == 2
    second = catalogue.check(LISTED, now=LATER).run
    assert waived(catalogue, second) == []
    (use,) = report(catalogue, second).waivers()
    assert (use.state, use.findings) == ("expired", 2)
    assert report(catalogue, second).raised() == 2
    assert len(waived(catalogue, first)) == 2, "an old report stays what it was"
    third = catalogue.check(LISTED, now=LATER + DAY).run
    assert report(catalogue, third).raised() == 0


def test_a_decision_that_covers_nothing_is_unused(catalogue: Catalogue) -> None:
    run = catalogue.check(LISTED).run
    record(catalogue, replace(ONE, finding="list/root/hf:a/three"))
    assert [(u.state, u.findings) for u in report(catalogue, run).waivers()] == [("unused", 0)]


def test_a_new_finding_that_is_waived_is_not_raised(catalogue: Catalogue) -> None:
    record(catalogue, ALL_OF_A)
    assert report(catalogue, catalogue.check(LISTED).run).raised() == 1


def test_a_decision_taken_back_raises_what_it_covered_once(catalogue: Catalogue) -> None:
    record(catalogue, ONE)
    catalogue.check(LISTED)
    waivers.end(catalogue.connection, 1, by="me", reason="it was wrong", now=NOW + 5)
    assert report(catalogue, catalogue.check(LISTED, now=NOW + DAY).run).raised() == 1
    assert report(catalogue, catalogue.check(LISTED, now=NOW + 2 * DAY).run).raised() == 0


def test_the_latest_report_shows_what_is_known_and_an_old_one_stays_what_it_was(
    catalogue: Catalogue,
) -> None:
    first = catalogue.check(LISTED).run
    record(catalogue, ONE)
    assert waived(catalogue, first) == [ONE.finding]
    second = catalogue.check(LISTED).run
    record(catalogue, ONE, ALL_OF_A, run=second)
    assert waived(catalogue, first) == []
    assert len(waived(catalogue, second)) == 2
    third = catalogue.check(LISTED).run
    record(catalogue, run=third)
    assert waived(catalogue, third) == []
    assert len(waived(catalogue, second)) == 2


def test_runs_of_another_kind_make_no_report_old(catalogue: Catalogue) -> None:
    first = catalogue.check(LISTED).run
    catalogue.check(entry("other/root", ROOT), sources=["hf:"])
    record(catalogue, ONE)
    assert waived(catalogue, first) == [ONE.finding]


def test_two_reports_on_one_connection_do_not_mix(catalogue: Catalogue) -> None:
    first = report(catalogue, catalogue.check(LISTED).run)
    record(catalogue, ONE, at=NOW + DAY)
    second = report(catalogue, catalogue.check(LISTED, now=NOW + DAY).run)
    assert (first.summary.waived, second.summary.waived) == (0, 1)
    assert second.raised() == 0
    assert second.summary.findings[Verdict.TAKE_DOWN] == 2


@pytest.mark.parametrize(
    "pattern", ["hf:*", "hf:*one", "hf:a*", "hf:A/One", "hf:a/[o]ne", "hf:a/o?e"]
)
def test_the_database_finds_what_the_decision_covers(catalogue: Catalogue, pattern: str) -> None:
    run = catalogue.check(LISTED).run
    one = replace(ONE, finding=None, entry="list/root", model=pattern)
    record(catalogue, one)
    everything = list(report(catalogue, run).findings())
    assert waived(catalogue, run) == [f.id for f in everything if one.covers(f.entry, f.model)]
    assert waivers.live_findings(catalogue.connection, one) == len(waived(catalogue, run)) > 0


def test_what_a_file_would_change_can_be_seen_without_writing(catalogue: Catalogue) -> None:
    run = catalogue.check(LISTED).run
    record(catalogue, ONE, file="/w.toml")
    record(catalogue, replace(ONE, finding="list/root/hf:b/one"), file="/other.toml")
    seen = waivers.known(catalogue.connection, run, ("/w.toml", [ALL_OF_A]))
    told = StoredReport(catalogue.connection, run, seen)
    assert {f.model for f in told.findings(waived=True)} == {"hf:a/one", "hf:a/two", "hf:b/one"}
    assert len(waivers.stored(catalogue.connection)) == 2


def test_a_reader_sees_decisions_in_a_database_it_cannot_write(tmp_path: Path) -> None:
    path = tmp_path / "audit.db"
    with writing(path) as connection:
        made = Catalogue(connection)
        made.add(model("hf:a/one", says(ROOT)))
        run = made.check(LISTED).run
        record(made, ONE)
    with reading(path) as connection:
        assert StoredReport(connection, run).summary.waived == 1
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            connection.execute("DELETE FROM waiver")


def test_a_database_of_layout_3_is_brought_up_to_date_with_its_findings(tmp_path: Path) -> None:
    path = tmp_path / "audit.db"
    with writing(path) as connection:
        made = Catalogue(connection)
        made.add(model("hf:a/one", says(ROOT)))
        run = made.check(LISTED).run
    older = sqlite3.connect(path)
    older.executescript("DROP VIEW waivers; DROP TABLE waiver; PRAGMA user_version = 3;")
    older.execute("DELETE FROM _sqlite_migrations WHERE name = 'm004_waivers'")
    older.commit()
    older.close()
    with writing(path) as connection:
        made = Catalogue(connection)
        assert connection.execute("PRAGMA user_version").fetchone()[0] == VERSION
        assert record(made, ONE) == (1, 0, 0)
        assert waived(made, run) == [ONE.finding]
        assert made.refs("SELECT finding FROM waivers") == [ONE.finding]
        assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
