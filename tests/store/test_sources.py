"""How far sources are listed: cursors, sweeps, and whose children are still to be asked for."""

from __future__ import annotations

import pytest

from modelaudit.domain.words import GapReason, Status
from modelaudit.store import sources
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
