"""What comparing weights showed, as a line of the archive and as a page."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelaudit.crawl import weighed as lines
from modelaudit.crawl.archive import ArchiveWriter, line
from modelaudit.crawl.catalogue import Catalogue
from modelaudit.crawl.pacing import sleep
from modelaudit.crawl.platform import Source
from modelaudit.crawl.registry import open_platforms
from modelaudit.domain.model import Page
from modelaudit.domain.sketch import Kin, Weighed
from modelaudit.domain.weights import Architecture, Header, Tensor
from modelaudit.domain.words import Component, GapReason
from modelaudit.resolve.weights.plan import plan
from tests.comparisons import PERMUTED, kin, recipe, tensor, weighed

FOUND = weighed(
    "hf:a/mix",
    kin(tensors=(tensor(),)),
    kin("hf:b/other", "diluted"),
    **recipe({"hf:acme/root": 0.4, "hf:b/other": 0.6}),
)


def replayed(found: Weighed, platform: str = "hf") -> Page:
    told = lines.received(found)
    return lines.replay(msgspec.json.encode(told.record), told.at, platform)


def test_an_archived_answer_comes_back_as_it_was() -> None:
    told = lines.received(FOUND)
    assert (told.platform, told.kind, told.url) == ("hf", "weights", "https://x.test/f")
    assert (told.status, told.at) == (206, FOUND.observed)
    assert "observed" not in told.record
    assert replayed(FOUND).weighed == (FOUND,)
    assert replayed(FOUND) == lines.page(FOUND)


def test_what_was_found_is_a_document() -> None:
    (document,) = lines.page(FOUND).documents
    assert (document.model, document.kind, document.path) == ("hf:a/mix", "weights", FOUND.path)
    assert (document.source, document.observed) == (FOUND.source, FOUND.observed)
    assert json.loads(json.dumps(document.body))["kin"][1]["parent"] == "hf:b/other"
    assert lines.page(FOUND).gaps == ()


def test_a_line_of_another_platform_is_a_gap() -> None:
    page = replayed(FOUND, "civitai")
    assert [gap.reason for gap in page.gaps] == [GapReason.MALFORMED]
    assert page.weighed == page.documents == ()


@given(st.one_of(st.binary(max_size=60), st.sampled_from([
    b"{}", b"[]", b"5", b'{"model": "hf:a/b"}', b'{"model": "hf:a/b", "path": "x", "kin": [1]}',
    b"[" * 100_000, b'{"model": "hf:a/b", "path": "x", "kin": [{"parent": "hf:b/c"}]}',
])))  # fmt: skip
def test_whatever_else_stands_there_is_a_gap(raw: bytes) -> None:
    page = lines.replay(raw, 0, "hf")
    assert [gap.reason for gap in page.gaps] == [GapReason.MALFORMED]
    assert page.weighed == page.documents == ()


UNSETTLED = {
    # id: (what was found, words of the gap)
    "between two answers": (
        weighed("hf:a/b", kin(kinship="inconclusive")), "settle nothing: R 0.118"),
    "nothing comparable": (weighed("hf:a/b", kin(kinship="unrelated")), "none of 5 references"),
    "no reference fits": (weighed("hf:a/b"), "none of 5 references"),
    "with what was left out": (
        weighed("hf:a/b", notes=("a.weight is constant", "b.weight lies")), "; b.weight lies"),
    "the closest is told": (
        weighed("hf:a/b", kin("hf:b/far", "same-architecture-only"), kin(kinship="inconclusive")),
        "against Root 1.0 (list/root)"),
}  # fmt: skip


@pytest.mark.parametrize("case", UNSETTLED)
def test_what_settles_nothing_is_a_gap_of_its_file(case: str) -> None:
    found, words = UNSETTLED[case]
    (gap,) = lines.page(found).gaps
    assert (gap.reason, gap.model, gap.file) == (GapReason.INCONCLUSIVE, "hf:a/b", found.path)
    assert words in gap.detail
    assert len(gap.detail) <= 300


@pytest.mark.parametrize(
    "found",
    [
        (kin(kinship="same-architecture-only"),),
        (kin(kinship="inconclusive", permuted=True, anchor=PERMUTED),),
        *((kin(kinship=word), kin("hf:b/c", "inconclusive")) for word in ("diluted", "identical")),
    ],
)
def test_an_answer_leaves_no_gap_whatever_was_left_out(found: tuple[Kin, ...]) -> None:
    assert lines.page(weighed("hf:a/b", *found, notes=("odd",))).gaps == ()


SILENT = {
    # id: (tensors, kind)
    "packed": ({"model.layers.0.mlp.up_proj.weight": ("U8", (8192, 1))}, "checkpoint"),
    "none that is large": ({"model.norm.weight": ("F16", (64,))}, "checkpoint"),
    "an adapter": ({"lora_unet_a.lora_up.weight": ("F16", (64, 64))}, "adapter"),
    "an embedding": ({"emb_params": ("F16", (64, 768))}, "embedding"),
}


def noted(name: str, warnings: tuple[str, ...] = ()) -> tuple[str, ...]:
    """What reading such a file leaves as notes."""
    named, kind = SILENT[name]
    tensors = tuple(Tensor(n, *about, 4096, 8192) for n, about in named.items())
    what = Architecture(family="llama", kind=kind, components=(Component.TRANSFORMER,))
    header = Header(format="safetensors", tensors=tensors, warnings=warnings)
    return plan(header, what).notes


@pytest.mark.parametrize(
    "notes", [noted("packed"), noted("none that is large"), noted("packed", ("big_endian: x",)),
              ("unet: 0 of 16 matrices are read, to bound bytes",)],
)  # fmt: skip
def test_a_file_of_which_nothing_can_be_compared_is_a_gap(notes: tuple[str, ...]) -> None:
    for found in (
        weighed("hf:a/b", references=0, notes=notes),
        weighed("hf:a/b", notes=notes),
        weighed("hf:a/b", kin(kinship="same-architecture-only", part="vae"), notes=notes),
    ):
        (gap,) = lines.page(found).gaps
        assert (gap.reason, gap.model) == (GapReason.INCONCLUSIVE, "hf:a/b")
        assert "cannot be compared" in gap.detail
        assert notes[0] in gap.detail


@pytest.mark.parametrize("name", ["an adapter", "an embedding"])
def test_what_holds_nothing_to_compare_is_no_gap(name: str) -> None:
    assert noted(name)
    assert lines.page(weighed("hf:a/b", references=0, notes=noted(name))).gaps == ()


def test_where_there_is_nothing_to_compare_with_there_is_no_question() -> None:
    assert lines.page(weighed("hf:a/b", references=0)).gaps == ()


@pytest.mark.parametrize("ref", ["hf:a/mix", "civitai:4@9"])
def test_a_catalogue_hands_answers_on(tmp_path: Path, ref: str) -> None:
    found = [weighed(ref, kin(), path=name) for name in ("a.safetensors", "b.safetensors")]
    writer = ArchiveWriter(tmp_path)
    writer.append([lines.received(one) for one in found])
    source = Source(text="catalogue:x", platform="catalogue", kind="file", value=str(tmp_path))
    (page,) = Catalogue(open_platforms(offline=True, wait=sleep)).list(source, None)
    assert page.weighed == tuple(found)
    assert len(page.documents) == 2
    assert page.gaps == ()


def test_a_line_is_small_and_whole() -> None:
    told = line(lines.received(FOUND))
    assert told.removed == ()
    assert len(told.record) < 4000
