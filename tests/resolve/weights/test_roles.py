"""Which matrices are compared, and which stand for their part."""

from __future__ import annotations

import json
import struct
from collections import Counter
from math import prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelaudit.domain.weights import Architecture
from modelaudit.resolve.architecture import detect
from modelaudit.resolve.weights.naming import keys_of
from modelaudit.resolve.weights.roles import (
    Shape,
    block_start,
    choose,
    eligible,
    is_input,
    is_permuted,
    is_vocabulary,
    kind,
    left_out_beside,
    spread,
)
from tests.resolve.architecture.listings import components, tensors
from tests.shared import shared

BIG = (512, 512)


def _unet(name: str) -> dict[str, Shape]:
    here = tensors(components()[name])
    return {key: tensor.shape for (_, key), tensor in keys_of(here, detect(here)).tensors.items()}


def _file(name: str) -> dict[str, Shape]:
    content = shared(f"weights/{name}.safetensors").read_bytes()
    (length,) = struct.unpack_from("<Q", content)
    entries = json.loads(content[8 : 8 + length])
    return {key: tuple(entry["shape"]) for key, entry in entries.items() if key[0] != "_"}


def _llama(layers: int, experts: int = 0) -> dict[str, Shape]:
    shapes: dict[str, Shape] = {"embed_tokens.weight": (32000, 256), "lm_head.weight": (32000, 256)}
    for n in range(layers):
        for x, rows in (("q", 256), ("k", 64), ("v", 64), ("o", 256)):
            shapes[f"layers.{n}.self_attn.{x}_proj.weight"] = (rows, 256)
        shapes[f"layers.{n}.input_layernorm.weight"] = (256,)
        for e in range(experts or 1):
            inner = f"layers.{n}.mlp." + (f"experts.{e}." if experts else "")
            for way in ("gate", "up", "down"):
                shapes[f"{inner}{way}_proj.weight"] = (688, 256)
    return shapes


@pytest.mark.parametrize(
    ("name", "matrices"), [("UNET-v1-SD", 281), ("UNET-v2-SD", 281), ("UNET-XL-SD", 793)]
)
def test_a_unet_is_stood_for_by_its_input_attention_and_more(name: str, matrices: int) -> None:
    shapes = _unet(name)
    assert sum(eligible(key, shape) for key, shape in shapes.items()) == matrices
    chosen = choose(shapes)
    assert Counter(map(kind, chosen)) == {"input": 1, "attn": 6, "mlp": 5, "other": 4}
    assert chosen[0] == "conv_in.weight"


def test_the_chosen_ones_lie_at_many_depths() -> None:
    blocks = {".".join(key.split(".")[:4]) for key in choose(_unet("UNET-v1-SD"))}
    assert len(blocks) >= 11
    layers = [key.split(".")[1] for key in choose(_llama(32)) if key.startswith("layers.")]
    assert len(set(layers)) >= 7
    assert min(map(int, layers)) == 0
    assert max(map(int, layers)) == 31


def test_the_choice_does_not_depend_on_the_order_of_the_file() -> None:
    shapes = _llama(12)
    assert choose(dict(reversed(shapes.items()))) == choose(shapes)
    assert spread(dict(reversed(shapes.items())), 40) == spread(shapes, 40)


def test_an_embedding_is_always_chosen() -> None:
    for total in (1, 4, 16):
        assert choose(_llama(24), total)[0] == "embed_tokens.weight"
    assert choose(_file("minilm/all-MiniLM-L6-v2.trim"))[0] == ("embeddings.word_embeddings.weight")


def test_as_many_are_chosen_as_asked_for_where_there_are_as_many() -> None:
    alike = {f"blocks.{n}.conv.weight": BIG for n in range(30)}
    assert len(set(choose(alike))) == 16
    assert len(choose(alike, 24)) == 24
    assert len(choose(_llama(1))) == 9
    assert choose(alike, 0) == choose(alike, -1) == choose({}) == ()


def test_what_independent_trainings_share_is_not_compared() -> None:
    shapes = _file("silero/silero_vad_5.1_8k")
    assert "stft.forward_basis_buffer" in shapes
    assert sorted(key for key, shape in shapes.items() if eligible(key, shape)) == [
        "decoder.rnn.weight_hh",
        "decoder.rnn.weight_ih",
        "encoder.0.reparam_conv.weight",
        "encoder.1.reparam_conv.weight",
        "encoder.2.reparam_conv.weight",
        "encoder.3.reparam_conv.weight",
    ]


@pytest.mark.parametrize(
    "key",
    [
        "embeddings.position_ids",
        "embeddings.position_embedding.weight",
        "encoder.embed_positions.weight",
        "pos_embed",
        "wpe.weight",
        "layers.0.attn.relative_position_bias_table",
        "encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight",
        "encoder.rel_embeddings.weight",
        "stft.forward_basis_buffer",
        "mel_scale.fb",
        "layers.0.self_attn.rotary_emb.inv_freq",
        "rope_freqs.weight",
        "freqs_cis",
        "layers.0.input_layernorm.weight",
        "transformer_blocks.0.norm1.linear.weight",
        "encoder.layer.0.output.LayerNorm.weight",
        "h.0.ln_1.weight",
        "h.0.attn.bias",
        "h.0.attn.masked_bias",
        "layers.0.attn_mask",
        "sqrt_alphas_cumprod",
        "log_one_minus_alphas_cumprod",
        "layers.0.mlp.weight.exp_avg",
        "optimizer.state",
        "bn1.running_mean",
        "motion_modules.0.pos_encoder.pe",
        "layers.0.mlp.up_proj.weight_scale_inv",
        "layers.0.mlp.up_proj.scales",
        "layers.0.mlp.up_proj.biases",
        "layers.0.mlp.up_proj.qweight",
        "layers.0.mlp.up_proj.qzeros",
    ],
)
def test_tables_norms_and_what_belongs_to_others_are_not_eligible(key: str) -> None:
    assert not eligible(key, BIG)


@pytest.mark.parametrize(
    "key",
    [
        "conv_in.weight",
        "pos_embed.proj.weight",
        "embed_tokens.weight",
        "layers.0.mlp.experts.3.up_proj.weight",
        "mask_decoder.iou_prediction_head.weight",
        "encoder.positionwise.w1.weight",
        "adaln_single.linear.weight",
        "alnus.weight",
        "bneck.0.weight",
    ],
)
def test_learned_matrices_are_eligible_whatever_they_sound_like(key: str) -> None:
    assert eligible(key, BIG)


@pytest.mark.parametrize(
    ("shape", "answer"),
    [
        ((64, 64), True),
        ((320, 4, 3, 3), True),
        ((63, 64), False),
        ((15, 4096), False),
        ((4096, 15), False),
        ((4096,), False),
        ((), False),
        ((0, 2**63), False),
        ((64, 0, 64), False),
        ((-64, -64), False),
        ((2**63 - 1,) * 8, True),
        ((2,) * 40, False),
        ((64, 1) * 100_000, False),
    ],
)
def test_small_narrow_and_absurd_shapes_are_not_eligible(shape: Shape, answer: bool) -> None:
    assert eligible("layer.weight", shape) is answer


@pytest.mark.parametrize(
    ("key", "answer"),
    [
        ("conv_in.weight", "input"),
        ("x_embedder.weight", "input"),
        ("x_embedder.proj.1.weight", "input"),
        ("pos_embed.proj.weight", "input"),
        ("patch_embed.proj.weight", "input"),
        ("embeddings.patch_embedding.weight", "input"),
        ("embeddings.patch_embeddings.projection.weight", "input"),
        ("patch_embedding.weight", "input"),
        ("wte.weight", "input"),
        ("shared.weight", "input"),
        ("clip_g.embeddings.token_embedding.weight", "input"),
        ("lm_head.weight", "other"),
        ("layers.0.self_attn.q_proj.weight", "attn"),
        ("encoder.layer.0.attention.output.dense.weight", "attn"),
        ("encoder.layer.0.output.dense.weight", "mlp"),
        ("encoder.layer.0.intermediate.dense.weight", "mlp"),
        ("encoder.block.0.layer.0.SelfAttention.q.weight", "attn"),
        ("encoder.block.0.layer.1.DenseReluDense.wo.weight", "mlp"),
        ("down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k.weight", "attn"),
        ("down_blocks.0.attentions.0.transformer_blocks.0.ff.net.2.weight", "mlp"),
        ("down_blocks.0.attentions.0.proj_in.weight", "other"),
        ("down_blocks.0.resnets.0.conv1.weight", "other"),
        ("decoder.mid_block.attentions.0.to_out.0.weight", "attn"),
        ("transformer_blocks.0.ff_context.net.0.proj.weight", "mlp"),
        ("single_transformer_blocks.0.attn.qkv_mlp.weight", "attn"),
        ("h.0.mlp.c_proj.weight", "mlp"),
        ("h.0.attn.c_proj.weight", "attn"),
        ("layers.0.mlp.experts.7.down_proj.weight", "mlp"),
        ("layers.0.mixer.in_proj.weight", "other"),
    ],
)
def test_a_name_tells_what_a_matrix_is_for(key: str, answer: str) -> None:
    assert kind(key) == answer
    assert is_input(key) is (answer == "input")


def test_rows_of_embeddings_and_heads_are_tokens() -> None:
    for key in (
        "embed_tokens.weight",
        "lm_head.weight",
        "shared.weight",
        "embeddings.word_embeddings.weight",
    ):
        assert is_vocabulary(key)
    for key in ("conv_in.weight", "mlp.shared.weight", "embeddings.patch_embedding.weight"):
        assert not is_vocabulary(key)


def test_a_block_begins_a_row_near_the_middle() -> None:
    assert block_start("conv_in.weight", (320, 4, 3, 3)) == 145 * 36
    assert block_start("ff.net.2.weight", (640, 2560)) == 319 * 2560
    assert block_start("to_q.weight", (32, 32)) == 0
    assert block_start("to_q.weight", (33, 32)) == 0
    assert block_start("mlp.experts.up_proj.weight", (8, 64, 64)) == 3 * 4096


def test_a_block_of_a_vocabulary_stays_where_it_is_when_tokens_are_added() -> None:
    assert block_start("embed_tokens.weight", (32000, 4096)) == 1000 * 4096
    assert block_start("embed_tokens.weight", (32064, 4096)) == 1000 * 4096
    assert block_start("lm_head.weight", (100, 384)) == 24 * 384


_SIZES = st.integers(-3, 2**63 - 1) | st.integers(0, 70)


@given(
    st.sampled_from(["embed_tokens.weight", "conv.weight"]),
    st.lists(_SIZES, max_size=10).map(tuple),
    st.integers(-1, 5000),
)
def test_a_block_lies_in_its_matrix_whatever_the_shape_says(
    key: str, shape: Shape, count: int
) -> None:
    start = block_start(key, shape, count)
    values = prod(shape) if shape and min(shape) > 0 else 0
    assert start == 0 or (0 < start <= values - count and start % (values // shape[0]) == 0)


def test_a_reference_of_many_experts_holds_some_of_every_role_and_depth() -> None:
    shapes = _llama(24, experts=64)
    keys = spread(shapes, 500)
    assert len(set(keys)) == len(keys) == 500
    assert set(choose(shapes)) <= set(keys)
    assert all(eligible(key, shapes[key]) for key in keys)
    assert sum(".self_attn." in key for key in keys) == 4 * 24
    layers = Counter(key.split(".")[1] for key in keys if ".experts." in key)
    assert len(layers) == 24
    assert max(layers.values()) <= 2 * min(layers.values())


def test_a_reference_of_few_matrices_holds_all_of_them() -> None:
    shapes = _unet("UNET-v1-SD")
    assert len(spread(shapes, 281)) == len(spread(shapes, 10**6)) == 281
    assert len(spread(shapes, 280)) == 280
    assert spread(shapes, 0) == spread(shapes, -5) == ()


def test_numbers_and_names_beyond_measure_are_only_names() -> None:
    shapes = {
        "9" * 20_000 + ".weight": BIG,
        "_" * 50_000 + "weight": BIG,
        "position_" * 5_000: BIG,
        ".attn" * 5_000: BIG,
        "layers.²³.weight": BIG,
    }
    assert set(choose(shapes)) <= shapes.keys()
    assert len(spread(shapes, 2)) == 2


@given(st.dictionaries(st.text(max_size=20), st.lists(_SIZES, max_size=4).map(tuple), max_size=9))
def test_no_listing_raises(shapes: dict[str, Shape]) -> None:
    chosen = choose(shapes)
    assert len(set(chosen)) == len(chosen) <= 16
    assert all(eligible(key, shapes[key]) for key in chosen)
    assert set(spread(shapes, 3)) <= shapes.keys()


@pytest.mark.parametrize(
    ("name", "family", "answer"),
    [
        ("blk.0.attn_q.weight", "llama", True),
        ("layers.0.attention.wq.weight", "llama-like", True),
        ("blk.0.attn_q.weight", "unknown", True),
        ("blk.0.attn_q.weight", "olmo", True),
        ("blk.0.attn_q.weight", "olmo2", False),
        ("blk.0.attn_q.weight", "qwen2", False),
        ("blk.0.attn_q.weight", "gemma2", False),
        ("model.layers.0.self_attn.q_proj.weight", "llama-like", False),
    ],
)
def test_rows_of_queries_lie_otherwise_in_gguf(name: str, family: str, answer: bool) -> None:
    what = Architecture(family=family)
    assert is_permuted(name, "layers.0.self_attn.q_proj.weight", what) is answer
    assert not is_permuted("blk.0.attn_v.weight", "layers.0.self_attn.v_proj.weight", what)


def test_what_lies_otherwise_is_told_from_the_values_beside_it() -> None:
    key = "layers.3.self_attn.v_proj.weight"
    llama = Architecture(family="llama")
    assert left_out_beside("blk.3.attn_v.weight", key, llama) == (
        "layers.3.self_attn.q_proj.weight", "layers.3.self_attn.k_proj.weight",
    )  # fmt: skip
    assert left_out_beside("model." + key, key, llama) == ()
    assert left_out_beside("blk.3.attn_v.weight", key, Architecture(family="qwen2")) == ()
    assert left_out_beside("blk.3.attn_output.weight", "x.o_proj.weight", llama) == ()
