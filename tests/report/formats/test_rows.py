from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelaudit.domain import refs
from modelaudit.domain.words import Relation, Verdict
from modelaudit.report.clean import for_terminal
from modelaudit.report.formats import csv as csv_format
from modelaudit.report.formats import html, markdown, table, tsv
from modelaudit.report.record import COLUMNS, row
from tests.report.rows import HOSTILE, SD15, claim, finding
from tests.report.sample import SampleReport, sample

WILD = st.text(st.characters(codec=None), max_size=60)


def of_one(text: str) -> SampleReport:
    report = sample()
    model = refs.ModelRef(f"folder:{text}")
    report.rows = [finding(Verdict.REVIEW, [claim(model, SD15, Relation.COPY)], decided_by=text)]
    return report


def many(number: int) -> SampleReport:
    report = sample()
    report.rows = [
        finding(Verdict.TAKE_DOWN, [claim(refs.hf(f"a/{n}"), SD15, Relation.MERGE)], downloads=n)
        for n in range(number)
    ]
    return report


def test_tsv_has_the_columns_of_the_contract_and_a_line_per_finding() -> None:
    head, *lines = "".join(tsv.render(sample())).splitlines()
    expected = "id verdict grade relation hops downloads state entry model url decided_by"
    assert head.split("\t") == expected.split()
    assert len(lines) == 12
    assert {line.count("\t") for line in lines} == {10}
    verdicts = [line.split("\t")[1] for line in lines]
    assert verdicts == ["take-down"] * 7 + ["review"] * 2 + ["note"] * 2 + ["review"]
    assert [line.split("\t")[10].startswith("waived until ") for line in lines] == (
        [False] * 11 + [True]
    )


def test_csv_reads_back_with_formulas_disarmed() -> None:
    text = "".join(csv_format.render(sample()))
    head, *rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    assert tuple(head) == COLUMNS
    expected = [tuple(map(for_terminal, row(f))) for f in sample().findings(order="reach")]
    assert [tuple(cell.removeprefix("'=") for cell in r) for r in rows] == [
        tuple(cell.removeprefix("=") for cell in r) for r in expected
    ]
    assert "'=HYPERLINK" in text


@given(WILD)
@settings(max_examples=50)
def test_no_text_breaks_a_row(text: str) -> None:
    report = of_one(text)
    assert len("".join(tsv.render(report)).split("\n")) == 3
    assert len("".join(csv_format.render(report)).split("\r\n")) == 3
    (_, cells) = csv.reader("".join(csv_format.render(report)).splitlines(), strict=True)
    assert len(cells) == len(COLUMNS)


@given(WILD)
@settings(max_examples=50)
def test_no_text_breaks_a_cell_of_markdown(text: str) -> None:
    lines = "".join(markdown.render(of_one(text))).splitlines()
    finding, *conflicts = [line for line in lines if line.startswith("| `folder:")]
    assert finding.count("|") == 7
    assert {line.count("|") for line in conflicts} == {5}
    assert all(line.count("`") % 2 == 0 for line in (finding, *conflicts))


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_the_table_fits_and_obeys_no_markup(width: int) -> None:
    text = "".join(table.render(sample(), width=width))
    assert max(map(len, text.splitlines())) <= width
    assert text.replace("\n", "").isprintable()
    assert "take-down" in text
    assert "not examined" in text.replace("\n", " ")


def test_the_table_has_escapes_only_where_colour_was_asked_for() -> None:
    assert "\x1b[1;31mtake-down" in "".join(table.render(sample(), colour=True))
    assert "\x1b" not in "".join(table.render(sample()))
    assert r"folder:\x1b]0" in "".join(table.render(sample()))


def test_the_table_stops_at_25_and_says_so() -> None:
    lines = "".join(table.render(many(40))).splitlines()
    assert sum(line.startswith("take-down") for line in lines) == table.ROWS
    assert "… 15 more findings" in lines


def test_a_cut_name_is_said_to_be_whole_elsewhere() -> None:
    assert "-o tsv has them whole" not in "".join(table.render(many(2)))
    assert "-o tsv has them whole" in "".join(table.render(sample(), width=80))


@pytest.mark.parametrize("render", [table.render, markdown.render, html.render])
def test_people_are_told_what_a_run_cannot_have_seen(
    render: Callable[[SampleReport], Iterator[str]],
) -> None:
    report = sample()
    told, warning = "finds declared children only", "Incomplete: this run was stopped"
    text = "".join(render(report)).replace("\n", " ")
    assert told in text
    assert warning not in text
    report.run = replace(report.run, finished=None, sources=("civitai:",))
    text = "".join(render(report)).replace("\n", " ")
    assert told not in text
    assert warning in text


def test_no_findings_is_said_beside_what_was_not_examined() -> None:
    text = "".join(table.render(many(0)))
    assert text.startswith("No findings.\n428 models or files were not examined")


def test_markdown_shows_no_mention_and_no_tag_outside_a_code_span() -> None:
    text = "".join(markdown.render(sample()))
    assert for_terminal(HOSTILE).replace("`", r"\x60").replace("|", r"\x7c") in text
    outside = "".join(text.split("`")[::2])
    assert "@" not in outside
    assert "<script" not in outside


def test_markdown_says_when_nothing_was_proved_by_weights() -> None:
    assert "Every take-down below rests on a declaration" in "".join(markdown.render(many(2)))


def test_markdown_is_cut_to_fit_an_issue_and_says_so() -> None:
    text = "".join(markdown.render(many(90)))
    assert "The first 40 of 90; the JSON report has them all." in text
    assert len(text) < 65_536
