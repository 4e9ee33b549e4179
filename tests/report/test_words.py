from __future__ import annotations

from dataclasses import replace

import pytest

from modelaudit.domain.finding import ListedEntry, Reach
from modelaudit.domain.refs import ModelRef, hf
from modelaudit.domain.words import ConflictKind, GapReason, Grade, Relation, Verdict
from modelaudit.report import words
from tests.report.rows import SD15, claim, finding
from tests.report.sample import sample


def test_every_word_of_the_vocabulary_has_its_sentence() -> None:
    assert set(words.GRADE) == set(Grade)
    assert set(words.GAP) == set(GapReason)
    assert set(words.CONFLICT) == set(ConflictKind)
    assert set(words.RELATION) == set(Relation)
    assert set(words.VERDICT) == set(Verdict) - {Verdict.NONE}
    for grade in Grade:
        assert words.said(claim(hf("a/b"), SD15, Relation.FINETUNE, grade)).endswith("tune of")


def test_a_declaration_is_described_and_bytes_match() -> None:
    child = hf("a/b")
    assert "described by its publisher" in words.said(claim(child, SD15, Relation.MERGE))
    assert "matches" in words.said(claim(child, SD15, Relation.COPY, Grade.EXACT))
    assert "resembles" in words.said(claim(child, SD15, Relation.COPY, Grade.MEASURED))


def test_a_mark_and_a_word_are_no_lineage() -> None:
    child = hf("a/b")
    mark = claim(child, ModelRef("civitai-flag:poi"), Relation.LISTED, Grade.RECORDED)
    word = claim(child, ModelRef("words:l/a"), Relation.LISTED, Grade.HINTED)
    assert words.said(mark) == "is marked by its platform as"
    assert words.said(word) == "has a word in its name that is looked for by"
    found = finding(Verdict.NOTE, [mark])
    assert words.via(found) == words.said(mark)
    assert words.via(replace(found, path=(child, SD15))) == "itself listed as"


def test_the_headline_counts_what_was_not_examined_too() -> None:
    report = sample()
    assert words.headline(report).startswith("7 models are recommended for take-down and 2 for")
    assert "428 models or files were not examined" in words.headline(report)
    report.rows = []
    assert words.found(report) == "No model is recommended for take-down or review."
    assert "428 models or files were not examined" in words.headline(report)


def test_the_headline_says_what_was_not_listed_whole() -> None:
    report = sample()
    assert "Last listed whole" not in words.headline(report)
    swept = {"hf:": 1_790_000_000, "civitai:": 1_789_900_000}
    report.coverage = replace(report.coverage, swept=swept)
    assert (
        "Last listed whole: civitai: on 2026-09-20, hf: on 2026-09-21; models without findings that"
        " were renamed, closed or deleted since still count." in words.headline(report)
    )


def test_an_unfinished_run_says_so_first() -> None:
    report = sample()
    report.run = replace(report.run, finished=None)
    assert words.headline(report).startswith("Incomplete: ")


def test_downloads_that_nobody_counted_are_left_out() -> None:
    affected = {"civitai": Reach(count=0, window="all", known=False),
                "hf": Reach(count=0, window="30d")}  # fmt: skip
    summary = replace(sample().summary, downloads_affected=affected)
    assert words.reaches(summary) == ["0 downloads in 30 days on Hugging Face"]


@pytest.mark.parametrize(
    ("claim", "told"),
    [
        ("trained-on dataset:lab/a", "documented: trained on dataset:lab/a"),
        ("trained-on", "documented"),
        ("is", "documented"),
    ],
)
def test_what_a_list_claims_is_said_in_words(claim: str, told: str) -> None:
    entry = ListedEntry(id="l/a", title="A", claim=claim, documentation="documented")
    assert words.listed_claim(entry) == told
    assert words.listed_claim(ListedEntry(id="l/a")) == ""


def test_claims_go_to_their_hop_whatever_the_spelling() -> None:
    a, b = hf("Org/Child"), hf("org/middle")
    made = [
        claim(hf("org/child"), hf("ORG/middle"), Relation.MERGE),
        claim(b, hf("someone/re-host-of-sd15"), Relation.FINETUNE),
        claim(b, a, Relation.COPY),
        claim(ModelRef("sha256:0"), SD15, Relation.COPY),
    ]
    row = finding(Verdict.REVIEW, made)
    path = (a, b, SD15)
    hops = words.by_hop(replace(row, path=path, model=a))
    assert hops == [[made[0], made[2]], [made[1], made[3]]]


def test_a_listed_model_has_one_place_for_its_claims() -> None:
    proof = claim(SD15, ModelRef("sha256:0"), Relation.COPY, Grade.EXACT)
    assert words.by_hop(finding(Verdict.TAKE_DOWN, [proof], model=SD15)) == [[proof]]
