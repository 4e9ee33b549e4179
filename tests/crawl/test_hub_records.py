"""One hostile record of the Hub at a time."""

from __future__ import annotations

import json
import time
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelaudit.crawl.hub_files import component_of, is_weights
from modelaudit.crawl.hub_records import read, split
from modelaudit.domain.model import Gap, Record
from modelaudit.domain.words import Component, GapReason, Status, Trait
from tests.shared import shared

AT = 1_790_000_000
DIGEST = "ab" * 32


def parsed(record: dict[str, Any]) -> Record:
    found = read(json.dumps(record).encode(), AT)
    assert isinstance(found, Record), found
    return found


def test_a_full_record_becomes_a_model_and_a_document() -> None:
    record = parsed({
        "_id": "66aa00000000000000000001", "id": "acme/portrait-xl", "author": "acme",
        "gated": False, "sha": "0123456789abcdef0123456789abcdef01234567",
        "createdAt": "2024-07-31T09:12:32.000Z", "lastModified": "2024-08-02T10:00:00.000Z",
        "downloads": 120, "likes": 3, "library_name": "diffusers",
        "tags": ["diffusers", "merge", "base_model:acme/root-a"],
        "baseModels": {"relation": "merge", "models": [{"_id": "65", "id": "acme/root-a"}]},
        "config": {"diffusers": {"_class_name": "StableDiffusionXLPipeline"}},
        "safetensors": {"parameters": {"F16": 2567463684}, "total": 2567463684},
        "siblings": [{"rfilename": "README.md"}, {"rfilename": "model_index.json"},
                     {"rfilename": "unet/diffusion_pytorch_model.safetensors"}],
    })  # fmt: skip
    model = record.model
    assert (model.ref, model.stable_id) == ("hf:acme/portrait-xl", "66aa00000000000000000001")
    assert (model.author, model.kind) == ("acme", "StableDiffusionXLPipeline")
    assert (model.created, model.modified) == (1722417152, 1722592800)
    assert (model.downloads, model.likes, model.parameters) == (120, 3, 2567463684)
    assert model.status is Status.LIVE
    assert model.traits == (
        Trait.WEIGHTS | Trait.SAFETENSORS | Trait.DIFFUSION
        | Trait.PIPELINE | Trait.CARD | Trait.MERGE
    )  # fmt: skip
    assert record.files is None
    (document,) = record.documents
    assert isinstance(document.body, dict)
    assert (document.kind, document.observed) == ("hf.record", AT)
    assert document.body["baseModels"]["models"][0]["id"] == "acme/root-a"
    assert document.body["created"] == 1722417152


def test_the_age_of_a_record_without_a_date_is_in_its_object_id() -> None:
    record = parsed({"_id": "638f7ae36c25af4071044105", "id": "a/b"})
    assert record.model.created == 0x638F7AE3


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"gated": False}, Status.LIVE),
        ({"gated": "auto"}, Status.GATED),
        ({"gated": "a word of next year"}, Status.GATED),
        ({"private": True}, Status.PRIVATE),
        ({"disabled": True, "gated": "manual"}, Status.DISABLED),
    ],
)
def test_status_follows_the_flags(fields: dict[str, Any], status: Status) -> None:
    assert parsed({"id": "a/b", **fields}).model.status is status


def test_digests_become_files_and_training_state_does_not() -> None:
    lfs = {"sha256": DIGEST.upper(), "size": 7, "pointerSize": 135}
    names = (
        "model.safetensors",
        "optimizer.bin",
        "checkpoint-5/rng_state.pth",
        "training_args.bin",
    )
    siblings = [{"rfilename": ".gitattributes", "size": 3, "blobId": "c" * 40}]
    siblings += [{"rfilename": name, "size": 7, "blobId": "d", "lfs": lfs} for name in names]
    (file,) = parsed({"id": "a/b", "siblings": siblings}).files or ()
    assert (file.path, file.size, file.sha256) == ("model.safetensors", 7, DIGEST)
    assert file.component is Component.TRANSFORMER


def test_every_recorded_odd_record_is_kept() -> None:
    lines = shared("huggingface/synthetic_odd_records.jsonl").read_text("utf-8").splitlines()
    records = [parsed(json.loads(line)["record"]) for line in lines]
    assert len(records) == 40
    assert all(record.documents for record in records)


def test_recorded_real_records_are_read_whole() -> None:
    sd = read(shared("huggingface/models/stabilityai__stable-diffusion-2-1.json").read_bytes(), AT)
    assert isinstance(sd, Record)
    assert sd.model.created == 1670347491
    assert Trait.DIFFUSION | Trait.PIPELINE | Trait.PICKLE in sd.model.traits
    name = "huggingface/models/bartowski__google_gemma-3n-E4B-it-GGUF.blobs_2026-10.json"
    gguf = read(shared(name).read_bytes(), AT)
    assert isinstance(gguf, Record)
    assert {f.component for f in gguf.files or ()} == {Component.TRANSFORMER}
    assert all(f.sha256 for f in gguf.files or ())


def test_a_list_page_as_recorded_is_split_and_read() -> None:
    page = shared("huggingface/lists/list_expand_baseModels_2026-10.json").read_bytes()
    found = [read(raw, AT) for raw in split(page)]
    assert len(found) == 6
    assert all(isinstance(record, Record) for record in found)


@pytest.mark.parametrize(
    "odd",
    [
        rb'{"id":"a/b","cardData":{"x":"\ud800"}}',
        b'{"id":"a/b","cardData":{"x":NaN,"y":1e999}}',
        b'{"id":"a/b","cardData":{"x":"\xff"}}',
        b'{"id":"a/b","siblings":[5,null,{"rfilename":7},{"rfilename":"x.gguf"}]}',
        b'{"modelId":"a/b","downloads":true,"sha":[],"author":{}}',
    ],
)
def test_what_a_strict_decoder_refuses_costs_neither_page_nor_record(odd: bytes) -> None:
    records = [read(raw, AT) for raw in split(b'[{"id":"c/d"}, ' + odd + b',{"id":"e/f"}]')]
    assert [r.model.ref for r in records if isinstance(r, Record)] == ["hf:c/d", "hf:a/b", "hf:e/f"]
    msgspec.json.encode([r.documents for r in records if isinstance(r, Record)])


def test_a_record_nested_too_deeply_is_one_gap_that_names_it() -> None:
    deep = b'{"id":"a/deep","cardData":' + b"[" * 9000 + b"]" * 9000 + b"}"
    bad, good = (read(raw, AT) for raw in split(b"[" + deep + b',{"id":"c/d"}]'))
    assert isinstance(good, Record)
    assert isinstance(bad, Gap)
    assert bad.reason is GapReason.MALFORMED
    assert "a/deep" in bad.detail


@pytest.mark.parametrize("text", [b"5", b"null", b'"x"', b"{}", b'{"id":5}', b'{"id":"a/../b"}'])
def test_a_record_without_an_id_is_a_gap(text: bytes) -> None:
    found = read(text, AT)
    assert isinstance(found, Gap)
    assert found.reason is GapReason.MALFORMED


@pytest.mark.parametrize("body", [b"", b"{}", b"[1", b'[{"a":1}', b"<html>", b"[]x", b"[[]"])
def test_what_is_no_array_is_no_page(body: bytes) -> None:
    with pytest.raises(ValueError):
        split(body)


@pytest.mark.parametrize("end", [b"", b"\\", b"x"])
def test_an_answer_cut_inside_a_string_is_refused_at_once(end: bytes) -> None:
    start = time.monotonic()
    with pytest.raises(ValueError):
        split(b'[{"id":"a/b","x":"' + b'\\"' * 20_000 + end)
    assert time.monotonic() - start < 2


WILD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)
FIELDS = [
    "_id", "author", "sha", "createdAt", "lastModified", "downloads", "likes", "private", "gated",
    "disabled", "tags", "cardData", "baseModels", "config", "gguf", "safetensors", "siblings",
    "library_name", "pipeline_tag",
]  # fmt: skip


@given(st.dictionaries(st.sampled_from(FIELDS), WILD))
def test_no_value_of_any_field_loses_a_record(fields: dict[str, Any]) -> None:
    assert parsed(fields | {"id": "a/b"}).model.ref == "hf:a/b"


@given(st.lists(WILD, max_size=5))
def test_cutting_by_brackets_agrees_with_a_strict_decoder(values: list[Any]) -> None:
    page = json.dumps([*values, "\ud800"]).encode()
    assert [json.loads(bytes(raw)) for raw in split(page)] == json.loads(page)


@pytest.mark.parametrize(
    ("path", "class_name", "traits", "part"),
    [
        ("unet/diffusion_pytorch_model.safetensors", None, 0, "unet"),
        ("text_encoder_2/model.safetensors", None, 0, "text_encoder"),
        ("transformer/diffusion_pytorch_model-00001-of-00003.safetensors", None, 0, "transformer"),
        ("vae/diffusion_pytorch_model.fp16.bin", "FluxPipeline", 0, "vae"),
        ("safety_checker/model.safetensors", None, 0, "other"),
        ("model-00001-of-00002.safetensors", "LlamaForCausalLM", 0, "transformer"),
        ("pytorch_model.bin", None, 0, "transformer"),
        ("consolidated.00.pth", None, 0, "transformer"),
        ("model.safetensors", "CLIPTextModel", 0, "text_encoder"),
        ("model.safetensors", "CLIPVisionModelWithProjection", 0, "image_encoder"),
        ("diffusion_pytorch_model.safetensors", "AutoencoderKL", 0, "vae"),
        ("diffusion_pytorch_model.safetensors", "UNet2DConditionModel", 0, "unet"),
        ("diffusion_pytorch_model.safetensors", "ControlNetModel", 0, "adapter"),
        ("v1-5-pruned-emaonly.ckpt", "StableDiffusionPipeline", 0, "full"),
        ("dream.safetensors", None, Trait.DIFFUSION, "full"),
        ("vae-ft-mse-840000.ckpt", "StableDiffusionPipeline", 0, None),
        ("ae.safetensors", None, Trait.DIFFUSION, None),
        ("adapter_model.safetensors", None, Trait.ADAPTER, "adapter"),
        ("pytorch_lora_weights.safetensors", None, Trait.DIFFUSION, None),
        ("style.safetensors", None, Trait.ADAPTER | Trait.DIFFUSION, "adapter"),
        ("learned_embeds.safetensors", None, Trait.DIFFUSION, None),
        ("x-Q4_K_M.gguf", None, 0, "transformer"),
        ("Q8_0/x-00001-of-00002.gguf", None, 0, "transformer"),
        ("mmproj-x-f16.gguf", None, 0, None),
        ("anything/else.pt", None, 0, None),
        ("else.pt", None, 0, None),
    ],
)
def test_names_say_which_part_a_file_holds(
    path: str, class_name: str | None, traits: int, part: str | None
) -> None:
    found = component_of(path, class_name, Trait(traits))
    assert (found and found.word) == part


@pytest.mark.parametrize(
    "path", ["a/optimizer.pt", "scheduler.bin", "x/bf16_zero_pp_rank_0_optim_states.pt", "x.json"]
)
def test_the_state_of_training_is_no_weights(path: str) -> None:
    assert not is_weights(path)
