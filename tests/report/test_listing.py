"""`blocklist show` and `blocklist list` as they are read, word for word."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from modelaudit.domain.entry import Blocklist, ListKind
from modelaudit.domain.words import Verdict
from modelaudit.report.layout import cells
from modelaudit.report.listing import overview, render
from tests.report.listed import BLOCKLIST, ENTRIES

GOLDEN = Path(__file__).parent / "golden"
UPDATE = os.environ.get("MODELAUDIT_UPDATE_GOLDEN") == "1"
LIMITS = {
    "house/base": (Verdict.TAKE_DOWN, "policy of house/base is take-down"),
    "house/contested": (Verdict.REVIEW, "house/contested is disputed"),
    "house/likely": (Verdict.REVIEW, "the claim of house/likely is probable"),
    "house/set": (Verdict.REVIEW, "policy of house/set is review"),
    "house/marked": (Verdict.NOTE, "policy of house/marked is note"),
    "house/idea": (Verdict.NONE, "house/idea is draft"),
    "house/wrong": (Verdict.NONE, "house/wrong is withdrawn"),
}


def shown(blocklist: Blocklist = BLOCKLIST, width: int = 80, colour: bool = False) -> str:
    return "".join(render(blocklist, LIMITS, width=width, colour=colour))


@pytest.mark.parametrize("width", [80, 45])
def test_a_list_reads_as_it_was_meant(width: int) -> None:
    golden = GOLDEN / f"listing-{width}.txt"
    if UPDATE:
        golden.write_text(shown(width=width), encoding="utf-8")
    assert shown(width=width) == golden.read_text(encoding="utf-8")


def test_an_allow_list_reads_as_it_was_meant() -> None:
    allowed = replace(ENTRIES[0], policy=Verdict.NONE, expires="2027-05-22", exceptions=())
    spares = replace(BLOCKLIST, kind=ListKind.ALLOW, entries=(allowed,))
    text = shown(spares)
    assert "An allow list: what looks alike and is spared." in text
    assert "It is spared until 2027-05-22: hints at it" in text
    assert "At most" not in text
    assert "one source only\n" in text
    parts = replace(allowed.match, models=(), rehosts=(), files=allowed.match.files[3:])
    text = shown(replace(spares, entries=(replace(allowed, match=parts),)))
    assert "Models that hold these files are not reported for them until" in text


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_lines_fit_but_for_what_must_not_break(width: int) -> None:
    for line in shown(width=width).splitlines():
        assert cells(line) <= width or " " not in line.strip(), line
        assert line == line.rstrip()


def test_colour_only_repeats_what_the_words_say() -> None:
    coloured = shown(colour=True)
    assert "\x1b[1mhouse/base\x1b[0m\n" in coloured
    assert coloured.replace("\x1b[1m", "").replace("\x1b[0m", "") == shown()


def test_of_a_private_list_only_ids_are_shown() -> None:
    text = shown(replace(BLOCKLIST, private=True))
    assert all(entry.id in text for entry in ENTRIES)
    for entry in ENTRIES:
        assert entry.title not in text
        assert not [c.url for c in entry.evidence if c.url in text]
        assert not [m for m in entry.match.models if m in text]
    assert (BLOCKLIST.description or "?") not in text


def test_one_entry_is_shown_alone() -> None:
    text = "".join(render(BLOCKLIST, LIMITS, entries=[ENTRIES[1]]))
    assert text.startswith("house/contested\n")
    assert "house/base\n" not in text
    assert BLOCKLIST.sha256 not in text


def test_hostile_text_is_shown_and_not_obeyed() -> None:
    evil = "\x1b[2Jred\u202e"
    entry = replace(ENTRIES[0], title=evil, claim_note=evil, notes=evil, aliases=(evil,))
    text = shown(replace(BLOCKLIST, title=evil, entries=(entry,)))
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert text.count(r"\x1b[2Jred\u202e") == 5


def listed(**changes: object) -> list[overview.Listed]:
    block = overview.Listed(
        name="house", blocklist=BLOCKLIST, strongest=Verdict.TAKE_DOWN, by_default=True
    )
    allow = replace(BLOCKLIST, id="allow/x", kind=ListKind.ALLOW, title="表" * 30, entries=())
    other = overview.Listed(
        name="allow/x", blocklist=allow, strongest=Verdict.NONE, by_default=False
    )
    return [block, other]


def test_the_lists_are_a_table_for_people() -> None:
    text = "".join(overview.table(listed(), width=100))
    assert text.splitlines() == [
        "LIST     AT MOST    ENTRIES                                     USED        VERSION",
        "house    take-down  4 active, 1 disputed, 1 draft, 1 withdrawn  by default  2026.11.22-2",
        "    What we do not host",
        "allow/x  spares                                                 on request  2026.11.22-2",
        f"    {'表' * 30}",
    ]


@pytest.mark.parametrize("width", [40, 80, 100])
def test_the_table_fits(width: int) -> None:
    text = "".join(overview.table(listed(), width=width))
    assert "house" in text and "take-down" in text and "by default" in text
    for line in text.splitlines():
        assert cells(line) <= width or " " not in line.strip(), line


def test_the_lists_are_rows_for_programs() -> None:
    header, first, _ = "".join(overview.tsv(listed())).splitlines()
    assert header.split("\t")[:6] == ["name", "kind", "version", "entries", "sha256", "title"]
    row = dict(zip(header.split("\t"), first.split("\t"), strict=True))
    assert (row["entries"], row["strongest"], row["use"]) == ("7", "take-down", "by default")
    assert row["sha256"] == BLOCKLIST.sha256[:12]
