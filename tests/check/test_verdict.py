"""The verdict rule as one table: what an entry and a path allow, and which cap says so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelaudit.check.verdict import path_cap
from modelaudit.domain.edge import Edge, Flag
from modelaudit.domain.entry import Documentation, Entry, EntryStatus, Scope
from modelaudit.domain.words import Component, Grade, Relation, Verdict

R, G = Relation, Grade

SCOPE = Scope(
    caps={
        **dict.fromkeys(
            (R.COPY, R.CONVERSION, R.QUANTIZED, R.PRUNED, R.FINETUNE, R.MERGE), Verdict.TAKE_DOWN
        ),
        R.ADAPTER: Verdict.REVIEW,
        R.TRAINED_ON: Verdict.NOTE,
        R.COMPONENT: Verdict.TAKE_DOWN,  # more than the rule ever lets a component reach
    },
    min_merge_weight=0.05,
)

ENTRY = Entry(
    id="list/root",
    title="Root",
    status=EntryStatus.ACTIVE,
    kind="model",
    policy=Verdict.TAKE_DOWN,
    documentation=Documentation.DOCUMENTED,
    claim_relation="trained-on",
    scope=SCOPE,
)

TUNE = Edge(R.FINETUNE, G.DECLARED)
COPY = Edge(R.COPY, G.EXACT)


def tune(grade: Grade) -> Edge:
    return Edge(R.FINETUNE, grade)


def flagged(flag: Flag, edge: Edge = TUNE) -> Edge:
    return edge._replace(flags=flag)


def merge(weight: float | None) -> Edge:
    return Edge(R.MERGE, G.RECORDED, weight=weight)


def allowing(**changes: Any) -> Entry:
    return replace(ENTRY, **changes)


def documented(how: str) -> Entry:
    return allowing(documentation=Documentation(how))


def hops(most: int) -> Entry:
    return allowing(scope=replace(SCOPE, max_hops=most))


DISPUTED = allowing(status=EntryStatus.DISPUTED)
DRAFT = allowing(status=EntryStatus.DRAFT)
WITHDRAWN = allowing(status=EntryStatus.WITHDRAWN)

# id: (entry, path from the model upwards, standard) → (verdict, words of decided_by)
CASES: Mapping[str, tuple[Entry, list[Edge], Grade, str, str]] = {
    # the standard of proof
    "declared under declared": (ENTRY, [TUNE], G.DECLARED, "take-down", "policy of list/root"),
    "declared under recorded": (ENTRY, [TUNE], G.RECORDED, "review", "standard of proof is"),
    "declared under measured": (ENTRY, [TUNE], G.MEASURED, "review", "evidence is declared"),
    "recorded under recorded": (ENTRY, [tune(G.RECORDED)], G.RECORDED, "take-down", "policy"),
    "recorded under measured": (ENTRY, [tune(G.RECORDED)], G.MEASURED, "review", "is recorded"),
    "measured under measured": (ENTRY, [tune(G.MEASURED)], G.MEASURED, "take-down", "policy"),
    "exact under measured": (ENTRY, [COPY], G.MEASURED, "take-down", "policy"),
    "exact under hinted": (ENTRY, [COPY], G.HINTED, "take-down", "policy"),
    "declared under hinted": (ENTRY, [TUNE], G.HINTED, "take-down", "policy"),
    "the weakest of the path counts": (ENTRY, [COPY, TUNE], G.RECORDED, "review", "is declared"),
    "wherever it stands": (ENTRY, [TUNE, COPY, COPY], G.RECORDED, "review", "is declared"),
    # hints
    "a hint under hinted": (ENTRY, [tune(G.HINTED)], G.HINTED, "review", "a hint is no proof"),
    "a hint under declared": (ENTRY, [tune(G.HINTED)], G.DECLARED, "note", "a hint is no proof"),
    "a hint under recorded": (ENTRY, [tune(G.HINTED)], G.RECORDED, "note", "a hint is no proof"),
    "a hint under measured": (ENTRY, [tune(G.HINTED)], G.MEASURED, "note", "a hint is no proof"),
    "a hint behind a proof": (ENTRY, [COPY, tune(G.HINTED)], G.DECLARED, "note", "a hint"),
    # the scope of a relation
    "a named relation": (ENTRY, [Edge(R.ADAPTER, G.EXACT)], G.DECLARED, "review", "adapter"),
    "a mild relation": (ENTRY, [Edge(R.TRAINED_ON, G.EXACT)], G.DECLARED, "note", "trained-on"),
    "an unnamed relation": (ENTRY, [Edge(R.DISTILLED, G.EXACT)], G.DECLARED, "review", "distilled"),
    "behind another": (ENTRY, [COPY, Edge(R.ADAPTER, G.EXACT)], G.DECLARED, "review", "adapter"),
    "a component": (ENTRY, [Edge(R.COMPONENT, G.EXACT)], G.DECLARED, "note", "a component does"),
    # merges
    "a merge below the least": (ENTRY, [merge(0.049)], G.DECLARED, "note", "0.049 is below 0.05"),
    "a merge without a share": (ENTRY, [merge(0.0)], G.DECLARED, "note", "0 is below 0.05"),
    "a merge at the least": (ENTRY, [merge(0.05)], G.DECLARED, "take-down", "policy"),
    "a merge above the least": (ENTRY, [merge(0.7)], G.DECLARED, "take-down", "policy"),
    "a merge of unknown share": (ENTRY, [merge(None)], G.DECLARED, "take-down", "policy"),
    "only a merge has a share": (ENTRY, [TUNE._replace(weight=0.0)], G.DECLARED, "take-down", ""),
    # what is odd about an edge
    "conflict": (ENTRY, [flagged(Flag.CONFLICT)], G.DECLARED, "review", "a stronger claim"),
    "date": (ENTRY, [flagged(Flag.DATE)], G.DECLARED, "review", "30 days younger"),
    "cycle": (ENTRY, [flagged(Flag.CYCLE)], G.DECLARED, "review", "form a cycle"),
    "undirected": (ENTRY, [flagged(Flag.UNDIRECTED, COPY)], G.DECLARED, "note", "came first"),
    "single source": (ENTRY, [flagged(Flag.SINGLE_SOURCE, COPY)], G.DECLARED, "review", "single"),
    "undated": (ENTRY, [flagged(Flag.UNDATED)], G.DECLARED, "review", "a date that is unknown"),
    "allowed": (ENTRY, [flagged(Flag.ALLOWED, COPY)], G.DECLARED, "review", "an allow list"),
    "weak": (
        ENTRY, [flagged(Flag.WEAK, tune(G.MEASURED))], G.DECLARED, "review", "agree only in part"),
    "the lowest of two": (
        ENTRY, [flagged(Flag.CONFLICT | Flag.UNDIRECTED)], G.DECLARED, "note", "came first"),
    "odd anywhere on the path": (ENTRY, [COPY, flagged(Flag.CYCLE)], G.DECLARED, "review", "cycle"),
    # the entry
    "policy review": (allowing(policy=Verdict.REVIEW), [COPY], G.DECLARED, "review", "policy of"),
    "policy note": (allowing(policy=Verdict.NOTE), [COPY], G.DECLARED, "note", "policy of"),
    "policy none": (allowing(policy=Verdict.NONE), [COPY], G.DECLARED, "none", "policy of"),
    "disputed": (DISPUTED, [COPY], G.DECLARED, "review", "list/root is disputed"),
    "draft": (DRAFT, [COPY], G.DECLARED, "none", "list/root is draft"),
    "withdrawn": (WITHDRAWN, [COPY], G.DECLARED, "none", "list/root is withdrawn"),
    "a declared claim": (documented("declared"), [COPY], G.DECLARED, "review", "is declared"),
    "a probable claim": (documented("probable"), [COPY], G.DECLARED, "review", "is probable"),
    "a disputed claim": (documented("disputed"), [COPY], G.DECLARED, "note", "is disputed"),
    # the length of the path
    "as many hops as allowed": (hops(2), [TUNE, TUNE], G.DECLARED, "take-down", "policy"),
    "a hop too many": (hops(2), [TUNE, TUNE, TUNE], G.DECLARED, "none", "reaches 2"),
    "no hop allowed": (hops(0), [COPY], G.DECLARED, "none", "reaches 0"),
    "hops without a limit": (ENTRY, [TUNE] * 50, G.DECLARED, "take-down", "policy"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_path_is_judged_as_the_table_says(case: str) -> None:
    entry, path, standard, verdict, words = CASES[case]
    cap = path_cap(entry, path, standard)
    assert cap.verdict.word == verdict
    assert words in cap.reason


LISTED = {
    # id: (entry, grade by which it is recognised, standard) → verdict, words
    "by its bytes": (ENTRY, G.EXACT, G.MEASURED, "take-down", "policy"),
    "by its name": (ENTRY, G.DECLARED, G.DECLARED, "take-down", "policy"),
    "by its name under recorded": (ENTRY, G.DECLARED, G.RECORDED, "review", "is declared"),
    "where no hop is allowed": (hops(0), G.DECLARED, G.DECLARED, "take-down", "policy"),
    "on a disputed entry": (DISPUTED, G.EXACT, G.DECLARED, "review", "disputed"),
    "on a withdrawn entry": (WITHDRAWN, G.EXACT, G.DECLARED, "none", "withdrawn"),
}


@pytest.mark.parametrize("case", LISTED)
def test_the_listed_model_itself_is_judged_by_how_it_is_recognised(case: str) -> None:
    entry, grade, standard, verdict, words = LISTED[case]
    cap = path_cap(entry, (), standard, listed=grade)
    assert cap.verdict.word == verdict
    assert words in cap.reason


edges = st.builds(
    Edge,
    relation=st.sampled_from([r for r in Relation if r is not R.LISTED]),
    grade=st.sampled_from(Grade),
    flags=st.builds(Flag, st.integers(0, 511)),
    weight=st.none() | st.floats(0, 1),
)
paths = st.lists(edges, min_size=1, max_size=4)
entries = st.builds(
    lambda status, policy, documentation, most, caps: replace(
        ENTRY,
        status=status,
        policy=policy,
        documentation=documentation,
        scope=Scope(caps=caps, max_hops=most, min_merge_weight=0.05),
    ),
    st.sampled_from(EntryStatus),
    st.sampled_from(Verdict),
    st.sampled_from(Documentation),
    st.none() | st.integers(0, 4),
    st.dictionaries(st.sampled_from(Relation), st.sampled_from(Verdict)),
)
standards = st.sampled_from(Grade)


@given(entry=entries, path=paths, more=edges, at=st.integers(0, 4), standard=standards)
def test_another_edge_never_raises_the_verdict(
    entry: Entry, path: list[Edge], more: Edge, at: int, standard: Grade
) -> None:
    longer = [*path[:at], more, *path[at:]]
    assert path_cap(entry, longer, standard).verdict <= path_cap(entry, path, standard).verdict


@given(entry=entries, path=paths, at=st.integers(0, 3), weaker=standards, standard=standards)
def test_a_weaker_grade_never_raises_the_verdict(
    entry: Entry, path: list[Edge], at: int, weaker: Grade, standard: Grade
) -> None:
    at %= len(path)
    weak = path[at]._replace(grade=min(path[at].grade, weaker))
    weakened = [*path[:at], weak, *path[at + 1 :]]
    assert path_cap(entry, weakened, standard).verdict <= path_cap(entry, path, standard).verdict


@given(entry=entries, path=paths, one=standards, other=standards)
def test_a_stricter_standard_never_raises_the_verdict(
    entry: Entry, path: list[Edge], one: Grade, other: Grade
) -> None:
    mild, strict = sorted((one, other))
    assert path_cap(entry, path, strict).verdict <= path_cap(entry, path, mild).verdict


@given(entry=entries, path=paths, at=st.integers(0, 3), flag=st.sampled_from(Flag))
def test_one_more_oddity_never_raises_the_verdict(
    entry: Entry, path: list[Edge], at: int, flag: Flag
) -> None:
    at %= len(path)
    odd = path[at]._replace(flags=path[at].flags | flag)
    odder = [*path[:at], odd, *path[at + 1 :]]
    before = path_cap(entry, path, G.DECLARED)
    assert path_cap(entry, odder, G.DECLARED).verdict <= before.verdict


@given(entry=entries, path=paths, standard=standards)
def test_the_reason_is_one_line_and_never_empty(
    entry: Entry, path: list[Edge], standard: Grade
) -> None:
    reason = path_cap(entry, path, standard).reason
    assert reason
    assert "\n" not in reason


@pytest.mark.parametrize(
    ("tainted", "verdict"),
    [
        ({Component.IMAGE_ENCODER, Component.TEXT_ENCODER}, Verdict.NOTE),
        ({Component.UNET, Component.TEXT_ENCODER}, Verdict.TAKE_DOWN),
        ({Component.FULL}, Verdict.TAKE_DOWN),
        (set(), Verdict.TAKE_DOWN),
    ],
)
def test_one_of_several_parents_may_be_a_part(tainted: set[Component], verdict: Verdict) -> None:
    entry = allowing(tainted=frozenset(tainted))
    assert path_cap(entry, [flagged(Flag.AMONG)], G.DECLARED).verdict is verdict
    assert path_cap(entry, [TUNE], G.DECLARED).verdict is Verdict.TAKE_DOWN
