"""How far sources are listed: cursors, sweeps, and whose children are still to be asked for."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from modelaudit.domain.words import GapReason, Status
from modelaudit.store import sources
from modelaudit.store.db import VERSION, writing
from tests.steps.catalogue import NOW, Catalogue, model

SOURCE = "hf:acme"


@pytest.fixture
def ids(catalogue: Catalogue) -> list[int]:
    names = ["hf:acme/a", "hf:acme/b", "hf:acme/c"]
    catalogue.add(*(model(name) for name in names))
    return catalogue.refs("SELECT id FROM node ORDER BY ref")


def test_a_listing_under_way_goes_on_at_its_cursor(catalogue: Catalogue, ids: list[int]) -> None:
    first = sources.open_source(catalogue.connection, SOURCE, now=NOW)
    assert (first.cursor, first.listed) == (None, 0)
    assert sources.advance(catalogue.connection, first.id, cursor="p2", nodes=ids[:2]) == 2
    again = sources.open_source(catalogue.connection, SOURCE, now=NOW + 9)
    assert again == sources.Progress(id=first.id, cursor="p2", listed=2)
    assert sources.advance(catalogue.connection, first.id, cursor="p3", nodes=ids[1:]) == 1


def test_what_is_no_page_of_the_list_leaves_its_cursor_alone(
    catalogue: Catalogue, ids: list[int]
) -> None:
    db = catalogue.connection
    source = sources.open_source(db, SOURCE, now=NOW).id
    sources.advance(db, source, cursor=sources.END, nodes=ids[:2])
    assert sources.advance(db, source, nodes=ids) == 1
    assert sources.open_source(db, SOURCE, now=NOW + 9).cursor == sources.END


@pytest.mark.parametrize("finished", [False, True])
def test_a_source_that_is_opened_drops_what_a_budget_left(
    catalogue: Catalogue, finished: bool
) -> None:
    db = catalogue.connection
    source = sources.open_source(db, SOURCE, now=NOW).id
    for origin, reason in [(SOURCE, GapReason.OUT_OF_BUDGET), (SOURCE, GapReason.MALFORMED),
                           ("hf:other", GapReason.OUT_OF_BUDGET)]:  # fmt: skip
        db.execute(
            "INSERT INTO gap(origin, reason, detail) VALUES (?, ?, '')", (origin, reason.value)
        )
    if finished:
        sources.finish(db, source, now=NOW + 1)
    sources.open_source(db, SOURCE, now=NOW + 2)
    left = [("hf:other", GapReason.OUT_OF_BUDGET.value)]
    assert db.execute("SELECT origin, reason FROM gap ORDER BY origin DESC").fetchall() == (
        left if finished else [*left, (SOURCE, GapReason.MALFORMED.value)]
    )


def test_a_finished_listing_starts_afresh_and_keeps_its_members(
    catalogue: Catalogue, ids: list[int]
) -> None:
    db = catalogue.connection
    source = sources.open_source(db, SOURCE, now=NOW).id
    sources.advance(db, source, nodes=ids)
    sources.finish(db, source, now=NOW + 1)
    assert catalogue.refs("SELECT count(*) FROM seen") == [0]
    again = sources.open_source(db, SOURCE, now=NOW + 2)
    assert again == sources.Progress(id=source, cursor=None, listed=0)
    assert catalogue.refs("SELECT count(*) FROM member") == [3]
    assert sources.advance(db, source, nodes=ids[:1]) == 1


HOUR, DAY = 3600, 86_400
WEEK = 7 * DAY


def swept(db: sqlite3.Connection, ids: list[int], onward: str | None = "o") -> int:
    """A source whose sweep began at ``NOW``."""
    source = sources.open_source(db, SOURCE, now=NOW, sweep_every=WEEK).id
    sources.advance(db, source, cursor=sources.END, onward=onward, nodes=ids)
    sources.finish(db, source, now=NOW + HOUR)
    return source


@pytest.mark.parametrize(
    ("after", "every", "increments"),
    [
        (DAY, WEEK, True),
        (WEEK - 2 * HOUR, WEEK, True),
        (WEEK - HOUR, WEEK, False),  # a week's cron job that is a minute early
        (WEEK, WEEK, False),
        (DAY, 0, False),
        (DAY - 60, DAY, False),
        (-1, WEEK, False),  # the clock went back
        (-WEEK, WEEK, False),
    ],
)
def test_a_week_s_passes_list_only_what_is_new(
    catalogue: Catalogue, ids: list[int], after: int, every: int, increments: bool
) -> None:
    db = catalogue.connection
    swept(db, ids)
    state = sources.open_source(db, SOURCE, now=NOW + after, sweep_every=every)
    expected = ("o", NOW - HOUR) if increments else (None, None)
    assert (state.cursor, state.since, state.changes, state.listed) == (*expected, None, 0)


def test_a_source_that_cannot_be_gone_on_with_is_swept(
    catalogue: Catalogue, ids: list[int]
) -> None:
    swept(catalogue.connection, ids, onward=None)
    state = sources.open_source(catalogue.connection, SOURCE, now=NOW + DAY, sweep_every=WEEK)
    assert (state.cursor, state.since) == (None, None)


def test_changes_are_sought_from_the_start_of_the_last_pass(
    catalogue: Catalogue, ids: list[int]
) -> None:
    db = catalogue.connection
    source = swept(db, ids[:2])
    sources.open_source(db, SOURCE, now=NOW + DAY, sweep_every=WEEK)
    sources.advance(db, source, cursor=sources.END, onward="p", nodes=ids[2:])
    sources.advance(db, source, changes="c", nodes=ids[:1])
    later = sources.open_source(db, SOURCE, now=NOW + 3 * DAY, sweep_every=WEEK)
    assert later == sources.Progress(
        id=source, cursor=sources.END, listed=2, since=NOW - HOUR, changes="c"
    )
    sources.finish(db, source, now=NOW + 3 * DAY)
    assert sources.listed_before(db) == {SOURCE: 3}
    third = sources.open_source(db, SOURCE, now=NOW + 4 * DAY, sweep_every=WEEK)
    assert (third.cursor, third.since, third.changes) == ("p", NOW + DAY - HOUR, None)


@pytest.mark.parametrize(("after", "every"), [(WEEK, WEEK), (2 * DAY, 0), (DAY - 1, WEEK)])
def test_a_pass_under_way_gives_way_to_a_sweep_that_is_due(
    catalogue: Catalogue, ids: list[int], after: int, every: int
) -> None:
    db = catalogue.connection
    source = swept(db, ids)
    sources.open_source(db, SOURCE, now=NOW + DAY, sweep_every=WEEK)
    sources.advance(db, source, cursor="p2", changes="c", nodes=ids[:1])
    state = sources.open_source(db, SOURCE, now=NOW + after, sweep_every=every)
    going_on = every and after < WEEK
    assert (state.cursor, state.changes) == (("p2", "c") if going_on else (None, None))


def test_a_sweep_under_way_is_never_cut_down(catalogue: Catalogue, ids: list[int]) -> None:
    db = catalogue.connection
    source = swept(db, ids)
    sources.open_source(db, SOURCE, now=NOW + DAY)
    sources.advance(db, source, cursor="p2", nodes=ids[:1])
    state = sources.open_source(db, SOURCE, now=NOW + 2 * DAY, sweep_every=WEEK)
    assert state == sources.Progress(id=source, cursor="p2", listed=1)


def test_what_was_listed_in_part_moves_no_date(catalogue: Catalogue, ids: list[int]) -> None:
    db = catalogue.connection
    source = swept(db, ids)
    sources.open_source(db, SOURCE, now=NOW + DAY)
    sources.finish(db, source, now=NOW + DAY, whole=False)
    state = sources.open_source(db, SOURCE, now=NOW + 2 * DAY, sweep_every=WEEK)
    assert (state.cursor, state.since) == ("o", NOW - HOUR)


def test_a_pass_for_what_is_new_keeps_the_gaps_of_the_sweep(
    catalogue: Catalogue, ids: list[int]
) -> None:
    db = catalogue.connection
    swept(db, ids)
    about_a_model = (GapReason.INCONCLUSIVE, ids[0])
    alone = (GapReason.MALFORMED, GapReason.INCONCLUSIVE, GapReason.OUT_OF_BUDGET)
    for reason, node in (*((reason, None) for reason in alone), about_a_model):
        db.execute(
            "INSERT INTO gap(origin, node, reason, detail) VALUES (?, ?, ?, '')",
            (SOURCE, node, reason.value),
        )
    sources.open_source(db, SOURCE, now=NOW + DAY, sweep_every=WEEK)
    assert db.execute("SELECT reason, node FROM gap ORDER BY reason").fetchall() == [
        (GapReason.MALFORMED.value, None),
        (GapReason.INCONCLUSIVE.value, ids[0]),
    ]


def test_a_database_of_layout_4_is_swept_once_more(tmp_path: Path) -> None:
    path = tmp_path / "audit.db"
    columns = ("increment", "changes", "onward", "listed_from", "swept_from", "pages")
    with writing(path) as connection:
        source = sources.open_source(connection, SOURCE, now=NOW).id
        sources.finish(connection, source, now=NOW + 1)
    older = sqlite3.connect(path)
    for column in columns:
        older.execute(f'ALTER TABLE source DROP COLUMN "{column}"')
    older.execute("DELETE FROM _sqlite_migrations WHERE name = 'm005_increments'")
    older.executescript("PRAGMA user_version = 4;")
    older.close()
    with writing(path) as connection:
        assert connection.execute("PRAGMA user_version").fetchone()[0] == VERSION
        state = sources.open_source(connection, SOURCE, now=NOW + DAY, sweep_every=WEEK)
        assert (state.cursor, state.since) == (None, None)
        sources.advance(connection, source, cursor=sources.END, onward="o", nodes=())
        sources.finish(connection, source, now=NOW + DAY)
        state = sources.open_source(connection, SOURCE, now=NOW + 2 * DAY, sweep_every=WEEK)
        assert (state.cursor, state.since) == ("o", NOW + DAY - HOUR)


def test_a_sweep_knows_what_it_did_not_meet(catalogue: Catalogue, ids: list[int]) -> None:
    db = catalogue.connection
    source = sources.open_source(db, SOURCE, now=NOW).id
    sources.advance(db, source, nodes=ids)
    sources.finish(db, source, now=NOW)
    sources.open_source(db, SOURCE, now=NOW + 1)
    sources.advance(db, source, nodes=ids[:1])
    assert sources.unseen(db, source) == ["hf:acme/b", "hf:acme/c"]
    catalogue.mark("hf:acme/c", Status.GONE)
    assert sources.unseen(db, source) == ["hf:acme/b"]  # nobody asks for the dead every night
    sources.forget_unseen(db, source)
    assert catalogue.refs("SELECT node FROM member") == ids[:1]


def test_sources_do_not_meet_each_other_s_members(catalogue: Catalogue, ids: list[int]) -> None:
    db = catalogue.connection
    one = sources.open_source(db, SOURCE, now=NOW).id
    two = sources.open_source(db, "hf:other", now=NOW).id
    sources.advance(db, one, nodes=ids[:2])
    assert sources.advance(db, two, nodes=ids[1:]) == 2
    assert sources.unseen(db, one) == sources.unseen(db, two) == []


def test_a_frontier_is_asked_breadth_first_and_each_once(
    catalogue: Catalogue, ids: list[int]
) -> None:
    db = catalogue.connection
    source = sources.open_source(db, "hf:descendants-of/acme/a", now=NOW).id
    sources.extend_frontier(db, source, [ids[0]])
    asked = []
    while (item := sources.next_in_frontier(db, source)) is not None:
        row, ref, cursor = item
        asked.append((ref, cursor))
        if ref == "hf:acme/a" and cursor is None:
            sources.extend_frontier(db, source, [ids[2], ids[0]])
            sources.advance_frontier(db, row, "more")
            continue
        sources.extend_frontier(db, source, [ids[1], ids[2]])
        sources.advance_frontier(db, row, None)
    assert asked == [
        ("hf:acme/a", None), ("hf:acme/a", "more"), ("hf:acme/c", None), ("hf:acme/b", None),
    ]  # fmt: skip
    assert sources.frontier_size(db, source) == 0


def test_what_is_postponed_is_asked_last(catalogue: Catalogue, ids: list[int]) -> None:
    db = catalogue.connection
    source = sources.open_source(db, SOURCE, now=NOW).id
    sources.extend_frontier(db, source, ids[:2])
    first = sources.next_in_frontier(db, source)
    assert first is not None
    sources.postpone(db, first[0])
    asked = []
    while (item := sources.next_in_frontier(db, source)) is not None:
        asked.append(item[1])
        sources.advance_frontier(db, item[0], None)
    assert asked == ["hf:acme/b", "hf:acme/a"]


def test_the_size_of_a_frontier_is_what_is_left(catalogue: Catalogue, ids: list[int]) -> None:
    db = catalogue.connection
    source = sources.open_source(db, SOURCE, now=NOW).id
    sources.extend_frontier(db, source, ids)
    item = sources.next_in_frontier(db, source)
    assert item is not None
    sources.advance_frontier(db, item[0], None)
    assert sources.frontier_size(db, source) == 2


def test_the_end_of_the_archive_is_kept(catalogue: Catalogue) -> None:
    db = catalogue.connection
    assert sources.archive_end(db) is None
    for end in ("0:10", "0:99", "0:99"):
        sources.note_archive_end(db, end)
    assert sources.archive_end(db) == "0:99"
