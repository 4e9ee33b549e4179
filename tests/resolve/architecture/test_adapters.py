"""Deltas: every layout, the widths that tell the base, and what no width tells."""

from __future__ import annotations

import pytest

from modelaudit.domain.weights import UNKNOWN
from modelaudit.resolve.architecture import detect
from tests.resolve.architecture.listings import (
    components,
    kohya,
    recorded_adapters,
    tensors,
    unet_in_diffusers,
)

FAMILIES = {"UNET-v1-SD": "sd1", "UNET-v2-SD": "sd2", "UNET-XL-SD": "sdxl"}
TO_K = "down_blocks_1_attentions_0_transformer_blocks_0_attn2_to_k"
DOTTED = "down_blocks.1.attentions.0.transformer_blocks.0.attn2"


@pytest.mark.parametrize("component", [*FAMILIES, "UNET-XL-Refiner"])
def test_a_kohya_lora_has_the_family_of_its_unet(component: str) -> None:
    found = detect(tensors(kohya(unet_in_diffusers(component))))
    family = FAMILIES.get(component, "sdxl-refiner")
    assert (found.family, found.kind, found.variant) == (family, "adapter", "lora")


def test_the_name_map_meets_the_recorded_lora_of_sd1() -> None:
    derived = kohya(unet_in_diffusers("UNET-v1-SD"))
    recorded = components()["LoRA-v1-UNET"]
    modules = {name.partition(".")[0] for name in recorded}
    assert {name.partition(".")[0] for name in derived} == modules
    for name, shape in recorded.items():
        assert [n if n > 0 else 4 for n in shape] == derived[name]


@pytest.mark.parametrize(("component", "family"), FAMILIES.items())
def test_a_lora_without_text_attention_has_its_family_from_other_layers(
    component: str, family: str
) -> None:
    names = kohya(unet_in_diffusers(component))
    rest = {name: shape for name, shape in names.items() if "attn2" not in name}
    assert detect(tensors(rest)).family == family


@pytest.mark.parametrize(
    ("width", "family"),
    [(768, "sd1"), (1024, "sd2"), (2048, "sdxl"), (1280, "sdxl-refiner"), (999, UNKNOWN)],
)
@pytest.mark.parametrize(
    ("variant", "layout"),
    [
        ("lora", {f"lora_unet_{TO_K}.lora_down.weight": (8, -1)}),
        ("lora", {f"unet.{DOTTED}.to_k.lora_A.weight": (8, -1)}),
        ("lora", {f"base_model.model.{DOTTED}.to_k.lora_A.default.weight": (8, -1)}),
        ("lora", {f"unet.{DOTTED}.processor.to_k_lora.down.weight": (8, -1)}),
        ("lora", {f"unet.{DOTTED}.to_k.lora.down.weight": (8, -1)}),
        ("lora", {f"{DOTTED}.to_v.lora_A.weight": (8, -1)}),
        (
            "locon",
            {
                f"lora_unet_{TO_K}.lora_down.weight": (8, -1),
                "lora_unet_mid_block_resnets_0_conv1.lora_down.weight": (8, 1280, 3, 3),
            },
        ),
        (
            "loha",
            {
                f"lora_unet_{TO_K}.hada_w1_a": (640, 8),
                f"lora_unet_{TO_K}.hada_w1_b": (8, -1),
                f"lora_unet_{TO_K}.hada_w2_a": (640, 8),
                f"lora_unet_{TO_K}.hada_w2_b": (8, -1),
            },
        ),
        ("lokr", {f"lora_unet_{TO_K}.lokr_w1": (8, 1), f"lora_unet_{TO_K}.lokr_w2": (80, -1)}),
        (
            "lokr",
            {
                f"lora_unet_{TO_K}.alpha": (),
                f"lora_unet_{TO_K}.lokr_w1": (8, 1),
                f"lora_unet_{TO_K}.lokr_w2_a": (80, 4),
                f"lora_unet_{TO_K}.lokr_w2_b": (4, -1),
            },
        ),
        (
            "dora",
            {
                f"lora_unet_{TO_K}.lora_down.weight": (8, -1),
                f"lora_unet_{TO_K}.dora_scale": (640, 1),
            },
        ),
        ("diff", {f"lora_unet_{TO_K}.diff": (640, -1)}),
    ],
)
def test_the_width_of_text_attention_tells_the_base(
    variant: str, layout: dict[str, tuple[int, ...]], width: int, family: str
) -> None:
    shapes = {name: [width if n < 0 else n for n in shape] for name, shape in layout.items()}
    found = detect(tensors(shapes))
    assert (found.family, found.kind, found.variant) == (family, "adapter", variant)
    assert TO_K.rpartition("_to_")[0] in found.reason.replace(".", "_").replace("_processor", "")


TEXT = "text_model_encoder_layers_0_self_attn_k_proj"


@pytest.mark.parametrize(
    "shapes",
    [
        {f"lora_te_{TEXT}.lora_down.weight": [4, 768]},
        {f"lora_te_{TEXT}.lora_down.weight": [4, 1024]},
        {f"lora_te_{TEXT}.weight": [768, 1], f"lora_te_{TEXT}.on_input": []},
        {"lora_te_layers_0_self_attn_q_proj.lora_down.weight": [8, 1024]},
        {f"lora_te1_{TEXT}.lora_down.weight": [4, 768]},
        {
            f"lora_te1_{TEXT}.lora_down.weight": [4, 768],
            f"lora_te2_{TEXT}.lora_down.weight": [4, 1280],
        },
        {"text_encoder:0:down": [1, 768], "text_encoder:0:up": [768, 1]},
    ],
)
def test_a_delta_to_text_encoders_alone_fits_several_families(
    shapes: dict[str, list[int]],
) -> None:
    found = detect(tensors(shapes))
    assert (found.family, found.kind, found.measured) == (UNKNOWN, "adapter", False)


@pytest.mark.parametrize(
    ("family", "texts"),
    [
        ("sd1", {f"lora_te_{TEXT}.lora_down.weight": [4, 768]}),
        ("sd2", {f"lora_te_{TEXT}.lora_down.weight": [4, 1024]}),
        (UNKNOWN, {f"lora_te1_{TEXT}.lora_down.weight": [4, 768]}),
        (
            "sdxl",
            {
                f"lora_te1_{TEXT}.lora_down.weight": [4, 768],
                f"lora_te2_{TEXT}.lora_down.weight": [4, 1280],
            },
        ),
    ],
)
def test_text_encoders_tell_which_unet_they_stand_beside(
    family: str, texts: dict[str, list[int]]
) -> None:
    silent = {"lora_unet_mid_block_resnets_0_conv1.lora_down.weight": [16, 1280, 3, 3]}
    assert detect(tensors({**silent, **texts})).family == family


def test_layers_by_number_are_of_a_unet_that_is_older_than_sdxl() -> None:
    for width, family in ((768, "sd1"), (1024, "sd2")):
        shapes = {"unet:0:down": [1, 320], "unet:5:down": [1, width]}
        assert detect(tensors(shapes)).family == family


TRANSFORMERS = [
    ("flux2", "double_blocks.0.img_attn.qkv", 4096, 12288),
    ("flux2", "double_blocks.0.img_attn.proj", 6144, 6144),
    ("flux2", "double_blocks.0.img_mlp.0", 3072, 18432),
    ("flux2", "single_blocks.0.linear1", 3072, 27648),
    ("flux2", "single_transformer_blocks.0.attn.to_qkv_mlp_proj", 3072, 27648),
    ("flux", "double_blocks.0.img_mlp.0", 3072, 12288),
    ("flux", "double_blocks.0.txt_mlp.2", 12288, 3072),
    ("flux", "double_blocks.18.img_attn.qkv", 3072, 9216),
    ("flux", "single_blocks.37.linear1", 3072, 21504),
    ("flux", "single_transformer_blocks.37.attn.to_q", 3072, 3072),
    ("flux", "transformer_blocks.18.attn.add_k_proj", 3072, 3072),
    ("flux", "double_blocks.0.processor.proj_lora1", 3072, 3072),
    ("hunyuan-video", "single_transformer_blocks.38.attn.to_q", 3072, 3072),
    ("hunyuan-video", "double_blocks.0.img_mlp.fc1", 3072, 12288),
    ("hunyuan-video", "double_blocks.0.txt_mod.linear", 3072, 18432),
    ("hunyuan-video", "double_blocks.19.img_attn_qkv", 3072, 9216),
    ("hunyuan-video", "single_blocks.38.linear1", 3072, 21504),
    ("chroma", "distilled_guidance_layer.in_proj", 64, 5120),
    ("auraflow", "joint_transformer_blocks.0.attn.to_q", 3072, 3072),
    ("auraflow", "double_layers.0.attn.w1q", 3072, 3072),
    ("sd3", "joint_blocks.0.x_block.attn.qkv", 1536, 4608),
    ("sd3", "transformer_blocks.0.attn.add_k_proj", 2432, 2432),
    ("qwen-image", "transformer_blocks.59.attn.add_k_proj", 3072, 3072),
    ("qwen-image", "transformer_blocks.0.txt_mod.1", 3072, 18432),
    ("qwen-image", "transformer_blocks.0.img_mlp.net.0.proj", 3072, 12288),
    ("hidream", "double_stream_blocks.0.block.attn1.to_q", 2560, 2560),
    ("anima", "blocks.0.adaln_modulation_mlp.1", 2048, 256),
    ("anima", "blocks.0.cross_attn.k_proj", 1024, 2048),
    ("krea2", "txtfusion.projector", 12, 1),
    ("mochi", "transformer_blocks.0.attn1.add_k_proj", 1536, 3072),
    ("hunyuan-dit", "blocks.0.attn1.Wqkv", 1408, 4224),
    ("z-image", "layers.0.attention.to_q", 3840, 3840),
    ("lumina2", "layers.0.attention.qkv", 2304, 4608),
    ("pixart", "transformer_blocks.0.ff.net.0.proj", 1152, 4608),
    ("sana", "transformer_blocks.0.attn1.to_q", 2240, 2240),
    ("ltx", "transformer_blocks.0.attn2.to_k", 2048, 2048),
    ("flux3", "early_stream_modulations.image.lin", 3072, 18432),
    ("llama-like", "model.layers.0.self_attn.q_proj", 4096, 4096),
    ("phi3", "model.layers.0.self_attn.qkv_proj", 3072, 9216),
    ("gpt2", "transformer.h.0.attn.c_attn", 768, 2304),
    ("bert", "encoder.layer.0.attention.self.query", 384, 384),
    ("deberta", "encoder.layer.0.attention.self.query_proj", 768, 768),
    ("gpt-neox", "gpt_neox.layers.0.attention.query_key_value", 2048, 6144),
    ("chatglm", "transformer.encoder.layers.0.self_attention.query_key_value", 4096, 4608),
    ("bloom", "transformer.h.0.self_attention.query_key_value", 1024, 3072),
]


@pytest.mark.parametrize(("family", "layer", "inputs", "outputs"), TRANSFORMERS)
@pytest.mark.parametrize("layout", ["peft", "kohya", "ai-toolkit"])
def test_the_layers_of_a_transformer_tell_the_base(
    family: str, layer: str, inputs: int, outputs: int, layout: str
) -> None:
    down, up = [16, inputs], [outputs, 16]
    if layout == "peft":
        stem = f"base_model.model.{layer}"
        shapes = {f"{stem}.lora_A.weight": down, f"{stem}.lora_B.weight": up}
    elif layout == "kohya":
        stem = f"lora_unet_{layer.replace('.', '_')}"
        shapes = {f"{stem}.lora_down.weight": down, f"{stem}.lora_up.weight": up}
    else:
        stem = f"diffusion_model.{layer}"
        shapes = {f"{stem}.lora_A.weight": down, f"{stem}.lora_B.weight": up}
    found = detect(tensors(shapes))
    assert (found.family, found.kind, found.variant) == (family, "adapter", "lora")
    assert found.measured


def test_a_wan_lora_has_cross_attention_and_a_feed_forward_net() -> None:
    attention = {"diffusion_model.blocks.0.cross_attn.k.lora_A.weight": [16, 5120]}
    net = {"diffusion_model.blocks.0.ffn.0.lora_A.weight": [16, 5120]}
    assert detect(tensors({**attention, **net})).family == "wan"
    assert detect(tensors(attention)).family == UNKNOWN


@pytest.mark.parametrize(
    ("layers", "width", "named"),
    [
        (["transformer_blocks.0.attn.to_k"], 3072, ()),
        (
            [f"transformer_blocks.{n}.attn.add_k_proj" for n in range(9)],
            3072,
            ("Flux.1", "Flux.2", "HunyuanVideo", "Qwen-Image"),
        ),
        # HunyuanVideo's double blocks, all of them
        ([f"transformer_blocks.{n}.attn.add_k_proj" for n in range(20)], 3072, ("HunyuanVideo",)),
        # part of Flux.1's or HunyuanVideo's
        (
            [f"single_transformer_blocks.{n}.proj_mlp" for n in range(20)],
            3072,
            ("Flux.1", "HunyuanVideo", "AuraFlow"),
        ),
        ([f"single_blocks.{n}.linear2" for n in range(20)], 3072, ("Flux.1", "HunyuanVideo")),
        # the attention of Flux.2 Klein 4B
        ([f"double_blocks.{n}.img_attn.qkv" for n in range(5)], 3072, ("Flux.1", "Klein")),
        # Wan 2.1, or another
        (["blocks.0.self_attn.q"], 5120, ()),
        (["transformer_blocks.0.attn1.to_q"], 1152, ("PixArt", "Sana")),
        # the levels of SDXL that SD1 and SD2 have as well
        (["down_blocks.1.attentions.0.transformer_blocks.1.attn1.to_k"], 640, ("SD1", "SDXL")),
        # all have a time embedding of 1280
        (["down_blocks.0.resnets.0.time_emb_proj"], 1280, ("SD1", "SD2", "SDXL")),
        # widths of AnimateDiff's layers are not those of a text encoder
        (
            ["down_blocks.2.motion_modules.0.transformer_blocks.0.attn2.to_k"],
            1280,
            ("SD1", "SDXL"),
        ),
        (["down_blocks.0.motion_modules.0.proj_in"], 320, ("SD1", "SDXL")),
        # OPT, or the decoder of Whisper or BART
        (["model.decoder.layers.0.self_attn.q_proj"], 768, ()),
    ],
)
@pytest.mark.parametrize("layout", ["peft", "kohya"])
def test_what_names_and_widths_do_not_decide_is_unknown(
    layers: list[str], width: int, named: tuple[str, ...], layout: str
) -> None:
    shapes = {}
    for layer in layers:
        peft = f"base_model.model.{layer}.lora_A.weight"
        kohya = f"lora_unet_{layer.replace('.', '_')}.lora_down.weight"
        shapes[peft if layout == "peft" else kohya] = [16, width]
    found = detect(tensors(shapes))
    assert (found.family, found.kind, found.measured) == (UNKNOWN, "adapter", False)
    assert all(name in found.reason for name in named)


def test_what_shapes_leave_open_metadata_may_say() -> None:
    shapes = {"double_blocks.0.img_attn.qkv.lora_A.weight": [16, 3072]}
    found = detect(tensors(shapes), {"ss_base_model_version": "hunyuan_video"})
    assert (found.family, found.measured) == ("hunyuan-video", False)


def test_an_alpha_alone_is_a_delta_to_nothing_known() -> None:
    found = detect(tensors({"some_layer.alpha": []}))
    assert (found.family, found.kind, found.measured) == (UNKNOWN, "adapter", False)


@pytest.mark.parametrize(
    "layer",
    [
        "down_blocks.0.attentions.0.temporal_transformer_blocks.0.attn1.to_q",
        "input_blocks.1.1.time_stack.0.attn1.to_q",
    ],
)
def test_layers_in_time_make_a_lora_one_of_svd(layer: str) -> None:
    text = "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k.lora_A.weight"
    shapes = {f"unet.{layer}.lora_A.weight": [4, 320], text: [4, 1024]}
    assert detect(tensors(shapes)).family == "svd"


def test_an_adapter_that_lists_its_text_encoder_first_is_read_to_the_end() -> None:
    text = {f"lora_te_layers_{n}_mlp_up_proj.lora_down.weight": [8, 1024] for n in range(588)}
    found = detect(tensors({**text, **recorded_adapters()["anima_lora_kohya_format"]}))
    assert found.family == "anima"


def test_a_diffusion_model_prefix_is_not_a_diff() -> None:
    assert detect(tensors(components()["UNET-v1-SD"], "model.diffusion_model.")).kind == (
        "checkpoint"
    )


def test_an_alpha_that_is_no_scalar_makes_no_delta() -> None:
    assert detect(tensors({"resblocks.0.activation.alpha": [512]})).kind == UNKNOWN


def test_oft_is_a_delta_that_only_names_tell() -> None:
    stem = "lora_unet_down_blocks_2_attentions_0_transformer_blocks_9_attn1_to_k"
    found = detect(tensors({f"{stem}.oft_blocks": [8, 160, 160]}))
    assert (found.family, found.variant) == ("sdxl", "oft")
