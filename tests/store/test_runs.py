"""Runs over several nights: what is new, changed, the same, gone, and back."""

from __future__ import annotations

import pytest

from modelaudit.domain.errors import StoreError
from modelaudit.domain.words import Grade, Status
from modelaudit.store import runs
from tests.steps.catalogue import (
    DAY,
    NOW,
    ROOT,
    Catalogue,
    Checked,
    entry,
    file,
    listed_file,
    listing,
    model,
    says,
)

LISTED = entry("list/root", ROOT, files=[listed_file("root")])
ONE, TWO = "list/root/hf:a/one", "list/root/hf:b/two"


def states(checked: Checked) -> dict[str, str]:
    return {name: finding.state.word for name, finding in checked.findings.items()}


def gone(checked: Checked) -> list[tuple[str, str, int, int | None]]:
    return [(g.id, g.reason, g.first_absent, g.confirmed) for g in checked.gone]


@pytest.fixture
def filled(catalogue: Catalogue) -> Catalogue:
    catalogue.add(model("hf:a/one", says(ROOT)), model("hf:b/two", says("hf:a/one")))
    return catalogue


def test_everything_is_new_at_first_and_unchanged_then(filled: Catalogue) -> None:
    assert states(filled.check(LISTED)) == {ONE: "new", TWO: "new"}
    assert states(filled.check(LISTED, now=NOW + DAY)) == {ONE: "unchanged", TWO: "unchanged"}


def test_an_unchanged_night_writes_no_finding(filled: Catalogue) -> None:
    filled.check(LISTED)
    filled.check(LISTED, now=NOW + DAY)
    assert filled.refs("SELECT count(*) FROM finding") == [2]


def test_other_evidence_is_a_change_and_other_downloads_are_none(filled: Catalogue) -> None:
    filled.check(LISTED)
    filled.add(
        model("hf:a/one", says(ROOT, "quantized")),
        model("hf:b/two", says("hf:a/one"), downloads=5),
    )
    second = filled.check(LISTED, now=NOW + DAY)
    assert states(second) == {ONE: "changed", TWO: "changed"}  # its path runs through the other
    filled.add(model("hf:b/two", says("hf:a/one"), downloads=99))
    third = filled.check(LISTED, now=NOW + 2 * DAY)
    assert states(third) == {ONE: "unchanged", TWO: "unchanged"}
    assert third.findings[TWO].downloads == 99


def test_an_old_run_reads_as_it_was(filled: Catalogue) -> None:
    first = filled.check(LISTED)
    filled.add(model("hf:a/one", says(ROOT, "quantized")), model("hf:c/three", says(ROOT)))
    filled.check(LISTED, now=NOW + DAY)
    filled.add(model("hf:a/one"))
    fourth = filled.check(LISTED, now=NOW + 2 * DAY)
    assert len(fourth.gone) == 2
    again = filled.report(first.run)
    assert again.findings == first.findings
    assert again.gone == first.gone == []
    assert again.coverage == first.coverage


def test_a_withdrawn_claim_makes_its_findings_gone_and_a_day_confirms_it(
    filled: Catalogue,
) -> None:
    filled.check(LISTED)
    filled.add(model("hf:a/one"))
    second = filled.check(LISTED, now=NOW + DAY)
    assert second.findings == {}
    why = "no longer claimed or listed"
    assert gone(second) == [(ONE, why, NOW + DAY, None), (TWO, why, NOW + DAY, None)]
    soon = filled.check(LISTED, now=NOW + 2 * DAY - 1)
    assert [g.confirmed for g in soon.gone] == [None, None]
    later = filled.check(LISTED, now=NOW + 2 * DAY)
    assert [(g.first_absent, g.confirmed) for g in later.gone] == [(NOW + DAY, NOW + 2 * DAY)] * 2


@pytest.mark.parametrize(
    ("status", "reason"),
    [(Status.GONE, "gone"), (Status.PRIVATE, "private or gone"),
     (Status.DISABLED, "disabled by the platform")],
)  # fmt: skip
def test_a_vanished_model_says_how(filled: Catalogue, status: Status, reason: str) -> None:
    filled.check(LISTED)
    filled.mark("hf:b/two", status)
    assert gone(filled.check(LISTED, now=NOW + DAY)) == [(TWO, reason, NOW + DAY, None)]


def test_an_incomplete_run_makes_nothing_gone(filled: Catalogue) -> None:
    filled.check(LISTED)
    filled.mark("hf:b/two", Status.GONE)
    partial = filled.check(LISTED, complete=False, finished=True, now=NOW + DAY)
    assert states(partial) == {ONE: "unchanged", TWO: "unchanged"}
    assert partial.gone == []


def test_what_comes_back_is_new_and_no_longer_gone(filled: Catalogue) -> None:
    filled.check(LISTED)
    filled.add(model("hf:b/two"))
    left = filled.check(LISTED, now=NOW + DAY)
    filled.add(model("hf:b/two", says("hf:a/one")))
    back = filled.check(LISTED, now=NOW + 2 * DAY)
    assert states(back) == {ONE: "unchanged", TWO: "new"}
    assert back.gone == []
    again = filled.report(left.run)
    assert gone(again) == gone(left) == [(TWO, "no longer claimed or listed", NOW + DAY, None)]


def test_a_later_confirmation_does_not_reach_back(filled: Catalogue) -> None:
    filled.check(LISTED)
    filled.add(model("hf:b/two"))
    left = filled.check(LISTED, now=NOW + DAY)
    filled.check(LISTED, now=NOW + 3 * DAY)
    assert gone(filled.report(left.run)) == gone(left)


def test_what_leaves_twice_is_first_absent_the_second_time(filled: Catalogue) -> None:
    with_claim = model("hf:b/two", says("hf:a/one"))
    for night, reading in enumerate([with_claim, model("hf:b/two"), with_claim, model("hf:b/two")]):
        filled.add(reading)
        last = filled.check(LISTED, now=NOW + night * DAY)
    assert [(g.id, g.first_absent, g.confirmed) for g in last.gone] == [(TWO, NOW + 3 * DAY, None)]


def test_a_renamed_model_is_found_under_its_new_name(filled: Catalogue) -> None:
    filled.add(model("hf:c/was", says(ROOT), stable_id="5f" * 12))
    filled.check(LISTED)
    filled.add(model("hf:c/is", says(ROOT), stable_id="5f" * 12))
    second = filled.check(LISTED, now=NOW + DAY)
    assert states(second)["list/root/hf:c/is"] == "new"
    assert [(g.id, g.reason) for g in second.gone] == [("list/root/hf:c/was", "renamed")]


def test_an_unfinished_run_is_continued_by_its_kind_only(filled: Catalogue) -> None:
    first = filled.check(LISTED, finished=False, complete=False)
    other = filled.check(LISTED, standard=Grade.RECORDED)
    assert other.run.seq != first.run.seq
    again = filled.check(LISTED, now=NOW + 60)
    assert again.run.run.id == first.run.run.id
    assert again.run.run.started == NOW
    assert states(again) == {ONE: "new", TWO: "new"}
    assert filled.check(LISTED, now=NOW + 120).run.seq not in (first.run.seq, other.run.seq)


def test_a_run_checked_twice_says_only_the_last(filled: Catalogue) -> None:
    filled.check(LISTED, finished=False, complete=False)
    filled.add(model("hf:b/two"), model("hf:c/three", says(ROOT)))
    last = filled.check(LISTED)
    assert states(last) == {ONE: "new", "list/root/hf:c/three": "new"}
    assert last.gone == []


def test_a_run_that_is_continued_back_to_the_baseline_changed_nothing(filled: Catalogue) -> None:
    filled.check(LISTED)
    filled.add(model("hf:b/two", says("hf:a/one", "quantized")))
    filled.check(LISTED, finished=False, complete=False, now=NOW + DAY)
    filled.add(model("hf:b/two", says("hf:a/one")))
    assert states(filled.check(LISTED, now=NOW + DAY + 60)) == {ONE: "unchanged", TWO: "unchanged"}


def test_runs_of_another_kind_are_no_baseline(filled: Catalogue) -> None:
    filled.check(LISTED)
    assert states(filled.check(LISTED, standard=Grade.HINTED, now=NOW + 1))[ONE] == "new"
    renamed = filled.check(listing(LISTED, name="another"), now=NOW + 2)
    assert states(renamed)[ONE] == "new"
    same = filled.check(LISTED, now=NOW + 3)
    assert states(same)[ONE] == "unchanged"
    before = runs.baseline(filled.connection, same.run)
    assert before is not None
    assert before.seq == 1


def test_the_latest_finished_run_is_the_one_shown(filled: Catalogue) -> None:
    with pytest.raises(StoreError, match="no run has finished yet"):
        runs.latest(filled.connection)
    first = filled.check(LISTED)
    filled.check(LISTED, standard=Grade.HINTED, finished=False)
    assert runs.latest(filled.connection).seq == first.run.seq
    assert runs.latest(filled.connection, first.run.run.id).seq == first.run.seq
    with pytest.raises(StoreError, match="no finished run 'nope'"):
        runs.latest(filled.connection, "nope")


def test_a_conflict_that_is_solved_stays_in_the_run_that_saw_it(filled: Catalogue) -> None:
    filled.add(model("hf:d/x", says("hf:e/else"), files=[file("root")]))
    first = filled.check(LISTED)
    filled.add(model("hf:d/x", says(ROOT), files=[file("root")]))
    second = filled.check(LISTED, now=NOW + DAY)
    assert (len(first.conflicts), len(second.conflicts)) == (1, 0)
    assert filled.report(first.run).conflicts == first.conflicts
