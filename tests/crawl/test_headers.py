"""What is kept of a weight file's own words, and how an archive gives it back."""

from __future__ import annotations

import json

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from modelaudit.crawl import headers
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.words import GapReason

REF = ModelRef("hf:acme/lora")
PERSONAL = {
    "ss_dataset_dirs": "{}",
    "ss_tag_frequency": "{}",
    "ss_output_name": "somebody",
    "prompt": "words",
    "modelspec.title": "words",
    "ot_config": json.dumps({"base_model_name": "acme/root", "workspace_dir": "/home/somebody"}),
}


def test_only_lineage_is_kept() -> None:
    kept = headers.kept(PERSONAL | {"ss_new_sd_model_hash": "ab" * 32})
    assert kept == {
        "ss_new_sd_model_hash": "ab" * 32,
        "ot_config": '{"base_model_name": "acme/root"}',
    }
    assert "somebody" not in json.dumps(kept)


def test_an_archived_header_comes_back_as_the_document_it_was() -> None:
    line = headers.received(REF, "b.safetensors", {"ss_v2": "False"}, source="https://x", at=7)
    assert (line.platform, line.kind, line.status) == ("hf", "header", 206)
    (document,) = headers.replay(msgspec.json.encode(line.record), line.at).documents
    assert document.model == REF
    assert document.body == {"ss_v2": "False"}
    assert (document.path, document.source, document.observed) == ("b.safetensors", "https://x", 7)


@given(st.binary(max_size=80))
def test_whatever_else_stands_there_is_a_gap(raw: bytes) -> None:
    page = headers.replay(raw, 0)
    assert [gap.reason for gap in page.gaps] == [GapReason.MALFORMED]
