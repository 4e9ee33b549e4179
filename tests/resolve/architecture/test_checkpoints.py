"""Whole models: rebuilt checkpoints, UNets in diffusers' names, one case for each known family."""

from __future__ import annotations

import pytest

from modelaudit.domain.weights import UNKNOWN, Tensor
from modelaudit.domain.words import Component
from modelaudit.resolve.architecture import detect
from tests.resolve.architecture.listings import (
    CHECKPOINTS,
    checkpoint,
    components,
    tensors,
    unet_in_diffusers,
)

UNETS = {
    "UNET-v1-SD": ("sd1", None),
    "UNET-v1-Inpainting": ("sd1", "inpainting"),
    "UNET-v1-Pix2Pix": ("sd1", "instruct-pix2pix"),
    "UNET-v2-SD": ("sd2", None),
    "UNET-v2-Depth": ("sd2", "depth"),
    "UNET-XL-SD": ("sdxl", None),
    "UNET-XL-Refiner": ("sdxl-refiner", None),
}
SDXL_1 = "input_blocks.4.1.transformer_blocks.0.attn2.to_k.weight"
SDXL_2 = "input_blocks.7.1.transformer_blocks.0.attn2.to_k.weight"
SD_1 = "input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight"
FLUX = {"double_blocks.0.img_attn.norm.key_norm.scale": [128]}

FAMILIES = [
    ("stable-cascade", "stage-c", {"clip_txt_mapper.weight": [2048, 1280]}),
    ("stable-cascade", "stage-c-lite", {"clip_txt_mapper.weight": [1536, 1280]}),
    (
        "stable-cascade",
        "stage-b",
        {"clip_mapper.weight": [1, 1], "down_blocks.1.0.channelwise.0.weight": [2560, 640]},
    ),
    ("sd3", None, {"joint_blocks.0.context_block.adaLN_modulation.1.bias": [9216]}),
    (
        "sd3",
        "medium",
        {
            "joint_blocks.0.context_block.adaLN_modulation.1.bias": [9216],
            "pos_embed": [1, 36864, 1536],
        },
    ),
    (
        "sd3",
        "3.5-large",
        {
            "joint_blocks.0.context_block.attn.qkv.weight": [7296, 2432],
            "joint_blocks.37.x_block.mlp.fc1.weight": [9728, 2432],
        },
    ),
    ("flux2", None, {"single_stream_modulation.lin.weight": [1, 1], **FLUX}),
    (
        "flux2",
        "klein-4b",
        {"single_stream_modulation.lin.weight": [1, 1], "txt_in.weight": [3072, 7680], **FLUX},
    ),
    (
        "flux2",
        "dev",
        {
            "single_stream_modulation.linear.weight": [1, 1],
            "context_embedder.weight": [6144, 15360],
        },
    ),
    ("flux3", None, {"early_stream_modulations.image.lin.weight": [1, 1], **FLUX}),
    ("chroma", None, {"distilled_guidance_layer.in_proj.bias": [5120], **FLUX}),
    ("flux", None, FLUX),
    ("flux", "dev", {**FLUX, "guidance_in.in_layer.weight": [3072, 256]}),
    ("flux", "schnell", {**FLUX, "time_in.in_layer.weight": [3072, 256]}),
    ("flux", "inpainting", {**FLUX, "img_in.weight": [3072, 384]}),
    ("flux", "control", {**FLUX, "img_in.weight": [3072, 128]}),
    (
        "flux",
        "dev",
        {
            "single_transformer_blocks.0.proj_mlp.weight": [12288, 3072],
            "transformer_blocks.0.attn.add_k_proj.weight": [3072, 3072],
            "time_text_embed.timestep_embedder.linear_1.weight": [3072, 256],
            "time_text_embed.guidance_embedder.linear_1.weight": [3072, 256],
        },
    ),
    (
        "flux",
        "pruned",
        {**FLUX, "img_in.weight": [3072, 64], "final_layer.linear.weight": [64, 3072]},
    ),
    (
        "sd3",
        "3.5",
        {
            "joint_blocks.0.context_block.attn.qkv.weight": [4608, 1536],
            "joint_blocks.0.context_block.attn.ln_q.weight": [64],
        },
    ),
    ("krea2", None, {"txtfusion.projector.weight": [1, 1]}),
    (
        "qwen-image",
        None,
        {
            "txt_norm.weight": [3584],
            "img_in.weight": [3072, 64],
            "transformer_blocks.0.attn.add_k_proj.weight": [3072, 3072],
        },
    ),
    ("ltx", None, {"patchify_proj.weight": [2048, 128], "adaln_single.linear.weight": [1, 1]}),
    (
        "ltx",
        "0.9.7",
        {
            "patchify_proj.weight": [4096, 128],
            "transformer_blocks.27.scale_shift_table": [6, 4096],
            "transformer_blocks.47.scale_shift_table": [6, 4096],
        },
    ),
    ("mochi", None, {"blocks.0.attn.qkv_x.weight": [9216, 3072]}),
    (
        "hunyuan-video",
        None,
        {"txt_in.individual_token_refiner.blocks.0.adaLN_modulation.1.bias": [6144]},
    ),
    ("hunyuan-dit", None, {"mlp_t5.0.weight": [8192, 2048]}),
    (
        "hunyuan-dit",
        "1.1",
        {"mlp_t5.0.weight": [8192, 2048], "extra_embedder.0.weight": [5632, 3968]},
    ),
    (
        "auraflow",
        None,
        {
            "double_layers.0.attn.w2q.weight": [3072, 3072],
            "double_layers.0.attn.w1q.weight": [3072, 3072],
            "cond_seq_linear.weight": [3072, 2048],
            "t_embedder.mlp.0.weight": [3072, 256],
        },
    ),
    (
        "z-image",
        None,
        {"layers.0.adaLN_modulation.0.weight": [15360, 256], "cap_embedder.0.weight": [2560]},
    ),
    ("lumina2", None, {"cap_embedder.0.weight": [2304]}),
    ("sana", None, {"blocks.0.cross_attn.kv_linear.weight": [4480, 2240]}),
    ("wan", "1.3b", {"head.modulation": [1], "patch_embedding.weight": [1536, 16, 1, 2, 2]}),
    ("wan", "t2v", {"head.modulation": [1], "patch_embedding.weight": [5120, 16, 1, 2, 2]}),
    ("wan", "i2v", {"head.modulation": [1], "patch_embedding.weight": [5120, 36, 1, 2, 2]}),
    (
        "wan",
        "vace",
        {
            "head.modulation": [1],
            "patch_embedding.weight": [5120, 16, 1, 2, 2],
            "vace_blocks.0.after_proj.bias": [5120],
        },
    ),
    (
        "wan",
        "animate",
        {
            "head.modulation": [1],
            "patch_embedding.weight": [5120, 36, 1, 2, 2],
            "motion_encoder.dec.direction.weight": [512, 20],
        },
    ),
    ("hidream", None, {"double_stream_blocks.0.block.adaLN_modulation.1.bias": [30720]}),
    ("cosmos", None, {"net.blocks.block1.blocks.0.block.attn.to_q.0.weight": [4096, 4096]}),
    (
        "cosmos",
        "text",
        {
            "net.blocks.0.self_attn.q_proj.weight": [2048, 2048],
            "net.x_embedder.proj.1.weight": [2048, 68],
        },
    ),
    (
        "anima",
        None,
        {
            "net.blocks.0.adaln_modulation_cross_attn.1.weight": [256, 2048],
            "net.llm_adapter.blocks.0.cross_attn.q_proj.weight": [1024, 1024],
            "net.x_embedder.proj.1.weight": [2048, 68],
        },
    ),
    (
        "pixart",
        None,
        {
            "t_block.1.weight": [6912, 1152],
            "y_embedder.y_proj.fc1.weight": [1152, 4096],
            "blocks.0.attn.qkv.weight": [3456, 1152],
            "blocks.0.cross_attn.kv_linear.weight": [2304, 1152],
        },
    ),
    (
        "pixart",
        None,
        {
            "adaln_single.linear.weight": [6912, 1152],
            "caption_projection.linear_1.weight": [1152, 4096],
            "pos_embed.proj.weight": [1152, 4, 2, 2],
        },
    ),
    ("stable-audio", None, {"model.model.transformer.rotary_pos_emb.inv_freq": [16]}),
    ("kandinsky", None, {"encoder_hid_proj.image_embeds.weight": [24576, 1280]}),
    ("kandinsky", None, {"add_embedding.image_norm.weight": [1536]}),
    ("kolors", None, {SDXL_1: [640, 2048], "label_emb.0.0.weight": [1280, 5632]}),
    (
        "svd",
        None,
        {
            SD_1: [320, 1024],
            "input_blocks.1.1.time_stack.0.attn1.to_q.weight": [320, 320],
            "label_emb.0.0.weight": [1280, 768],
        },
    ),
    (
        "svd",
        "sv3d",
        {
            "input_blocks.1.1.time_stack.0.attn1.to_q.weight": [320, 320],
            "label_emb.0.0.weight": [1280, 1280],
        },
    ),
    ("sd2", "unclip", {SD_1: [320, 1024], "label_emb.0.0.weight": [1280, 1536]}),
    ("sd2", "unclip", {SD_1: [320, 1024], "label_emb.0.0.weight": [1280, 2048]}),
    (
        "sd2",
        "upscaler",
        {
            SDXL_1: [512, 1024],
            "label_emb.weight": [1000, 1024],
            "input_blocks.0.0.weight": [256, 7, 3, 3],
        },
    ),
    ("sdxl", "v-prediction", {SDXL_1: [640, 2048], "v_pred": [0], "ztsnr": [0]}),
    ("sdxl", "edm", {SDXL_1: [640, 2048], "edm_mean": [1, 4, 1, 1], "edm_std": [1, 4, 1, 1]}),
    ("sdxl", "pruned", {SDXL_1: [640, 2048], SDXL_2: [1280, 2048]}),
    (
        "sdxl",
        "inpainting",
        {SDXL_1: [640, 2048], SDXL_2: [1280, 2048], "input_blocks.0.0.weight": [320, 9, 3, 3]},
    ),
]


@pytest.mark.parametrize("family", CHECKPOINTS)
def test_a_whole_checkpoint_is_its_unet_with_two_companions(family: str) -> None:
    found = detect(checkpoint(family))
    assert (found.family, found.kind, found.variant) == (family, "checkpoint", None)
    assert found.components == (Component.UNET, Component.VAE, Component.TEXT_ENCODER)
    assert found.component is Component.FULL
    assert found.measured


@pytest.mark.parametrize("component", UNETS)
def test_a_unet_in_the_names_of_diffusers_is_the_same(component: str) -> None:
    shapes = unet_in_diffusers(component)
    assert len(shapes) == len(components()[component])
    found = detect(tensors(shapes))
    assert (found.family, found.variant) == UNETS[component]
    assert detect(tensors(shapes, "unet.")).family == found.family


@pytest.mark.parametrize(
    "wrapper",
    ["state_dict.model.diffusion_model.", "module.", "_orig_mod.", "diffusion_model.", "model."],
)
def test_wrappers_are_stripped_as_often_as_they_come(wrapper: str) -> None:
    assert detect(tensors(components()["UNET-v2-SD"], wrapper)).family == "sd2"


@pytest.mark.parametrize(("family", "variant", "shapes"), FAMILIES)
@pytest.mark.parametrize("prefix", ["", "model.diffusion_model."])
def test_each_family_has_a_tensor_that_gives_it_away(
    family: str, variant: str | None, shapes: dict[str, list[int]], prefix: str
) -> None:
    found = detect(tensors(shapes, prefix))
    assert (found.family, found.variant, found.kind) == (family, variant, "checkpoint")
    assert found.measured
    assert any(found.reason.startswith(f"'{prefix}{name}' [") for name in shapes)


def test_stray_lora_keys_do_not_make_a_checkpoint_an_adapter() -> None:
    stray = tensors({"lora_unet_mid_block_attentions_0_proj_in.lora_down.weight": [4, 1280]})
    found = detect([*stray, *checkpoint("sdxl")])
    assert (found.family, found.kind) == ("sdxl", "checkpoint")
    assert found.component is Component.FULL
    assert Component.ADAPTER in found.components


def test_a_checkpoint_that_brings_a_controlnet_is_a_checkpoint() -> None:
    control = tensors(components()["ControlNet-v1-SD"], "control_model.")
    found = detect([*control, *checkpoint("sd1")])
    assert (found.family, found.kind) == ("sd1", "checkpoint")
    assert Component.ADAPTER in found.components


def test_an_averaged_copy_beside_the_weights_does_not_count() -> None:
    found = detect([*tensors(components()["UNET-v1-EMA"], "model_ema."), *checkpoint("sd1")])
    assert (found.family, found.variant) == ("sd1", None)


@pytest.mark.parametrize("prefix", ["model_ema.", "model_ema.diffusion_model"])
def test_a_file_with_the_averaged_copy_alone_says_so(prefix: str) -> None:
    found = detect(tensors(components()["UNET-v1-EMA"], prefix))
    assert (found.family, found.variant, found.kind) == ("sd1", "ema", "checkpoint")


def test_tables_of_the_noise_schedule_are_no_component() -> None:
    schedule = tensors({"betas": [1000], "alphas_cumprod_prev": [1000], "logvar": [1000]})
    found = detect([*schedule, *checkpoint("sd1")])
    assert found.components == (Component.UNET, Component.VAE, Component.TEXT_ENCODER)


def test_the_depth_model_of_sd2_depth_is_another_component() -> None:
    unet = tensors(components()["UNET-v2-Depth"], "model.diffusion_model.")
    found = detect([*unet, *tensors(components()["Depth-v2-SD"], "depth_model.model.")])
    assert (found.family, found.variant) == ("sd2", "depth")
    assert found.components == (Component.UNET, Component.OTHER)


def test_the_image_encoder_of_an_unclip_checkpoint_is_found() -> None:
    unet = tensors({SD_1: [320, 1024], "label_emb.0.0.weight": [1280, 2048]}, "model.")
    eye = [Tensor("embedder.model.visual.conv1.weight", "F16", (1280, 3, 14, 14), None, 0)]
    assert detect([*unet, *eye]).components == (Component.UNET, Component.IMAGE_ENCODER)


@pytest.mark.parametrize(
    "shapes",
    [
        {SD_1: [320, 512]},
        {"input_blocks.0.0.weight": [128, 3, 3, 3]},
        {SD_1: [122880, 1], "input_blocks.0.0.weight": [5760, 1]},
    ],
    ids=["another context", "no context", "packed to four bits"],
)
def test_a_unet_of_unknown_widths_is_a_checkpoint_of_no_family(
    shapes: dict[str, list[int]],
) -> None:
    found = detect(tensors(shapes))
    assert (found.family, found.kind) == (UNKNOWN, "checkpoint")
    assert found.components == (Component.UNET,)
    assert not found.measured


@pytest.mark.parametrize(
    "shapes",
    [
        {"double_blocks.7.img_attn.norm.key_norm.scale": [128]},
        {"single_transformer_blocks.20.proj_mlp.weight": [12288, 3072]},
        {"transformer_blocks.9.attn.add_k_proj.weight": [3072, 3072]},
        {},
    ],
)
def test_a_shard_from_the_middle_names_no_family(shapes: dict[str, list[int]]) -> None:
    assert detect(tensors(shapes)).family == UNKNOWN
