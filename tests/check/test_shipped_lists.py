"""The lists that ship: they load, they are right, and they keep off what must not be listed."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from modelaudit.check import blocklist
from modelaudit.check.lint import lint_many
from modelaudit.domain import refs
from modelaudit.domain.entry import Blocklist, Documentation, Entry, FileConfidence, ListKind
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


def test_the_lists_are_those_promised() -> None:
    assert set(LISTS) == {"laion-5b", "known-files", "allow/commoncanvas", "allow/karlo"}
    assert all(b.id == name for name, b in LISTS.items())
    assert {b.id for b in blocklist.default_lists()} == set(LISTS)


def test_they_pass_lint_without_a_warning() -> None:
    assert lint_many(blocklist.shipped().values(), today=date(2026, 11, 22)) == []


def test_the_sums_are_up_to_date() -> None:
    assert (FOLDER / blocklist.SUMS).read_text() == blocklist.sums(FOLDER)


def test_every_parent_entry_exists() -> None:
    named = {of for e in ENTRIES.values() for of in e.claim_of if not of.startswith("dataset:")}
    assert named and named <= set(ENTRIES)


def test_only_documented_families_take_down() -> None:
    strong = {e.id for e in ENTRIES.values() if e.policy is Verdict.TAKE_DOWN}
    assert strong == {"laion-5b/sd-1.x", "laion-5b/sd-1.5", "known-files/waifu-diffusion-1"}
    for entry in map(ENTRIES.__getitem__, strong):
        assert entry.documentation is Documentation.DOCUMENTED
        assert entry.tainted == {Component.UNET}
        caps = entry.scope.caps
        assert {r for r, cap in caps.items() if cap is Verdict.TAKE_DOWN} == {
            Relation.COPY, Relation.CONVERSION, Relation.FINETUNE,
            Relation.QUANTIZED, Relation.PRUNED, Relation.MERGE,
        }  # fmt: skip
        assert (caps[Relation.ADAPTER], caps[Relation.COMPONENT]) == (Verdict.REVIEW, Verdict.NOTE)
        assert entry.scope.min_merge_weight == 0.05


def test_components_never_reach_more_than_a_note() -> None:
    for blocks in BLOCKS:
        for entry in blocks.entries:
            assert entry.scope.caps[Relation.COMPONENT] is Verdict.NOTE


def test_the_recorded_models_and_rehosts_are_listed() -> None:
    first, fifth, second = (ENTRIES[f"laion-5b/sd-{n}"] for n in ("1.x", "1.5", "2.x"))
    assert set(first.match.models) == hub_ids(family("sd-1.1..1.4")["repos"]["huggingface"])
    assert set(second.match.models) == hub_ids(family("sd-2.x")["repos"]["huggingface"])
    assert fifth.match.models == ("hf:runwayml/stable-diffusion-v1-5",)
    bundles = {"hf:Aptronym/SDNext", "hf:mirroring/horde_models"}
    whole = hub_ids(family("sd-1.5")["rehosts"]["huggingface"]) - bundles
    assert {r for r in fifth.match.rehosts if r.startswith("hf:")} == whole | {
        "hf:stable-diffusion-v1-5"
    }
    assert hub_ids(family("sd-2.x")["rehosts"]["huggingface"]) < set(second.match.rehosts)
    for entry, name in ((first, "sd-1.1..1.4"), (fifth, "sd-1.5"), (second, "sd-2.x")):
        assert list(entry.match.labels["civitai"]) == family(name)["civitai_base_model"]
    inpainting = {
        f"hf:{model['id']}"
        for model in family("sd-1.5-inpainting")["rehosts"]["huggingface"]
        if model.get("confidence") == "read in source"
    }
    assert set(ENTRIES["laion-5b/sd-1.5-inpainting"].match.rehosts) == inpainting


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
    by_digest = {record["sha256"]: record for record in recorded("hashes.json")["entries"]}
    for name in ("laion-5b", "known-files"):
        raw = yaml.load(blocklist.shipped()[name].read_text(), Loader=yaml.BaseLoader)
        for entry in raw["entries"]:
            for file in entry["match"].get("files", ()):
                record = by_digest[file["sha256"]]
                assert record["match_role"] in ("block-core", "derivative-known")
                assert record["verification"] in ("verbatim", "prefix50") or (
                    record["match_role"] == "block-core" and file["confidence"] == "single-source"
                )
                assert file["confidence"] == record["confidence"]
                assert int(file["sources"]) == record["independent_sources"]
                assert file.get("autov1") == record["autov1"]
                assert file["component"] == record["component"]


def test_no_shared_or_unblocked_file_is_listed() -> None:
    """The labelled controls: bytes that lie in many families, or in families not listed."""
    roles = {"allow-component", "not-blocked-reference", "component-note", "encoder-review"}
    controls = {r["sha256"] for r in recorded("hashes.json")["entries"] if r["match_role"] in roles}
    assert len(controls) == 23
    assert not controls & {f.sha256 for e in ENTRIES.values() for f in e.match.files}


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
    assert set(listed) - dated == read - left_out
    assert ENTRIES["laion-5b/datasets"].scope.caps[Relation.TRAINED_ON] is Verdict.REVIEW


@pytest.mark.parametrize("name", ["allow-commoncanvas", "allow-karlo"])
def test_the_allowed_models_are_the_recorded_ones(name: str) -> None:
    (entry,) = LISTS[name.replace("-", "/")].entries
    assert set(entry.match.models) == hub_ids(family(name)["repos"]["huggingface"])
    assert entry.policy is Verdict.NONE


def test_every_entry_has_evidence_in_own_words() -> None:
    for entry in ENTRIES.values():
        assert any("claim" in citation.supports for citation in entry.evidence)
        for citation in entry.evidence:
            assert citation.url.startswith("https://") and citation.summary and citation.where
            assert citation.retrieved == "2026-11-22"
