"""What makes a path doubtful: time, cycles, contradictions, and what an allow list says."""

from __future__ import annotations

import pytest

from modelaudit.domain.entry import ListedDataset, ListKind
from modelaudit.domain.words import Verdict
from tests.steps.catalogue import (
    DAY,
    EARLY,
    REHOST,
    ROOT,
    Catalogue,
    Checked,
    allowing,
    entry,
    file,
    listed_file,
    listing,
    model,
    says,
)

LISTED = entry("list/root", ROOT, rehosts=[REHOST], files=[listed_file("root")])
LATE = EARLY + 1000 * DAY


def conflicts(checked: Checked) -> list[tuple[str, str, str | None]]:
    return [(c.model, c.kind.word, c.entry) for c in checked.conflicts]


# time


def test_a_parent_a_month_younger_than_its_child_caps_at_review(catalogue: Catalogue) -> None:
    catalogue.add(
        model("hf:a/parent", says(ROOT), created=LATE),
        model("hf:b/old", says("hf:a/parent"), created=LATE - 31 * DAY),
        model("hf:b/near", says("hf:a/parent"), created=LATE - 30 * DAY),
        model("hf:b/undated", says("hf:a/parent"), created=None),
    )
    checked = catalogue.check(LISTED)
    assert checked.of("hf:b/old").verdict is Verdict.REVIEW
    assert "younger" in checked.of("hf:b/old").decided_by
    assert checked.of("hf:b/near").verdict is Verdict.TAKE_DOWN
    assert checked.of("hf:b/undated").verdict is Verdict.TAKE_DOWN


@pytest.mark.parametrize("parent", [ROOT, REHOST])
def test_a_listed_parent_may_be_younger(catalogue: Catalogue, parent: str) -> None:
    catalogue.add(model(parent, created=LATE), model("hf:b/old", says(parent), created=EARLY))
    assert catalogue.check(LISTED).of("hf:b/old").verdict is Verdict.TAKE_DOWN


def test_a_parent_with_a_listed_file_may_be_younger(catalogue: Catalogue) -> None:
    catalogue.add(
        model("hf:a/mirror", files=[file("root")], created=LATE),
        model("hf:b/old", says("hf:a/mirror"), created=EARLY),
    )
    assert catalogue.check(LISTED).of("hf:b/old").verdict is Verdict.TAKE_DOWN


def test_so_may_a_copy_of_a_listed_model_whose_digest_no_list_knows(catalogue: Catalogue) -> None:
    catalogue.add(
        model(ROOT, files=[file("unlisted")], created=EARLY - 99 * DAY),
        model("hf:a/mirror", files=[file("unlisted")], created=LATE),
        model("hf:b/old", says("hf:a/mirror"), created=EARLY),
    )
    assert catalogue.check(entry("list/root", ROOT)).of("hf:b/old").verdict is Verdict.TAKE_DOWN


def test_a_renamed_parent_may_be_younger(catalogue: Catalogue) -> None:
    catalogue.add(model("hf:a/was", says(ROOT), created=LATE, stable_id="5" * 24))
    catalogue.add(model("hf:a/is", says(ROOT), created=LATE, stable_id="5" * 24))
    catalogue.add(model("hf:b/old", says("hf:a/was"), created=EARLY))
    found = catalogue.check(LISTED).of("hf:b/old")
    assert (found.verdict, found.path) == (Verdict.TAKE_DOWN, ("hf:b/old", "hf:a/is", ROOT))


def test_a_shared_vae_or_a_likely_name_does_not_excuse_the_date(catalogue: Catalogue) -> None:
    catalogue.add(
        model("hf:a/parent", says(ROOT), created=LATE,
              files=[file("root", "vae", "vae/x.safetensors")]),
        model("hf:a/root-like", says(ROOT), created=LATE),
        model("hf:b/old", says("hf:a/parent"), created=EARLY),
        model("hf:b/older", says("hf:a/root-like"), created=EARLY),
    )  # fmt: skip
    hinting = entry("list/root", ROOT, files=[listed_file("root")], patterns=["root-like"])
    checked = catalogue.check(hinting)
    assert checked.of("hf:b/old").verdict is Verdict.REVIEW
    assert checked.of("hf:b/older").verdict is Verdict.REVIEW


def test_a_dated_dataset_counts_for_models_made_before_its_day(catalogue: Catalogue) -> None:
    for ref, created in (("hf:a/before", LATE - 1), ("hf:a/after", LATE), ("hf:a/undated", None)):
        catalogue.add(model(ref, says("dataset:lab/set", "trained-on"), created=created))
    dated = entry("list/root", datasets=[ListedDataset(id="lab/set", published_before=LATE)])
    checked = catalogue.check(dated)
    assert checked.verdicts() == {"hf:a/before": "take-down", "hf:a/undated": "review"}
    assert "date that is unknown" in checked.of("hf:a/undated").decided_by
    assert checked.of("hf:a/before").path == ("hf:a/before", "dataset:lab/set")


def test_another_entry_may_list_the_same_dataset_without_a_day(catalogue: Catalogue) -> None:
    catalogue.add(model("hf:a/after", says("dataset:lab/set", "trained-on"), created=LATE + DAY))
    checked = catalogue.check(
        entry("list/dated", datasets=[ListedDataset(id="lab/set", published_before=LATE)]),
        entry("list/plain", datasets=[ListedDataset(id="lab/set")]),
    )
    assert list(checked.findings) == ["list/plain/hf:a/after"]


# cycles


def test_an_edge_inside_a_cycle_caps_at_review(catalogue: Catalogue) -> None:
    catalogue.add(
        model("hf:a/one", says(ROOT), says("hf:b/two")),
        model("hf:b/two", says("hf:a/one")),
        model("hf:c/three", says("hf:b/two")),
        model("hf:d/four", says("hf:a/one")),
    )
    checked = catalogue.check(LISTED)
    assert checked.verdicts() == {
        "hf:a/one": "take-down", "hf:b/two": "review", "hf:c/three": "review",
        "hf:d/four": "take-down",
    }  # fmt: skip
    assert "cycle" in checked.of("hf:c/three").decided_by


def test_a_model_that_names_itself_is_in_no_cycle(catalogue: Catalogue) -> None:
    catalogue.add(model("hf:a/one", says(ROOT), says("hf:a/one")))
    assert catalogue.check(LISTED).verdicts() == {"hf:a/one": "take-down"}


# contradictions


def test_a_recorded_base_outranks_a_card(catalogue: Catalogue) -> None:
    catalogue.add(
        model("hf:good/base"),
        model(
            "hf:a/lora",
            says(ROOT, "adapter"),
            says("hf:good/base", "adapter", "recorded", by="adapter-config"),
        ),
    )
    checked = catalogue.check(LISTED)
    assert conflicts(checked) == [("hf:a/lora", "parent", "list/root")]
    found = checked.of("hf:a/lora")
    assert found.verdict is Verdict.REVIEW
    assert "stronger claim" in found.decided_by
    assert found.conflicts


def test_a_card_that_names_another_base_does_not_save_a_recorded_one(
    catalogue: Catalogue,
) -> None:
    catalogue.add(
        model("hf:good/base"),
        model(
            "hf:a/lora",
            says("hf:good/base", "adapter"),
            says(ROOT, "adapter", "recorded", by="adapter-config"),
        ),
    )
    checked = catalogue.check(LISTED)
    assert checked.verdicts() == {"hf:a/lora": "take-down"}
    assert conflicts(checked) == [("hf:a/lora", "parent", "list/root")]


def test_naming_an_ancestor_of_the_recorded_base_is_vague_and_not_wrong(
    catalogue: Catalogue,
) -> None:
    recorded = says("hf:a/one", "adapter", "recorded", by="adapter-config")
    catalogue.add(
        model("hf:a/one", says(ROOT)), model("hf:b/lora", says(ROOT, "adapter"), recorded)
    )
    checked = catalogue.check(LISTED)
    assert checked.conflicts == []
    assert checked.of("hf:b/lora").path == ("hf:b/lora", ROOT)


def test_a_conflict_whose_sides_lead_to_one_entry_caps_nothing(catalogue: Catalogue) -> None:
    catalogue.add(
        model("hf:a/one", says(ROOT)),
        model("hf:a/two", says(ROOT)),
        model(
            "hf:b/lora",
            says("hf:a/one", "adapter"),
            says("hf:a/two", "adapter", "recorded", by="adapter-config"),
        ),
    )
    checked = catalogue.check(LISTED)
    assert conflicts(checked) == [("hf:b/lora", "parent", None)]
    assert checked.of("hf:b/lora").verdict is Verdict.TAKE_DOWN


def test_it_caps_the_entry_that_only_the_weaker_side_leads_to(catalogue: Catalogue) -> None:
    catalogue.add(
        model("hf:a/one", says(ROOT), says("hf:x/other")),
        model("hf:a/two", says(ROOT)),
        model(
            "hf:b/lora",
            says("hf:a/one", "adapter"),
            says("hf:a/two", "adapter", "recorded", by="adapter-config"),
        ),
    )
    checked = catalogue.check(LISTED, entry("list/other", "hf:x/other"))
    assert checked.of("hf:b/lora").verdict is Verdict.TAKE_DOWN
    assert checked.of("hf:b/lora", "list/other").verdict is Verdict.REVIEW


def test_a_contradiction_is_reported_where_nothing_is_listed(catalogue: Catalogue) -> None:
    catalogue.add(
        model("hf:a/source", files=[file("own")], created=EARLY),
        model("hf:b/copy", says("hf:x/else"), files=[file("own")], created=LATE),
    )
    checked = catalogue.check(LISTED)
    assert checked.findings == {}
    assert conflicts(checked) == [("hf:b/copy", "parent", None)]


# allow lists


def test_an_allowed_model_shields_those_who_descend_through_it(catalogue: Catalogue) -> None:
    catalogue.add(
        model("hf:good/base", says(ROOT)),
        model("hf:b/two", says("hf:good/base")),
        model("hf:c/three", says("hf:b/two")),
        model("hf:d/both", says("hf:good/base"), says(ROOT)),
    )
    checked = catalogue.check(LISTED_LIST, allowing("hf:good/base"))
    assert checked.verdicts() == {"hf:good/base": "review", "hf:d/both": "take-down"}
    assert "allow list" in checked.of("hf:good/base").decided_by
    assert conflicts(checked) == [("hf:good/base", "parent", "list/root")]


def test_an_allowed_model_loses_its_hints_and_components(catalogue: Catalogue) -> None:
    catalogue.add(
        model("hf:good/base", says(ROOT, grade="hinted"),
              files=[file("root", "vae", "vae/x.safetensors")]),
        model("hf:good/root-free"),
    )  # fmt: skip
    hinting = listing(entry("list/root", ROOT, files=[listed_file("root")], patterns=["root-"]))
    checked = catalogue.check(hinting, allowing("hf:good/base", "hf:good/root-free"))
    assert checked.findings == {}


def test_bytes_of_a_listed_file_in_an_allowed_model_are_a_conflict(catalogue: Catalogue) -> None:
    catalogue.add(model("hf:good/base", files=[file("root")]))
    checked = catalogue.check(LISTED_LIST, allowing("hf:good/base"))
    assert checked.verdicts() == {"hf:good/base": "review"}
    assert conflicts(checked) == [("hf:good/base", "parent", "list/root")]


def test_an_allow_list_and_a_signal_list_list_nothing_of_their_own(catalogue: Catalogue) -> None:
    catalogue.add(model("hf:good/base"), model("hf:b/two", says("hf:good/base")))
    assert catalogue.check(allowing("hf:good/base")).findings == {}
    signals = listing(entry("sig/x", "hf:good/base", policy=Verdict.NOTE), kind=ListKind.SIGNALS)
    assert set(catalogue.check(signals).verdicts().values()) == {"note"}


LISTED_LIST = listing(LISTED)
