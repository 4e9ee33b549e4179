"""Platform labels that contradict each other on the same bytes."""

from __future__ import annotations

import pytest

from modelaudit.domain.words import Verdict
from tests.steps.catalogue import DAY, EARLY, ROOT, Catalogue, entry, file, model, says

FAMILY = entry("list/root", ROOT, labels=["SD 1.5", "SD 1.5 LCM"])
DAYS_APART = {"hf:one/model": 0, "hf:two/model": 3}


def twins(catalogue: Catalogue, one: str, two: str) -> None:
    """Two models with the same file, made days apart: nobody is known to be the source."""
    for (ref, days), label in zip(DAYS_APART.items(), (one, two), strict=True):
        claim = says(f"civitai-base:{label}", by="civitai-label", at="/version/baseModel")
        catalogue.add(model(ref, claim, files=[file("same")], created=EARLY + days * DAY))
    catalogue.link()


def test_equal_bytes_under_two_families_are_a_conflict_that_caps_the_listed_one(
    catalogue: Catalogue,
) -> None:
    twins(catalogue, "SD 1.5", "SDXL 1.0")
    checked = catalogue.check(FAMILY)
    assert {(c.model, c.kind.word, c.entry) for c in checked.conflicts} == {
        ("hf:one/model", "family", "list/root"),
        ("hf:two/model", "family", None),
    }
    assert checked.of("hf:one/model").verdict is Verdict.REVIEW
    assert "contradicts" in checked.of("hf:one/model").decided_by
    assert checked.of("hf:two/model").verdict is Verdict.NOTE


@pytest.mark.parametrize("other", ["SD 1.5", "SD 1.5 LCM"])
def test_labels_that_a_list_takes_for_the_same_do_not_contradict(
    catalogue: Catalogue, other: str
) -> None:
    twins(catalogue, "SD 1.5", other)
    checked = catalogue.check(FAMILY)
    assert not checked.conflicts
    assert {f.verdict for f in checked.findings.values()} == {Verdict.TAKE_DOWN}
