"""Language, vision and speech transformers, and what their layout does not say."""

from __future__ import annotations

import pytest

from modelaudit.domain.weights import UNKNOWN
from modelaudit.domain.words import Component
from modelaudit.resolve.architecture import detect
from tests.resolve.architecture.listings import tensors

A = "model.layers.7.self_attn."
LLAMA = {
    A + "q_proj.weight": [4096, 4096],
    A + "o_proj.weight": [4096, 4096],
    "model.layers.7.mlp.gate_proj.weight": [11008, 4096],
}
CASES = [
    ("llama-like", LLAMA),
    ("qwen2", {**LLAMA, A + "q_proj.bias": [4096]}),
    ("llama-like", {**LLAMA, A + "q_proj.bias": [4096], A + "o_proj.bias": [4096]}),
    ("qwen3", {**LLAMA, A + "q_norm.weight": [128]}),
    ("olmo2", {**LLAMA, "model.layers.7.post_feedforward_layernorm.weight": [4096]}),
    ("gemma", {**LLAMA, "model.layers.7.pre_feedforward_layernorm.weight": [4096]}),
    ("mixtral", {**LLAMA, "model.layers.7.block_sparse_moe.experts.3.w1.weight": [14336, 4096]}),
    ("deepseek", {**LLAMA, A + "kv_a_proj_with_mqa.weight": [576, 4096]}),
    ("phi3", {A + "qkv_proj.weight": [9216, 3072]}),
    ("phi", {A + "q_proj.weight": [2560, 2560], A + "dense.weight": [2560, 2560]}),
    ("gpt2", {"transformer.h.3.attn.c_attn.weight": [768, 2304]}),
    ("gpt2", {"h.3.attn.c_attn.weight": [768, 2304]}),
    ("gpt-neox", {"gpt_neox.layers.0.attention.query_key_value.weight": [6144, 2048]}),
    ("gpt-j", {"transformer.h.0.attn.q_proj.weight": [4096, 4096]}),
    ("falcon", {"transformer.h.0.self_attention.query_key_value.weight": [4672, 4544]}),
    (
        "bloom",
        {
            "transformer.h.0.self_attention.query_key_value.weight": [3072, 1024],
            "transformer.h.0.self_attention.query_key_value.bias": [3072],
        },
    ),
    ("t5", {"decoder.block.0.layer.1.EncDecAttention.q.weight": [512, 512]}),
    ("opt", {"model.decoder.layers.0.self_attn.k_proj.weight": [768, 768]}),
    ("mamba", {"backbone.layers.0.mixer.A_log": [1536, 16]}),
    (
        "whisper",
        {
            "model.encoder.conv1.weight": [384, 80, 3],
            "model.encoder.layers.0.self_attn.k_proj.weight": [384, 384],
        },
    ),
    ("wav2vec2-like", {"wav2vec2.feature_extractor.conv_layers.0.conv.weight": [512, 1, 10]}),
    ("bert", {"bert.encoder.layer.0.attention.self.query.weight": [768, 768]}),
    ("bert", {"roberta.encoder.layer.0.attention.self.query.weight": [768, 768]}),
    ("distilbert", {"distilbert.transformer.layer.0.attention.q_lin.weight": [768, 768]}),
]


@pytest.mark.parametrize(("family", "shapes"), CASES)
def test_a_layout_names_a_family_and_no_more(family: str, shapes: dict[str, list[int]]) -> None:
    found = detect(tensors(shapes))
    assert (found.family, found.kind) == (family, "checkpoint")
    assert found.components == (Component.TRANSFORMER,)
    assert found.measured


def test_a_reason_says_who_else_has_the_layout() -> None:
    assert detect(tensors(LLAMA)).reason == (
        "'model.layers.7.self_attn.q_proj.weight' [4096, 4096]: "
        "Llama, Mistral, Yi and others share this layout"
    )


def test_quantized_names_are_the_names_of_the_layers() -> None:
    shapes = {A + "q_proj.qweight": [512, 4096], A + "o_proj.qweight": [512, 4096]}
    found = detect(tensors(shapes))
    assert found.family == "llama-like"
    assert "q_proj.qweight" in found.reason


def test_a_model_that_sees_has_an_image_encoder() -> None:
    eye = {"model.visual.blocks.0.attn.qkv.weight": [3840, 1280]}
    assert detect(tensors({**LLAMA, **eye})).components == (
        Component.TRANSFORMER,
        Component.IMAGE_ENCODER,
    )


def test_a_vision_transformer_is_an_image_encoder() -> None:
    shapes = {"vit.encoder.layer.0.attention.attention.query.weight": [768, 768]}
    found = detect(tensors(shapes))
    assert (found.family, found.component) == ("vit", Component.IMAGE_ENCODER)


GGUF = {"token_embd.weight": [32000, 4096], "blk.0.attn_q.weight": [4096, 4096]}


def test_gguf_names_tell_no_family_and_its_metadata_does() -> None:
    assert detect(tensors(GGUF)).family == UNKNOWN
    found = detect(tensors(GGUF), {"general.architecture": "qwen2"})
    assert (found.family, found.kind, found.measured) == ("qwen2", "checkpoint", False)
    assert found.components == (Component.TRANSFORMER,)
    assert found.reason.startswith("declared: general.architecture = 'qwen2'; 'blk.0.attn_q")


def test_shapes_of_an_image_model_in_gguf_come_before_its_metadata() -> None:
    shapes = {"double_blocks.0.img_attn.norm.key_norm.scale": [128]}
    found = detect(tensors(shapes), {"general.architecture": "sd1"})
    assert (found.family, found.measured) == ("flux", True)


def test_a_lora_in_gguf_is_an_adapter_of_the_declared_family() -> None:
    shapes = {"blk.0.attn_q.weight.lora_a": [8, 4096], "blk.0.attn_q.weight.lora_b": [4096, 8]}
    found = detect(tensors(shapes), {"general.architecture": "llama", "general.type": "adapter"})
    assert (found.family, found.kind, found.measured) == ("llama", "adapter", False)
