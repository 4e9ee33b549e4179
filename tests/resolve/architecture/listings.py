"""Listings to detect: the recorded lists, complete checkpoints rebuilt from them, and derivations.

How a checkpoint is rebuilt, and the names that latent-diffusion and diffusers give the same layer,
are described beside the recorded data.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Mapping, Sequence
from functools import cache

from modelaudit.domain.weights import Tensor
from tests.shared import shared

Shapes = Mapping[str, Sequence[int]]
RANK = 4


def tensors(shapes: Shapes, prefix: str = "") -> list[Tensor]:
    """Tensors with these shapes; -1, which stands for any size, becomes 4."""
    return [
        Tensor(prefix + name, "F16", tuple(RANK if n < 0 else n for n in shape), None, 0)
        for name, shape in shapes.items()
    ]


@cache
def components() -> dict[str, dict[str, list[int]]]:
    """Exact lists of 21 components, without prefixes."""
    with gzip.open(shared("weights/sd_component_keys.json.gz")) as file:
        return json.load(file)["components"]


@cache
def recorded_adapters() -> dict[str, dict[str, list[int]]]:
    """Exact lists of 17 adapters."""
    with gzip.open(shared("weights/lora_keys.json.gz")) as file:
        return json.load(file)["files"]


CHECKPOINTS = {
    "sd1": (
        ("model.diffusion_model.", "UNET-v1-SD"),
        ("first_stage_model.", "VAE-v1-SD"),
        ("cond_stage_model.transformer.text_model.", "CLIP-v1-SD"),
    ),
    "sd2": (
        ("model.diffusion_model.", "UNET-v2-SD"),
        ("first_stage_model.", "VAE-v1-SD"),
        ("cond_stage_model.model.", "CLIP-v2-SD"),
    ),
    "sdxl": (
        ("model.diffusion_model.", "UNET-XL-SD"),
        ("first_stage_model.", "VAE-v1-SD"),
        ("conditioner.embedders.0.transformer.text_model.", "CLIP-v1-SD"),
        ("conditioner.embedders.1.model.", "CLIP-XL-SD"),
    ),
}


def checkpoint(family: str) -> list[Tensor]:
    """A complete single-file checkpoint."""
    return [
        tensor
        for prefix, part in CHECKPOINTS[family]
        for tensor in tensors(components()[part], prefix)
    ]


_FIXED = {
    "time_embed.0": "time_embedding.linear_1",
    "time_embed.2": "time_embedding.linear_2",
    "label_emb.0.0": "add_embedding.linear_1",
    "label_emb.0.2": "add_embedding.linear_2",
    "input_blocks.0.0": "conv_in",
    "out.0": "conv_norm_out",
    "out.2": "conv_out",
    "middle_block.0": "mid_block.resnets.0",
    "middle_block.1": "mid_block.attentions.0",
    "middle_block.2": "mid_block.resnets.1",
}
_RESNET = {
    "in_layers.0": "norm1",
    "in_layers.2": "conv1",
    "emb_layers.1": "time_emb_proj",
    "out_layers.0": "norm2",
    "out_layers.3": "conv2",
    "skip_connection": "conv_shortcut",
}


def in_diffusers(name: str) -> str:
    """A UNet tensor's name in diffusers, from its name in latent-diffusion."""
    for old, new in _FIXED.items():
        if name.startswith(old + "."):
            return _inner(new + name[len(old) :])
    match = re.fullmatch(r"(input|output)_blocks\.(\d+)\.(\d+)\.(.*)", name)
    assert match, name
    side, i, j, rest = match[1], int(match[2]), int(match[3]), match[4]
    if side == "input":
        block, layer = divmod(i - 1, 3)
        if rest.startswith("op."):
            return f"down_blocks.{block}.downsamplers.0.conv.{rest[3:]}"
        return _inner(f"down_blocks.{block}.{('resnets', 'attentions')[j]}.{layer}.{rest}")
    block, layer = divmod(i, 3)
    if rest.startswith("conv."):
        return f"up_blocks.{block}.upsamplers.0.{rest}"
    return _inner(f"up_blocks.{block}.{('resnets', 'attentions')[j]}.{layer}.{rest}")


def _inner(name: str) -> str:
    if ".resnets." in name:
        for old, new in _RESNET.items():
            name = name.replace("." + old + ".", "." + new + ".")
    return name


def unet_in_diffusers(component: str) -> dict[str, list[int]]:
    """A UNet list with diffusers' names."""
    return {in_diffusers(name): shape for name, shape in components()[component].items()}


def kohya(shapes: Shapes, prefix: str = "lora_unet_") -> dict[str, list[int]]:
    """A LoRA on all attention layers, as sd-scripts writes it."""
    found: dict[str, list[int]] = {}
    for name, shape in shapes.items():
        if name.endswith(".weight") and ".attentions." in name and len(shape) > 1:
            module = prefix + name.removesuffix(".weight").replace(".", "_")
            found[module + ".alpha"] = []
            found[module + ".lora_down.weight"] = [RANK, *shape[1:]]
            found[module + ".lora_up.weight"] = [shape[0], RANK, *[1] * (len(shape) - 2)]
    return found
