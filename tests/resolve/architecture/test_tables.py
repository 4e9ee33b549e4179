"""The tables against themselves: each line decides the file that has just what it asks for."""

from __future__ import annotations

import re

import pytest

from modelaudit.domain.weights import UNKNOWN
from modelaudit.resolve.architecture import (
    addons,
    bases,
    checkpoints,
    detect,
    encoders,
    language,
    names,
    same_family,
    transformers,
    unets,
)
from modelaudit.resolve.architecture.bases import Row
from modelaudit.resolve.architecture.rules import Rule
from tests.resolve.architecture.listings import tensors

RULES = (
    *unets.UNETS,
    *unets.OTHER_UNETS,
    *transformers.TRANSFORMERS,
    *language.LANGUAGE,
    *encoders.VAES,
    *encoders.TEXT_ENCODERS,
    *encoders.IMAGE_ENCODERS,
    *encoders.OTHERS,
    *addons.IP_ADAPTERS,
    *addons.T2I_ADAPTERS,
    *addons.EMBEDDINGS,
)
VARIANTS = (*unets.UNET_VARIANTS, *transformers.TRANSFORMER_VARIANTS)
WITH_UNET = (*bases.UNETS, *bases.TEXTS_OF_UNETS)
ROWS = (*WITH_UNET, *bases.TRANSFORMERS, *bases.NUMBERED, *bases.TEXTS, *bases.LANGUAGE)
NOTED = sorted(
    {(rule.note, rule.family) for rule in (*RULES, *addons.BASES)}
    | {(row.note, row.family) for row in ROWS}
)

FAMILIES = {
    "Flux.1": "flux", "Flux.2": "flux2", "Klein": "flux2", "HunyuanVideo": "hunyuan-video",
    "HunyuanImage": "hunyuan-image", "Sana": "sana", "Cosmos-Predict2": "cosmos", "Wan": "wan",
    "SDXL": "sdxl", "SD1": "sd1", "SD2": "sd2", "SD3": "sd3", "PixArt": "pixart",
    "AuraFlow": "auraflow", "Qwen-Image": "qwen-image", "Llama": "llama", "Mistral": "mistral",
    "Yi": "yi", "Qwen": "qwen2", "Gemma": "gemma", "RoBERTa": "roberta", "Falcon": "falcon",
    "StarCoder": "starcoder", "HuBERT": "hubert", "BART": "bart", "mBART": "mbart",
    "Marian": "marian",
}  # fmt: skip
"""Families as notes spell them."""
NONE = {"UNet", "VAE", "GGUF", "0.6B"}


def asked(rule: Rule) -> dict[str, list[int]]:
    """The tensors that a rule asks for, and no others."""
    shapes = {key: [1, 1] for key in rule.also}
    shapes[rule.key] = [1 if size is None else size for size in rule.shape]
    return {key.replace(".N.", ".0."): shape for key, shape in shapes.items()}


def told(row: Row) -> dict[str, list[int]]:
    """The layers that a row asks for, one a need, as a LoRA changes them."""
    shapes: dict[str, list[int]] = {}
    inputs, outputs = (*row.inputs[:1], 1)[0], (*row.outputs[:1], 1)[0]
    for part in {*row.needs, row.at} - {""}:
        if part.endswith(":"):
            shapes |= {f"{part}0:down": [4, inputs], f"{part}0:up": [outputs, 4]}
        else:
            stem = f"x_{part}_x"
            shapes |= {f"{stem}.lora_A.weight": [4, inputs], f"{stem}.lora_B.weight": [outputs, 4]}
    return shapes


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.family}-{rule.key}")
def test_no_line_is_hidden_behind_another(rule: Rule) -> None:
    found = detect(tensors(asked(rule)))
    assert found.family == rule.family
    assert found.measured is (rule.family != UNKNOWN)
    assert found.kind != UNKNOWN


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.family}-{'-'.join(row.needs)}")
def test_no_row_is_hidden_behind_another(row: Row) -> None:
    shapes = told(row)
    if row in WITH_UNET:
        shapes["unet_down_blocks_0_x.lora_A.weight"] = [4, 1]
    found = detect(tensors(shapes))
    assert (found.family, found.kind) == (row.family, "adapter")
    assert found.reason.endswith(row.note)


@pytest.mark.parametrize(("note", "family"), NOTED)
def test_a_line_contradicts_no_family_that_its_note_admits(note: str, family: str) -> None:
    names = set(re.findall(r"[\w.-]*[A-Z][\w.-]*", note)) - NONE
    assert names <= set(FAMILIES)
    assert all(same_family(family, FAMILIES[name]) for name in names)


@pytest.mark.parametrize("rule", VARIANTS, ids=lambda rule: f"{rule.family}-{rule.variant}")
def test_every_variant_belongs_to_a_family_that_can_be_found(rule: Rule) -> None:
    family = next(
        other
        for other in (*unets.UNETS, *transformers.TRANSFORMERS)
        if other.family == rule.family and other.key not in rule.absent
    )
    found = checkpoints.checkpoint(names.Listing(tensors({**asked(family), **asked(rule)})))
    assert found is not None
    assert (found.family, found.variant) == (rule.family, rule.variant)
