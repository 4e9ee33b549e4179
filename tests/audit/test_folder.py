"""A folder of weight files audited: what its bytes, heads and sidecars say, and nothing else."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load, save

from modelaudit.domain.entry import Blocklist
from modelaudit.domain.errors import UsageError
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.words import Component, Read
from modelaudit.report.explain import render
from modelaudit.store.db import reading, writing
from modelaudit.store.explain import explain
from modelaudit.store.report import StoredReport
from modelaudit.store.runs import latest
from tests import weights
from tests.audit.auditing import NOW, Auditor, settled
from tests.audit.world import LISTED
from tests.steps.catalogue import entry, listed_file, listing

Auditing = Callable[..., Auditor]

BASE = weights.safetensors(weights.SD1, 1, format="pt")
SDXL_BASE = "stabilityai/stable-diffusion-xl-base-1.0"
SD21 = "stabilityai/stable-diffusion-2-1"
ENTRY = "own/base"


def own_list() -> Blocklist:
    """A list of the digest of ``BASE``."""
    file = listed_file("base", "full")
    digest = hashlib.sha256(BASE).hexdigest()
    return listing(
        entry(ENTRY, files=[type(file)(sha256=digest, component=Component.FULL)]), name="own"
    )


@pytest.fixture
def auditor(tmp_path: Path) -> Auditor:
    return Auditor(tmp_path / "audit.db")


@pytest.fixture
def models(tmp_path: Path) -> Path:
    folder = tmp_path / "models"
    folder.mkdir()
    return folder


def put(folder: Path, path: str, content: bytes | str) -> None:
    place = folder / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content if isinstance(content, bytes) else content.encode())


def lora(shapes: weights.Shapes = weights.SD1_LORA, seed: int = 5, **metadata: str) -> bytes:
    return weights.safetensors(shapes, seed, ss_network_module="networks.lora", **metadata)


def fill(folder: Path) -> None:
    """A listed checkpoint under another name, a LoRA that records a listed base, a GGUF that names
    one, and files that have nothing to do with either."""
    put(folder, "checkpoints/holiday.ckpt", BASE)
    put(folder, "loras/ink.safetensors", lora(ss_new_sd_model_hash=LISTED, ss_sd_model_name="x"))
    put(folder, "gguf/tuned-Q8_0.gguf", weights.gguf(
        7, general__architecture="sd2", general__file_type=7, general__base_model__count=1,
        general__base_model__0__repo_url=f"https://huggingface.co/{SD21}",
    ))  # fmt: skip
    put(folder, "loras/other.safetensors", lora(weights.SDXL_LORA, 6, ss_sd_model_name=SDXL_BASE))
    put(folder, "text/words.safetensors", weights.safetensors(weights.WORDS, 8))
    put(folder, "notes.txt", "no weights")


def test_exactly_the_right_ones_are_reported_each_with_its_evidence(
    models: Path, auditor: Auditor
) -> None:
    fill(models)
    outcome = auditor.run(str(models), read=Read.HEADERS, lists=[own_list()])
    assert outcome.complete
    assert outcome.found == {
        "folder:checkpoints/holiday.ckpt": ("take-down", "exact", "copy", 1),
        "folder:loras/ink.safetensors": ("review", "recorded", "adapter", 1),
        "folder:gguf/tuned-Q8_0.gguf": ("review", "recorded", "finetune", 1),
    }
    copy = outcome.finding("folder:checkpoints/holiday.ckpt")
    digest = hashlib.sha256(BASE).hexdigest()
    assert copy["entry"] == ENTRY
    assert copy["files"] == [{"path": "holiday.ckpt", "sha256": digest}]
    assert [c["extractor"] for c in copy["claims"]] == ["listed-digest"]
    ink = outcome.finding("folder:loras/ink.safetensors")
    (claim,) = ink["claims"]
    assert (claim["extractor"], claim["grade"]) == ("kohya", "recorded")
    assert claim["locator"] == "/__metadata__/ss_new_sd_model_hash"
    assert claim["parent"] == f"sha256:{LISTED}"
    assert claim["source"] is None
    tuned = outcome.finding("folder:gguf/tuned-Q8_0.gguf")
    assert tuned["path"][-1] == f"hf:{SD21}"
    assert [c["extractor"] for c in tuned["claims"]] == ["gguf"]
    assert outcome.report["conflicts"] == []
    coverage = outcome.report["coverage"]
    assert (coverage["models"], coverage["files"], coverage["headers_read"]) == (5, 5, 5)


def test_the_next_night_reads_nothing_twice(models: Path, auditor: Auditor) -> None:
    fill(models)
    first = auditor.run(str(models), read=Read.HEADERS, lists=[own_list()])
    second = auditor.run(str(models), read=Read.HEADERS, lists=[own_list()], now=NOW + 86_400)
    assert second.found == first.found
    assert set(second.states.values()) == {"unchanged"}
    assert second.report["coverage"]["bytes_read"] == 0
    assert settled(second.report) == settled(first.report)


def test_bytes_that_change_under_a_name_are_read_again(models: Path, auditor: Auditor) -> None:
    fill(models)
    auditor.run(str(models), read=Read.HEADERS, lists=[own_list()])
    put(models, "checkpoints/holiday.ckpt", weights.safetensors(weights.SD1, 99))
    put(models, "text/words.safetensors", BASE)
    again = auditor.run(str(models), read=Read.HEADERS, lists=[own_list()], now=NOW + 86_400)
    assert "folder:checkpoints/holiday.ckpt" not in again.found
    assert again.found["folder:text/words.safetensors"][0] == "take-down"
    assert again.report["coverage"]["headers_read"] == 2
    (gone,) = again.report["gone"]
    assert gone["reason"] == "no longer claimed or listed"


def test_a_file_that_was_removed_is_gone(models: Path, auditor: Auditor) -> None:
    fill(models)
    auditor.run(str(models), read=Read.HEADERS, lists=[own_list()])
    (models / "checkpoints/holiday.ckpt").unlink()
    again = auditor.run(str(models), read=Read.HEADERS, lists=[own_list()], now=NOW + 86_400)
    (gone,) = again.report["gone"]
    assert (gone["id"], gone["reason"]) == (f"{ENTRY}/folder:checkpoints/holiday.ckpt", "gone")


def test_stripped_and_reordered_copies_are_found_by_their_tensors(
    models: Path, auditor: Auditor
) -> None:
    put(models, "base.safetensors", BASE)
    put(models, "stripped.safetensors", weights.safetensors(weights.SD1, 1))
    put(models, "reordered.safetensors", weights.safetensors(weights.SD1, 1, order=-1))
    outcome = auditor.run(str(models), read=Read.HEADERS, lists=[own_list()])
    for name in ("stripped", "reordered"):
        finding = outcome.finding(f"folder:{name}.safetensors")
        assert (finding["verdict"], finding["grade"]) == ("take-down", "exact")
        claims = [c for c in finding["claims"] if c["extractor"] == "same-tensors"]
        assert {c["component"] for c in claims} >= {"unet"}
        (file,) = finding["files"]
        content = (models / f"{name}.safetensors").read_bytes()
        assert file["sha256"] == hashlib.sha256(content).hexdigest()


def test_a_shared_text_encoder_proves_nothing(models: Path, auditor: Auditor) -> None:
    put(models, "base.safetensors", BASE)
    other = {n: s for n, s in weights.SD1.items() if n.startswith("cond_stage")}
    put(models, "encoder.safetensors", weights.safetensors(other, 1))
    outcome = auditor.run(str(models), read=Read.HEADERS, lists=[own_list()])
    assert outcome.found["folder:base.safetensors"][0] == "take-down"
    encoder = outcome.found["folder:encoder.safetensors"]
    assert (encoder[0], encoder[2]) == ("note", "component")


def test_a_declared_family_that_shapes_rule_out_is_a_conflict_and_caps(
    models: Path, auditor: Auditor
) -> None:
    put(models, "xl.safetensors", lora(weights.SDXL_LORA))
    info = {"modelId": 5, "id": 6, "baseModel": "SD 1.5", "publishedAt": "2024-01-01T00:00:00Z",
            "model": {"type": "LORA"}}  # fmt: skip
    put(models, "xl.civitai.info", json.dumps(info))
    outcome = auditor.run(str(models), read=Read.HEADERS)
    (conflict,) = outcome.report["conflicts"]
    assert (conflict["model"], conflict["kind"]) == ("folder:xl.safetensors", "family")
    assert conflict["measured"]["family"] == "sdxl"
    assert "2048" in conflict["measured"]["reason"]
    assert [c["extractor"] for c in conflict["claims"]] == ["civitai-info"]
    assert outcome.found["folder:xl.safetensors"][0] == "review"


def test_a_recorded_base_that_shapes_rule_out_is_a_conflict(models: Path, auditor: Auditor) -> None:
    """The list gives its models a label, and the label a family."""
    base = "runwayml/stable-diffusion-v1-5"
    put(models, "xl.safetensors", lora(weights.SDXL_LORA, ss_sd_model_name=base))
    put(models, "one.safetensors", lora(seed=8, ss_sd_model_name=base))
    outcome = auditor.run(str(models), read=Read.HEADERS)
    assert outcome.found.keys() == {"folder:xl.safetensors", "folder:one.safetensors"}
    (conflict,) = outcome.report["conflicts"]
    assert conflict["model"] == "folder:xl.safetensors"
    assert [c["parent"] for c in conflict["claims"]] == [f"hf:{base}"]
    assert "contradicts" in outcome.finding("folder:xl.safetensors")["decided_by"] or (
        outcome.finding("folder:xl.safetensors")["conflicts"] == [conflict]
    )
    assert outcome.finding("folder:one.safetensors")["conflicts"] == []


def test_a_family_in_the_files_own_metadata_is_held_against_its_shapes(
    models: Path, auditor: Auditor
) -> None:
    put(models, "a.safetensors", lora(weights.SDXL_LORA, ss_base_model_version="sd_v1"))
    outcome = auditor.run(str(models), read=Read.HEADERS)
    (conflict,) = outcome.report["conflicts"]
    assert conflict["claims"] == []
    assert "ss_base_model_version" in conflict["measured"]["declared"]


def test_a_sidecar_about_another_file_is_a_gap_and_claims_nothing(
    models: Path, auditor: Auditor
) -> None:
    put(models, "a.safetensors", lora())
    info = {"modelId": 5, "id": 6, "baseModel": "SD 1.5", "publishedAt": "2024-01-01T00:00:00Z",
            "model": {"type": "LORA"},
            "files": [{"type": "Model", "hashes": {"SHA256": "AB" * 32}}]}  # fmt: skip
    put(models, "a.civitai.info", json.dumps(info))
    outcome = auditor.run(str(models), read=Read.HEADERS)
    assert outcome.found == {}
    (gap,) = outcome.report["coverage"]["gaps"]
    assert (gap["reason"], gap["file"]) == ("inconclusive", "a.civitai.info")
    info["files"] = [
        {"type": "Model", "hashes": {"SHA256": hashlib.sha256(lora()).hexdigest().upper()}}
    ]
    put(models, "a.civitai.info", json.dumps(info))
    again = auditor.run(str(models), read=Read.HEADERS, now=NOW + 86_400)
    assert again.found["folder:a.safetensors"][:3] == ("review", "declared", "adapter")
    assert again.report["coverage"]["gaps"] == []
    (models / "a.civitai.info").unlink()
    assert auditor.run(str(models), read=Read.HEADERS, now=NOW + 2 * 86_400).found == {}


def test_a_card_beside_weights_is_declared(models: Path, auditor: Auditor) -> None:
    put(models, "tuned/model.safetensors", weights.safetensors(weights.WORDS, 3))
    put(models, "tuned/config.json", json.dumps({"architectures": ["BertModel"]}))
    put(models, "tuned/README.md", f"---\nbase_model: {SD21}\n---\n")
    outcome = auditor.run(str(models), read=Read.HEADERS)
    finding = outcome.finding("folder:tuned")
    assert (finding["grade"], finding["relation"]) == ("declared", "finetune")
    assert finding["claims"][0]["extractor"] == "card"


def test_broken_files_are_gaps_and_nothing_else_is_lost(models: Path, auditor: Auditor) -> None:
    fill(models)
    put(models, "short.safetensors", b"\0")
    put(models, "lies.safetensors", b"\xff" * 64)
    put(models, "bomb.ckpt", b"\x80\x02" + b"}(" + b"h\0h\0\x87" * 9 + b".")
    put(models, "empty.gguf", b"")
    put(models, "zip.pt", b"PK\x03\x04" + bytes(99))
    os.mkfifo(models / "pipe.safetensors")
    outcome = auditor.run(str(models), read=Read.HEADERS, lists=[own_list()])
    assert outcome.complete
    assert len(outcome.found) == 3
    gaps = {gap["model"]: gap for gap in outcome.report["coverage"]["gaps"]}
    assert gaps.keys() == {
        f"folder:{name}"
        for name in ("short.safetensors", "lies.safetensors", "bomb.ckpt", "empty.gguf",
                     "zip.pt", "pipe.safetensors")
    }  # fmt: skip
    assert all("\n" not in gap["detail"] for gap in gaps.values())


def test_links_are_followed_within_the_folder_only(
    models: Path, auditor: Auditor, tmp_path: Path
) -> None:
    put(tmp_path, "outside/secret.safetensors", BASE)
    put(models, "blobs/abc", BASE)
    (models / "in.safetensors").symlink_to("blobs/abc")
    (models / "out.safetensors").symlink_to(tmp_path / "outside/secret.safetensors")
    (models / "away").symlink_to(tmp_path / "outside")
    (models / "again").symlink_to(models)
    (models / "dangling.safetensors").symlink_to("nowhere")
    outcome = auditor.run(str(models), read=Read.HEADERS, lists=[own_list()])
    assert outcome.found.keys() == {"folder:in.safetensors"}
    details = {gap["detail"] for gap in outcome.report["coverage"]["gaps"]}
    assert "a link out of the folder" in details
    assert "away: a link out of the folder" in details
    assert len(outcome.report["coverage"]["gaps"]) == 3


def test_without_headers_no_weight_file_is_opened(models: Path, auditor: Auditor) -> None:
    fill(models)
    outcome = auditor.run(str(models), read_folders=False, lists=[own_list()])
    assert outcome.found == {}
    assert outcome.report["coverage"]["models"] == 5
    assert outcome.report["coverage"]["bytes_read"] == 0


def test_a_database_is_about_one_folder(models: Path, auditor: Auditor, tmp_path: Path) -> None:
    fill(models)
    put(tmp_path, "elsewhere/a.safetensors", BASE)
    with pytest.raises(UsageError, match="about the folder"):
        auditor.run(str(models), str(tmp_path / "elsewhere"), read=Read.HEADERS)


def test_an_empty_folder_says_so(models: Path, auditor: Auditor) -> None:
    outcome = auditor.run(str(models), read=Read.HEADERS)
    assert outcome.gaps == {(None, "inconclusive")}


def test_a_name_that_is_no_text_is_read_all_the_same(models: Path, auditor: Auditor) -> None:
    (models / os.fsdecode(b"na\xefve.safetensors")).write_bytes(BASE)
    outcome = auditor.run(str(models), read=Read.HEADERS, lists=[own_list()])
    assert outcome.found.keys() == {"folder:na\\xefve.safetensors"}


def test_a_run_that_was_stopped_behind_its_listing_goes_on(models: Path, auditor: Auditor) -> None:
    fill(models)
    first = auditor.run(str(models), read=Read.HEADERS, lists=[own_list()])
    with writing(auditor.database) as connection:  # as if nothing had been read yet
        connection.execute("UPDATE source SET cursor = 'end', finished = NULL")
        connection.execute("UPDATE run SET finished = NULL")
        connection.execute("UPDATE file SET sha256 = NULL, header = NULL, head = NULL")
        connection.execute("DELETE FROM claim")
    second = auditor.run(str(models), read=Read.HEADERS, lists=[own_list()])
    assert second.complete
    assert second.found == first.found != {}


SD15 = "runwayml/stable-diffusion-v1-5"
VAE = {n: s for n, s in weights.SD1.items() if n.startswith("first_stage")}


def verdicts(auditor: Auditor, models: Path) -> dict[str, tuple[str, str]]:
    found = auditor.run(str(models), read=Read.HEADERS).found
    return {ref.removeprefix("folder:"): (row[0], row[2]) for ref, row in found.items()}


def test_a_text_of_a_folder_speaks_of_no_file_among_others(models: Path, auditor: Auditor) -> None:
    put(models, "flat/README.md", f"---\nbase_model: {SD15}\n---\n")
    put(models, "flat/adapter_config.json", json.dumps({"base_model_name_or_path": SD15}))
    put(models, "flat/one.safetensors", weights.safetensors(weights.SD1, 3))
    put(models, "flat/two.safetensors", weights.safetensors(VAE, 4))
    assert verdicts(auditor, models) == {}


def test_what_a_file_is_decides_how_it_descends(models: Path, auditor: Auditor) -> None:
    card = f"---\nbase_model: {SD15}\n---\n"
    for name, content in (
        ("lora", lora(seed=2)),
        ("vae", weights.safetensors({n.partition(".")[2]: s for n, s in VAE.items()}, 4)),
        ("tuned", weights.safetensors(weights.SD1, 3)),
    ):
        put(models, f"{name}/x.safetensors", content)
        put(models, f"{name}/README.md", card)
    assert verdicts(auditor, models) == {
        "lora/x.safetensors": ("review", "adapter"),
        "vae/x.safetensors": ("note", "component"),
        "tuned/x.safetensors": ("take-down", "finetune"),
    }


def test_a_folder_of_peft_is_an_adapter(models: Path, auditor: Auditor) -> None:
    put(models, "peft/adapter_model.safetensors", lora(seed=2))
    put(models, "peft/adapter_config.json", json.dumps({"base_model_name_or_path": SD15}))
    put(models, "peft/README.md", f"---\nbase_model: {SD15}\nlibrary_name: peft\n---\n")
    put(models, "peft/training.pt", b"")
    assert verdicts(auditor, models) == {
        "peft/adapter_model.safetensors": ("review", "adapter"),
    }


def test_a_stopped_run_keeps_what_it_read(models: Path, auditor: Auditor) -> None:
    fill(models)
    budget_is_over = auditor.run(str(models), read=Read.HEADERS, deadline=0.0)
    assert not budget_is_over.complete
    assert budget_is_over.report["run"]["finished"] is None
    assert auditor.run(str(models), read=Read.HEADERS, lists=[own_list()]).complete


def test_what_is_odd_about_a_file_is_explained(models: Path, auditor: Auditor) -> None:
    content = weights.safetensors(weights.WORDS, 1)
    put(models, "short.safetensors", content[:-100])
    outcome = auditor.run(str(models), read=Read.HEADERS)
    (gap,) = outcome.report["coverage"]["gaps"]
    assert gap["detail"].startswith("in part: truncated: 100 bytes")
    with reading(auditor.database) as connection:
        report = StoredReport(connection, latest(connection))
        text = "".join(render(explain(connection, ModelRef("folder:short.safetensors"), report)))
    assert "short.safetensors: truncated: 100 bytes are missing" in text


def test_a_well_known_base_has_a_family(models: Path, auditor: Auditor) -> None:
    put(models, "a/x.safetensors", weights.safetensors(weights.SD1, 3))
    put(models, "a/README.md", f"---\nbase_model: {SDXL_BASE}\n---\n")
    put(models, "b/x.safetensors", lora(weights.SDXL_LORA))
    put(models, "b/README.md", f"---\nbase_model: {SDXL_BASE}\n---\n")
    (conflict,) = auditor.run(str(models), read=Read.HEADERS).report["conflicts"]
    assert conflict["model"] == "folder:a/x.safetensors"
    assert conflict["measured"]["family"] == "sd1"


def test_what_a_tool_writes_for_every_base_is_no_conflict(models: Path, auditor: Auditor) -> None:
    put(models, "a.safetensors", lora(weights.SDXL_LORA, ss_base_model_version="sd_1.5"))
    assert auditor.run(str(models), read=Read.HEADERS).report["conflicts"] == []


LLM = {
    f"model.layers.{n}.{part}": (64, 64)
    for n in range(2)
    for part in ("self_attn.q_proj.weight", "self_attn.k_proj.weight", "mlp.gate_proj.weight")
}
UNET = {n: s for n, s in weights.SD1.items() if n.startswith("model.diffusion_model.")}


def listed(content: bytes, *, tainted: frozenset[Component]) -> Blocklist:
    file = type(listed_file("base"))(
        sha256=hashlib.sha256(content).hexdigest(), component=Component.FULL
    )
    return listing(entry(ENTRY, files=[file], tainted=tainted), name="own")


def joined(*parts: bytes) -> bytes:
    """The tensors of several files in one."""
    arrays: dict[str, Any] = {}
    for part in parts:
        arrays |= load(part)
    return save(arrays)


def test_what_a_listed_checkpoint_shares_with_others_condemns_none(
    models: Path, auditor: Auditor
) -> None:
    """Its text encoder may be a language model of somebody else, its embedding anybody's."""
    words = "text_encoders.qwen.transformer."
    encoder = {f"{words}{name}": shape for name, shape in LLM.items()}
    extra = {"bundle_emb.easy.string_to_param.*": (75, 768), "bundle_emb.easy.x": (75, 768)}
    base = joined(
        weights.safetensors(UNET, 1),
        weights.safetensors(encoder, 2, wrapped=words),
        weights.safetensors(extra, 3),
    )
    put(models, "base.safetensors", base)
    put(models, "llm.safetensors", weights.safetensors(LLM, 2))
    put(models, "pipe/model_index.json", '{"text_encoder": ["transformers", "Qwen2Model"]}')
    put(models, "pipe/text_encoder/model.safetensors", weights.safetensors(LLM, 2))
    put(models, "other.safetensors", joined(
        weights.safetensors(UNET, 9), weights.safetensors(extra, 3)
    ))  # fmt: skip
    for parts in (frozenset({Component.UNET, Component.FULL}), frozenset[Component]()):
        lists = [listed(base, tainted=parts)]
        found = auditor.run(str(models), read=Read.HEADERS, lists=lists).found
        assert found.keys() - {"folder:base.safetensors"} == set()


def test_one_part_of_several_proves_nothing_unless_it_is_the_tainted_one(
    models: Path, auditor: Auditor
) -> None:
    """Somebody may have added what is listed to the UNET of an innocent."""
    put(models, "base.safetensors", BASE)
    put(models, "unet.safetensors", weights.safetensors(UNET, 1))
    found = auditor.run(
        str(models), read=Read.HEADERS, lists=[listed(BASE, tainted=frozenset())]
    ).found
    assert found["folder:base.safetensors"][0] == "take-down"
    assert found["folder:unet.safetensors"][0] == "note"
    found = Auditor(auditor.database.with_name("other.db")).run(
        str(models), read=Read.HEADERS, lists=[listed(BASE, tainted=frozenset({Component.UNET}))]
    ).found  # fmt: skip
    assert found["folder:unet.safetensors"][0] == "take-down"


def test_files_that_were_never_trained_are_no_copies(models: Path, auditor: Auditor) -> None:
    zeros = save({name: np.zeros(s, np.float16) for name, s in weights.SD1_LORA.items()})
    put(models, "a.safetensors", zeros)
    put(models, "b.safetensors", save(load(zeros), metadata={"by": "somebody else"}))
    lists = [listed(zeros, tainted=frozenset())]
    found = auditor.run(str(models), read=Read.HEADERS, lists=lists).found
    assert found.keys() == {"folder:a.safetensors"}


def test_what_a_file_said_goes_with_its_bytes(models: Path, auditor: Auditor) -> None:
    digest = hashlib.sha256(BASE).hexdigest()
    for name in ("broken", "other", "clean"):
        put(models, f"{name}.safetensors", lora(ss_new_sd_model_hash=digest))
    lists = [own_list()]
    first = auditor.run(str(models), read=Read.HEADERS, lists=lists)
    assert len(first.found) == 3
    put(models, "broken.safetensors", b"garbage" * 9)
    put(models, "other.safetensors", weights.gguf(3, general__architecture="llama"))
    put(models, "clean.safetensors", lora(seed=9))
    unread = auditor.run(str(models), read=Read.METADATA, lists=lists, now=NOW + 86_400)
    assert unread.found == {}
    again = auditor.run(str(models), read=Read.HEADERS, lists=lists, now=NOW + 2 * 86_400)
    assert again.found == {}


def test_parts_without_a_main_one_are_no_copy(models: Path, auditor: Auditor) -> None:
    """Two names of one tensor, as a pickle may have them: then the UNet has no digest."""
    tied = weights.tied(BASE, "model.diffusion_model.input_blocks.0.0.weight")
    rest = {name: shape for name, shape in weights.SD1.items() if name not in UNET}
    put(models, "listed.safetensors", tied)
    put(models, "innocent.safetensors", joined(
        weights.safetensors(UNET, 99), weights.safetensors(rest, 1)
    ))  # fmt: skip
    for parts in (frozenset({Component.UNET}), frozenset[Component]()):
        lists = [listed(tied, tainted=parts)]
        found = auditor.run(str(models), read=Read.HEADERS, lists=lists).found
        assert found["folder:listed.safetensors"][0] == "take-down"
        assert found["folder:innocent.safetensors"][0] == "note"


NOVEL = {
    "model.diffusion_model.novel_blocks.0.mix.weight": (64, 64),
    "model.diffusion_model.novel_blocks.1.mix.weight": (64, 64),
    "vae.encoder.conv_in.weight": (128, 3, 3, 3),
    "vae.decoder.conv_in.weight": (512, 16, 3, 3),
}


def test_a_model_of_no_known_architecture_is_not_its_vae(models: Path, auditor: Auditor) -> None:
    listed_one = weights.safetensors(NOVEL, 1)
    put(models, "listed.safetensors", listed_one)
    put(models, "vae/x.safetensors", weights.safetensors(NOVEL, 2))
    put(models, "tuned/x.safetensors", weights.safetensors(NOVEL, 3))
    put(models, "tuned/README.md", f"---\nbase_model: {SD15}\n---\n")
    own = listed(listed_one, tainted=frozenset({Component.TRANSFORMER}))
    found = auditor.run(str(models), read=Read.HEADERS, lists=[own]).found
    assert found["folder:listed.safetensors"][:3] == ("take-down", "exact", "copy")
    assert found["folder:tuned/x.safetensors"][:3] == ("take-down", "declared", "finetune")


def test_who_names_a_copy_by_its_digest_descends_from_what_it_is_a_copy_of(
    models: Path, auditor: Auditor
) -> None:
    copy = weights.safetensors(weights.SD1, 1, order=-1)
    put(models, "a/x.safetensors", copy)
    put(models, "b/x.safetensors", copy)
    named = hashlib.sha256(copy).hexdigest()
    put(models, "lora.safetensors", lora(ss_new_sd_model_hash=named))
    put(models, "base.safetensors", BASE)
    outcome = auditor.run(str(models), read=Read.HEADERS, lists=[own_list()])
    assert outcome.found["folder:lora.safetensors"] == ("take-down", "recorded", "adapter", 2)
    finding = outcome.finding("folder:lora.safetensors")
    assert finding["path"][1:] == [f"sha256:{named}", f"sha256:{hashlib.sha256(BASE).hexdigest()}"]
    assert {c["extractor"] for c in finding["claims"]} == {"kohya", "same-tensors"}


def test_a_file_that_was_moved_is_one_file(models: Path, auditor: Auditor) -> None:
    content = weights.safetensors(weights.SD1, 7)
    put(models, "a/x.safetensors", content)
    named = hashlib.sha256(content).hexdigest()
    put(models, "lora.safetensors", lora(ss_new_sd_model_hash=named))
    put(models, "a/README.md", f"---\nbase_model: {SD15}\n---\n")
    first = auditor.run(str(models), read=Read.HEADERS)
    assert first.found["folder:lora.safetensors"][0] == "review"
    (models / "a").rename(models / "b")
    again = auditor.run(str(models), read=Read.HEADERS, now=NOW + 86_400)
    assert again.found["folder:lora.safetensors"] == first.found["folder:lora.safetensors"]
    assert again.finding("folder:lora.safetensors")["path"][2] == "folder:b/x.safetensors"


def test_an_adapter_as_gguf_is_an_adapter(models: Path, auditor: Auditor) -> None:
    file = weights.gguf(
        3, tensor="blk.0.attn_q.weight.lora_a", general__architecture="llama",
        general__type="adapter",
    )  # fmt: skip
    put(models, "g/style.gguf", file)
    put(models, "g/README.md", f"---\nbase_model: {SD15}\n---\n")
    assert verdicts(auditor, models) == {"g/style.gguf": ("review", "adapter")}
