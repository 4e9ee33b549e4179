"""A dump of the Hub as a seed: what it says holds until the Hub itself speaks, and never longer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from modelaudit.crawl.hub_stats import HubStats
from modelaudit.domain.errors import IncompleteError
from tests.audit.auditing import NOW, Auditor
from tests.audit.world import MIRROR, World, hub_records, repository

pytest.importorskip("pyarrow")

from tests.crawl.dumps import dump

Auditing = Callable[..., Auditor]
DAY = 86_400
NODES = (
    "SELECT ref, stable_id, status, created, modified, hex(revision), parameters, traits, same,"
    " detailed IS NOT NULL FROM node WHERE status > 0 AND ref LIKE 'hf:%' ORDER BY ref"
)
CLAIMS = (
    "SELECT c.ref, p.ref, o.extractor, o.path, o.locator, claim.relation, claim.grade"
    "  FROM claim JOIN node AS c ON c.id = claim.child JOIN node AS p ON p.id = claim.parent"
    "  JOIN origin AS o ON o.id = claim.origin ORDER BY 1, 2, 3, 4, 5"
)
SEEDED = "revision and gating unknown"


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """The dump of the world's Hub, written a day before the audits."""
    return dump(tmp_path / "models.parquet", hub_records(), rows_per_group=7, written=NOW - DAY)


def test_a_dump_is_audited_by_itself_and_says_what_it_is(
    earth: World, auditing: Auditing, models: Path
) -> None:
    auditor = auditing(earth)
    told = auditor.run(f"hub-stats:{models}", offline=True)
    assert told.complete
    assert told.found["hf:tuner/aurora"][0] == "take-down"
    assert "hf:closed/gated" in told.found
    assert earth.requests == []
    seeded = [g for g in told.report["coverage"]["gaps"] if SEEDED in g["detail"]]
    assert [(gap["reason"], gap["count"]) for gap in seeded] == [("inconclusive", 25)]
    assert auditor.rows("SELECT count(*) FROM node WHERE detailed IS NOT NULL") == [(0,)]


def test_a_live_audit_after_a_seed_is_the_audit_without_it(
    earth: World, auditing: Auditing, models: Path
) -> None:
    plain, seeded = auditing(earth, "plain"), auditing(earth, "seeded")
    alone = plain.run("hf:")
    seeded.run(f"hub-stats:{models}", offline=True)
    after = seeded.run("hf:", now=NOW + DAY)
    assert after.found == alone.found
    assert set(after.states.values()) == {"new"}
    assert seeded.rows(NODES) == plain.rows(NODES)
    assert seeded.rows(CLAIMS) == plain.rows(CLAIMS)
    assert not [g for g in after.report["coverage"]["gaps"] if SEEDED in g["detail"]]
    again = seeded.run("hf:", now=NOW + 2 * DAY)
    assert set(again.states.values()) == {"unchanged"}
    assert again.report["gone"] == []


def test_a_dump_never_overrules_what_the_hub_said(
    earth: World, auditing: Auditing, tmp_path: Path
) -> None:
    """Names, statuses, claims and downloads of the live audit stay, whatever an old copy holds."""
    auditor = auditing(earth)
    auditor.run("hf:")
    before = [auditor.rows(sql) for sql in (NODES, CLAIMS, "SELECT * FROM popularity")]
    names = {"new/dawn": "old/dawn", "tuner/evening": "tuner/dusk-of-old"}
    old = [
        record | {"id": names.get(record["id"], record["id"]), "downloads": 1, "cardData": {}}
        for record in hub_records()
    ]
    source = f"hub-stats:{dump(tmp_path / 'old.parquet', old, written=NOW - 99 * DAY)}"
    seeded = auditor.run(source, offline=True, now=NOW + DAY)
    assert [auditor.rows(sql) for sql in (NODES, CLAIMS, "SELECT * FROM popularity")] == before
    assert seeded.found["hf:new/dawn"][0] == "take-down"
    members = "SELECT count(*) FROM member AS m JOIN source AS s ON s.id = m.source WHERE s.text = "
    assert auditor.rows(f"{members}'{source}'") == [(25,)]
    again = auditor.run("hf:", now=NOW + 2 * DAY)
    assert set(again.states.values()) == {"unchanged"}


def test_what_the_hub_took_down_does_not_come_back_by_a_dump(
    earth: World, auditing: Auditing, models: Path
) -> None:
    auditor = auditing(earth)
    auditor.run("hf:")
    earth.hub.records = [r for r in earth.hub.records if r["id"] != "tuner/evening"]
    assert "hf:tuner/evening" not in auditor.run("hf:", now=NOW + 8 * DAY).found
    auditor.run(f"hub-stats:{models}", offline=True, now=NOW + 9 * DAY)
    after = auditor.run("hf:", now=NOW + 10 * DAY)
    assert "hf:tuner/evening" not in after.found
    assert [(g["id"].rpartition("/hf:")[2], g["reason"]) for g in after.report["gone"]] == [
        ("tuner/evening", "gone")
    ]


def test_a_newer_dump_without_a_model_makes_nothing_gone(
    earth: World, auditing: Auditing, models: Path
) -> None:
    auditor = auditing(earth)
    source = f"hub-stats:{models}"
    first = auditor.run(source, offline=True)
    fewer = [r for r in hub_records() if r["id"] != "tuner/evening"]
    fewer.append(repository(40, "tuner/morning", MIRROR, "finetune"))
    dump(models, fewer, written=NOW + DAY)
    second = auditor.run(source, offline=True, requests=0, now=NOW + 2 * DAY)
    assert second.complete
    assert second.found.keys() == first.found.keys() | {"hf:tuner/morning"}
    assert second.report["gone"] == []
    assert not [g for g in second.report["coverage"]["gaps"] if g["reason"] == "out-of-budget"]


def test_a_newer_dump_knows_a_renamed_model_again(
    earth: World, auditing: Auditing, models: Path
) -> None:
    auditor = auditing(earth)
    auditor.run(f"hub-stats:{models}", offline=True)
    renamed = [
        r | ({"id": "tuner/night"} if r["id"] == "tuner/evening" else {}) for r in hub_records()
    ]
    dump(models, renamed, written=NOW + DAY)
    second = auditor.run(f"hub-stats:{models}", offline=True, now=NOW + 2 * DAY)
    assert "hf:tuner/night" in second.found
    assert "hf:tuner/evening" not in second.found


def test_a_seed_cut_short_goes_on_where_it_was(
    earth: World, auditing: Auditing, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    auditor, whole = auditing(earth), auditing(earth, "whole")
    listed = HubStats.list
    cursors = []

    def cut(self: HubStats, source: object, cursor: str | None) -> object:
        cursors.append(cursor)
        for number, page in enumerate(listed(self, source, cursor)):  # type: ignore[arg-type]
            yield page
            if number == 2 and len(cursors) == 1:
                raise IncompleteError("the plug was pulled")

    monkeypatch.setattr(HubStats, "list", cut)
    first = auditor.run(f"hub-stats:{models}", offline=True)
    assert not first.complete
    second = auditor.run(f"hub-stats:{models}", offline=True)
    assert second.complete
    assert cursors == [None, f"{NOW - DAY}/1/7"]
    assert second.found == whole.run(f"hub-stats:{models}", offline=True).found
    assert [g["count"] for g in second.report["coverage"]["gaps"] if SEEDED in g["detail"]] == [25]


def test_seeded_suspects_are_asked_for_where_the_hub_is_a_source_as_well(
    earth: World, auditing: Auditing, models: Path
) -> None:
    told = auditing(earth).run(f"hub-stats:{models}", "hf:painter/ink")
    assert ("hf:closed/gated", "gated") in told.gaps
    assert told.found["hf:studio/relabelled"][:2] == ("take-down", "exact")
