"""Small weight files with real names and shapes, made of a seed."""

from __future__ import annotations

import json
import random
import struct
from collections.abc import Mapping, Sequence

Shapes = Mapping[str, Sequence[int]]

SD1: Shapes = {
    "model.diffusion_model.input_blocks.0.0.weight": (320, 4, 3, 3),
    "model.diffusion_model.input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight": (320, 768),
    "first_stage_model.encoder.conv_in.weight": (128, 3, 3, 3),
    "first_stage_model.decoder.conv_in.weight": (512, 4, 3, 3),
    "cond_stage_model.transformer.text_model.embeddings.position_embedding.weight": (77, 768),
    "cond_stage_model.transformer.text_model.final_layer_norm.weight": (768,),
}
"""The tensors of a Stable Diffusion 1 checkpoint that tell what it is."""

SD1_LORA: Shapes = {
    "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k.lora_down.weight": (
        16, 768,
    ),
    "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k.lora_up.weight": (
        320, 16,
    ),
}  # fmt: skip

SDXL_LORA: Shapes = {
    "lora_unet_input_blocks_4_1_transformer_blocks_0_attn2_to_k.lora_down.weight": (16, 2048),
    "lora_unet_input_blocks_4_1_transformer_blocks_0_attn2_to_k.lora_up.weight": (640, 16),
}

WORDS: Shapes = {
    "embeddings.word_embeddings.weight": (50, 32),
    "encoder.layer.0.attention.self.query.weight": (32, 32),
    "encoder.layer.0.attention.self.key.weight": (32, 32),
}
"""A small encoder of words, of no kin to anything."""


def safetensors(
    shapes: Shapes, seed: int, *, order: int = 1, wrapped: str = "", **metadata: str
) -> bytes:
    """A file of F16 tensors, each with bytes of its own; ``order`` -1 lays them the other way.

    Bytes follow from seed and name; a name loses the prefix ``wrapped`` for that.
    """
    tensors = {
        name: random.Random(f"{seed} {name.removeprefix(wrapped)}").randbytes(2 * _count(shape))
        for name, shape in shapes.items()
    }
    entries: dict[str, object] = {"__metadata__": metadata} if metadata else {}
    data = b""
    for name in list(tensors)[::order]:
        span = [len(data), len(data) + len(tensors[name])]
        entries[name] = {"dtype": "F16", "shape": list(shapes[name]), "data_offsets": span}
        data += tensors[name]
    header = json.dumps(entries).encode()
    header += b" " * (-len(header) % 8)
    return struct.pack("<Q", len(header)) + header + data


def tied(content: bytes, name: str) -> bytes:
    """The file with one of its tensors under a second name as well."""
    (length,) = struct.unpack_from("<Q", content)
    entries = json.loads(content[8 : 8 + length])
    entries["tied"] = entries[name]
    header = json.dumps(entries).encode()
    header += b" " * (-len(header) % 8)
    return struct.pack("<Q", len(header)) + header + content[8 + length :]


def gguf(seed: int, *, tensor: str = "token_embd.weight", **metadata: str | int) -> bytes:
    """A version 3 file with strings and 32-bit numbers, and one F16 matrix of 32 by 8.

    Underscores of the keys stand for dots where doubled: ``general__name``.
    """
    packed = b""
    for key, value in metadata.items():
        packed += _string(key.replace("__", "."))
        if isinstance(value, int):
            packed += struct.pack("<II", 4, value)
        else:
            packed += struct.pack("<I", 8) + _string(value)
    info = _string(tensor) + struct.pack("<IQQIQ", 2, 32, 8, 1, 0)
    head = b"GGUF" + struct.pack("<IQQ", 3, 1, len(metadata)) + packed + info
    head += bytes(-len(head) % 32)
    return head + random.Random(seed).randbytes(512)


def _string(text: str) -> bytes:
    raw = text.encode()
    return struct.pack("<Q", len(raw)) + raw


def _count(shape: Sequence[int]) -> int:
    count = 1
    for size in shape:
        count *= size
    return count
