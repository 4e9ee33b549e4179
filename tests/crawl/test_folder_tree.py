"""Names on disk, told so that they can be stored and found again."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelaudit.crawl.folder_tree import Tree, named, told
from modelaudit.domain.reader import ReadError
from modelaudit.domain.words import GapReason

NAMES = st.binary(min_size=1).map(os.fsdecode) | st.text("\\x80ef\udc80\udcef/", min_size=1)


@given(NAMES)
def test_a_name_is_found_by_what_it_is_told_as(name: str) -> None:
    assert named(told(name)) == name
    told(name).encode()


@given(st.text(st.characters(exclude_characters="\\", exclude_categories=["Cs"])))
def test_an_ordinary_name_is_told_as_it_is(name: str) -> None:
    assert told(name) == name


def test_a_byte_that_is_no_text_is_told_by_its_number() -> None:
    assert told(os.fsdecode(b"na\xefve\\x.pt")) == r"na\xefve\\x.pt"


def test_nothing_outside_is_looked_at(tmp_path: Path) -> None:
    from fsspec.implementations.local import LocalFileSystem

    (tmp_path / "in").mkdir()
    (tmp_path / "in/away").symlink_to(tmp_path)
    (tmp_path / "in/loop").symlink_to("loop")
    tree = Tree(LocalFileSystem(), str(tmp_path / "in"))
    for path in ("..", "away", "/etc", "../in/../.."):
        for ask in (tree.look, tree.is_folder, tree.real):
            with pytest.raises(ReadError, match="leads out"):
                ask(path)
    with pytest.raises(ReadError) as loop:
        tree.is_folder("loop")
    assert loop.value.reason is GapReason.UNREADABLE
    with pytest.raises(ReadError) as none:
        tree.is_folder("none")
    assert none.value.reason is GapReason.GONE
