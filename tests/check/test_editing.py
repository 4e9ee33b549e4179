"""An entry is added, and all that was there stays as it was."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelaudit.check import blocklist, strict_yaml
from modelaudit.check.editing import next_version, with_entry
from modelaudit.domain.errors import BlocklistError

TODAY = date(2026, 11, 28)
ENTRY = {
    "id": "own/new", "title": "New: one", "status": "draft", "kind": "file",
    "claim": {"relation": "is", "confidence": "unverified"},
    "match": {"files": [{"sha256": "0" * 63 + "1", "size": 3}]},
}  # fmt: skip

HEAD = """\
# Ours.
schema: modelaudit.blocklist/1
list:
  version: '2026.11.22'   # the day
  id: own
  updated:   2026-11-22
"""
LAYOUTS = {
    "indented": HEAD + "entries:\n  - id: own/a\n    match:\n      models: [x]\n",
    "flush": HEAD + "entries:\n- id: own/a\n  match:\n    models: [x]\n",
    "wide": HEAD + "entries:\n    - id: own/a\n      match:\n          models: [x]\n",
    "no line at the end": HEAD + "entries:\n  - id: own/a",
    "comment at the end": HEAD + "entries:\n  - id: own/a\n# the end\n",
    "empty lines at the end": HEAD + "entries:\n  - id: own/a\n\n\n",
    "folded at the end": HEAD + "entries:\n  - id: own/a\n    notes: >-\n      one\n      # two\n",
    "entries first": "entries:\n  - id: own/a\n\n# The head.\n" + HEAD,
    "two without a line between": HEAD + "entries:\n  - id: own/a\n  - id: own/b\n",
    "two apart": HEAD + "entries:\n  - id: own/a\n\n  # b\n  - id: own/b\n",
    "in one line each": HEAD + "entries:\n  - {id: own/a}\n  - {id: own/b}\n",
    "carriage returns": (HEAD + "entries:\n  - id: own/a\n").replace("\n", "\r\n"),
    "a byte order mark": "\ufeff" + HEAD + "entries:\n  - id: own/a\n",
    "other letters": HEAD.replace("Ours", "Ünser 😀") + "entries:\n  - id: own/a\n",
}


def lines_without_dates(text: str) -> list[str]:
    return [line for line in text.splitlines() if "2026" not in line]


@pytest.mark.parametrize("text", LAYOUTS.values(), ids=LAYOUTS)
def test_every_layout_takes_an_entry_and_keeps_the_rest(text: str) -> None:
    edited = with_entry(text, ENTRY, TODAY)
    before, after = (strict_yaml.parse(t.lstrip("\ufeff")).data for t in (text, edited))
    assert after["entries"][:-1] == before["entries"]
    assert after["entries"][-1]["match"]["files"][0]["size"] == "3"
    assert (after["list"]["version"], after["list"]["updated"]) == ("2026.11.28", "2026-11-28")
    kept = iter(lines_without_dates(edited))
    assert all(line in kept for line in lines_without_dates(text))  # in this order
    assert edited.startswith("\ufeff") == text.startswith("\ufeff")
    assert edited.count("\r\n") in (0, edited.count("\n"))
    assert 'version: "2026.11.28"   # the day' in edited
    assert "updated:   " in edited


def test_it_is_laid_out_as_its_neighbours_are() -> None:
    flush = with_entry(LAYOUTS["flush"], ENTRY, TODAY)
    assert "\n\n- id: own/new\n" in flush
    wide = with_entry(LAYOUTS["wide"], ENTRY, TODAY)
    assert "\n    - id: own/new\n" in wide
    assert "\n      claim:\n          relation: is\n" in wide
    close = with_entry(LAYOUTS["two without a line between"], ENTRY, TODAY)
    assert "  - id: own/b\n  - id: own/new\n" in close
    apart = with_entry(LAYOUTS["two apart"], ENTRY, TODAY)
    assert "  - id: own/b\n\n  - id: own/new\n" in apart
    first = with_entry(LAYOUTS["entries first"], ENTRY, TODAY)
    assert first.index("own/new") < first.index("# The head.")


@pytest.mark.parametrize("name", blocklist.shipped())
def test_shipped_lists_keep_every_line(name: str) -> None:
    text = blocklist.shipped()[name].read_text()
    edited = with_entry(text, ENTRY, TODAY)
    assert edited.startswith(text[: text.index("  version:")])
    assert edited.count("\n") == text.count("\n") + 12
    assert text[text.index("\nentries:") :] in edited


@pytest.mark.parametrize(
    "text",
    [
        HEAD + "entries: [{id: own/a}]\n",
        HEAD + "entries:\n  - id: own/a\n...\n",
        "{schema: x, list: {version: '2026.11.22', updated: '2026-11-22'}, entries: [{id: a}]}",
    ],
)
def test_a_layout_that_takes_no_entry_is_refused(text: str) -> None:
    with pytest.raises(BlocklistError, match="cannot be added"):
        with_entry(text, ENTRY, TODAY)


@pytest.mark.parametrize(
    ("version", "new"),
    [
        ("2026.11.22", "2026.11.28"),
        ("2026.11.22-7", "2026.11.28"),
        ("2026.11.28", "2026.11.28-1"),
        ("2026.11.28-9", "2026.11.28-10"),
        ("2027.01.01", "2027.01.01-1"),
    ],
)
def test_a_version_never_goes_back(version: str, new: str) -> None:
    assert next_version(version, TODAY) == new


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_text_survives(title: str, name: str) -> None:
    entry = {**ENTRY, "title": title, "match": {"files": [{"name": name}]}}
    added = strict_yaml.parse(with_entry(LAYOUTS["wide"], entry, TODAY)).data["entries"][-1]
    assert (added["title"], added["match"]["files"][0]["name"]) == (title, name)
