"""Families by somebody's word: metadata of the file, labels of the platform."""

from __future__ import annotations

import pytest

from modelaudit.domain.weights import UNKNOWN
from modelaudit.resolve.architecture import declared_family, detect, family_of_label
from modelaudit.resolve.evidence._civitai import known_labels
from tests.resolve.architecture.listings import recorded_adapters, tensors

SILENT = {"lora_unet_mid_block_resnets_0_conv1.lora_down.weight": [16, 1280, 3, 3]}


@pytest.mark.parametrize(
    ("value", "family"),
    [
        ("sd_v1", "sd1"),
        ("sd_1.5", "sd1"),
        ("sd_v2_768_v", "sd2"),
        ("sdxl_base_v1-0", "sdxl"),
        ("sdxl_", "sdxl"),
        ("flux1", "flux"),
        ("sd3-medium", "sd3"),
        ("sd3.5", "sd3"),
        ("anima-preview", "anima"),
        ("something else", None),
        ("", None),
        ("x" * 10**6, None),
        ("wandering", None),
    ],
)
def test_a_trainer_declares_the_family_it_trained_on(value: str, family: str | None) -> None:
    found = declared_family({"ss_base_model_version": value})
    assert found == (None if family is None else (family, "ss_base_model_version"))


@pytest.mark.parametrize(
    ("value", "family"),
    [
        ("stable-diffusion-v1", "sd1"),
        ("stable-diffusion-v1-inpainting", "sd1"),
        ("stable-diffusion-v2-512", "sd2"),
        ("stable-diffusion-v2-768-v", "sd2"),
        ("stable-diffusion-v2-depth", "sd2"),
        ("stable-diffusion-v2-unclip-h", "sd2"),
        ("stable-diffusion-xl-v1-base", "sdxl"),
        ("stable-diffusion-xl-v1-base/lora", "sdxl"),
        ("stable-diffusion-xl-v1-refiner", "sdxl-refiner"),
        ("stable-diffusion-xl-v1-edit", "sdxl"),
        ("stable-diffusion-xl-turbo-v1", "sdxl"),
        ("stable-diffusion-v3-medium", "sd3"),
        ("stable-diffusion-3-5-large", "sd3"),
        ("stable-video-diffusion-img2vid-v1", "svd"),
        ("stable-cascade-v1-stage-c", "stable-cascade"),
        ("flux-1-dev", "flux"),
        ("flux-1-schnell/lora", "flux"),
        ("Flux.1-schnell", "flux"),
        ("flux_klein_9b", "flux2"),
        ("wan2.1/lora", "wan"),
        ("chroma", "chroma"),
        ("lumina-2", "lumina2"),
        ("anima-unknown", "anima"),
        ("hunyuan-image-2.1", None),
        ("lumina", None),
    ],
)
def test_modelspec_declares_an_architecture(value: str, family: str | None) -> None:
    found = declared_family({"modelspec.architecture": value})
    assert found == (None if family is None else (family, "modelspec.architecture"))


def test_v2_counts_only_when_nothing_else_speaks() -> None:
    assert declared_family({"ss_v2": "True"}) == ("sd2", "ss_v2")
    assert declared_family({"ss_v2": "False"}) is None
    onetrainer = {"ss_v2": "True", "ss_base_model_version": "sdxl_"}
    assert declared_family(onetrainer) == ("sdxl", "ss_base_model_version")


@pytest.mark.parametrize("value", [None, 1, ["flux"], {"a": 1}, b"flux", float("nan")])
def test_values_that_are_no_text_declare_nothing(value: object) -> None:
    for key in ("ss_base_model_version", "modelspec.architecture", "general.architecture", "ss_v2"):
        assert declared_family({key: value}) is None


def test_metadata_is_asked_only_where_shapes_are_silent() -> None:
    declared = {"ss_base_model_version": "sdxl_base_v1-0"}
    found = detect(tensors(SILENT), declared)
    assert (found.family, found.kind, found.measured) == ("sdxl", "adapter", False)
    assert found.reason.startswith("declared: ss_base_model_version = 'sdxl_base_v1-0'; ")
    flux = detect(tensors(recorded_adapters()["flux_lora_aitoolkit_format"]), declared)
    assert (flux.family, flux.measured) == ("flux", True)


@pytest.mark.parametrize("metadata", [{"ss_base_model_version": "sd_1.5"}, {"ss_v2": "True"}])
def test_the_default_of_a_trainer_is_not_believed(metadata: dict[str, str]) -> None:
    assert declared_family(metadata) is not None
    assert detect(tensors(SILENT), metadata).family == UNKNOWN


def test_a_declared_text_is_harmless_in_a_reason() -> None:
    found = detect([], {"modelspec.architecture": "sdxl\n\x1b[31m\u202e"})
    assert found.reason.isascii()
    assert found.reason.isprintable()


@pytest.mark.parametrize(
    ("label", "family"),
    [
        ("SD 1.4", "sd1"),
        ("SD 1.5 LCM", "sd1"),
        ("SD 2.1 Unclip", "sd2"),
        ("SD 3.5 Large Turbo", "sd3"),
        ("SDXL 1.0", "sdxl"),
        ("SDXL Lightning", "sdxl"),
        ("Pony", "sdxl"),
        ("Pony V7", "auraflow"),
        ("Illustrious", "sdxl"),
        ("NoobAI", "sdxl"),
        ("Playground v2", "sdxl"),
        ("Flux.1 Kontext", "flux"),
        ("Flux.2 Klein 9B-base", "flux2"),
        ("Wan Video 2.2 TI2V-5B", "wan"),
        ("Wan Video 2.5 T2V", None),
        ("Hunyuan 1", "hunyuan-dit"),
        ("Hunyuan3D", None),
        ("HiDream-O1", None),
        ("Krea 2", "krea2"),
        ("Other", None),
        ("Upscaler", None),
        ("Qwen 3", None),
        ("", None),
    ],
)
def test_a_label_stands_for_a_family(label: str, family: str | None) -> None:
    assert family_of_label(label) == family


def test_no_label_means_a_family_that_detection_does_not_know() -> None:
    families = {family_of_label(label) for label in known_labels()}
    assert {"sd1", "sd2", "sd3", "sdxl", "flux", "flux2", "wan", "z-image", None} <= families
    for family in families - {None}:
        assert declared_family({"modelspec.architecture": family}) == (
            family,
            "modelspec.architecture",
        )
