"""Ends before the time: who ended the work decides whether an audit is complete."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from modelaudit.crawl.huggingface import HuggingFace
from modelaudit.domain.errors import IncompleteError
from modelaudit.domain.words import Read
from modelaudit.steps.budget import Budget
from modelaudit.steps.reading import Reading
from tests.audit.auditing import NOW, Auditor, Outcome, settled
from tests.audit.world import MIRROR, PARAMETERS, World
from tests.servers.base import Faults
from tests.servers.hub import Refusal

Auditing = Callable[..., Auditor]
DESCENDANTS = f"hf:descendants-of/{MIRROR}"
LISTS = r"/api/models\?"
MODELS = r"/api/models/"
TEAPOT = Refusal(418, None, "teapot")


def left(outcome: Outcome) -> dict[str, int]:
    """Detail, without its number → count of every gap that an early end left."""
    return {
        gap["detail"].partition(" ")[2]: gap["count"]
        for gap in outcome.report["coverage"]["gaps"]
        if gap["reason"] == "out-of-budget"
    }


def test_a_budget_spent_on_candidates_is_no_failure(earth: World, auditing: Auditing) -> None:
    outcome = auditing(earth).run("hf:", requests=4)
    assert outcome.complete
    assert outcome.report["run"]["finished"] is not None
    (detail,) = left(outcome)
    assert detail.endswith("the request budget is used up")


def test_headers_that_the_byte_budget_leaves_unread_are_one_gap(
    earth: World, auditing: Auditing
) -> None:
    auditor = auditing(earth)
    outcome = auditor.run("hf:", read=Read.HEADERS, bytes_left=1)
    unread = auditor.rows("SELECT count(*) FROM file WHERE header IS NULL")[0][0]
    assert unread > 0
    assert left(outcome) == {"file headers were not read: the byte budget is used up": unread}
    assert outcome.complete
    assert left(auditor.run("hf:", read=Read.HEADERS, now=NOW + 1)) == {}


def test_a_hub_that_stops_answering_about_models_leaves_a_gap_and_an_unfinished_run(
    earth: World, auditing: Auditing
) -> None:
    calm = auditing(earth, "calm").run("hf:")
    auditor = auditing(earth)
    earth.hub.faults = Faults("server-error", once=False, only=MODELS)
    first = auditor.run("hf:")
    assert not first.complete
    assert first.report["run"]["finished"] is None
    ((detail, count),) = left(first).items()
    assert "no usable answer" in detail
    assert count > 3
    earth.hub.faults = Faults()
    second = auditor.run("hf:")
    assert second.complete
    assert second.report["run"]["id"] == first.report["run"]["id"]
    assert left(second) == {}
    assert settled(second.report) == settled(calm.report)


def test_a_signal_while_models_are_read_ends_the_run_unfinished(
    earth: World, auditing: Auditing, monkeypatch: pytest.MonkeyPatch
) -> None:
    take = Reading._take

    def stop_after(self: Reading, page: Any) -> int:
        self.budget.stopped = "asked to stop by a signal"
        return take(self, page)

    monkeypatch.setattr(Reading, "_take", stop_after)
    outcome = auditing(earth).run("hf:")
    assert earth.hub.count(MODELS) == 1
    assert not outcome.complete
    assert outcome.report["run"]["finished"] is None
    assert [detail for detail in left(outcome) if "asked to stop by a signal" in detail]


def test_the_deadline_ends_a_listing_unfinished(earth: World, auditing: Auditing) -> None:
    outcome = auditing(earth).run("hf:", deadline=0.0)
    assert not outcome.complete
    assert earth.requests == []


def test_a_listing_that_the_hub_cuts_short_is_not_whole(earth: World, auditing: Auditing) -> None:
    auditor = auditing(earth)
    before = auditor.run("hf:")
    earth.hub.repeat_next = True
    for day in (1, 2):
        cut = auditor.run("hf:", now=NOW + day)
        assert not cut.complete
        assert cut.report["gone"] == []
        assert cut.found.keys() == before.found.keys()
        assert left(cut) == {"rest was not asked for: the Hub repeats itself: "
                             "the rest was not listed": 1}  # fmt: skip
    earth.hub.repeat_next = False
    whole = auditor.run("hf:", now=NOW + 3)
    assert whole.complete
    assert left(whole) == {}


def test_one_parent_that_the_hub_cannot_list_keeps_no_other_from_being_asked(
    earth: World, auditing: Auditing
) -> None:
    whole = auditing(earth, "whole").run(DESCENDANTS)
    auditor = auditing(earth)
    earth.hub.faults = Faults("server-error", once=False, only="base_model%3Atuner%2Faurora&?")
    for _ in range(2):
        outcome = auditor.run(DESCENDANTS)
        assert not outcome.complete
    assert auditor.rows("SELECT count(*) FROM frontier WHERE NOT asked") == [(1,)]
    earth.hub.faults = Faults()
    last = auditor.run(DESCENDANTS)
    assert last.complete
    assert settled(last.report) == settled(whole.report)


def test_a_list_that_was_read_to_its_end_is_not_asked_for_again(
    earth: World, auditing: Auditing, monkeypatch: pytest.MonkeyPatch
) -> None:
    auditor = auditing(earth)
    auditor.run("hf:")
    earth.hub.records = [
        r for r in earth.hub.records if r["id"] not in ("tuner/evening", "tuner/orphan")
    ]
    with monkeypatch.context() as silence:

        def silent(self: HuggingFace, refs: Iterable[str]) -> Iterator[None]:
            raise IncompleteError("rate limited")

        silence.setattr(HuggingFace, "details", silent)
        assert not auditor.run("hf:", now=NOW + 1, sweep=0).complete
    asked = earth.hub.count(LISTS)
    resumed = auditor.run("hf:", now=NOW + 2, sweep=0)
    assert earth.hub.count(LISTS) == asked
    assert resumed.complete
    assert [item["id"] for item in resumed.report["gone"]] == ["laion-5b/sd-1.5/hf:tuner/evening"]


def test_a_listing_resumed_with_a_smaller_limit_takes_nothing_more(
    earth: World, auditing: Auditing, monkeypatch: pytest.MonkeyPatch
) -> None:
    auditor = auditing(earth)
    walk = HuggingFace._walk

    def two_pages(self: HuggingFace, query: dict[str, str], cursor: str | None) -> Iterator[Any]:
        pages = walk(self, query, cursor)
        yield next(pages)
        yield next(pages)
        raise KeyboardInterrupt

    with monkeypatch.context() as interrupted, pytest.raises(KeyboardInterrupt):
        interrupted.setattr(HuggingFace, "_walk", two_pages)
        auditor.run("hf:")
    members, asked = auditor.rows("SELECT count(*) FROM member"), earth.hub.count(LISTS)
    assert auditor.run("hf:", limit=6).complete
    assert auditor.rows("SELECT count(*) FROM member") == members
    assert earth.hub.count(LISTS) == asked


def test_a_limit_within_the_only_page_is_a_gap_and_asks_for_no_other_model(
    earth: World, auditing: Auditing
) -> None:
    earth.hub.page_size = None
    auditor = auditing(earth)
    auditor.run("hf:")
    asked = len(earth.hub.requests)
    sample = auditor.run("hf:", limit=3, requests=0, now=NOW + 1)
    assert sample.complete
    assert len(earth.hub.requests) == asked + 1
    assert "rest was not asked for: --limit 3" in left(sample)


def test_what_a_budget_left_is_said_once_and_forgotten_when_it_is_done(
    earth: World, auditing: Auditing
) -> None:
    auditor = auditing(earth)
    for _ in range(2):
        outcome = auditor.run(DESCENDANTS, requests=3)
        walks = [detail for detail in left(outcome) if "children" in detail or "models" in detail]
        assert len(walks) == 1
    whole = auditor.run(DESCENDANTS)
    assert whole.complete
    assert left(whole) == {}


def test_an_ancestor_without_an_answer_is_asked_twice_at_most(
    earth: World, auditing: Auditing
) -> None:
    earth.hub.refused["vanished/base"] = TEAPOT
    auditing(earth).run("hf:tuner")
    assert 1 <= earth.hub.count("/api/models/vanished/base") <= 2  # as ancestor, as candidate


@pytest.mark.parametrize("requests", [0, 1, 3])
def test_calls_about_single_models_stay_within_the_budget(
    earth: World, auditing: Auditing, requests: int
) -> None:
    earth.hub.renamed.clear()  # a redirect is followed within its call
    auditing(earth, "hub").run("hf:tuner", requests=requests)
    assert earth.hub.count(MODELS) == requests
    auditing(earth, "civitai").run("civitai:", requests=requests)
    assert earth.civitai.count(r"/api/v1/model-versions/\d+$") == requests


def test_a_listed_model_that_only_lists_showed_is_read_when_it_has_a_finding(
    earth: World, auditing: Auditing
) -> None:
    record = next(r for r in earth.hub.records if r["id"] == MIRROR)
    record |= {"tags": [], "siblings": [{"rfilename": "notes.md", "size": 1, "blobId": "b" * 40}]}
    assert record.pop("safetensors")["total"] == PARAMETERS
    auditor = auditing(earth)
    detailed = f"SELECT detailed FROM node WHERE ref = 'hf:{MIRROR}'"
    auditor.run("hf:")
    assert auditor.rows(detailed) == [(None,)]
    auditor.run("hf:", now=NOW + 1)
    assert auditor.rows(detailed) != [(None,)]


def test_a_budget_says_which_of_its_limits_was_reached() -> None:
    assert Budget().no_reading == ""
    assert Budget(bytes=0).no_calls == ""
    assert "byte" in Budget(bytes=0).no_reading
    assert "byte" in Budget(requests=0, bytes=0).no_reading
    assert Budget(requests=0).no_reading == ""
    assert Budget(requests=0).halted == ""
    assert "deadline" in Budget(requests=0, deadline=0.0).no_calls
    budget = Budget(requests=2)
    assert (budget.afford("abc"), budget.afford("abc")) == ("ab", "")
