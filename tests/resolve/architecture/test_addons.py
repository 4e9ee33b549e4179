"""ControlNets, IP- and T2I-Adapters, motion modules and embeddings."""

from __future__ import annotations

import pytest

from modelaudit.domain.weights import UNKNOWN
from modelaudit.domain.words import Component
from modelaudit.resolve.architecture import detect
from tests.resolve.architecture.listings import components, tensors

HINT = {"controlnet_cond_embedding.conv_in.weight": [16, 3, 3, 3], "conv_in.weight": [320, 4, 3, 3]}
TO_K = "down_blocks.{}.attentions.0.transformer_blocks.0.attn2.to_k.weight"

CASES = [
    ("sd1", "controlnet", None, {**HINT, TO_K.format(0): [320, 768]}),
    ("sd2", "controlnet", None, {**HINT, TO_K.format(0): [320, 1024]}),
    ("sdxl", "controlnet", None, {**HINT, TO_K.format(1): [640, 2048]}),
    ("sdxl", "controlnet", None, {**HINT, "add_embedding.linear_1.weight": [1280, 2816]}),
    (UNKNOWN, "controlnet", None, HINT),
    (
        "flux",
        "controlnet",
        None,
        {"controlnet_blocks.0.weight": [1], "double_blocks.0.img_attn.norm.key_norm.scale": [128]},
    ),
    (
        "flux",
        "controlnet",
        None,
        {
            "controlnet_blocks.0.weight": [3072, 3072],
            "context_embedder.weight": [3072, 4096],
            "transformer_blocks.0.attn.add_k_proj.weight": [3072, 3072],
        },
    ),
    (
        "qwen-image",
        "controlnet",
        None,
        {
            "controlnet_blocks.0.weight": [3072, 3072],
            "txt_norm.weight": [3584],
            "img_in.weight": [3072, 64],
            "transformer_blocks.0.attn.add_k_proj.weight": [3072, 3072],
        },
    ),
    (
        UNKNOWN,
        "controlnet",
        None,
        {
            "controlnet_blocks.0.weight": [3072, 3072],
            "transformer_blocks.0.attn.add_k_proj.weight": [3072, 3072],
        },
    ),
    ("z-image", "controlnet", None, {"control_layers.0.adaLN_modulation.0.weight": [15360, 256]}),
    ("z-image", "controlnet", None, {"control_all_x_embedder.2-1.weight": [3840, 132]}),
    ("z-image", "controlnet", None, {"control_noise_refiner.0.attention_norm1.weight": [3840]}),
    (
        "sdxl",
        "controlnet",
        "control-lora",
        {
            "lora_controlnet": [0],
            "input_blocks.0.0.weight": [320, 4, 3, 3],
            "input_blocks.4.1.transformer_blocks.0.attn2.to_k.down": [128, 2048],
        },
    ),
    (
        "sdxl",
        "controlnet",
        "lllite",
        {"lllite_unet_input_blocks_4_1_transformer_blocks_0_attn1_to_k.down.0.weight": [64, 640]},
    ),
    ("anima", "controlnet", "lllite", {"lllite_dit_blocks_0_self_attn_q.down.0.weight": [64, 2]}),
    ("sd1", "adapter", "ip-adapter", {"ip_adapter.1.to_k_ip.weight": [320, 768]}),
    ("sd2", "adapter", "ip-adapter", {"ip_adapter.1.to_k_ip.weight": [320, 1024]}),
    ("sdxl", "adapter", "ip-adapter", {"ip_adapter.1.to_k_ip.weight": [640, 2048]}),
    ("flux", "adapter", "ip-adapter", {"ip_adapter_proj_model.proj.weight": [16384, 768]}),
    (
        "sd1",
        "adapter",
        "ip-adapter",
        {
            "ip_adapter.0.to_q_lora.down.weight": [128, 320],
            "ip_adapter.1.to_k_ip.weight": [320, 768],
        },
    ),
    (
        "sdxl",
        "adapter",
        "t2i-adapter",
        {"conv_in.weight": [320, 768, 3, 3], "body.0.block2.weight": [320, 320, 1, 1]},
    ),
    (
        UNKNOWN,
        "adapter",
        "t2i-adapter",
        {
            "adapter.conv_in.weight": [320, 192, 3, 3],
            "adapter.body.0.resnets.0.block2.weight": [320, 320, 1, 1],
        },
    ),
    ("sd1", "adapter", "motion", {"module.down_blocks.3.motion_modules.0.pe": [1, 24, 1280]}),
    ("sdxl", "adapter", "motion", {"down_blocks.2.motion_modules.0.pe": [1, 32, 1280]}),
    ("sd1", "embedding", None, {"string_to_param.*": [8, 768]}),
    ("sd2", "embedding", None, {"string_to_param.*": [8, 1024]}),
    (UNKNOWN, "embedding", None, {"emb_params": [1, 768]}),
    (UNKNOWN, "embedding", None, {"clip_g": [4, 1280], "clip_l": [4, 768]}),
    (UNKNOWN, "embedding", None, {"clip_l": [4, 768]}),
    (UNKNOWN, "embedding", None, {"<my-token>": [768]}),
    (UNKNOWN, "embedding", None, {"<my-token>": [1024]}),
]


@pytest.mark.parametrize(("family", "kind", "variant", "shapes"), CASES)
def test_an_addon_is_known_by_its_names(
    family: str, kind: str, variant: str | None, shapes: dict[str, list[int]]
) -> None:
    found = detect(tensors(shapes))
    assert (found.family, found.kind, found.variant) == (family, kind, variant)
    assert found.components == (Component.ADAPTER,)
    assert found.measured is (family != UNKNOWN)


def test_a_controlnet_with_its_own_prefix_is_one() -> None:
    found = detect(tensors(components()["ControlNet-v1-SD"], "control_model."))
    assert (found.family, found.kind) == ("sd1", "controlnet")


def test_a_motion_lora_is_a_lora() -> None:
    name = "down_blocks.0.motion_modules.0.attention_blocks.0.processor.to_q_lora.down.weight"
    assert detect(tensors({name: [128, 320]})).variant == "lora"


@pytest.mark.parametrize(
    "shapes",
    [
        {"fc.weight": [10, 768], "fc.bias": [10]},
        {"a": [3, 3], "b": [3]},
        {"mean": [768], "window": [512]},
        {"conv": [8, 3, 3, 768]},
    ],
)
def test_a_handful_of_other_tensors_is_no_embedding(shapes: dict[str, list[int]]) -> None:
    assert detect(tensors(shapes)).kind == UNKNOWN
