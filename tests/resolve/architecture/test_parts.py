"""Which part of a model a tensor belongs to."""

from __future__ import annotations

import pytest

from modelaudit.domain.weights import Architecture, Tensor
from modelaudit.domain.words import Component
from modelaudit.resolve.architecture import detect, part_of, parts
from tests.resolve.architecture.listings import checkpoint, components, recorded_adapters, tensors

SD = Architecture(
    family="sd1",
    kind="checkpoint",
    components=(Component.UNET, Component.VAE, Component.TEXT_ENCODER),
)
FLUX = Architecture(family="flux", kind="checkpoint", components=(Component.TRANSFORMER,))
LORA = Architecture(family="sd1", kind="adapter", components=(Component.ADAPTER,))
LLAMA = Architecture(family="llama-like", kind="checkpoint", components=(Component.TRANSFORMER,))


@pytest.mark.parametrize(
    ("name", "architecture", "part"),
    [
        ("model.diffusion_model.input_blocks.0.0.weight", SD, Component.UNET),
        ("state_dict.model.diffusion_model.out.2.bias", SD, Component.UNET),
        ("unet.conv_in.weight", SD, Component.UNET),
        ("conv_in.weight", SD, Component.UNET),
        ("first_stage_model.encoder.conv_in.weight", SD, Component.VAE),
        ("vae.decoder.conv_in.weight", SD, Component.VAE),
        (
            "cond_stage_model.transformer.text_model.final_layer_norm.bias",
            SD,
            Component.TEXT_ENCODER,
        ),
        ("cond_stage_model.transformer.embeddings.position_ids", SD, Component.TEXT_ENCODER),
        ("cond_stage_model.model.ln_final.weight", SD, Component.TEXT_ENCODER),
        ("conditioner.embedders.1.model.logit_scale", SD, Component.TEXT_ENCODER),
        ("text_encoder_2.text_model.embeddings.token_embedding.weight", SD, Component.TEXT_ENCODER),
        ("text_encoders.t5xxl.transformer.shared.weight", FLUX, Component.TEXT_ENCODER),
        ("model.diffusion_model.img_in.weight", FLUX, Component.TRANSFORMER),
        ("transformer.proj_out.weight", FLUX, Component.TRANSFORMER),
        ("embedder.model.visual.conv1.weight", SD, Component.IMAGE_ENCODER),
        ("conditioner.embedders.0.open_clip.model.visual.proj", SD, Component.IMAGE_ENCODER),
        ("image_encoder.vision_model.post_layernorm.bias", SD, Component.IMAGE_ENCODER),
        ("depth_model.model.scratch.layer1_rn.weight", SD, Component.OTHER),
        ("sqrt_one_minus_alphas_cumprod", SD, Component.OTHER),
        ("betas", SD, Component.OTHER),
        ("control_model.zero_convs.0.0.weight", SD, Component.ADAPTER),
        ("lora_unet_mid_block_attentions_0_proj_in.alpha", SD, Component.ADAPTER),
        ("lora_te_text_model_encoder_layers_0_mlp_fc1.alpha", LORA, Component.ADAPTER),
        ("text_encoder:0:down", LORA, Component.ADAPTER),
        ("text_encoder.text_model.encoder.layers.0.lora_A.weight", LORA, Component.ADAPTER),
        ("model.layers.0.self_attn.q_proj.weight", LLAMA, Component.TRANSFORMER),
        ("model.visual.patch_embed.proj.weight", LLAMA, Component.IMAGE_ENCODER),
        ("anything", Architecture(), Component.OTHER),
        ("model_ema.input_blocks00weight", SD, None),
        ("state_dict.model_ema.decay", SD, None),
        ("optimizer_states.0.state.5.exp_avg", SD, None),
        ("optimizer.param_groups.0.lr", SD, None),
        ("lora_unet_mid_block.exp_avg_sq", LORA, None),
    ],
)
def test_a_tensor_belongs_to_a_part_or_to_none(
    name: str, architecture: Architecture, part: Component | None
) -> None:
    assert part_of(name, architecture) is part


@pytest.mark.parametrize(
    ("family", "sizes"),
    [("sd1", (686, 248, 197)), ("sd2", (686, 248, 294)), ("sdxl", (1680, 248, 587))],
)
def test_a_checkpoint_falls_into_its_components(family: str, sizes: tuple[int, int, int]) -> None:
    listing = checkpoint(family)
    found = parts(listing, detect(listing))
    assert {part: len(group) for part, group in found.items()} == dict(
        zip((Component.UNET, Component.VAE, Component.TEXT_ENCODER), sizes, strict=True)
    )


def test_every_name_of_a_unet_has_an_averaged_copy_that_is_left_out() -> None:
    live = tensors(components()["UNET-v1-SD"], "model.diffusion_model.")
    copy = tensors(components()["UNET-v1-EMA"], "model_ema.")
    moments = [t._replace(name=f"optimizer_states.0.{t.name}.exp_avg") for t in live]
    listing = [*copy, *live, *moments]
    assert parts(listing, detect(listing)) == {Component.UNET: live}


def test_an_adapter_is_one_part_whatever_it_changes() -> None:
    listing = tensors(recorded_adapters()["flux_lora_kohya_with_te1_format"])
    assert parts(listing, detect(listing)) == {Component.ADAPTER: listing}


def test_a_vae_in_its_own_file_is_a_vae() -> None:
    listing = tensors(components()["VAE-v1-SD"])
    assert parts(listing, detect(listing)) == {Component.VAE: listing}


def test_tensors_keep_their_order() -> None:
    listing = [Tensor(name, "F16", (1,), None, 2) for name in ("z", "vae.b", "a", "vae.a")]
    found = parts(listing, SD)
    assert [t.name for t in found[Component.UNET]] == ["z", "a"]
    assert [t.name for t in found[Component.VAE]] == ["vae.b", "vae.a"]
