"""What an audit will ask, against the published quotas."""

from __future__ import annotations

import pytest

from modelaudit.crawl.sources import parse_sources
from modelaudit.domain.plan import PLANS, Estimate
from modelaudit.domain.words import Read
from modelaudit.report.plan import render
from modelaudit.steps.planning import HEAD, estimate


def of(
    *sources: str, read: Read = Read.METADATA, known: dict[str, int] | None = None,
    models: int | None = None, max_requests: int = 0, budget: int = 0,
) -> Estimate:  # fmt: skip
    return estimate(
        parse_sources(sources), read=read, known=known or {}, models=models,
        max_requests=max_requests, budget=budget,
    )  # fmt: skip


def test_the_whole_hub_takes_as_many_minutes_as_its_quotas_say() -> None:
    told = of("hf:")
    assert told.listing("hf") == 3118
    minutes = [round(told.hours(plan)[0] * 60) for plan in PLANS]
    assert minutes == [31, 16, 6, 5, 3, 2]  # 3,118 pages by windows of five minutes


def test_calls_about_single_models_share_the_quota_with_pages() -> None:
    told = of("hf:", max_requests=200_000)
    free = next(plan for plan in PLANS if plan.name == "free")
    assert told.hours(free)[1] == pytest.approx((3118 + 200_000) / 1000 * 300 / 3600)


def test_heads_are_counted_only_where_they_are_read() -> None:
    budget = 1000 * HEAD
    assert of("hf:", budget=budget).files == 0
    told = of("hf:", read=Read.HEADERS, budget=budget)
    assert (told.files, told.bytes) == (1000, budget)
    assert of("catalogue:examples", read=Read.HEADERS, budget=budget).files == 0


@pytest.mark.parametrize(("models", "requests"), [(0, 1), (1, 1), (1000, 1), (1001, 2), (2500, 3)])
def test_pages_are_counted_up(models: int, requests: int) -> None:
    assert of("hf:somebody", models=models).listing("hf") == requests


def test_what_was_listed_before_is_known_better() -> None:
    (listing,) = of("hf:", known={"hf:": 2_000_500}, models=7).listings
    assert (listing.models, listing.requests, listing.told) == (2_000_500, 2001, "as listed before")
    assert of("civitai:", models=250).listing("civitai") == 3


def test_what_nobody_counted_is_unknown_and_not_nothing() -> None:
    told = of("civitai:", "hf:somebody")
    assert [one.models for one in told.listings] == [None, None]
    text = "".join(render(told))
    assert text.count("not known: say --models N") == 2
    assert "at one request a second" not in text


def test_the_text() -> None:
    text = "".join(render(of("hf:", "civitai:4384", read=Read.HEADERS, max_requests=10_000,
                             budget=2 << 30)))  # fmt: skip
    assert "hf:  3,118,000 models, a census of 2026-10-03: 3,118 requests to list" in text
    assert "civitai:4384  1 model, one model: 1 request to list" in text
    assert "10,000 requests about single models, 44,902 for files, 2.0 GiB of weight files" in text
    assert "anonymous                31 min             2.2 h" in text
