"""Nights that list only what is new or changed: as good as a sweep, and never worse than that."""

from __future__ import annotations

import signal
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from modelaudit.steps.listing import LEAST
from tests.audit.auditing import Auditor, Json, Outcome, settled
from tests.audit.test_kill import audit_in_a_process
from tests.audit.test_runs import gone, replace
from tests.audit.world import MIRROR, SDXL, World, file, model, repository, version, world
from tests.servers.base import Faults

Auditing = Callable[..., Auditor]
SOURCES = ("hf:", "civitai:")
HOUR, DAY = 3600, 86_400
NIGHT = 2_000_000_000
"""Of the first audit: later than any real clock, by which answers are dated."""
LISTS = r"/api/models\?"
NEW, CHANGED = LISTS + ".*sort=createdAt", LISTS + ".*sort=lastModified"


@pytest.fixture(autouse=True)
def small_lists_are_not_swept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("modelaudit.steps.listing.LEAST", {})


def at(seconds: int) -> str:
    """As the Hub writes it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def commit(earth: World, when: int, record: Json) -> None:
    """A repository that is new or has a new commit."""
    changed = record | {"lastModified": at(when), "sha": f"{when:040x}"}
    replace(earth, str(record["id"]), changed)


def day_of_changes(earth: World, when: int) -> None:
    commit(earth, when, repository(30, "tuner/noon", "tuner/aurora", "finetune"))
    commit(earth, when, repository(31, "labs/new-words"))
    commit(earth, when, repository(10, "new/dawn", SDXL, "finetune"))
    commit(earth, when, repository(20, "labs/words", MIRROR, "finetune"))
    commit(earth, when, repository(14, "tuner/aurora-lora", MIRROR, "finetune"))
    replace(earth, "tuner/evening", None)
    later = {"createdAt": at(when), "publishedAt": at(when)}
    earth.civitai.models += [
        model(120, "Checkpoint", version(1201, "SD 1.5", file("n.ckpt", "ab" * 32), **later)),
        model(121, "Checkpoint", version(1211, "SD 1.5", **later), nsfw=True, minor=True),
        model(122, "LORA", version(1221, "SDXL 1.0", **later), nsfw=True),
    ]
    grown = next(m for m in earth.civitai.models if m["id"] == 110)
    grown["modelVersions"].append(version(1102, "SD 1.5", file("o.ckpt", "cd" * 32), **later))


def coverage(outcome: Outcome) -> Json:
    """What was examined, without how it was listed."""
    left = {**outcome.report["coverage"]}
    del left["requests"], left["swept"]
    return left


def test_a_night_without_changes_asks_for_two_lists(earth: World, auditing: Auditing) -> None:
    auditor = auditing(earth)
    first = auditor.run("hf:", now=NIGHT)
    assert earth.hub.count(LISTS) == 4
    earth.hub.requests.clear()
    second = auditor.run("hf:", now=NIGHT + DAY)
    assert (earth.hub.count(NEW), earth.hub.count(CHANGED), earth.hub.count(LISTS)) == (1, 1, 2)
    assert set(second.states.values()) == {"unchanged"}
    assert settled(second.report) == settled(first.report)
    assert coverage(second) == coverage(first)
    assert auditor.rows("SELECT listed, increment FROM source") == [(25, 1)]
    assert first.report["coverage"]["swept"] == {}
    assert second.report["coverage"]["swept"] == {"hf:": at(NIGHT).replace(".000", "")}


def test_a_night_on_civitai_asks_for_the_last_page_of_each_partition(
    earth: World, auditing: Auditing
) -> None:
    auditor = auditing(earth)
    first = auditor.run("civitai:", now=NIGHT)
    lists = r"/api/v1/models\?(?!.*ids=)"
    swept = earth.civitai.count(lists)
    earth.civitai.requests.clear()
    second = auditor.run("civitai:", now=NIGHT + DAY)
    assert earth.civitai.count(lists) == 4 < swept
    assert settled(second.report) == settled(first.report)
    assert coverage(second) == coverage(first)


def test_a_night_finds_what_a_sweep_finds(earth: World, auditing: Auditing) -> None:
    nightly, sweeping = auditing(earth, "nightly"), auditing(earth, "sweeping")
    for auditor in (nightly, sweeping):
        auditor.run(*SOURCES, now=NIGHT)
    day_of_changes(earth, NIGHT + DAY // 2)
    earth.hub.requests.clear()
    night = nightly.run(*SOURCES, now=NIGHT + DAY)
    assert earth.hub.count(LISTS) == 2
    sweep = sweeping.run(*SOURCES, now=NIGHT + DAY, sweep=0)
    assert settled(night.report, without=("observed",)) == settled(
        sweep.report, without=("observed",)
    )
    assert {ref for ref, state in night.states.items() if state == "new"} == {
        "hf:tuner/noon", "hf:labs/words", "hf:labs/words-quantized",
        "civitai:120@1201", "civitai:110@1102",
    }  # fmt: skip
    assert night.states["hf:tuner/aurora-lora"] == "changed"
    assert gone(night) == gone(sweep)
    assert gone(night).keys() == {"tuner/evening", "new/dawn", "tuner/dusk"}
    assert coverage(night) == coverage(sweep)


def test_what_no_order_shows_waits_for_the_next_sweep(earth: World, auditing: Auditing) -> None:
    auditor = auditing(earth)
    auditor.run("hf:", now=NIGHT)
    replace(earth, "labs/words", None)
    for record in earth.hub.records:
        record["downloads"] += 1000
    popular = f"SELECT downloads FROM models WHERE ref = 'hf:{SDXL}'"
    for days, models, downloads in ((1, 24, 170), (6, 24, 170), (7, 23, 1170), (8, 23, 1170)):
        outcome = auditor.run("hf:", now=NIGHT + days * DAY - 60)
        assert outcome.report["coverage"]["models"] == models
        assert auditor.rows(popular) == [(downloads,)]
        assert outcome.finding("hf:tuner/aurora")["downloads"] == 1020  # asked for every night
    assert auditor.rows("SELECT increment FROM source") == [(1,)]


@pytest.mark.parametrize("days", [0, 1])
def test_a_sweep_may_be_asked_for_each_night(earth: World, auditing: Auditing, days: int) -> None:
    auditor = auditing(earth)
    auditor.run("hf:", now=NIGHT)
    auditor.run("hf:", now=NIGHT + DAY - 60, sweep=days)
    assert earth.hub.count(LISTS) == 8


def test_what_a_night_misses_is_confirmed_by_asking_again(earth: World, auditing: Auditing) -> None:
    auditor = auditing(earth)
    auditor.run("hf:", now=NIGHT)
    replace(earth, "tuner/evening", None)
    assert gone(auditor.run("hf:", now=NIGHT + DAY)) == {"tuner/evening": ("gone", None)}
    probe = "/api/models/tuner/evening"
    assert earth.hub.count(probe) == 2
    soon = auditor.run("hf:", now=NIGHT + DAY + HOUR)
    assert gone(soon) == {"tuner/evening": ("gone", None)}
    assert earth.hub.count(probe) == 2
    poor = auditor.run("hf:", now=NIGHT + 3 * DAY, requests=0)
    assert gone(poor) == {"tuner/evening": ("gone", None)}  # nobody looked
    again = auditor.run("hf:", now=NIGHT + 4 * DAY)
    assert earth.hub.count(probe) == 3
    assert gone(again)["tuner/evening"][1] is not None


def test_what_came_back_is_found_before_it_is_confirmed(earth: World, auditing: Auditing) -> None:
    auditor = auditing(earth)
    auditor.run("hf:", now=NIGHT)
    evening = next(r for r in earth.hub.records if r["id"] == "tuner/evening")
    replace(earth, "tuner/evening", None)
    assert set(gone(auditor.run("hf:", now=NIGHT + DAY))) == {"tuner/evening"}
    replace(earth, "tuner/evening", evening)
    third = auditor.run("hf:", now=NIGHT + 2 * DAY)
    assert gone(third) == {}
    assert third.states["hf:tuner/evening"] == "new"


@pytest.mark.parametrize("back", [DAY, HOUR + 60, 60])
def test_a_clock_that_went_back_makes_a_sweep(earth: World, auditing: Auditing, back: int) -> None:
    auditor = auditing(earth)
    auditor.run("hf:", now=NIGHT)
    auditor.run("hf:", now=NIGHT - back)
    assert earth.hub.count(LISTS) == 8
    auditor.run("hf:", now=NIGHT - back + DAY)
    assert earth.hub.count(LISTS) == 10


def test_changes_within_the_hour_before_a_pass_are_met_again(
    earth: World, auditing: Auditing
) -> None:
    """The two clocks may differ, and a page may be older than its answer."""
    auditor = auditing(earth)
    auditor.run("hf:", now=NIGHT)
    commit(earth, NIGHT - HOUR, repository(20, "labs/words", MIRROR, "finetune"))
    night = auditor.run("hf:", now=NIGHT + DAY)
    assert night.states["hf:labs/words"] == "new"


def test_equal_times_at_the_edge_of_a_page_lose_nothing(earth: World, auditing: Auditing) -> None:
    auditor = auditing(earth)
    auditor.run("hf:", now=NIGHT)
    refs = [f"crowd/m{number}" for number in range(40, 56)]
    for number, repo in enumerate(refs, 40):
        earth.hub.records.insert(0, repository(number, repo))
    auditor.run("hf:", now=NIGHT + DAY)
    for number, repo in enumerate(refs, 40):
        commit(earth, NIGHT + DAY - HOUR, repository(number, repo, MIRROR, "finetune"))
    night = auditor.run("hf:", now=NIGHT + 2 * DAY)
    assert {ref for ref, state in night.states.items() if state == "new"} == {
        f"hf:{repo}" for repo in refs
    }


def test_what_changes_between_two_halves_of_a_pass_is_met_by_the_next(
    earth: World, auditing: Auditing
) -> None:
    auditor = auditing(earth)
    auditor.run("hf:", now=NIGHT)
    for number in range(40, 56):
        commit(earth, NIGHT + HOUR, repository(number, f"crowd/m{number}"))
    earth.hub.faults = Faults("server-error", once=False, only=CHANGED + ".*cursor=")
    half = auditor.run("hf:", now=NIGHT + DAY)
    assert not half.complete
    assert half.report["gone"] == []
    earth.hub.faults = Faults()
    last = min((r for r in earth.hub.records if r["lastModified"] > at(NIGHT)), key=str)
    commit(earth, NIGHT + DAY + HOUR, repository(20, "labs/words", MIRROR, "finetune"))
    commit(earth, NIGHT + DAY + HOUR, last | {"tags": [f"base_model:{MIRROR}"]})
    earth.hub.requests.clear()
    rest = auditor.run("hf:", now=NIGHT + 2 * DAY)
    assert rest.complete
    assert earth.hub.count(NEW) == 0  # the list of what is new had come to its end
    assert "cursor=" in earth.hub.requests[0].target
    after = auditor.run("hf:", now=NIGHT + 3 * DAY)
    assert {"hf:labs/words", f"hf:{last['id']}"} <= {*after.states}
    listed = {f"hf:{record['id']}" for record in earth.hub.records}
    members = "SELECT n.ref FROM member AS m JOIN node AS n ON n.id = m.node"
    assert {ref for (ref,) in auditor.rows(members)} == listed


def test_a_limited_listing_is_no_pass(earth: World, auditing: Auditing) -> None:
    auditor = auditing(earth)
    auditor.run("hf:", now=NIGHT)
    commit(earth, NIGHT + HOUR, repository(20, "labs/words", MIRROR, "finetune"))
    auditor.run("hf:", now=NIGHT + DAY, limit=3)
    night = auditor.run("hf:", now=NIGHT + 2 * DAY)
    assert night.states["hf:labs/words"] == "new"
    assert earth.hub.count(LISTS) == 4 + 1 + 2


def test_a_limit_or_a_new_wish_turns_a_pass_under_way_into_a_sweep(
    earth: World, auditing: Auditing
) -> None:
    auditor = auditing(earth)
    auditor.run("hf:", now=NIGHT)
    commit(earth, NIGHT + HOUR, repository(20, "labs/words", MIRROR, "finetune"))
    earth.hub.faults = Faults("server-error", once=False, only=CHANGED)
    assert not auditor.run("hf:", now=NIGHT + DAY).complete
    earth.hub.faults = Faults()
    earth.hub.requests.clear()
    sweep = auditor.run("hf:", now=NIGHT + 2 * DAY, sweep=0)
    assert sweep.found["hf:labs/words"][0] == "take-down"
    assert (earth.hub.count(NEW), earth.hub.count(CHANGED)) == (4, 0)


def test_a_cursor_that_the_hub_forgot_lists_everything(earth: World, auditing: Auditing) -> None:
    earth.hub.page_size = 1000
    auditor = auditing(earth)
    auditor.run("hf:", now=NIGHT)
    earth.hub.page_size = 7
    earth.hub.odd.add("forgotten-cursors")
    auditor.run("hf:", now=NIGHT + DAY)  # one page had no cursor
    earth.hub.odd.clear()
    auditor.run("hf:", now=NIGHT + 2 * DAY)
    commit(earth, NIGHT + 2 * DAY, repository(30, "tuner/noon", "tuner/aurora", "finetune"))
    onward = auditor.rows("SELECT onward FROM source")[0][0]
    assert "cursor=" in onward

    def forget_once(request: object) -> object:
        earth.hub.odd.clear()
        earth.hub.instead = None
        earth.hub.odd.add("forgotten-cursors")
        reply = earth.hub.answer(request)  # type: ignore[arg-type]  # handed on
        earth.hub.odd.clear()
        return reply

    earth.hub.instead = forget_once  # type: ignore[assignment]  # handed on
    earth.hub.requests.clear()
    night = auditor.run("hf:", now=NIGHT + 3 * DAY)
    assert night.states["hf:tuner/noon"] == "new"
    assert earth.hub.count(NEW) == 5


def test_an_account_is_listed_from_where_it_ended(earth: World, auditing: Auditing) -> None:
    auditor = auditing(earth)
    auditor.run("hf:tuner", now=NIGHT)
    commit(earth, NIGHT + HOUR, repository(30, "tuner/noon", "tuner/aurora", "finetune"))
    commit(earth, NIGHT + HOUR, repository(31, "other/noon", "tuner/aurora", "finetune"))
    earth.hub.requests.clear()
    night = auditor.run("hf:tuner", now=NIGHT + DAY)
    assert {ref for ref, state in night.states.items() if state == "new"} == {"hf:tuner/noon"}
    assert (earth.hub.count(NEW + ".*author=tuner"), earth.hub.count(CHANGED)) == (1, 1)


def test_a_gap_goes_when_its_model_is_mended(earth: World, auditing: Auditing) -> None:
    auditor = auditing(earth)
    first = auditor.run("hf:", now=NIGHT)
    assert ("hf:closed/disabled", "disabled") in first.gaps
    assert any(reason == "malformed" for _, reason in first.gaps)
    commit(earth, NIGHT + HOUR, repository(9, "closed/disabled", MIRROR, "finetune"))
    del earth.hub.refused["closed/disabled"]
    night = auditor.run("hf:", now=NIGHT + DAY)
    assert first.gaps - night.gaps == {("hf:closed/disabled", "disabled")}
    assert night.states["hf:closed/disabled"] == "new"


@pytest.mark.parametrize("statements", [60, 100, 140, 200, 450])
def test_a_night_that_is_killed_anywhere_is_done_by_the_next_command(
    auditing: Auditing, statements: int
) -> None:
    with world() as earth:
        calm, auditor = auditing(earth, "calm"), auditing(earth)
        for one in (calm, auditor):
            one.run(*SOURCES, now=1_790_000_000 - DAY)  # the child's clock is the auditor's own
        day_of_changes(earth, 1_790_000_000 - HOUR)
        undisturbed = calm.run(*SOURCES)
        earth.hub.requests.clear()
        assert audit_in_a_process(auditor, statements) == -signal.SIGKILL
        resumed = auditor.run(*SOURCES)
        assert earth.hub.count(LISTS) <= 5  # a source that was done is asked again for what is new
        assert resumed.complete
        assert settled(resumed.report) == settled(undisturbed.report)
        assert resumed.states == undisturbed.states
        assert coverage(resumed) == coverage(undisturbed)
        assert auditor.rows("PRAGMA integrity_check") == [("ok",)]
        members = "SELECT n.ref FROM member AS m JOIN node AS n ON n.id = m.node ORDER BY 1"
        assert auditor.rows(members) == calm.rows(members)


def test_a_list_of_two_pages_is_swept_each_time(
    earth: World, auditing: Auditing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes no more requests than what is new or changed would, and sees everything."""
    monkeypatch.setattr("modelaudit.steps.listing.LEAST", LEAST)
    auditor = auditing(earth)
    earth.hub.page_size = 1000
    for night in range(2):
        earth.hub.requests.clear()
        auditor.run("hf:", now=NIGHT + night * DAY)
        assert (earth.hub.count(NEW), earth.hub.count(CHANGED)) == (1, 0)
    earth.hub.page_size = 5
    for night, changed in ((2, 0), (3, 1)):  # the sweep of night 2 took more pages
        earth.hub.requests.clear()
        auditor.run("hf:", now=NIGHT + night * DAY)
        assert earth.hub.count(CHANGED) == changed
