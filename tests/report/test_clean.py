from __future__ import annotations

import csv
import html
import io
import sys
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from modelaudit.report.clean import (
    for_csv,
    for_html,
    for_markdown,
    for_terminal,
    for_tsv,
    link,
    shorten,
)

WILD = st.text(st.characters(codec=None), max_size=200)
DRAWN_AS_NOTHING = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\ufe0f\U000e0100")


def harmless(text: str) -> bool:
    return not any(
        unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") or c in DRAWN_AS_NOTHING
        for c in text
    )


def test_no_character_of_unicode_gets_through_that_a_terminal_would_obey() -> None:
    everything = "".join(map(chr, range(sys.maxunicode + 1)))
    assert harmless(for_terminal(everything))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain name", "plain name"),
        ("Modèle 模型 модель", "Modèle 模型 модель"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("a\tb\nc\r", r"a\tb\nc\r"),
        ("\u202egpj.exe", r"\u202egpj.exe"),
        ("zero\u200bwidth", r"zero\u200bwidth"),
        ("tag\U000e0041", r"tag\U000e0041"),
        ("half\udc80", r"half\udc80"),
        ("z" + "\u0301" * 4, "z\u0301\u0301" + r"\u0301\u0301"),
    ],
)
def test_a_dangerous_character_is_shown_not_dropped(text: str, shown: str) -> None:
    assert for_terminal(text) == shown


@given(WILD)
def test_every_destination_gets_only_harmless_characters(text: str) -> None:
    for clean in (for_terminal, for_tsv, for_csv, for_html, for_markdown):
        assert harmless(clean(text))
        clean(text).encode("utf-8")


@given(WILD)
@example("a\tb\\t\n")
def test_a_tsv_field_can_be_undone_as_far_as_its_backslashes(text: str) -> None:
    field = for_tsv(text)
    assert not {"\t", "\n", "\r"} & set(field)
    assert field.count("\\\\") >= text.count("\\")
    assert field != for_tsv(text + "\t") != for_tsv(text + "\\t")


@given(st.lists(WILD, min_size=1, max_size=5))
@example(["=cmd|' /C calc'!A0", " +1", '"', "a,b", "\r=1"])
def test_a_csv_line_reads_back_as_its_cells_and_never_computes(cells: list[str]) -> None:
    line = ",".join(map(for_csv, cells)) + "\r\n"
    (back,) = csv.reader(io.StringIO(line, newline=""), strict=True) if line != "\r\n" else ([""],)
    for cell, raw in zip(back, cells, strict=True):
        assert cell.removeprefix("'") == for_terminal(raw).removeprefix("'")
        assert cell.lstrip()[:1] not in ("=", "+", "-", "@", "＝", "＋", "－", "＠")


@given(WILD)
def test_html_says_what_a_terminal_says(text: str) -> None:
    escaped = for_html(text)
    assert not set("<>\"'") & set(escaped)
    assert html.unescape(escaped) == for_terminal(text)


@given(WILD)
@example("`|@all`")
def test_markdown_is_one_code_span_that_nothing_ends(text: str) -> None:
    span = for_markdown(text)
    if for_terminal(text).strip():
        assert span[0] == span[-1] == "`"
        assert not {"`", "|"} & set(span[1:-1])
    else:
        assert span == ""


@given(WILD, st.integers(1, 60))
def test_a_short_text_keeps_both_ends(text: str, width: int) -> None:
    short = shorten(text, width)
    assert len(short) <= width
    head, dots, tail = short.partition("…") if len(text) > width else (text, "", "")
    assert text.startswith(head)
    assert text.endswith(tail)
    assert not dots or len(short) == width


@pytest.mark.parametrize(
    "url",
    [
        "https://huggingface.co/org/name",
        "https://civitai.com/models/1?modelVersionId=2#x",
        "http://127.0.0.1:8080/a%20b",
    ],
)
def test_a_plain_address_is_a_link(url: str) -> None:
    assert link(url) == url


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "javascript:alert(1)",
        "//huggingface.co/x",
        "https://huggingface.co@a.example/",
        'https://a.example/"onclick="x',
        "https://a.example/<script>",
        "https://a.example/)\n",
        "https://a.example/\u202e",
        "https://a.example/ b",
        "https://a.example/" + "x" * 3000,
    ],
)
def test_an_odd_address_is_no_link(url: str | None) -> None:
    assert link(url) is None
