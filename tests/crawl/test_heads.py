"""What was read of a weight file, as a line of the archive and as a body of the database."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelaudit.crawl import heads
from modelaudit.domain.model import Page
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.weights import Architecture, Digests, Head
from modelaudit.domain.words import Component, GapReason

HEAD = Head(
    model=ModelRef("hf:acme/base"),
    path="unet/b.safetensors",
    observed=7,
    source="https://x",
    format="safetensors",
    architecture=Architecture(
        family="sd1",
        reason="'attn2.to_k' [320, 768]",
        kind="checkpoint",
        variant="inpainting",
        components=(Component.UNET, Component.TEXT_ENCODER),
        measured=True,
    ),
    says="sdxl, by ss_base_model_version",
    metadata={"ss_v2": "False", "general.file_type": 7, "general.datasets": ["a/b"]},
    tensors=686,
    warnings=("hole: 5 bytes",),
    digests=Digests(
        sha256="ab" * 32,
        autov1="12345678",
        autov2="ab" * 5,
        autov3="cd" * 32,
        quick="ef" * 32,
        state="01" * 32,
        parts={Component.UNET: "23" * 32},
    ),
)
BROKEN = Head(
    model=ModelRef("hf:acme/base"),
    path="a.ckpt",
    observed=7,
    key="cd" * 32,
    fault="a pickle of too many opcodes",
    reason=GapReason.PICKLE_REFUSED,
)


LINE = {"model": "hf:acme/base", "path": "a.safetensors", "format": "safetensors"}


def replayed(line: dict[str, Any]) -> Page:
    return heads.replay(json.dumps(line).encode(), 7, "hf")


REMOTE = replace(HEAD, digests=replace(HEAD.digests, state=None, parts={}))
"""Nobody computes the digests of parts from a distance."""


@pytest.mark.parametrize("head", [REMOTE, BROKEN, replace(REMOTE, digests=Digests(), says=None)])
def test_an_archived_head_comes_back_as_it_was(head: Head) -> None:
    line = heads.received(head)
    assert (line.platform, line.kind, line.status) == ("hf", "header", 206)
    page = heads.replay(msgspec.json.encode(line.record), line.at, "hf")
    assert page.heads == (head,)


def test_a_line_says_nothing_of_parts_whose_bytes_were_not_at_hand() -> None:
    assert {"parts", "state"}.isdisjoint(str(heads.received(HEAD).record).split("'"))
    line = {"model": HEAD.model, "path": HEAD.path, **heads.body(HEAD)}
    assert replayed(line).heads == (replace(REMOTE, source=None),)


@pytest.mark.parametrize("head", [HEAD, BROKEN])
def test_a_body_tells_the_same_of_whoever_holds_the_bytes(head: Head) -> None:
    text = json.dumps(heads.body(head))
    assert "acme" not in text
    other = heads.from_body(text, ModelRef("hf:b/c"), "d.bin", source="https://y", at=9)
    assert other == replace(
        head, model=ModelRef("hf:b/c"), path="d.bin", source="https://y", observed=9
    )


def test_what_a_head_says_is_a_document_and_a_fault_a_gap() -> None:
    (document,) = heads.page(HEAD).documents
    assert (document.model, document.kind, document.path) == (HEAD.model, "safetensors", HEAD.path)
    assert (document.body, document.source, document.observed) == (HEAD.metadata, "https://x", 7)
    page = heads.page(BROKEN)
    assert page.documents == ()
    (gap,) = page.gaps
    assert (gap.reason, gap.file) == (GapReason.PICKLE_REFUSED, "a.ckpt")


def test_a_line_of_an_older_archive_is_read() -> None:
    line = {"model": "hf:acme/lora", "path": "a.safetensors", "source": None,
            "metadata": {"ss_v2": "False"}}  # fmt: skip
    page = replayed(line)
    (document,) = page.documents
    assert (document.kind, document.body) == ("safetensors", {"ss_v2": "False"})


def test_metadata_of_a_foreign_archive_is_cut_like_our_own() -> None:
    said = {"ss_tag_frequency": "somebody", "ss_sd_model_name": "/home/somebody/x.ckpt"}
    page = replayed({**LINE, "metadata": said})
    assert page.heads[0].metadata == page.documents[0].body == {"ss_sd_model_name": "~/x.ckpt"}


@pytest.mark.parametrize("other", [{}, {"format": "gguf"}, {"format": None, "fault": "no header"}])
def test_a_line_says_its_format_or_why_there_is_none(other: dict[str, object]) -> None:
    (head,) = replayed({**LINE, **other}).heads
    assert head.format == {**LINE, **other}["format"]


@pytest.mark.parametrize(
    "other",
    [
        {"digests": {"sha256": "zz"}}, {"digests": {"sha256": "ab"}}, {"digests": {"sha256": ""}},
        {"digests": {"sha256": "AB" * 32}}, {"digests": {"sha256": "ab" * 32 + "\n"}},
        {"digests": {"autov1": "1234567"}}, {"digests": {"autov1": "<script>"}},
        {"digests": {"autov3": "ab"}}, {"digests": {"quick": "zz"}}, {"digests": {"state": "zz"}},
        {"key": "zz"}, {"parts": {"unet": "xyz"}}, {"parts": {"nose": "ab" * 32}},
        {"format": "hf.record"}, {"format": "card"}, {"format": ""}, {"format": 5},
        {"model": "civitai:1@2"}, {"model": "folder:x"},
    ],
)  # fmt: skip
def test_a_line_that_no_reader_wrote_is_a_gap(other: dict[str, object]) -> None:
    page = replayed({**LINE, **other})
    assert [gap.reason for gap in page.gaps] == [GapReason.MALFORMED]
    assert page.heads == page.documents == ()


@given(st.one_of(st.binary(max_size=80), st.sampled_from([
    b'{"model": "hf:a/b", "components": ["nose"]}', b'{"model": "x"}', b"[]",
    b'{"model": "hf:a/b", "gap": "nothing"}', b'{"model": "hf:a/b", "digests": {"sha256": 5}}',
])))  # fmt: skip
def test_whatever_else_stands_there_is_a_gap(raw: bytes) -> None:
    page = heads.replay(raw, 0, "hf")
    assert [gap.reason for gap in page.gaps] == [GapReason.MALFORMED]
    assert page.heads == ()
