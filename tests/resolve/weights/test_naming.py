"""One key for a tensor in every layout of its family."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelaudit.domain.weights import Architecture, Tensor
from modelaudit.domain.words import Component
from modelaudit.resolve.architecture import detect
from modelaudit.resolve.weights.naming import key_of, keys_of
from tests.resolve.architecture.listings import (
    CHECKPOINTS,
    checkpoint,
    components,
    tensors,
    unet_in_diffusers,
)

UNETS = {
    "UNET-v1-SD": "sd1",
    "UNET-v1-Inpainting": "sd1",
    "UNET-v1-Pix2Pix": "sd1",
    "UNET-v2-SD": "sd2",
    "UNET-v2-Inpainting": "sd2",
    "UNET-v2-Depth": "sd2",
    "UNET-XL-SD": "sdxl",
    "UNET-XL-Refiner": "sdxl-refiner",
}
SD1 = Architecture(family="sd1", kind="checkpoint", components=(Component.UNET,))
VAE = Architecture(kind="vae", components=(Component.VAE,))
CLIP = Architecture(
    family="clip", kind="text-encoder", variant="vit-l", components=(Component.TEXT_ENCODER,)
)
BIG = Architecture(
    family="clip", kind="text-encoder", variant="vit-bigg", components=(Component.TEXT_ENCODER,)
)


def _of(family: str, component: Component = Component.TRANSFORMER) -> Architecture:
    return Architecture(family=family, kind="checkpoint", components=(component,))


def _spelled(name: str, what: Architecture) -> str:
    key = key_of(name, what)
    assert key is not None
    return key[1]


@pytest.mark.parametrize("name", UNETS)
def test_a_unet_of_latent_diffusion_has_exactly_the_names_of_diffusers(name: str) -> None:
    here = tensors(components()[name], "model.diffusion_model.")
    what = detect(here)
    assert what.family == UNETS[name]
    keys = keys_of(here, what)
    assert {key for _, key in keys.tensors} == unet_in_diffusers(name).keys()
    assert {part for part, _ in keys.tensors} == {Component.UNET}
    assert keys.notes == ()


@pytest.mark.parametrize("name", UNETS)
def test_names_of_diffusers_stay(name: str) -> None:
    there = unet_in_diffusers(name)
    assert {_spelled(key, _of(UNETS[name], Component.UNET)) for key in there} == there.keys()


def test_each_shape_goes_to_the_same_name_as_in_diffusers() -> None:
    there = unet_in_diffusers("UNET-XL-SD")
    here = tensors(components()["UNET-XL-SD"])
    for (_, key), tensor in keys_of(here, detect(here)).tensors.items():
        assert tensor.shape == tuple(there[key])


@pytest.mark.parametrize("family", CHECKPOINTS)
def test_no_two_tensors_of_a_checkpoint_have_one_key(family: str) -> None:
    here = checkpoint(family)
    keys = keys_of(here, detect(here))
    assert len(keys.tensors) == len(here)
    assert keys.notes == ()


@pytest.mark.parametrize(
    ("name", "prefix"),
    [("ControlNet-v1-SD", "control_model."), ("Depth-v2-SD", ""), ("CLIP-v2-WD", "")],
)
def test_no_two_tensors_of_a_part_have_one_key(name: str, prefix: str) -> None:
    here = tensors(components()[name], prefix)
    assert len(keys_of(here, detect(here)).tensors) == len(here)


def test_labels_are_embedded_under_the_name_that_the_family_has_for_it() -> None:
    assert _spelled("label_emb.0.0.weight", _of("sdxl", Component.UNET)) == (
        "add_embedding.linear_1.weight"
    )
    assert _spelled("label_emb.0.2.bias", _of("sd2", Component.UNET)) == (
        "class_embedding.linear_2.bias"
    )
    assert _spelled("label_emb.weight", _of("sd2", Component.UNET)) == "class_embedding.weight"


@pytest.mark.parametrize(
    ("latent", "diffusers"),
    [
        ("input_blocks.1.0.in_layers.2.weight", "down_blocks.0.resnets.0.conv1.weight"),
        ("zero_convs.3.0.weight", "controlnet_down_blocks.3.weight"),
        ("middle_block_out.0.bias", "controlnet_mid_block.bias"),
        ("input_hint_block.0.weight", "controlnet_cond_embedding.conv_in.weight"),
        ("input_hint_block.4.weight", "controlnet_cond_embedding.blocks.1.weight"),
        ("input_hint_block.14.weight", "controlnet_cond_embedding.conv_out.weight"),
    ],
)
def test_a_controlnet_has_the_names_of_diffusers(latent: str, diffusers: str) -> None:
    what = Architecture(family="sd1", kind="controlnet", components=(Component.ADAPTER,))
    assert key_of("control_model." + latent, what) == (Component.ADAPTER, diffusers)


ATTENTION = "coder.mid_block.attentions.0."
VAES = [
    ("encoder.down.2.block.0.conv2.weight", "encoder.down_blocks.2.resnets.0.conv2.weight"),
    (
        "encoder.down.2.block.0.nin_shortcut.weight",
        "encoder.down_blocks.2.resnets.0.conv_shortcut.weight",
    ),
    ("encoder.down.0.downsample.conv.bias", "encoder.down_blocks.0.downsamplers.0.conv.bias"),
    ("decoder.up.0.block.2.conv1.weight", "decoder.up_blocks.3.resnets.2.conv1.weight"),
    ("decoder.up.3.upsample.conv.weight", "decoder.up_blocks.0.upsamplers.0.conv.weight"),
    ("decoder.mid.block_2.norm1.weight", "decoder.mid_block.resnets.1.norm1.weight"),
    ("encoder.mid.attn_1.q.weight", f"en{ATTENTION}to_q.weight"),
    (f"en{ATTENTION}query.weight", f"en{ATTENTION}to_q.weight"),
    (f"en{ATTENTION}to_q.weight", f"en{ATTENTION}to_q.weight"),
    ("decoder.mid.attn_1.proj_out.bias", f"de{ATTENTION}to_out.0.bias"),
    (f"de{ATTENTION}proj_attn.bias", f"de{ATTENTION}to_out.0.bias"),
    (f"de{ATTENTION}to_out.0.bias", f"de{ATTENTION}to_out.0.bias"),
    ("decoder.mid.attn_1.norm.weight", f"de{ATTENTION}group_norm.weight"),
    ("decoder.norm_out.weight", "decoder.conv_norm_out.weight"),
    ("decoder.conv_in.weight", "decoder.conv_in.weight"),
    ("post_quant_conv.weight", "post_quant_conv.weight"),
]


@pytest.mark.parametrize(("name", "key"), VAES)
def test_an_autoencoder_has_the_names_of_diffusers_today(name: str, key: str) -> None:
    assert key_of(name, VAE) == (Component.VAE, key)
    assert key_of("first_stage_model." + name, SD1) == (Component.VAE, key)
    assert key_of(key, VAE) == (Component.VAE, key)


def test_an_autoencoder_keeps_no_name_of_latent_diffusion() -> None:
    here = tensors(components()["VAE-v1-SD"])
    keys = [key for _, key in keys_of(here, VAE).tensors]
    assert len(keys) == len(here)
    assert not [key for key in keys if ".up." in key or ".down." in key or ".mid." in key]


def test_what_judged_an_autoencoder_is_no_part_of_it() -> None:
    assert key_of("loss.perceptual_loss.net.slice1.0.weight", VAE) is None
    assert key_of("first_stage_model.loss.logvar", SD1) is None


ENCODERS = [
    ("token_embedding.weight", "embeddings.token_embedding.weight"),
    ("positional_embedding", "embeddings.position_embedding.weight"),
    ("ln_final.bias", "final_layer_norm.bias"),
    ("transformer.resblocks.3.ln_1.weight", "encoder.layers.3.layer_norm1.weight"),
    ("transformer.resblocks.3.ln_2.bias", "encoder.layers.3.layer_norm2.bias"),
    ("transformer.resblocks.3.attn.in_proj_weight", "encoder.layers.3.self_attn.in_proj.weight"),
    ("transformer.resblocks.3.attn.out_proj.bias", "encoder.layers.3.self_attn.out_proj.bias"),
    ("transformer.resblocks.3.mlp.c_fc.weight", "encoder.layers.3.mlp.fc1.weight"),
    ("transformer.resblocks.3.mlp.c_proj.weight", "encoder.layers.3.mlp.fc2.weight"),
    ("text_projection", "text_projection"),
]


@pytest.mark.parametrize(("name", "key"), ENCODERS)
def test_open_clip_has_the_names_of_transformers(name: str, key: str) -> None:
    sd2 = _of("sd2", Component.UNET)
    assert key_of("cond_stage_model.model." + name, sd2) == (Component.TEXT_ENCODER, key)
    assert key_of(name, CLIP) == (Component.TEXT_ENCODER, key)


def test_the_image_side_of_open_clip_has_the_names_of_transformers() -> None:
    assert key_of("visual.transformer.resblocks.1.mlp.c_fc.weight", CLIP) == (
        Component.IMAGE_ENCODER,
        "encoder.layers.1.mlp.fc1.weight",
    )
    assert key_of("vision_model.encoder.layers.1.mlp.fc1.weight", CLIP) == (
        Component.IMAGE_ENCODER,
        "encoder.layers.1.mlp.fc1.weight",
    )


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("cond_stage_model.transformer.text_model.", SD1),
        ("cond_stage_model.transformer.", SD1),
        ("conditioner.embedders.0.transformer.text_model.", _of("sdxl", Component.UNET)),
        ("text_encoders.clip_l.transformer.text_model.", _of("sd3")),
        ("text_encoder.text_model.", _of("sdxl", Component.UNET)),
        ("text_model.", CLIP),
        ("", CLIP),
    ],
)
def test_the_small_clip_is_named_alike_wherever_it_is(name: str, what: Architecture) -> None:
    layer = "encoder.layers.0.self_attn.q_proj.weight"
    assert key_of(name + layer, what) == (Component.TEXT_ENCODER, layer)


@pytest.mark.parametrize(
    ("prefix", "family"),
    [
        ("conditioner.embedders.1.model.transformer.", "sdxl"),
        ("conditioner.embedders.0.model.transformer.", "sdxl-refiner"),
        ("text_encoders.clip_g.transformer.text_model.", "sd3"),
        ("text_encoder_2.text_model.", "sdxl"),
    ],
)
def test_the_large_clip_is_told_from_the_small_one(prefix: str, family: str) -> None:
    for layer in ("resblocks.0.mlp.c_fc.weight", "encoder.layers.0.mlp.fc1.weight"):
        assert _spelled(prefix + layer, _of(family)) == "clip_g.encoder.layers.0.mlp.fc1.weight"
        assert _spelled(layer, BIG) == "clip_g.encoder.layers.0.mlp.fc1.weight"


def test_t5_is_named_alike_wherever_it_is() -> None:
    layer = "encoder.block.0.layer.1.DenseReluDense.wi_0.weight"
    for name, what in (
        ("text_encoders.t5xxl.transformer." + layer, _of("sd3")),
        ("text_encoder_3." + layer, _of("sd3")),
        ("text_encoder_2." + layer, _of("flux")),
        (layer, _of("t5", Component.TEXT_ENCODER)),
        ("enc.blk.0.ffn_gate.weight", _of("t5encoder")),
    ):
        assert _spelled(name, what) == layer
    assert _spelled("encoder.embed_tokens.weight", _of("t5")) == "shared.weight"


def test_an_encoder_that_no_family_shares_is_told_by_its_own_name() -> None:
    name = "text_encoders.qwen25_7b.transformer.model.layers.0.mlp.up_proj.weight"
    assert _spelled(name, _of("qwen-image")) == "qwen25_7b.layers.0.mlp.up_proj.weight"


LANGUAGE = [
    ("llama", "blk.3.attn_q.weight", "model.layers.3.self_attn.q_proj.weight"),
    ("llama", "blk.3.attn_output.weight", "model.layers.3.self_attn.o_proj.weight"),
    ("llama", "blk.3.ffn_gate.weight", "model.layers.3.mlp.gate_proj.weight"),
    ("llama", "blk.3.ffn_down.weight", "model.layers.3.mlp.down_proj.weight"),
    ("llama", "token_embd.weight", "model.embed_tokens.weight"),
    ("llama", "output.weight", "lm_head.weight"),
    ("llama-like", "layers.3.attention.wk.weight", "model.layers.3.self_attn.k_proj.weight"),
    ("llama-like", "layers.3.feed_forward.w3.weight", "model.layers.3.mlp.up_proj.weight"),
    ("llama-like", "tok_embeddings.weight", "model.embed_tokens.weight"),
    ("qwen2", "blk.3.attn_v.bias", "model.layers.3.self_attn.v_proj.bias"),
    ("qwen2moe", "blk.3.ffn_up_exps.weight", "model.layers.3.mlp.experts.up_proj.weight"),
    ("qwen2moe", "blk.3.ffn_up_shexp.weight", "model.layers.3.mlp.shared_expert.up_proj.weight"),
    ("deepseek2", "blk.3.ffn_up_shexp.weight", "model.layers.3.mlp.shared_experts.up_proj.weight"),
    ("phi3", "blk.3.attn_qkv.weight", "model.layers.3.self_attn.qkv_proj.weight"),
    ("phi3", "blk.3.ffn_up.weight", "model.layers.3.mlp.gate_up_proj.weight"),
    ("gpt2", "blk.3.attn_qkv.weight", "transformer.h.3.attn.c_attn.weight"),
    ("gpt2", "token_embd.weight", "wte.weight"),
    ("bert", "blk.3.attn_k.weight", "bert.encoder.layer.3.attention.self.key.weight"),
    ("bert", "blk.3.attn_output.weight", "encoder.layer.3.attention.output.dense.weight"),
    ("bert", "blk.3.ffn_down.weight", "encoder.layer.3.output.dense.weight"),
    ("bert", "token_embd.weight", "bert.embeddings.word_embeddings.weight"),
    ("t5", "dec.blk.3.cross_attn_o.weight", "decoder.block.3.layer.1.EncDecAttention.o.weight"),
    ("t5", "dec.blk.3.ffn_down.weight", "decoder.block.3.layer.2.DenseReluDense.wo.weight"),
    ("t5", "token_embd.weight", "shared.weight"),
]


@pytest.mark.parametrize(("family", "there", "here"), LANGUAGE)
def test_a_language_model_is_named_alike_in_every_format(
    family: str, there: str, here: str
) -> None:
    key = key_of(here, _of(family))
    assert key is not None
    assert key_of(there, _of(family)) == key


@pytest.mark.parametrize(
    "wrapper",
    ["model.", "module.", "_orig_mod.", "state_dict.", "transformer.", "module.model."],
)
def test_what_wraps_a_model_is_no_part_of_its_names(wrapper: str) -> None:
    assert _spelled(wrapper + "layers.0.mlp.up_proj.weight", _of("llama-like")) == (
        "layers.0.mlp.up_proj.weight"
    )
    assert _spelled("layers.0.mlp.up_proj.base_layer.weight", _of("llama-like")) == (
        "layers.0.mlp.up_proj.weight"
    )


FLUX = [
    ("img_in.weight", "x_embedder.weight"),
    ("time_in.out_layer.bias", "time_text_embed.timestep_embedder.linear_2.bias"),
    ("double_blocks.7.img_attn.proj.weight", "transformer_blocks.7.attn.to_out.0.weight"),
    ("double_blocks.7.txt_mlp.2.weight", "transformer_blocks.7.ff_context.net.2.weight"),
    ("single_blocks.7.linear2.weight", "single_transformer_blocks.7.proj_out.weight"),
    ("final_layer.linear.weight", "proj_out.weight"),
]


@pytest.mark.parametrize(("name", "key"), FLUX)
def test_flux_has_the_names_of_diffusers(name: str, key: str) -> None:
    assert _spelled("model.diffusion_model." + name, _of("flux")) == key
    assert _spelled(key, _of("flux")) == key


def test_fused_and_reordered_matrices_do_not_have_the_name_of_another() -> None:
    for name in (
        "double_blocks.7.img_attn.qkv.weight",
        "single_blocks.7.linear1.weight",
        "final_layer.adaLN_modulation.1.weight",  # diffusers swaps its halves
    ):
        key = _spelled(name, _of("flux"))
        assert "to_q" not in key and "norm_out" not in key and "proj_mlp" not in key


@pytest.mark.parametrize(
    "name",
    [
        "optimizer.state.0",
        "optimizer_states.0.state.12.exp_avg",
        "model.diffusion_model.out.2.weight.exp_avg_sq",
        "callbacks.x",
        "betas",
        "sqrt_one_minus_alphas_cumprod",
        "denoiser.sigmas",
        "model_ema.decay",
        "model_ema.num_updates",
        "model_ema.diffusion_modelout2weight",
    ],
)
def test_what_is_no_weight_has_no_key(name: str) -> None:
    assert key_of(name, SD1) is None


def test_a_model_beside_the_main_one_has_a_part_of_its_own() -> None:
    sd2 = _of("sd2", Component.UNET)
    assert key_of("depth_model.weight", sd2) == (Component.OTHER, "weight")


LIVE = tensors({"out.0.weight": [320], "out.2.weight": [4, 320, 3, 3]}, "model.diffusion_model.")
COPIES = tensors({"out0weight": [320], "out2weight": [4, 320, 3, 3]}, "model_ema.diffusion_model")


def test_live_weights_stand_before_their_copies() -> None:
    keys = keys_of([*COPIES, *LIVE], SD1)
    assert sorted(keys.tensors.values()) == sorted(LIVE)
    assert keys.notes == ()


@pytest.mark.parametrize("variant", [None, "ema"])
def test_copies_stand_for_live_weights_where_there_are_none(variant: str | None) -> None:
    what = Architecture(
        family="sd1", kind="checkpoint", variant=variant, components=(Component.UNET,)
    )
    vae = tensors({"decoder.conv_in.weight": [512, 4, 3, 3]}, "first_stage_model.")
    counters = tensors({"decay": [], "num_updates": []}, "model_ema.")
    keys = keys_of([*COPIES, *vae, *counters], what)
    assert {key: tensor.name for key, tensor in keys.tensors.items()} == {
        (Component.UNET, "conv_norm_out.weight"): "model_ema.diffusion_modelout0weight",
        (Component.UNET, "conv_out.weight"): "model_ema.diffusion_modelout2weight",
        (Component.VAE, "decoder.conv_in.weight"): "first_stage_model.decoder.conv_in.weight",
    }
    assert keys.notes == ("unet: averaged copies (EMA) stand for its weights",)


@pytest.mark.parametrize(
    ("copies", "name"),
    [("UNET-v1-EMA", "UNET-v1-SD"), ("UNET-v1-Pix2Pix-EMA", "UNET-v1-Pix2Pix")],
)
@pytest.mark.parametrize("prefix", ["model_ema.", "model_ema.diffusion_model", ""])
def test_every_copy_of_a_unet_finds_its_live_name(copies: str, name: str, prefix: str) -> None:
    what = Architecture(
        family="sd1", kind="checkpoint", variant="ema", components=(Component.UNET,)
    )
    live = unet_in_diffusers(name)
    found = keys_of(tensors(components()[copies], prefix), what).tensors
    assert {key: list(tensor.shape) for (_, key), tensor in found.items()} == live


@pytest.mark.parametrize("name", ["UNET-XL-SD", "UNET-XL-Refiner", "UNET-v2-SD"])
def test_dots_are_found_again_in_every_family(name: str) -> None:
    what = Architecture(family="sdxl", variant="ema", components=(Component.UNET,))
    for key in components()[name]:
        flat = "model_ema.diffusion_model" + key.replace(".", "")
        assert key_of(flat, what) == key_of("model.diffusion_model." + key, what)


def test_copies_with_their_dots_keep_them() -> None:
    what = _of("llama-like")
    keys = keys_of(tensors({"layers.0.mlp.up_proj.weight": [64, 64]}, "ema_model.module."), what)
    assert list(keys.tensors) == [(Component.TRANSFORMER, "layers.0.mlp.up_proj.weight")]
    assert len(keys.notes) == 1


def _placed(here: list[Tensor]) -> list[Tensor]:
    """The tensors one behind the other."""
    return [tensor._replace(offset=1000 * n) for n, tensor in enumerate(here)]


def test_of_two_names_for_one_key_both_are_kept_whatever_their_order() -> None:
    here = _placed(
        tensors({"conv_in.weight": [320, 4, 3, 3], "input_blocks.0.0.weight": [320, 4, 3, 3]})
    )
    for listing in (here, here[::-1]):
        keys = keys_of(listing, SD1)
        assert {key: tensor.name for (_, key), tensor in keys.tensors.items()} == {
            "conv_in.weight": "conv_in.weight",
            "other_2.conv_in.weight": "input_blocks.0.0.weight",
        }
        assert keys.notes == (
            "'input_blocks.0.0.weight': another name for what is there already, and kept by itself",
        )


def test_a_name_that_is_there_more_than_once_is_kept_as_often() -> None:
    (here,) = tensors({"conv_in.weight": [320, 4, 3, 3]})
    keys = keys_of(_placed([here] * 3), SD1)
    assert {key: tensor.offset for (_, key), tensor in keys.tensors.items()} == {
        "conv_in.weight": 0,
        "other_2.conv_in.weight": 1000,
        "other_3.conv_in.weight": 2000,
    }
    assert keys.notes == (
        "'conv_in.weight' and 1 more: there more than once, and each kept by itself",
    )


def test_the_same_bytes_under_two_names_or_twice_under_one_are_one_tensor() -> None:
    here = tensors({"conv_in.weight": [320, 4, 3, 3], "input_blocks.0.0.weight": [320, 4, 3, 3]})
    keys = keys_of([*here, *here], SD1)
    assert [tensor.name for tensor in keys.tensors.values()] == ["conv_in.weight"]
    assert keys.notes == ()


def test_a_key_that_a_tensor_has_for_its_name_is_given_to_no_other() -> None:
    names = ["conv_in.weight", "input_blocks.0.0.weight", "other_2.conv_in.weight"]
    for listing in (names, ["_orig_mod.other_2.conv_in.weight", *names]):
        keys = keys_of(_placed([Tensor(n, "F16", (64, 64), 0, 8192) for n in listing]), SD1)
        assert sorted(tensor.name for tensor in keys.tensors.values()) == sorted(listing)


def test_what_is_no_text_in_a_name_is_no_part_of_its_key() -> None:
    for name in ("layers.0.mlp.up\u202e_proj.weight", "model.\u200blayers.0.mlp.up_proj.weight\n"):
        assert _spelled(name, _of("llama-like")) == "layers.0.mlp.up_proj.weight"


def test_a_name_longer_than_any_is_kept_as_it_is() -> None:
    name = "encoder.down.0.block." * 50_000
    assert key_of(name, VAE) == (Component.VAE, name)


_WORDS = [
    "model", "model_ema", "diffusion_model", "input_blocks", "output_blocks", "0", "1", "12", "999",
    "in_layers", "op", "conv", "middle_block", "label_emb", "blk", "attn_q", "ffn_up_exps", "q",
    "enc", "cross_attn_q", "layers", "attention", "wq", "resblocks", "attn", "in_proj_weight",
    "attn_1", "mid", "encoder", "up", "block", "text_encoders", "clip_g", "conditioner", "weight",
    "transformer", "text_encoder_2", "double_blocks", "linear1", "zero_convs", "loss", "²", "\n",
    "out0weight", "input_blocks11normweight", "first_stage_model", "cond_stage_model", "embedders",
    "ema_model", "",
]  # fmt: skip
_NAMES = st.one_of(
    st.text(max_size=40), st.lists(st.sampled_from(_WORDS), max_size=8).map(".".join)
)
_ARCHITECTURES = st.builds(
    Architecture,
    family=st.sampled_from(["sd1", "sd2", "flux", "llama", "bert", "t5", "clip", "unknown"]),
    variant=st.sampled_from([None, "ema", "vit-bigg"]),
    components=st.lists(st.sampled_from(list(Component)), max_size=2).map(tuple),
)


@given(_NAMES, _ARCHITECTURES)
def test_no_name_raises(name: str, what: Architecture) -> None:
    key = key_of(name, what)
    assert key is None or (isinstance(key[0], Component) and isinstance(key[1], str))


@given(st.lists(_NAMES, max_size=12), _ARCHITECTURES)
def test_the_order_of_tensors_does_not_matter(names: list[str], what: Architecture) -> None:
    here = [Tensor(name, "F16", (4, 4), None, 0) for name in names]
    keys = keys_of(here, what)
    other = keys_of(here[::-1], what)
    assert (dict(keys.tensors), keys.notes) == (dict(other.tensors), other.notes)
    assert all(len(note) < 300 and note.isprintable() for note in keys.notes)
