"""The lists that ship: they load, they are right, and they keep off what must not be listed."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from modelaudit.check import blocklist, cases
from modelaudit.check.lint import lint_many
from modelaudit.domain import refs
from modelaudit.domain.entry import (
    Blocklist,
    Documentation,
    Entry,
    EntryStatus,
    FileConfidence,
    ListKind,
)
from modelaudit.domain.times import parse_time
from modelaudit.domain.words import Component, Relation, Verdict
from tests.shared import shared

FOLDER = Path(__file__).parents[2] / "blocklists"
LISTS: dict[str, Blocklist] = {
    name: blocklist.load(path) for name, path in blocklist.shipped().items()
}
BLOCKS = [b for b in LISTS.values() if b.kind is ListKind.BLOCK]
ENTRIES: dict[str, Entry] = {e.id: e for b in LISTS.values() for e in b.entries}


def recorded(name: str) -> Any:
    return json.loads(shared(f"blocklist/{name}").read_text())


def family(name: str) -> dict[str, Any]:
    return next(m for m in recorded("models.json")["models"] if m["id"] == name)


def hub_ids(models: list[dict[str, Any]]) -> set[str]:
    return {f"hf:{model['id']}" for model in models}


BY_DEFAULT = {"laion-5b", "laion-400m", "datasets", "leaked", "known-files"}
ON_REQUEST = {"components", "undisclosed", "signals"}
ALLOW = {"allow/commoncanvas", "allow/karlo", "allow/re-laion", "allow/components"}


def test_the_lists_are_those_promised() -> None:
    assert set(LISTS) == BY_DEFAULT | ON_REQUEST | ALLOW
    assert all(b.id == name for name, b in LISTS.items())
    assert {b.id for b in blocklist.default_lists()} == BY_DEFAULT | ALLOW


def test_they_pass_lint_without_a_warning() -> None:
    assert lint_many(blocklist.shipped().values(), today=date(2026, 11, 28)) == []


def test_editors_find_the_schema_of_each() -> None:
    for path in blocklist.shipped().values():
        if path.stem == "signals":
            continue
        first = path.read_text().partition("\n")[0]
        assert first.startswith("# yaml-language-server: $schema=")
        schema = path.parent / first.partition("=")[2]
        assert schema.resolve().name == "blocklist.schema.json" and schema.is_file()


def test_each_has_cases_beside_it_that_hit_every_entry_and_spare_something() -> None:
    for name, path in blocklist.shipped().items():
        told = cases.load(cases.beside(path)).cases
        hit = {case.entry for case in told if case.expect is not Verdict.NONE}
        assert any(case.expect is Verdict.NONE for case in told)
        if LISTS[name].kind is ListKind.BLOCK:
            assert hit == {entry.id for entry in LISTS[name].entries if entry.acts}


def test_the_sums_are_up_to_date() -> None:
    assert (FOLDER / blocklist.SUMS).read_text() == blocklist.sums(FOLDER)


def test_every_parent_entry_exists() -> None:
    named = {of for e in ENTRIES.values() for of in e.claim_of if not of.startswith("dataset:")}
    assert named and named <= set(ENTRIES)


TAKE_DOWN = {
    "laion-5b/sd-1.x",
    "laion-5b/sd-1.5",
    "laion-5b/sd-1.5-inpainting",
    "laion-5b/waifu-diffusion-1.3",
    "laion-5b/novelai-v1",
    "laion-5b/instruct-pix2pix",
    "laion-5b/sd-image-variations",
    "known-files/waifu-diffusion-1",
}


def test_only_documented_families_take_down() -> None:
    """Stable Diffusion 1, and what its publishers say is a fine-tune of it, version and all."""
    strong = {e.id for e in ENTRIES.values() if e.policy is Verdict.TAKE_DOWN}
    assert strong == TAKE_DOWN
    for entry in map(ENTRIES.__getitem__, strong):
        assert entry.documentation is Documentation.DOCUMENTED
        assert entry.tainted == {Component.UNET}
        assert entry.claim_relation == "trained-on" or set(entry.claim_of) <= {
            "laion-5b/sd-1.x", "laion-5b/sd-1.5",
        }  # fmt: skip
        caps = entry.scope.caps
        assert {r for r, cap in caps.items() if cap is Verdict.TAKE_DOWN} == {
            Relation.COPY, Relation.CONVERSION, Relation.FINETUNE,
            Relation.QUANTIZED, Relation.PRUNED, Relation.MERGE,
        }  # fmt: skip
        assert (caps[Relation.ADAPTER], caps[Relation.COMPONENT]) == (Verdict.REVIEW, Verdict.NOTE)
        assert entry.scope.min_merge_weight == 0.05


def test_what_is_undisclosed_disputed_or_shared_is_a_note() -> None:
    for name in ("undisclosed", "components"):
        assert {e.policy for e in LISTS[name].entries} == {Verdict.NOTE}
    acting = [e for e in LISTS["undisclosed"].entries if e.acts]
    assert {e.documentation for e in acting} == {Documentation.DISPUTED}


def test_what_nobody_read_is_a_draft() -> None:
    drafts = {e.id for e in ENTRIES.values() if e.status is EntryStatus.DRAFT}
    unread = {e.id for e in ENTRIES.values() if e.documentation is Documentation.UNVERIFIED}
    assert drafts == unread and len(drafts) == 7


def test_the_wording_names_no_verdict_of_its_own() -> None:
    for path in blocklist.shipped().values():
        text = path.read_text().lower()
        assert "illegal" not in text and "csam model" not in text


def test_a_filtered_subset_is_said_to_be_one() -> None:
    for entry in ENTRIES.values():
        if entry.acts and (entry.id in SECOND or "laion-5b/sd-2.x" in entry.claim_of):
            told = f"{entry.claim_note} {entry.notes}"
            both = "laion-5b/sd-1.x" in entry.claim_of
            assert "filtered subset" in told or both, entry.id


def test_components_never_reach_more_than_a_note() -> None:
    for blocks in BLOCKS:
        for entry in blocks.entries:
            assert entry.scope.caps[Relation.COMPONENT] is Verdict.NOTE


def test_the_recorded_models_and_rehosts_are_listed() -> None:
    first, fifth = ENTRIES["laion-5b/sd-1.x"], ENTRIES["laion-5b/sd-1.5"]
    second = [e for e in ENTRIES.values() if e.id in SECOND]
    assert set(first.match.models) == hub_ids(family("sd-1.1..1.4")["repos"]["huggingface"])
    models = {ref for entry in second for ref in entry.match.models}
    assert models == hub_ids(family("sd-2.x")["repos"]["huggingface"])
    assert fifth.match.models == ("hf:runwayml/stable-diffusion-v1-5",)
    bundles = {"hf:Aptronym/SDNext", "hf:mirroring/horde_models"}
    whole = hub_ids(family("sd-1.5")["rehosts"]["huggingface"]) - bundles
    assert {r for r in fifth.match.rehosts if r.startswith("hf:")} == whole | {
        "hf:stable-diffusion-v1-5"
    }
    rehosts = {ref for entry in second for ref in entry.match.rehosts}
    with_a_prior = set(ENTRIES["laion-5b/sd-2.1-unclip-t2i"].match.models)
    assert hub_ids(family("sd-2.x")["rehosts"]["huggingface"]) < rehosts | with_a_prior
    assert not rehosts & with_a_prior
    for entries, name in (([first], "sd-1.1..1.4"), ([fifth], "sd-1.5"), (second, "sd-2.x")):
        labels = {label for e in entries for label in e.match.labels.get("civitai", ())}
        assert labels == set(family(name)["civitai_base_model"])
    inpainting = {
        f"hf:{model['id']}"
        for model in family("sd-1.5-inpainting")["rehosts"]["huggingface"]
        if model.get("confidence") == "read in source"
    }
    assert inpainting < set(ENTRIES["laion-5b/sd-1.5-inpainting"].match.rehosts)


SECOND = {
    "laion-5b/sd-2.x", "laion-5b/sd-2-inpainting", "laion-5b/sd-2-depth",
    "laion-5b/sd-2.1-unclip", "laion-5b/sd-x4-upscaler",
}  # fmt: skip
"""The family of Stable Diffusion 2, as its one card has it."""


@pytest.mark.parametrize(
    ("name", "listed"),
    [
        ("eva-clip", ["laion-5b/eva-clip", "laion-5b/eva-clip-18b"]),
        ("idefics-1", ["laion-5b/idefics-1"]),
        ("internvl", ["laion-5b/internvl-14b", "laion-5b/internvit-300m"]),
        ("kandinsky-2.1/2.2", ["laion-5b/kandinsky-2.1", "laion-5b/kandinsky-2.2"]),
        ("deepfloyd-if", ["laion-5b/deepfloyd-if"]),
        ("modelscope-t2v-1.7b", ["laion-5b/modelscope-t2v"]),
        ("amused", ["laion-5b/amused"]),
        ("wuerstchen", ["laion-5b/wuerstchen"]),
        ("svd", ["laion-5b/svd"]),
        ("safe-stable-diffusion", ["laion-5b/safe-stable-diffusion"]),
        ("waifu-diffusion-1.2/1.3", ["laion-5b/waifu-diffusion", "laion-5b/waifu-diffusion-1.3"]),
        ("coca-laion", ["laion-5b/coca"]),
        ("sdxl", ["undisclosed/sdxl"]),
        ("stable-cascade", ["undisclosed/stable-cascade"]),
        ("sd-vae-ft", ["components/sd-vae-ft"]),
    ],
)
def test_each_recorded_family_is_where_it_belongs(name: str, listed: list[str]) -> None:
    refs_ = {r for i in listed for r in (*ENTRIES[i].match.models, *ENTRIES[i].match.rehosts)}
    assert hub_ids(family(name)["repos"]["huggingface"]) <= refs_


@pytest.mark.parametrize("list_id", ["laion-5b", "laion-400m"])
def test_every_tag_that_names_laion_is_listed_and_no_other(list_id: str) -> None:
    tags = recorded("openclip_laion_models.json")
    ours = {refs.key(r) for e in LISTS[list_id].entries for r in e.match.models}
    for model in tags["entries"]:
        is_400m = model["dataset_class"] == "laion-400m"
        belongs = model["dataset_class"] in tags["laion_classes"] and is_400m == (
            list_id == "laion-400m"
        )
        assert (refs.key(f"hf:{model['hf_repo']}") in ours) == belongs, model


def test_a_labels_parent_is_the_model_the_label_names() -> None:
    assert ENTRIES["laion-5b/sd-1.x"].match.models[0] == "hf:CompVis/stable-diffusion-v1-4"


def test_every_core_digest_is_listed_with_its_component() -> None:
    ours = {f.sha256: (e.id, f) for b in BLOCKS for e in b.entries for f in e.match.files}
    core = [r for r in recorded("hashes.json")["entries"] if r["match_role"] == "block-core"]
    for record in core:
        entry, file = ours[record["sha256"]]
        assert entry.startswith("laion-5b/")
        assert file.component.word == record["component"]
        assert file.confidence.value == record["confidence"]
        assert (file.size, file.autov1) == (record["size_bytes"], record["autov1"])


def test_every_digest_is_one_that_was_recorded() -> None:
    """Copied by hand from a page, or of one line of sources: single-source, counted once."""
    by_digest = {record["sha256"]: record for record in recorded("hashes.json")["entries"]}
    parts = {"clip": {"text_encoder", "image_encoder"}, "safety_checker": {"other"}}
    for path in blocklist.shipped().values():
        raw = yaml.load(path.read_text(), Loader=yaml.BaseLoader)
        for entry in raw["entries"]:
            for file in entry["match"].get("files", ()):
                record = by_digest[file["sha256"]]
                assert record["match_role"] != "candidate"
                compared = record["verification"] in ("verbatim", "prefix50")
                agreed = record["confidence"] == "confirmed" and compared
                assert file["confidence"] == ("confirmed" if agreed else "single-source")
                assert int(file["sources"]) == (record["independent_sources"] if agreed else 1)
                assert file.get("autov1") == record["autov1"]
                size = record["size_bytes"]
                assert file.get("size") == (None if size is None else str(size))
                part = record["component"]
                assert file["component"] in parts.get(part, {part})


def test_each_digest_lies_where_its_role_says() -> None:
    """The labelled controls: bytes that lie in many families, or in families not listed."""
    where = {f.sha256: e.id for e in ENTRIES.values() for f in e.match.files}
    roles: dict[str, set[str]] = {}
    for record in recorded("hashes.json")["entries"]:
        found = where.get(record["sha256"], "")
        roles.setdefault(record["match_role"], set()).add(found.rpartition("/")[0])
    assert roles == {
        "block-core": {"laion-5b"},
        "derivative-known": {"known-files", "leaked", ""},
        "encoder-review": {"components"},
        "component-note": {"components"},
        "allow-component": {"allow/components"},
        "not-blocked-reference": {""},
        "candidate": {""},
    }


def test_single_source_digests_are_marked() -> None:
    single = [
        file.name
        for entry in ENTRIES.values()
        for file in entry.match.files
        if file.confidence is FileConfidence.SINGLE_SOURCE
    ]
    assert "sd-v1-1.ckpt" in single and "v1-5-pruned-emaonly.ckpt" not in single


def test_no_model_is_under_two_entries() -> None:
    seen = [refs.key(r) for e in ENTRIES.values() for r in (*e.match.models, *e.match.rehosts)]
    assert len(seen) == len(set(seen))


def test_the_datasets_are_those_read_in_a_source() -> None:
    data = recorded("datasets.json")
    listed = {d.id: d.published_before for d in ENTRIES["laion-5b/datasets"].match.datasets}
    dated = {ident for ident, before in listed.items() if before is not None}
    assert dated == {record["id"] for record in data["cleaned_not_blocked"]}
    assert {listed[ident] for ident in dated} == {parse_time("2024-08-30")}
    read = {r["id"] for r in data["problematic"] if r["confidence"] == "read in source"}
    left_out = {"liuhaotian/LLaVA-Pretrain", "laion/laion-synthetic-115m"}
    assert any(e.id == "laion-5b/datasets" for e in LISTS["datasets"].entries)
    assert set(listed) - dated == read - left_out
    assert ENTRIES["laion-5b/datasets"].scope.caps[Relation.TRAINED_ON] is Verdict.REVIEW


@pytest.mark.parametrize("name", ["allow-commoncanvas", "allow-karlo"])
def test_the_allowed_models_are_the_recorded_ones(name: str) -> None:
    (entry,) = LISTS[name.replace("-", "/")].entries
    assert set(entry.match.models) == hub_ids(family(name)["repos"]["huggingface"])
    assert entry.policy is Verdict.NONE


def test_every_entry_has_evidence_in_own_words() -> None:
    for entry in ENTRIES.values():
        assert entry.added and (entry.review_by or not entry.acts or entry.kind == "signal")
        assert entry.status is EntryStatus.DRAFT or any(
            "claim" in citation.supports for citation in entry.evidence
        )
        for citation in entry.evidence:
            assert citation.url.startswith("https://") and citation.summary and citation.where
            assert citation.retrieved in ("2026-11-22", "2026-11-28")
