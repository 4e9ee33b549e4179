"""Every file under evidence/ is a kind of evidence: nothing to register, nothing left out."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from modelaudit.domain.claim import Claim
from modelaudit.domain.model import Document, Gap
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.words import Grade
from modelaudit.resolve import evidence
from modelaudit.resolve.extractor import Extractor, extract, extractors, readers_of

KINDS = {
    "hf.record", "card", "adapter_config", "mergekit", "model_index", "config", "safetensors",
    "gguf", "civitai.version", "civitai_info", "weights",
}  # fmt: skip


def test_every_file_is_found() -> None:
    folder = Path(evidence.__path__[0])
    files = {p.stem for p in folder.glob("*.py") if not p.stem.startswith("_")}
    assert {inspect.getmodulename(inspect.getfile(e.extract)) for e in extractors()} == files


def test_names_are_unique_and_sorted() -> None:
    names = [extractor.name for extractor in extractors()]
    assert names == sorted(set(names))
    assert all(name == name.lower() and " " not in name for name in names)


@pytest.mark.parametrize("extractor", extractors(), ids=lambda e: e.name)
def test_a_kind_of_evidence_says_what_it_is(extractor: Extractor) -> None:
    assert inspect.getdoc(extractor)
    assert extractor.extract.__doc__
    assert extractor.reads
    assert isinstance(extractor.grade, Grade)


def test_every_kind_of_document_has_a_reader_and_no_other() -> None:
    assert set().union(*(extractor.reads for extractor in extractors())) == KINDS
    assert readers_of("image") == ()


@pytest.mark.parametrize("body", [{}, "", "nonsense", {"cardData": [1], "tags": 7, "version": []}])
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_document_that_says_nothing_gives_no_claim_and_no_error(
    kind: str, body: dict[str, object] | str
) -> None:
    found = extract(Document(model=ModelRef("hf:a/b"), kind=kind, body=body, observed=5))
    assert found.claims == []
    assert all(isinstance(gap, Gap) and "\n" not in gap.detail for gap in found.gaps)


def test_claims_carry_the_name_the_grade_at_most_and_the_time_of_their_document() -> None:
    document = Document(
        model=ModelRef("hf:a/b"),
        kind="hf.record",
        body={"cardData": {"base_model": "acme/root"}, "tags": ["base_model:adapter:acme/other"]},
        observed=1_234,
    )
    found = extract(document)
    grades = {e.name: e.grade for e in readers_of("hf.record")}
    assert {claim.parent for claim in found.claims} == {"hf:acme/root", "hf:acme/other"}
    for claim in found.claims:
        assert isinstance(claim, Claim)
        assert claim.grade <= grades[claim.extractor]
        assert claim.observed == 1_234
        assert claim.child == "hf:a/b"


def test_an_extractor_that_is_not_spoken_to_keeps_what_it_said_before() -> None:
    """A model's own page leaves out what a listing gives: its silence withdraws nothing."""
    page = Document(model=ModelRef("hf:a/b"), kind="hf.record", body={}, observed=5)
    assert "hub-base-models" not in extract(page).covered
    page = Document(model=page.model, kind="hf.record", body={"baseModels": None}, observed=5)
    assert "hub-base-models" in extract(page).covered
