"""Lists compiled: what a catalogue is searched for."""

from __future__ import annotations

from dataclasses import replace

from modelaudit.check.blocklist import default_lists
from modelaudit.check.match import compile_lists
from modelaudit.domain.entry import EntryStatus, ListedDataset, ListKind, Match
from modelaudit.domain.listing import ListedNames
from modelaudit.domain.words import Component
from tests.steps.catalogue import REHOST, ROOT, allowing, entry, listed_file, listing, sha

FULL = entry(
    "list/b",
    ROOT,
    rehosts=[REHOST],
    labels=["Root 1", "Root 1 turbo"],
    files=[
        listed_file("sure"),
        listed_file("rare", "unet", "single-source"),
        listed_file("maybe", "full", "candidate"),
    ],
    datasets=[ListedDataset(id="lab/a"), ListedDataset(id="lab/b", published_before=7)],
    patterns=["(?i)root"],
)


def test_everything_that_an_entry_names_is_looked_for() -> None:
    found = compile_lists([listing(FULL)])
    assert found.entries == {1: FULL}
    assert found.roots == (
        (1, ROOT), (1, REHOST), (1, "civitai-base:Root 1"), (1, "civitai-base:Root 1 turbo"),
        (1, "dataset:lab/a"), (1, "dataset:lab/b"),
    )  # fmt: skip
    assert [(d.sha256, d.component, d.single_source) for d in found.digests] == [
        (sha("sure"), Component.FULL, False), (sha("rare"), Component.UNET, True),
    ]  # fmt: skip
    assert [(d.ref, d.before) for d in found.dated] == [("dataset:lab/b", 7)]
    assert found.names == {1: ListedNames(wanted=("(?i)root",))}


def test_marks_and_words_have_nodes_of_their_own() -> None:
    marks = {"civitai": ("poi", "mode:TakenDown")}
    match = Match(flags=marks, name_patterns=("a",), name_exclusions=("b",))
    found = compile_lists([listing(replace(entry("list/a"), match=match))])
    assert found.roots == (
        (1, "civitai-flag:poi"), (1, "civitai-flag:mode:TakenDown"), (1, "words:list/a"),
    )  # fmt: skip
    assert found.names == {1: ListedNames(wanted=("a",), unless=("b",))}


def test_numbers_follow_the_names_of_entries_and_not_the_order_of_lists() -> None:
    one, two = listing(entry("list/z")), listing(entry("list/a"), entry("list/m"))
    names = {n: e.id for n, e in compile_lists([one, two]).entries.items()}
    assert names == {1: "list/a", 2: "list/m", 3: "list/z"}
    assert compile_lists([two, one]) == compile_lists([one, two])


def test_drafts_and_withdrawn_entries_are_not_looked_for() -> None:
    for status, count in (("active", 1), ("disputed", 1), ("draft", 0), ("withdrawn", 0)):
        lists = [listing(replace(FULL, status=EntryStatus(status)))]
        assert len(compile_lists(lists).entries) == count
        quiet = replace(allowing(ROOT).entries[0], status=EntryStatus(status))
        found = compile_lists([listing(quiet, kind=ListKind.ALLOW)])
        assert len(found.allowed) == count


def test_an_allow_list_names_what_is_allowed_and_lists_nothing() -> None:
    found = compile_lists([allowing(ROOT, "hf:good/base")])
    assert found.allowed == {ROOT, "hf:good/base"}
    assert not (found.entries or found.roots or found.digests)


def test_a_signal_list_is_looked_for_as_any_other() -> None:
    assert compile_lists([listing(FULL, kind=ListKind.SIGNALS)]).entries


def test_the_shipped_lists_compile() -> None:
    found = compile_lists(default_lists())
    assert found.entries
    assert found.digests
    assert found.allowed
    assert {number for number, _ in found.roots} <= set(found.entries)
