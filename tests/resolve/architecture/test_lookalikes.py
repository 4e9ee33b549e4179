"""Models that bear some names of a family that they do not belong to."""

from __future__ import annotations

import pytest

from modelaudit.domain.weights import UNKNOWN
from modelaudit.resolve.architecture import detect
from tests.resolve.architecture.listings import Shapes, tensors

FLUX_LIKE = {
    "single_transformer_blocks.0.proj_mlp.weight": [12288, 3072],
    "transformer_blocks.0.attn.add_k_proj.weight": [3072, 3072],
}
PIXART_LIKE = {
    "adaln_single.linear.weight": [6912, 1152],
    "caption_projection.linear_1.weight": [1152, 4096],
    "pos_embed.proj.weight": [1152, 4, 2, 2],
}
DIT = {
    "blocks.0.attn.qkv.weight": [12288, 4096],
    "blocks.0.cross_attn.kv_linear.weight": [8192, 4096],
}
ATTENTION = "down_blocks.{}.attentions.0.transformer_blocks.0.attn2.to_k.weight"
LAYER = "model.layers.3."
QUERY = LAYER + "self_attn.q_proj.weight"


@pytest.mark.parametrize(
    ("family", "shapes"),
    [
        # saved by ComfyUI, with names of Flux
        (
            "hunyuan-video",
            {
                "txt_in.individual_token_refiner.blocks.0.adaLN_modulation.1.bias": [6144],
                "double_blocks.0.img_attn.norm.key_norm.scale": [128],
                "img_in.proj.weight": [3072, 16, 1, 2, 2],
            },
        ),
        # LongCat-Image, Ovis-Image and Bria
        (UNKNOWN, {**FLUX_LIKE, "context_embedder.weight": [3072, 3584]}),
        (UNKNOWN, {**FLUX_LIKE, "context_embedder_norm.weight": [2048]}),
        (UNKNOWN, {**FLUX_LIKE, "time_embed.timestep_embedder.linear_1.weight": [3072, 256]}),
        # Latte, Allegro, Open-Sora, LongCat-Video
        (
            UNKNOWN,
            {**PIXART_LIKE, "temporal_transformer_blocks.0.attn1.to_q.weight": [1152, 1152]},
        ),
        (UNKNOWN, {**PIXART_LIKE, "adaln_single.linear.weight": [13824, 2304]}),
        (
            UNKNOWN,
            {"y_embedder.y_proj.fc1.weight": [1152, 4096], "t_block.1.weight": [6912, 1152]},
        ),
        (UNKNOWN, {**DIT, "blocks.0.ffn.w1.weight": [11008, 4096]}),
        # latent-diffusion's first model from text
        (UNKNOWN, {ATTENTION.format(n): [320 * 2**n, 1280] for n in range(3)}),
        # Qwen and ChatGLM, the first ones
        (
            UNKNOWN,
            {
                "transformer.h.3.attn.c_attn.weight": [12288, 4096],
                "transformer.h.3.mlp.w1.weight": [11008, 4096],
            },
        ),
        (
            UNKNOWN,
            {
                "transformer.layers.3.attention.query_key_value.weight": [12288, 4096],
                "transformer.word_embeddings.weight": [130528, 4096],
            },
        ),
        # GLM-4.5, EXAONE-4, Persimmon
        (
            UNKNOWN,
            {
                QUERY: [12288, 5120],
                LAYER + "self_attn.q_proj.bias": [12288],
                LAYER + "self_attn.q_norm.weight": [128],
                LAYER + "mlp.experts.0.gate_proj.weight": [1536, 5120],
                LAYER + "mlp.gate_proj.weight": [12288, 5120],
            },
        ),
        (
            UNKNOWN,
            {
                QUERY: [5120, 5120],
                LAYER + "self_attn.q_norm.weight": [128],
                LAYER + "post_feedforward_layernorm.weight": [5120],
            },
        ),
        (UNKNOWN, {LAYER + "self_attn.dense.weight": [4096, 4096]}),
        # DETR, RT-DETR, Moonshine
        (
            UNKNOWN,
            {
                "model.decoder.layers.0.self_attn.k_proj.weight": [256, 256],
                "model.decoder.layers.0.encoder_attn.k_proj.weight": [256, 256],
                "model.query_position_embeddings.weight": [100, 256],
            },
        ),
        (
            UNKNOWN,
            {
                "model.decoder.layers.0.self_attn.k_proj.weight": [256, 256],
                "model.decoder.layers.0.encoder_attn.sampling_offsets.weight": [96, 256],
            },
        ),
        (
            UNKNOWN,
            {
                "model.encoder.conv1.weight": [288, 1, 127],
                "model.encoder.conv3.weight": [288, 576, 3],
                "model.encoder.layers.0.self_attn.k_proj.weight": [288, 288],
            },
        ),
    ],
)
def test_a_lookalike_is_not_of_the_family(family: str, shapes: Shapes) -> None:
    assert detect(tensors(shapes)).family == family


def test_a_whole_model_with_its_adapters_inside_is_no_adapter() -> None:
    """Phi-4-multimodal is saved so; Nunchaku keeps a low-rank share of every layer."""
    wrapped = {
        LAYER + "self_attn.qkv_proj.base_layer.weight": [5120, 3072],
        LAYER + "self_attn.qkv_proj.lora_A.vision.weight": [256, 3072],
        LAYER + "self_attn.qkv_proj.lora_B.vision.weight": [5120, 256],
    }
    found = detect(tensors(wrapped))
    assert (found.kind, found.family) == ("checkpoint", "phi3")
    quantized = {
        "transformer_blocks.0.qkv_proj.qweight": [9216, 1536],
        "transformer_blocks.0.qkv_proj.wscales": [48, 9216],
        "transformer_blocks.0.qkv_proj.lora_down": [3072, 32],
    }
    assert detect(tensors(quantized)).kind != "adapter"


@pytest.mark.parametrize(
    ("family", "layer", "sizes"),
    [
        (UNKNOWN, "transformer.h.0.attn.c_attn", (4096, 12288)),
        (UNKNOWN, "transformer.layers.0.attention.query_key_value", (4096, 12288)),
        (UNKNOWN, "esm.encoder.layer.0.attention.self.query", (480, 480)),
        ("gpt2", "transformer.h.0.attn.c_attn", (768, 2304)),
        ("gpt-neox", "gpt_neox.layers.0.attention.query_key_value", (2048, 6144)),
        ("flux2", "double_blocks.0.img_mlp.2", (12288, 4096)),
    ],
)
def test_an_adapter_to_a_lookalike_is_none_of_the_family(
    family: str, layer: str, sizes: tuple[int, int]
) -> None:
    taken, given = sizes
    found = detect(
        tensors(
            {
                f"base_model.model.{layer}.lora_A.weight": [8, taken],
                f"base_model.model.{layer}.lora_B.weight": [given, 8],
            }
        )
    )
    assert (found.kind, found.family) == ("adapter", family)
