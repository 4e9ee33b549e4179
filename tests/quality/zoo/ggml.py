"""GGUF files of the language model, as llama.cpp's converter writes and quantises them.

The package ``gguf`` quantises all but the K-quants; those are made here by the simplest rule that
fills their layout (github.com/ggml-org/llama.cpp, ``ggml-quants.c``).
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import gguf
import numpy as np
from gguf import quants
from numpy.typing import NDArray

from tests.quality.zoo import language
from tests.quality.zoo.tape import Array, Weights

_NAMES: Final = {
    "model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output",
    "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm",
    "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}  # fmt: skip
_INSTEAD: Final = {"Q4_K": "Q5_0", "Q6_K": "Q8_0"}
"""What llama.cpp takes where a row is no multiple of 256 values."""
_SUPER: Final = 256


def write(path: Path, weights: Weights, dtype: str) -> None:
    """The file; ``dtype`` is that of its matrices."""
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_block_count(language.LAYERS)
    writer.add_head_count(language.HEADS)
    writer.add_embedding_length(language.WIDTH)
    for name, value in weights.items():
        if value.ndim == 1:
            writer.add_tensor(_named(name), value)
            continue
        kind = dtype if value.shape[1] % _SUPER == 0 else _INSTEAD.get(dtype, dtype)
        encoded = quantised(_turned(name, value), kind)
        writer.add_tensor(_named(name), encoded, raw_dtype=gguf.GGMLQuantizationType[kind])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def quantised(value: Array, kind: str) -> NDArray[np.generic]:
    """A matrix in blocks of a type, row by row."""
    if kind in _INSTEAD:
        blocks = value.reshape(-1, _SUPER)
        found = _q4_k(blocks) if kind == "Q4_K" else _q6_k(blocks)
        return found.reshape(len(value), -1)
    return np.asarray(quants.quantize(value, gguf.GGMLQuantizationType[kind]))


def _named(name: str) -> str:
    stem = name.removesuffix(".weight")
    layer = re.match(r"model\.layers\.(\d+)\.", stem)
    prefix = f"blk.{layer[1]}." if layer else ""
    return f"{prefix}{_NAMES[stem[layer.end() :] if layer else stem]}.weight"


def _turned(name: str, value: Array) -> Array:
    """Rows of queries and keys in the order that llama.cpp rotates them in."""
    if not name.endswith(("q_proj.weight", "k_proj.weight")):
        return value
    heads = value.reshape(language.HEADS, 2, -1, value.shape[1])
    return np.ascontiguousarray(heads.swapaxes(1, 2).reshape(value.shape))


def _q4_k(blocks: Array) -> NDArray[np.uint8]:
    """256 values each: a scale and a least value for each 32 of them, both of six bits."""
    parts = blocks.reshape(len(blocks), 8, 32)
    least = np.minimum(parts.min(axis=2), 0)
    step = (parts.max(axis=2) - least) / 15
    d, scale = _shared(step, 63)
    m, low = _shared(-least, 63)
    true_step = _half(d)[:, None] * scale
    true_low = _half(m)[:, None] * low
    safe = np.where(true_step > 0, true_step, 1)
    counts = np.clip(np.round((parts + true_low[..., None]) / safe[..., None]), 0, 15)
    codes = counts.astype(np.uint8).reshape(len(blocks), 4, 2, 32)
    high = ((scale[:, 4:] & 0xF) | ((low[:, 4:] & 0xF) << 4)).astype(np.uint8)
    first = (scale[:, :4] | ((scale[:, 4:] >> 4) << 6)).astype(np.uint8)
    second = (low[:, :4] | ((low[:, 4:] >> 4) << 6)).astype(np.uint8)
    nibbles = (codes[:, :, 0] | (codes[:, :, 1] << 4)).reshape(len(blocks), -1)
    return np.concatenate([_bytes(d), _bytes(m), first, second, high, nibbles], axis=1)


def _q6_k(blocks: Array) -> NDArray[np.uint8]:
    """256 values each: a signed scale of eight bits for each 16 of them."""
    parts = blocks.reshape(len(blocks), 16, 16)
    d, scale = _shared(np.abs(parts).max(axis=2) / 31, 127)
    step = _half(d)[:, None] * scale
    safe = np.where(step > 0, step, 1)
    codes = np.clip(np.round(parts / safe[..., None]), -32, 31).astype(np.int16) + 32
    rows = codes.reshape(len(blocks), 2, 4, 32).astype(np.uint8)
    low, high = rows & 0xF, rows >> 4
    nibbles = np.concatenate([low[:, :, 0] | low[:, :, 2] << 4, low[:, :, 1] | low[:, :, 3] << 4],
                             axis=2)  # fmt: skip
    pairs = high[:, :, 0] | high[:, :, 1] << 2 | high[:, :, 2] << 4 | high[:, :, 3] << 6
    count = len(blocks)
    return np.concatenate(
        [nibbles.reshape(count, -1), pairs.reshape(count, -1), scale.astype(np.uint8), _bytes(d)],
        axis=1,
    )


def _shared(values: Array, most: int) -> tuple[NDArray[np.float16], NDArray[np.int64]]:
    """One step for a block, and each value as a count of such steps."""
    step = (values.max(axis=1) / most).astype(np.float16)
    safe = np.where(step > 0, step, 1).astype(np.float32)
    return step, np.clip(np.round(values / safe[:, None]), 0, most).astype(np.int64)


def _half(step: NDArray[np.float16]) -> Array:
    return step.astype(np.float32)


def _bytes(step: NDArray[np.float16]) -> NDArray[np.uint8]:
    return step.astype("<f2").reshape(-1, 1).view(np.uint8)
