"""What people do to the structure of a model: layers, names, vocabularies, parts."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from tests.quality.zoo import language
from tests.quality.zoo.tape import Weights

_LAYER = re.compile(r"(?<=layers\.)\d+(?=\.)")
_EMBEDDING, _HEAD = "model.embed_tokens.weight", "lm_head.weight"


def half(one: Weights, other: Weights) -> Weights:
    """Every second matrix from ``other``; none of its input matrix."""
    names = sorted(name for name, value in one.items() if value.ndim > 1)
    names = [name for name in names if not _is_input(name)][::2]
    return {**one, **{name: other[name] for name in names}}


def only_input(one: Weights, other: Weights) -> Weights:
    """``one`` with the input matrix of ``other``."""
    return {name: other[name] if _is_input(name) else value for name, value in one.items()}


def _is_input(name: str) -> bool:
    return name in (_EMBEDDING, "conv_in.weight")


def layers(weights: Weights, order: Sequence[int]) -> Weights:
    """The model with these of its layers, in this order: dropped, doubled or moved."""
    found = {name: value for name, value in weights.items() if not _LAYER.search(name)}
    for place, number in enumerate(order):
        for name, value in weights.items():
            match = _LAYER.search(name)
            if match and int(match[0]) == number:
                found[_LAYER.sub(str(place), name)] = value
    return found


def renamed(weights: Weights) -> Weights:
    """Names as exporters to ONNX give them: of operations, counted through."""
    matrices = [name for name, value in weights.items() if value.ndim > 1]
    return {f"onnx::MatMul_{364 + 7 * n}": weights[name] for n, name in enumerate(matrices)}


def transposed(weights: Weights) -> Weights:
    """Every matrix turned over, under its own name."""
    return {
        name: np.ascontiguousarray(value.T) if value.ndim == 2 else value
        for name, value in weights.items()
    }


def vocabulary(weights: Weights, rows: int) -> Weights:
    """More rows for new symbols, or fewer."""
    drawn = np.random.default_rng([rows, 31])
    found = dict(weights)
    for name in (_EMBEDDING, _HEAD):
        value = weights[name]
        new = drawn.standard_normal((max(0, rows - len(value)), value.shape[1]), np.float32)
        found[name] = np.concatenate([value, new * value.std()])[:rows]
    return found


def with_training_state(weights: Weights) -> Weights:
    """Moments of Adam beside the weights, as training dumps keep them."""
    drawn = np.random.default_rng(32)
    found = dict(weights)
    for name, value in weights.items():
        moment = drawn.standard_normal(value.shape, np.float32) * np.float32(1e-3)
        found[f"optimizer.state.{name}.exp_avg"] = moment
        found[f"optimizer.state.{name}.exp_avg_sq"] = moment**2
    return found


def with_buffers(weights: Weights) -> Weights:
    """Large tables that are computed, and so the same in every model."""
    place = np.outer(np.arange(256), np.arange(64) + 1).astype(np.float32)
    return {
        **weights,
        "model.rotary_emb.cos_cached": np.cos(place / 256),
        "model.embed_positions.weight": np.sin(place / 64),
        "stft.forward_basis_buffer": np.cos(place / 40),
        "model.rel_pos_mask": np.tril(np.ones((128, 128), np.float32)),
    }


def text_encoder(weights: Weights) -> Weights:
    """A language model as the text encoder of a checkpoint, in CLIP's names."""
    spelled = {
        _EMBEDDING: "embeddings.token_embedding.weight",
        "model.norm.weight": "final_layer_norm.weight",
    }
    parts = {
        "input_layernorm": "layer_norm1", "post_attention_layernorm": "layer_norm2",
        "self_attn.o_proj": "self_attn.out_proj", "mlp.up_proj": "mlp.fc1",
        "mlp.down_proj": "mlp.fc2", "self_attn.q_proj": "self_attn.q_proj",
        "self_attn.k_proj": "self_attn.k_proj", "self_attn.v_proj": "self_attn.v_proj",
    }  # fmt: skip
    for number in range(language.LAYERS):
        for ours, theirs in parts.items():
            name = f"model.layers.{number}.{ours}.weight"
            spelled[name] = f"encoder.layers.{number}.{theirs}.weight"
    return {theirs: weights[ours] for ours, theirs in spelled.items()}
