"""YAML that is written is read back to the letter, by us and by readers that guess types."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from modelaudit.check import strict_yaml, writing
from modelaudit.check.lint.quotes import problems as bare
from modelaudit.check.listfile import Problem
from modelaudit.check.listfile import parse as parse_list

ODD = [
    "", " ", "no", "Null", "~", "y", "1e5", "925997e9", "0x1f", "1.10", "2026-11-22", "2026.11.22",
    "a: b", "a:", "a #b", "#a", "- a", "*a", "&a", "!a", "|", ">-", "%a", "@a", "`a", "'a", '"a',
    "[a]", "{a}", "a, b", "a\n", "\ta", "a\x85b", "a\u2028b", "\ufeffa", "\x7f", "\x00",
    "\U0001f600",
    "https://example.org/a?b=c#d", "hf:owner/name", "yes", "=", "<<", "...", "---", "a\\b", "é",
]  # fmt: skip

TEXT = st.text(max_size=30) | st.sampled_from(ODD) | st.from_regex(r"[A-Za-z0-9 :.,#@-]{0,12}\Z")
VALUES = st.recursive(
    TEXT,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(min_size=1, max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)
MAPPINGS = st.dictionaries(TEXT, VALUES, min_size=1, max_size=4)


@given(MAPPINGS, st.sampled_from([2, 4]))
def test_what_is_written_is_read_back(value: dict[str, Any], step: int) -> None:
    text = "\n".join(writing.block(value, 0, step))
    assert strict_yaml.parse(text).data == value


@given(MAPPINGS)
def test_readers_that_guess_types_read_the_same(value: dict[str, Any]) -> None:
    text = "\n".join(writing.items([value], 2))
    assert yaml.safe_load(text) == [value]


@given(TEXT, st.sampled_from(["sha256", "autov1", "version", "title"]))
def test_lint_has_nothing_to_say_of_quotes(text: str, key: str) -> None:
    written = parse_list("\n".join(writing.block({key: text})).encode(), "<text>")
    found: list[Problem] = list(bare(written, "2026-11-22"))
    assert found == []


def test_a_digest_has_quotes_whatever_it_looks_like() -> None:
    assert writing.scalar("abcdef", "sha256") == '"abcdef"'
    assert writing.scalar("abcdef", "name") == "abcdef"


def test_a_surrogate_is_replaced() -> None:
    assert strict_yaml.parse(writing.scalar("a\udcff")).data == "a\ufffd"


@pytest.mark.parametrize(
    ("value", "lines"),
    [
        ({"size": 12, "private": True}, ["size: 12", "private: true"]),
        ({"of": ["a", "b:c"]}, ["of: [a, b:c]"]),
        ({"of": ["a" * 60, "b" * 60]}, ["of:", f"  - {'a' * 60}", f"  - {'b' * 60}"]),
        (
            {"files": [{"sha256": "0", "size": 3}, {"sha256": "1"}]},
            ["files:", '  - sha256: "0"', "    size: 3", '  - sha256: "1"'],
        ),
    ],
)
def test_it_reads_as_people_write_lists(value: dict[str, Any], lines: list[str]) -> None:
    assert list(writing.block(value)) == lines
