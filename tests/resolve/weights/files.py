"""Weight files to take sketches of: small ones with values, and headers of whole models."""

from __future__ import annotations

import gzip
import json
import math
import struct
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelaudit.domain.reader import Reader
from modelaudit.domain.weights import Architecture, Header, Tensor
from modelaudit.domain.words import Component
from modelaudit.resolve.weights.decode import stored
from tests.shared import shared

Shapes = Mapping[str, Sequence[int]]
Array = NDArray[Any]

LLAMA = Architecture(
    family="llama-like", kind="checkpoint", components=(Component.TRANSFORMER,), measured=True
)
SD1 = Architecture(
    family="sd1",
    kind="checkpoint",
    components=(Component.UNET, Component.TEXT_ENCODER, Component.VAE),
    measured=True,
)
DTYPES = {"float64": "F64", "float32": "F32", "float16": "F16", "int8": "I8", "uint8": "U8"}


def safetensors(arrays: Mapping[str, Array], dtypes: Mapping[str, str] | None = None) -> bytes:
    """A file of arrays in the order given; ``dtypes`` renames what numpy has no type for."""
    entries: dict[str, object] = {}
    data = b""
    for name, array in arrays.items():
        raw = np.ascontiguousarray(array).tobytes()
        entries[name] = {
            "dtype": (dtypes or {}).get(name) or DTYPES[str(array.dtype)],
            "shape": list(array.shape),
            "data_offsets": [len(data), len(data) + len(raw)],
        }
        data += raw
    header = json.dumps(entries).encode()
    header += b" " * (-len(header) % 8)
    return struct.pack("<Q", len(header)) + header + data


def header_of(shapes: Shapes, dtype: str = "F16", *, start: int = 4096) -> Header:
    """The header of a file that holds tensors of these shapes, one behind the other."""
    tensors = []
    for name, shape in shapes.items():
        length = stored(dtype, tuple(shape)) or math.prod(shape)
        tensors.append(Tensor(name, dtype, tuple(shape), start, length))
        start += length
    return Header(format="safetensors", tensors=tuple(tensors))


class Endless:
    """A file without an end that notes what was read: a byte is that of its place, mixed."""

    size = 1 << 62

    def __init__(self) -> None:
        self.reads: list[tuple[int, int]] = []

    def read(self, offset: int, length: int) -> bytes:
        self.reads.append((offset, length))
        places = np.arange(offset, offset + length, dtype=np.uint64)
        return (
            ((places * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(56)).astype(np.uint8).tobytes()
        )

    @property
    def total(self) -> int:
        return sum(length for _, length in self.reads)


def only(reader: Reader) -> Any:
    """The readers of a model in one file."""

    def readers(file: str | None) -> Reader:
        assert file is None
        return reader

    return readers


def llama(
    layers: int = 2, width: int = 64, inner: int = 128, words: int = 4200, heads: int = 64
) -> Shapes:
    """A Llama as transformers writes it, in its published proportions or any others."""
    shapes: dict[str, Sequence[int]] = {"model.embed_tokens.weight": (words, width)}
    for layer in range(layers):
        start = f"model.layers.{layer}."
        shapes |= {
            f"{start}self_attn.q_proj.weight": (width, width),
            f"{start}self_attn.k_proj.weight": (heads, width),
            f"{start}self_attn.v_proj.weight": (heads, width),
            f"{start}self_attn.o_proj.weight": (width, width),
            f"{start}mlp.gate_proj.weight": (inner, width),
            f"{start}mlp.up_proj.weight": (inner, width),
            f"{start}mlp.down_proj.weight": (width, inner),
            f"{start}input_layernorm.weight": (width,),
        }
    return shapes | {"model.norm.weight": (width,), "lm_head.weight": (words, width)}


def values(shapes: Shapes, seed: int = 0, dtype: str = "float32") -> dict[str, Array]:
    """Random values for tensors of these shapes."""
    random = np.random.default_rng(seed)
    return {
        name: random.standard_normal(tuple(shape), np.float32).astype(dtype)
        for name, shape in shapes.items()
    }


def stable_diffusion(**parts: str) -> Shapes:
    """Prefix → list of components, as a published checkpoint joins them; or a skip."""
    with gzip.open(shared("weights/sd_component_keys.json.gz")) as file:
        lists = json.load(file)["components"]
    return {
        PREFIXES[prefix] + name: shape
        for prefix, part in parts.items()
        for name, shape in lists[part].items()
    }


PREFIXES = {
    "unet": "model.diffusion_model.",
    "vae": "first_stage_model.",
    "clip": "cond_stage_model.transformer.text_model.",
    "clip_l": "conditioner.embedders.0.transformer.text_model.",
    "clip_g": "conditioner.embedders.1.model.",
}


def sd1() -> Shapes:
    return stable_diffusion(unet="UNET-v1-SD", vae="VAE-v1-SD", clip="CLIP-v1-SD")


def sdxl() -> Shapes:
    return stable_diffusion(
        unet="UNET-XL-SD", vae="VAE-v1-SD", clip_l="CLIP-v1-SD", clip_g="CLIP-XL-SD"
    )
