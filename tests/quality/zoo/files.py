"""Models as files on a disk, and what the tool makes of them: its whole way, from bytes on."""

from __future__ import annotations

import hashlib
import re
import tempfile
from functools import cache
from pathlib import Path
from typing import Final

from modelaudit.crawl.local import LocalReader
from modelaudit.domain.sketch import Sketch
from modelaudit.resolve.architecture import detect
from modelaudit.resolve.formats import read_header
from modelaudit.resolve.weights import sketch as sketches
from tests.quality.zoo import ggml
from tests.quality.zoo.stored import packed, safetensors
from tests.quality.zoo.tape import Weights

GGML: Final = frozenset({"Q8_0", "Q4_0", "Q5_0", "Q4_1", "Q4_K", "Q6_K"})
VAE, TEXT = "vae.", "text."
"""Prefixes of the other parts of a checkpoint, until it is written."""

_PLACES: Final = (
    (r"^conv_in\.", "input_blocks.0.0."),
    (r"^time_embedding\.linear_1\.", "time_embed.0."),
    (r"^time_embedding\.linear_2\.", "time_embed.2."),
    (r"^down_blocks\.0\.resnets\.0\.", "input_blocks.1.0."),
    (r"^down_blocks\.0\.attentions\.0\.", "input_blocks.1.1."),
    (r"^mid_block\.resnets\.0\.", "middle_block.0."),
    (r"^mid_block\.attentions\.0\.", "middle_block.1."),
    (r"^up_blocks\.3\.resnets\.2\.", "output_blocks.11.0."),
    (r"^up_blocks\.3\.attentions\.2\.", "output_blocks.11.1."),
    (r"^conv_norm_out\.", "out.0."),
    (r"^conv_out\.", "out.2."),
)
"""diffusers' names of blocks → latent-diffusion's."""
_INSIDE: Final = (
    (r"(?<=\d\.)norm1\.(?=weight$)", "in_layers.0."),
    (r"(?<=\d\.)conv1\.", "in_layers.2."),
    (r"(?<=\d\.)time_emb_proj\.", "emb_layers.1."),
    (r"(?<=\d\.)norm2\.(?=weight$)", "out_layers.0."),
    (r"(?<=\d\.)conv2\.", "out_layers.3."),
    (r"(?<=\d\.)conv_shortcut\.", "skip_connection."),
)
"""The same inside a ResNet block."""


def latent(weights: Weights) -> Weights:
    """A checkpoint in one file, as the web UIs load it."""
    found = {}
    for name, value in weights.items():
        if name.startswith(VAE):
            stem = re.sub(r"mid_block\.resnets\.0", "mid.block_1", name.removeprefix(VAE))
            found[f"first_stage_model.{stem}"] = value
        elif name.startswith(TEXT):
            stem = name.removeprefix(TEXT)
            found[f"cond_stage_model.transformer.text_model.{stem}"] = value
        else:
            found[f"model.diffusion_model.{_spelled(name)}"] = value
    return found


def averaged(weights: Weights) -> Weights:
    """Only the average over training, as latent-diffusion keeps it: dots are lost."""
    return {
        f"model_ema.diffusion_model{_spelled(name).replace('.', '')}": value
        for name, value in weights.items()
    }


@cache
def _spelled(name: str) -> str:
    patterns = _PLACES if "transformer_blocks" in name else (*_PLACES, *_INSIDE)
    for pattern, other in patterns:
        name = re.sub(pattern, other, name)
    return name


def sketch(weights: Weights, dtype: str = "F32", *, source: str, every: bool = False) -> Sketch:
    """Write the tensors under the names they have, and read the file as the tool does."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / ("model.gguf" if dtype in GGML else "model.safetensors")
        if dtype in GGML:
            ggml.write(path, weights, dtype)
        else:
            path.write_bytes(safetensors(packed(weights, dtype)))
        return sketch_of(path, source=source, every=every)


def sketch_of(path: Path, *, source: str, every: bool = False) -> Sketch:
    """A file's sketch, by way of its header and its architecture."""
    with LocalReader(path) as reader:
        header = read_header(reader, path.name)
        return sketches.make(
            lambda _: reader,
            header,
            detect(header.tensors, header.metadata),
            source=source,
            sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
            every=every,
            gather=every,
        )
