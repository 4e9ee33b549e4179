"""What equal bytes prove: a copy of a main part, never a model by its VAE, never the author."""

from __future__ import annotations

import pytest

from modelaudit.domain.words import ConflictKind, Grade, Relation, Verdict
from tests.steps.catalogue import (
    DAY,
    EARLY,
    ROOT,
    Catalogue,
    Checked,
    entry,
    file,
    listed_file,
    model,
    says,
    sha,
)

LISTED = entry("list/root", ROOT, labels=["Root 1"], files=[listed_file("root")])
BY_NAME = entry("list/root", ROOT)


def conflicts(checked: Checked) -> list[tuple[str, str, str | None]]:
    return [(c.model, c.kind.word, c.entry) for c in checked.conflicts]


def test_a_relabelled_copy_of_a_listed_file_is_a_take_down_with_a_conflict(
    catalogue: Catalogue,
) -> None:
    catalogue.add(model("hf:a/mine", says("hf:x/harmless"), files=[file("root")]))
    checked = catalogue.check(LISTED)
    found = checked.of("hf:a/mine")
    assert found.path == ("hf:a/mine", f"sha256:{sha('root')}")
    assert (found.verdict, found.grade) == (Verdict.TAKE_DOWN, Grade.EXACT)
    assert (found.relation, found.files) == (
        Relation.COPY, (("model.safetensors", sha("root")),)
    )  # fmt: skip
    assert found.decided_by.endswith("1 of 1 weight files match")
    assert conflicts(checked) == [("hf:a/mine", "parent", "list/root")]
    assert found.conflicts == tuple(checked.conflicts)
    weak, strong = found.conflicts[0].claims
    assert (weak.parent, strong.grade) == ("hf:x/harmless", Grade.EXACT)


def test_a_relabelled_family_is_a_conflict_as_well(catalogue: Catalogue) -> None:
    label = says("civitai-base:Other 2", by="civitai-label")
    catalogue.add(model("civitai:4@9", label, files=[file("root")]))
    checked = catalogue.check(LISTED)
    assert checked.verdicts() == {"civitai:4@9": "take-down"}
    assert conflicts(checked) == [("civitai:4@9", "family", "list/root")]


def test_a_copy_that_says_so_is_no_conflict(catalogue: Catalogue) -> None:
    catalogue.add(model("hf:a/honest", says(ROOT), files=[file("root")]))
    checked = catalogue.check(LISTED)
    assert checked.verdicts() == {"hf:a/honest": "take-down"}
    assert checked.conflicts == []


def test_all_the_files_that_match_are_counted(catalogue: Catalogue) -> None:
    files = [
        file("root"),
        file("own", "full", "own.safetensors"),
        file("vae", "vae", "vae/x.safetensors"),
    ]
    catalogue.add(model("hf:a/bundle", files=files))
    assert "1 of 2 weight files match" in catalogue.check(LISTED).of("hf:a/bundle").decided_by


COMPONENTS = {
    # id: (the file's own component, the list's role for the digest) → relation
    "a checkpoint": ("full", "full", "copy"),
    "a UNet": ("unet", "unet", "copy"),
    "of unknown part, listed as a checkpoint": (None, "full", "copy"),
    "of unknown part, listed as nothing": (None, "other", "component"),
    "in a VAE folder": ("vae", "full", "component"),
    "listed as a VAE": (None, "vae", "component"),
    "a VAE on both sides": ("vae", "vae", "component"),
    "a text encoder": ("text_encoder", "text_encoder", "component"),
    "in a text encoder's folder": ("text_encoder", "full", "component"),
    "a main part that is not tainted": ("transformer", "transformer", "component"),
    "uploaded as a model, listed as a VAE": ("full", "vae", "component"),
    "uploaded as a model, listed as a text encoder": ("full", "text_encoder", "component"),
}


@pytest.mark.parametrize("case", COMPONENTS)
def test_only_a_main_and_tainted_part_stands_for_a_model(catalogue: Catalogue, case: str) -> None:
    stated, role, relation = COMPONENTS[case]
    catalogue.add(model("hf:a/x", files=[file("part", stated)]))
    found = catalogue.check(entry("list/root", ROOT, files=[listed_file("part", role)])).of(
        "hf:a/x"
    )
    assert found.relation.word == relation
    assert found.verdict is (Verdict.TAKE_DOWN if relation == "copy" else Verdict.NOTE)
    assert found.path == ("hf:a/x", f"sha256:{sha('part')}")


def test_a_listed_checkpoint_in_a_vae_folder_is_a_conflict_of_components(
    catalogue: Catalogue,
) -> None:
    catalogue.add(model("hf:a/x", files=[file("root", "vae", "vae/x.safetensors")]))
    checked = catalogue.check(LISTED)
    assert [c.kind for c in checked.conflicts] == [ConflictKind.COMPONENT]
    assert checked.verdicts() == {"hf:a/x": "note"}


def test_a_digest_of_a_single_source_is_review(catalogue: Catalogue) -> None:
    catalogue.add(model("hf:a/x", files=[file("rare")]))
    rare = entry("list/root", ROOT, files=[listed_file("rare", "full", "single-source")])
    found = catalogue.check(rare).of("hf:a/x")
    assert found.verdict is Verdict.REVIEW
    assert "single source" in found.decided_by


def test_a_candidate_digest_never_matches(catalogue: Catalogue) -> None:
    catalogue.add(model("hf:a/x", files=[file("maybe")]))
    maybe = entry("list/root", ROOT, files=[listed_file("maybe", "full", "candidate")])
    assert catalogue.check(maybe).findings == {}


def test_a_claim_of_a_digest_leads_to_its_entry(catalogue: Catalogue) -> None:
    recorded = says(f"sha256:{sha('root')}", "finetune", "recorded", by="kohya")
    catalogue.add(model("civitai:5@5", recorded))
    found = catalogue.check(LISTED).of("civitai:5@5")
    assert (found.verdict, found.grade) == (Verdict.TAKE_DOWN, Grade.RECORDED)


def test_a_claim_of_an_unlisted_digest_leads_to_whoever_holds_the_file(
    catalogue: Catalogue,
) -> None:
    recorded = says(f"sha256:{sha('own')}", "adapter", "recorded", by="kohya")
    catalogue.add(model("hf:a/one", says(ROOT), files=[file("own")]), model("hf:b/lora", recorded))
    found = catalogue.check(BY_NAME).of("hf:b/lora")
    assert found.path == ("hf:b/lora", f"sha256:{sha('own')}", "hf:a/one", ROOT)
    assert found.verdict is Verdict.TAKE_DOWN


# copies among models that nobody listed


def test_verdicts_flow_from_a_source_to_its_copies(catalogue: Catalogue) -> None:
    catalogue.add(
        model("hf:a/source", says(ROOT), files=[file("own")]),
        model("hf:z/copy", says("hf:a/source"), files=[file("own")]),
        model("hf:b/silent", files=[file("own")], created=EARLY + 800 * DAY),
    )
    checked = catalogue.check(BY_NAME)
    assert set(checked.verdicts().values()) == {"take-down"}
    assert checked.of("hf:b/silent").path == ("hf:b/silent", "hf:a/source", ROOT)
    assert checked.of("hf:b/silent").files == (("model.safetensors", sha("own")),)
    assert checked.conflicts == []


def test_accounts_that_vouch_for_each_other_do_not_frame_an_author(catalogue: Catalogue) -> None:
    catalogue.add(
        model("hf:victim/art", files=[file("own")], created=EARLY + 100 * DAY),
        model("hf:sock/one", says(ROOT), files=[file("own")], created=EARLY + 119 * DAY),
        model("hf:sock/two", says("hf:sock/one"), files=[file("own")], created=EARLY + 120 * DAY),
    )
    checked = catalogue.check(BY_NAME)
    assert checked.verdicts() == {
        "hf:victim/art": "note",
        "hf:sock/one": "take-down",
        "hf:sock/two": "take-down",
    }


def test_they_flow_backwards_as_notes_only(catalogue: Catalogue) -> None:
    catalogue.add(
        model("hf:a/author", files=[file("own")], created=EARLY + 100 * DAY),
        model("hf:b/uploader", says(ROOT), files=[file("own")], created=EARLY + 300 * DAY),
    )
    checked = catalogue.check(BY_NAME)
    assert checked.verdicts() == {"hf:a/author": "note", "hf:b/uploader": "review"}
    assert "uploaded later" in checked.of("hf:a/author").decided_by
    assert "stronger claim" in checked.of("hf:b/uploader").decided_by
    assert conflicts(checked) == [("hf:b/uploader", "parent", "list/root")]


def test_without_a_direction_they_are_notes_both_ways(catalogue: Catalogue) -> None:
    catalogue.add(
        model("hf:a/one", files=[file("own")], created=EARLY + 300 * DAY),
        model("hf:b/two", says(ROOT), files=[file("own")], created=EARLY + 301 * DAY),
        model("hf:c/three", files=[file("own")], created=EARLY + 302 * DAY),
    )
    checked = catalogue.check(BY_NAME)
    assert checked.verdicts() == {"hf:a/one": "note", "hf:b/two": "take-down", "hf:c/three": "note"}
    assert checked.conflicts == []
    for finding in checked.findings.values():
        assert len(finding.claims) >= finding.hops


def test_a_late_uploader_cannot_frame_the_author_with_friends(catalogue: Catalogue) -> None:
    catalogue.add(
        model("hf:a/author", files=[file("own")], created=EARLY),
        model("hf:e/early-fan", says("hf:a/author"), files=[file("own")], created=EARLY + 9 * DAY),
        model("hf:m/mallory", says(ROOT), files=[file("own")], created=EARLY + 300 * DAY),
        *(model(f"hf:s/sock-{n}", says("hf:m/mallory"), files=[file("own")],
                created=EARLY + 301 * DAY) for n in range(3)),
    )  # fmt: skip
    verdicts = catalogue.check(BY_NAME).verdicts()
    assert verdicts["hf:a/author"] == verdicts["hf:e/early-fan"] == "note"


def test_a_group_of_copies_costs_no_more_than_its_members(catalogue: Catalogue) -> None:
    catalogue.add(model("hf:a/source", files=[file("own")], created=EARLY))
    costs = []
    for number in range(3):
        catalogue.add(*(model(f"hf:c/{number}-{n}", says("hf:x/y"), files=[file("own")])
                        for n in range(20)))  # fmt: skip
        statements: list[str] = []
        catalogue.connection.set_trace_callback(statements.append)
        checked = catalogue.check(BY_NAME)
        catalogue.connection.set_trace_callback(None)
        costs.append(len(statements))
        assert len(checked.conflicts) == 20 * (number + 1)
    assert costs[2] - costs[1] <= (costs[1] - costs[0]) * 1.1


def test_a_shared_vae_joins_nobody(catalogue: Catalogue) -> None:
    shared = file("vae", "vae", "vae/x.safetensors")
    catalogue.add(
        model("hf:a/one", says(ROOT), files=[shared]),
        model("hf:b/two", files=[shared], created=EARLY + 900 * DAY),
    )
    assert list(catalogue.check(BY_NAME).findings) == ["list/root/hf:a/one"]


@pytest.mark.parametrize("parts", [(None, "vae"), ("full", "text_encoder"), (None, None)])
def test_nor_does_a_file_that_may_be_one(
    catalogue: Catalogue, parts: tuple[str | None, str | None]
) -> None:
    catalogue.add(
        model("hf:a/one", says(ROOT), files=[file("shared", parts[0])]),
        model("hf:b/two", files=[file("shared", parts[1])], created=EARLY + 900 * DAY),
    )
    assert list(catalogue.check(BY_NAME).findings) == ["list/root/hf:a/one"]


def test_a_copy_that_is_no_more_takes_its_claims_with_it(catalogue: Catalogue) -> None:
    catalogue.add(
        model("hf:a/source", says(ROOT), files=[file("own")]),
        model("hf:b/copy", files=[file("own")], created=EARLY + 900 * DAY),
    )
    assert "list/root/hf:b/copy" in catalogue.check(BY_NAME).findings
    catalogue.add(model("hf:b/copy", files=[file("new")], created=EARLY + 900 * DAY))
    assert list(catalogue.check(BY_NAME).findings) == ["list/root/hf:a/source"]
