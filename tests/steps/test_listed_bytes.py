"""Bytes of a listed model or re-host that no list knows by their digest."""

from __future__ import annotations

import pytest

from modelaudit.domain.words import Verdict
from tests.steps.catalogue import (
    DAY,
    EARLY,
    REHOST,
    ROOT,
    Catalogue,
    entry,
    file,
    listed_file,
    model,
    says,
)

LISTED = entry("list/root", ROOT, rehosts=[REHOST], labels=["SD 1.5"])
LATE = EARLY + 900 * DAY


@pytest.mark.parametrize("created", [EARLY, LATE - DAY, LATE + 90 * DAY])
def test_a_relabelled_copy_is_a_take_down_with_a_conflict_whichever_came_first(
    catalogue: Catalogue, created: int
) -> None:
    catalogue.add(
        model(REHOST, files=[file("unlisted")], created=LATE),
        model("hf:good/x", created=EARLY),
        model("hf:some/copy", says("hf:good/x"), files=[file("unlisted")], created=created),
    )
    catalogue.link()
    checked = catalogue.check(LISTED)
    finding = checked.of("hf:some/copy")
    assert finding.verdict is Verdict.TAKE_DOWN
    assert finding.path == ("hf:some/copy", REHOST)
    assert {(c.child, c.parent) for c in finding.claims} == {("hf:some/copy", REHOST)}
    assert finding.files
    assert [(c.model, c.kind.word, c.entry) for c in checked.conflicts] == [
        ("hf:some/copy", "parent", "list/root")
    ]


def test_a_foreign_label_on_such_bytes_is_a_conflict(catalogue: Catalogue) -> None:
    label = says("civitai-base:SDXL 1.0", by="civitai-label", at="/version/baseModel")
    catalogue.add(
        model(REHOST, files=[file("unlisted")], created=LATE),
        model("civitai:1@2", label, files=[file("unlisted")], created=EARLY),
    )
    catalogue.link()
    checked = catalogue.check(LISTED)
    assert checked.of("civitai:1@2").verdict is Verdict.TAKE_DOWN
    assert [(c.model, c.kind.word) for c in checked.conflicts] == [("civitai:1@2", "family")]


def test_a_shared_vae_of_a_listed_model_is_nothing(catalogue: Catalogue) -> None:
    catalogue.add(
        model(REHOST, files=[file("vae", "vae")], created=LATE),
        model("hf:some/model", files=[file("vae", "vae")]),
    )
    catalogue.link()
    assert set(catalogue.check(LISTED).findings) == {f"list/root/{REHOST}"}


@pytest.mark.parametrize("guess", ["transformer", "adapter", None])
def test_a_listed_file_is_what_the_list_says_whatever_it_is_called(
    catalogue: Catalogue, guess: str | None
) -> None:
    catalogue.add(model("hf:some/copy", files=[file("root", guess)]))
    known = entry("list/root", ROOT, files=[listed_file("root", "full")])
    assert catalogue.check(known).of("hf:some/copy").verdict is Verdict.TAKE_DOWN


def test_a_genuine_listed_file_is_not_contradicted_by_its_relabelled_twin(
    catalogue: Catalogue,
) -> None:
    own = says("civitai-base:SD 1.5", by="civitai-label", at="/version/baseModel")
    other = says("civitai-base:SDXL 1.0", by="civitai-label", at="/version/baseModel")
    catalogue.add(
        model("civitai:1@1", own, files=[file("root")], created=LATE),
        model("civitai:2@2", other, files=[file("root")], created=LATE + DAY),
    )
    catalogue.link()
    known = entry("list/root", ROOT, labels=["SD 1.5"], files=[listed_file("root")])
    assert [(c.model, c.kind.word) for c in catalogue.check(known).conflicts] == [
        ("civitai:2@2", "family")
    ]


def test_a_recipe_tells_the_share_that_a_card_leaves_out(catalogue: Catalogue) -> None:
    catalogue.add(
        model(
            "hf:some/mix",
            says(ROOT, "merge", "recorded", by="mergekit", weight=0.02),
            says(ROOT, "merge"),
        )
    )
    found = catalogue.check(LISTED).of("hf:some/mix")
    assert found.verdict is Verdict.NOTE
    assert "0.02" in found.decided_by


@pytest.mark.parametrize(
    ("labels", "verdict"),
    [(("SD 1.5",), "take-down"), (("SD 1.5", "SD 1.5"), "take-down"), (("SD 1.5", "Flux"), "note")],
)
def test_a_link_to_a_model_page_is_a_hint_only_where_its_versions_disagree(
    catalogue: Catalogue, labels: tuple[str, ...], verdict: str
) -> None:
    for number, label in enumerate(labels, start=1):
        claim = says(f"civitai-base:{label}", by="civitai-label", at="/version/baseModel")
        catalogue.add(model(f"civitai:7@{number}", claim, created=EARLY))
    catalogue.add(model("hf:some/tune", says("civitai:7"), created=LATE))
    assert catalogue.check(LISTED).of("hf:some/tune").verdict.word == verdict
