"""Every recorded list of tensors, and what is known of it."""

from __future__ import annotations

import pytest

from modelaudit.domain.weights import UNKNOWN
from modelaudit.domain.words import Component
from modelaudit.resolve import formats
from modelaudit.resolve.architecture import detect
from tests.readers import Bytes
from tests.resolve.architecture.listings import components, recorded_adapters, tensors
from tests.shared import shared

COMPONENTS = {
    # list: (family, kind, variant, the part that it is)
    "UNET-v1-SD": ("sd1", "checkpoint", None, Component.UNET),
    "UNET-v1-Inpainting": ("sd1", "checkpoint", "inpainting", Component.UNET),
    "UNET-v1-Pix2Pix": ("sd1", "checkpoint", "instruct-pix2pix", Component.UNET),
    "UNET-v1-EMA": ("sd1", "checkpoint", "ema", Component.UNET),
    "UNET-v1-Pix2Pix-EMA": ("sd1", "checkpoint", "ema", Component.UNET),
    "UNET-v2-SD": ("sd2", "checkpoint", None, Component.UNET),
    "UNET-v2-Inpainting": ("sd2", "checkpoint", "inpainting", Component.UNET),
    "UNET-v2-Depth": ("sd2", "checkpoint", "depth", Component.UNET),
    "UNET-XL-SD": ("sdxl", "checkpoint", None, Component.UNET),
    "UNET-XL-Refiner": ("sdxl-refiner", "checkpoint", None, Component.UNET),
    "VAE-v1-SD": (UNKNOWN, "vae", None, Component.VAE),
    "CLIP-v1-SD": ("clip", "text-encoder", "vit-l", Component.TEXT_ENCODER),
    "CLIP-v2-SD": ("clip", "text-encoder", "vit-h", Component.TEXT_ENCODER),
    "CLIP-v2-WD": ("clip", "text-encoder", "vit-h", Component.TEXT_ENCODER),
    "CLIP-XL-SD": ("clip", "text-encoder", "vit-bigg", Component.TEXT_ENCODER),
    "Depth-v2-SD": ("midas", "checkpoint", None, Component.OTHER),
    "ControlNet-v1-SD": ("sd1", "controlnet", None, Component.ADAPTER),
    "LoRA-v1-UNET": ("sd1", "adapter", "lora", Component.ADAPTER),
    "LoRA-v1-CLIP": (UNKNOWN, "adapter", "lora", Component.ADAPTER),
    "LoRA-v1A-UNET": ("sd1", "adapter", "lora", Component.ADAPTER),
    "LoRA-v1A-CLIP": (UNKNOWN, "adapter", "lora", Component.ADAPTER),
}

ADAPTERS = {
    # list: (family, kind, variant)
    "anima_lora_kohya_format": ("anima", "adapter", "lora"),
    "anima_lora_kohya_with_te_format": ("anima", "adapter", "lora"),
    "anima_lora_lokr_format": ("anima", "adapter", "lokr"),
    "anima_lora_peft_format": ("anima", "adapter", "lora"),
    "flux_control_lora_format": ("flux", "controlnet", "control-lora"),
    "flux_dora_onetrainer_format": ("flux", "adapter", "dora"),
    "flux_lokr_bfl_format": ("flux", "adapter", "lokr"),
    "flux_lora_aitoolkit_format": ("flux", "adapter", "lora"),
    "flux_lora_diffusers_base_model_format": ("flux", "adapter", "lora"),
    "flux_lora_diffusers_format": ("flux", "adapter", "lora"),
    "flux_lora_diffusers_no_proj_mlp_format": ("flux", "adapter", "lora"),
    "flux_lora_kohya_format": ("flux", "adapter", "lora"),
    "flux_lora_kohya_with_te1_format": ("flux", "adapter", "lora"),
    "flux_lora_xlabs_format": ("flux", "adapter", "lora"),
    "krea2_lora_kohya_format": ("krea2", "adapter", "lora"),
    # Only attn.to_k and attn.to_q of an excerpt: Flux.2 has the same.
    "qwen_image_lora_diffusers_format": (UNKNOWN, "adapter", "lora"),
    "qwen_image_lora_kohya_format": ("qwen-image", "adapter", "lokr"),
}


def test_the_tables_name_every_recorded_list() -> None:
    assert set(COMPONENTS) == set(components())
    assert set(ADAPTERS) == set(recorded_adapters())


@pytest.mark.parametrize("name", COMPONENTS)
def test_a_component_alone_is_recognised(name: str) -> None:
    found = detect(tensors(components()[name]))
    family, kind, variant, part = COMPONENTS[name]
    assert (found.family, found.kind, found.variant) == (family, kind, variant)
    assert found.component is part
    assert found.measured is (family != UNKNOWN)


@pytest.mark.parametrize("name", ADAPTERS)
def test_an_adapter_is_one_before_it_is_of_a_family(name: str) -> None:
    found = detect(tensors(recorded_adapters()[name]))
    assert (found.family, found.kind, found.variant) == ADAPTERS[name]
    assert found.components == (Component.ADAPTER,)
    assert found.measured is (found.family != UNKNOWN)


@pytest.mark.parametrize(
    ("file", "family", "kind"),
    [
        ("minilm/all-MiniLM-L6-v2.trim.safetensors", "bert", "checkpoint"),
        ("minilm/sre-embedding-model.trim.safetensors", "bert", "checkpoint"),
        ("silero/silero_vad_6.2.3_8k.safetensors", UNKNOWN, UNKNOWN),
        ("lora/sd15_lora_diffusion_rank1.safetensors", "sd1", "adapter"),
    ],
)
def test_real_files_are_recognised_by_their_headers(file: str, family: str, kind: str) -> None:
    header = formats.read_header(Bytes(shared(f"weights/{file}").read_bytes()))
    found = detect(header.tensors, header.metadata)
    assert (found.family, found.kind) == (family, kind)
    assert found.measured is (family != UNKNOWN)


@pytest.mark.parametrize("name", [*COMPONENTS, *ADAPTERS])
def test_an_answer_does_not_depend_on_the_order_of_tensors(name: str) -> None:
    listing = tensors({**components(), **recorded_adapters()}[name])
    one, other = detect(listing), detect(listing[::-1])
    assert (one.family, one.kind, one.variant) == (other.family, other.kind, other.variant)


def test_a_reason_names_the_tensor_that_decided() -> None:
    assert detect(tensors(components()["UNET-XL-Refiner"])).reason == (
        "'input_blocks.4.1.transformer_blocks.0.attn2.to_k.weight' [768, 1280]"
    )
