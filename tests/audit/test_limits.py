"""Budgets, limits and refused credentials: how an audit ends early, and goes on."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from modelaudit.domain.errors import CredentialsError
from tests.audit.auditing import NOW, Auditor, settled
from tests.audit.world import MIRROR, ON_CIVITAI, World
from tests.servers.hub import BAD_TOKEN, Refusal

Auditing = Callable[..., Auditor]
DESCENDANTS = f"hf:descendants-of/{MIRROR}"


def test_a_walk_that_the_budget_ends_says_what_is_left_and_goes_on(
    earth: World, auditing: Auditing
) -> None:
    whole = auditing(earth, "whole").run(DESCENDANTS)
    earth.hub.requests.clear()
    auditor = auditing(earth)
    first = auditor.run(DESCENDANTS, requests=3)
    assert not first.complete
    assert first.report["run"]["finished"] is None
    (gap,) = [g for g in first.report["coverage"]["gaps"] if "declared children" in g["detail"]]
    assert gap["reason"] == "out-of-budget"
    assert gap["count"] == auditor.rows("SELECT count(*) FROM frontier WHERE NOT asked")[0][0] > 10
    assert earth.hub.count(r"/api/models\?.*filter=base_model") == 3
    second = auditor.run(DESCENDANTS)
    assert second.complete
    assert second.report["run"]["id"] == first.report["run"]["id"]
    assert settled(second.report) == settled(whole.report)
    walked = earth.hub.count(r"/api/models\?.*filter=base_model")
    assert walked == auditor.rows("SELECT count(*) FROM frontier")[0][0]  # each model once


def test_an_audit_cut_short_by_its_budget_makes_nothing_gone(
    earth: World, auditing: Auditing
) -> None:
    auditor = auditing(earth)
    before = auditor.run(DESCENDANTS)
    earth.hub.records = [r for r in earth.hub.records if r["id"] != "tuner/evening"]
    cut = auditor.run(DESCENDANTS, requests=3, now=NOW + 1)
    assert not cut.complete
    assert cut.report["gone"] == []
    assert cut.found.keys() == before.found.keys()
    whole = auditor.run(DESCENDANTS, now=NOW + 2)
    assert [item["id"] for item in whole.report["gone"]] == ["laion-5b/sd-1.5/hf:tuner/evening"]


def test_candidates_that_the_budget_leaves_unread_are_one_gap(
    earth: World, auditing: Auditing
) -> None:
    outcome = auditing(earth).run("hf:", requests=4)
    (gap,) = [g for g in outcome.report["coverage"]["gaps"] if g["reason"] == "out-of-budget"]
    assert gap["model"] is None
    assert gap["count"] > 3
    assert "the request budget is used up" in gap["detail"]


def test_a_limit_ends_a_listing_and_makes_nothing_gone(earth: World, auditing: Auditing) -> None:
    auditor = auditing(earth)
    before = auditor.run("hf:")
    asked = earth.hub.count(r"/api/models\?")
    outcome = auditor.run("hf:", limit=3, now=NOW + 1)
    assert earth.hub.count(r"/api/models\?") == asked + 1
    assert outcome.report["gone"] == []
    assert outcome.found.keys() == before.found.keys()


def test_a_refused_token_is_an_error(earth: World, auditing: Auditing) -> None:
    earth.hub.list_refused = BAD_TOKEN
    with pytest.raises(CredentialsError, match="refuses the token"):
        auditing(earth).run("hf:")


@pytest.mark.parametrize("everything", [False, True], ids=["its list", "all of it"])
def test_where_one_of_two_sources_is_refused_the_other_is_audited(
    earth: World, auditing: Auditing, everything: bool
) -> None:
    earth.hub.list_refused = BAD_TOKEN
    if everything:
        refused: dict[str, Refusal] = dict.fromkeys(
            ["runwayml/stable-diffusion-v1-5", *(r["id"] for r in earth.hub.records)], BAD_TOKEN
        )
        earth.hub.refused |= refused
    outcome = auditing(earth).run("hf:", "civitai:")
    assert not outcome.complete
    assert [line for line in outcome.said if "refuses the token" in line]
    assert outcome.found == ON_CIVITAI


def test_where_every_source_is_refused_that_is_the_error(earth: World, auditing: Auditing) -> None:
    earth.hub.list_refused = BAD_TOKEN
    earth.civitai.odd.add("key-refused")
    with pytest.raises(CredentialsError):
        auditing(earth).run("hf:", "civitai:")
