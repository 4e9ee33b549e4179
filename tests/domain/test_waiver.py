"""What a decision covers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelaudit.domain.waiver import Decision, Waiver, WaiverUse, split_finding

DAYS = {"on": "2026-11-22", "until": "2027-02-22"}


def waiver(**named: str) -> Waiver:
    return Waiver(decision=Decision.ACCEPTED, reason="for a test only", by="me", **DAYS, **named)


@pytest.mark.parametrize(
    ("named", "model", "covered"),
    [
        ({"finding": "list/root/hf:Acme/One"}, "hf:acme/one", True),
        ({"finding": "list/root/hf:acme/one"}, "hf:acme/one2", False),
        ({"finding": "list/other/hf:acme/one"}, "hf:acme/one", False),
        ({"finding": "list/root/civitai:1"}, "civitai:1@2", False),
        ({"finding": "list/root/folder:a/[b]*.gguf"}, "folder:a/[b]*.gguf", True),
        ({"finding": "list/root/folder:a/[b]*.gguf"}, "folder:a/bc.gguf", False),
        ({"entry": "list/root"}, "hf:anybody/at-all", True),
        ({"entry": "list/other"}, "hf:acme/one", False),
        ({"model": "hf:acme/one"}, "hf:ACME/one", True),
        ({"model": "hf:acme/*"}, "hf:Acme/one", True),
        ({"model": "hf:acme/*"}, "hf:acme-two/one", False),
        ({"model": "hf:*-gguf"}, "hf:acme/one-GGUF", True),
        ({"model": "folder:a/B*"}, "folder:a/Bc.gguf", True),
        ({"model": "folder:a/B*"}, "folder:a/bc.gguf", False),
        ({"model": "civitai:43"}, "civitai:43@1", True),
        ({"model": "civitai:43"}, "civitai:432@1", False),
        ({"model": "civitai:43@1"}, "civitai:43@12", False),
        ({"entry": "list/root", "model": "hf:acme/o?e"}, "hf:acme/one", True),
        ({"entry": "list/other", "model": "hf:acme/o?e"}, "hf:acme/one", False),
        ({"entry": "list/root", "model": "hf:acme/[!o]ne"}, "hf:acme/one", False),
    ],
)
def test_all_that_it_names_must_fit(named: dict[str, str], model: str, covered: bool) -> None:
    assert waiver(**named).covers("list/root", model) is covered


def test_it_holds_up_to_its_day_and_not_on_it() -> None:
    one = waiver(entry="list/root")
    assert one.holds("2027-02-21")
    assert not one.holds("2027-02-22")


def test_the_narrowest_comes_first() -> None:
    named: list[dict[str, str]] = [
        {"finding": "l/r/hf:a/b"}, {"entry": "l/r", "model": "hf:a/b"},
        {"model": "hf:a/b"}, {"entry": "l/r", "model": "hf:a/*"}, {"entry": "l/r"},
    ]  # fmt: skip
    ranks = [waiver(**one).precision for one in named]
    assert ranks == sorted(ranks, reverse=True)
    assert ranks[0] > ranks[1] > ranks[2] > ranks[4]


def test_what_it_does_has_a_word() -> None:
    one = waiver(entry="list/root")
    states = [
        WaiverUse(waiver=one, findings=n, expired=expired).state
        for n, expired in ((1, False), (0, False), (1, True), (0, True))
    ]
    assert states == ["active", "unused", "expired", "expired"]


@given(
    st.from_regex(r"[a-z0-9][a-z0-9._/-]{1,79}", fullmatch=True),
    st.sampled_from(["hf", "civitai", "folder", "civitai-base"]),
    st.text(min_size=1, max_size=40),
)
def test_a_findings_id_is_split_where_it_was_joined(entry: str, platform: str, rest: str) -> None:
    model = f"{platform}:{rest}"
    assert split_finding(f"{entry}/{model}") == (entry, model)
    assert waiver(finding=f"{entry}/{model}").covers(entry, model)


@given(st.text(alphabet="ab*?[]!-/:", max_size=40), st.text(alphabet="ab/:-", max_size=60))
def test_no_pattern_raises_and_every_pattern_ends(pattern: str, model: str) -> None:
    assert isinstance(waiver(model=f"hf:{pattern}").covers("l/r", f"hf:{model}"), bool)


def test_many_stars_take_no_longer() -> None:
    assert not waiver(model=f"hf:{'a*' * 100}b").covers("l/r", f"hf:{'a' * 500}c")
