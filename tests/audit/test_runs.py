"""One audit after another: what stays, what changes, what is gone."""

from __future__ import annotations

from collections.abc import Callable

from tests.audit.auditing import NOW, Auditor, Outcome, settled
from tests.audit.world import MIRROR, ON_CIVITAI, ON_HUB, SDXL, World, repository

Auditing = Callable[..., Auditor]
SOURCES = ("hf:", "civitai:")
DAY = 86_400

CLAIMS = (
    "SELECT c.ref, p.ref, o.extractor, o.path, o.locator, claim.relation, claim.grade,"
    " claim.excerpt, claim.source, claim.observed FROM claim JOIN node AS c ON c.id = claim.child"
    " JOIN node AS p ON p.id = claim.parent JOIN origin AS o ON o.id = claim.origin"
    " ORDER BY 1, 2, 3, 4, 5"
)


def gone(outcome: Outcome) -> dict[str, tuple[str, str | None]]:
    return {
        item["id"].partition("/hf:")[2]: (item["reason"], item["confirmed"])
        for item in outcome.report["gone"]
    }


def replace(earth: World, repo: str, record: dict[str, object] | None) -> None:
    kept = [r for r in earth.hub.records if r["id"] != repo]
    earth.hub.records = [*kept, *([record] if record else [])]


def test_a_second_audit_of_an_unchanged_world_writes_nothing_new(
    earth: World, auditing: Auditing
) -> None:
    auditor = auditing(earth)
    first = auditor.run(*SOURCES)
    before = auditor.rows("SELECT * FROM finding ORDER BY id"), auditor.rows(CLAIMS)
    second = auditor.run(*SOURCES, now=NOW + DAY)
    assert (auditor.rows("SELECT * FROM finding ORDER BY id"), auditor.rows(CLAIMS)) == before
    assert settled(second.report, without=("state",)) == settled(first.report, without=("state",))
    assert set(first.states.values()) == {"new"}
    assert set(second.states.values()) == {"unchanged"}
    assert second.report["gone"] == []
    assert second.report["coverage"]["gaps"] == first.report["coverage"]["gaps"]


def test_a_world_that_changes_makes_findings_new_changed_and_gone(
    earth: World, auditing: Auditing
) -> None:
    auditor = auditing(earth)
    auditor.run(*SOURCES)
    replace(earth, "tuner/evening", None)
    replace(earth, "new/dawn", repository(10, "new/dawn", SDXL, "finetune"))
    replace(earth, "tuner/aurora-lora", repository(14, "tuner/aurora-lora", MIRROR, "finetune"))
    replace(earth, "tuner/noon", repository(30, "tuner/noon", "tuner/aurora", "finetune"))
    second = auditor.run(*SOURCES, now=NOW + DAY, sweep=0)
    assert gone(second) == {
        "tuner/evening": ("gone", None),
        "new/dawn": ("no longer claimed or listed", None),
        "tuner/dusk": ("no longer claimed or listed", None),
    }
    assert {ref: s for ref, s in second.states.items() if s != "unchanged"} == {
        "hf:tuner/noon": "new",
        "hf:tuner/aurora-lora": "changed",
    }
    assert second.found["hf:tuner/aurora-lora"] == ("take-down", "declared", "finetune", 1)
    assert second.found.keys() == (
        {*ON_HUB, *ON_CIVITAI, "hf:tuner/noon"}
        - {"hf:tuner/evening", "hf:new/dawn", "hf:tuner/dusk"}
    )
    third = auditor.run(*SOURCES, now=NOW + 3 * DAY, sweep=0)
    assert gone(third).keys() == gone(second).keys()
    assert all(confirmed for _, confirmed in gone(third).values())
    assert set(third.states.values()) == {"unchanged"}


def test_what_comes_back_is_not_gone_any_more(earth: World, auditing: Auditing) -> None:
    auditor = auditing(earth)
    auditor.run("hf:")
    evening = next(r for r in earth.hub.records if r["id"] == "tuner/evening")
    replace(earth, "tuner/evening", None)
    assert set(gone(auditor.run("hf:", now=NOW + DAY, sweep=0))) == {"tuner/evening"}
    replace(earth, "tuner/evening", dict(evening))
    third = auditor.run("hf:", now=NOW + 2 * DAY, sweep=0)
    assert gone(third) == {}
    assert third.states["hf:tuner/evening"] == "new"


def test_counters_that_move_change_no_finding(earth: World, auditing: Auditing) -> None:
    auditor = auditing(earth)
    auditor.run("hf:")
    for record in earth.hub.records:
        record["downloads"] += 1000
    second = auditor.run("hf:", now=NOW + DAY, sweep=0)
    assert set(second.states.values()) == {"unchanged"}
    assert second.finding("hf:tuner/aurora")["downloads"] == 1020
