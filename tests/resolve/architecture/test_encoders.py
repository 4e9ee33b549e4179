"""VAEs, text encoders and image encoders in files of their own."""

from __future__ import annotations

import pytest

from modelaudit.domain.weights import UNKNOWN
from modelaudit.domain.words import Component
from modelaudit.resolve.architecture import detect
from tests.resolve.architecture.listings import components, tensors

VAES = [
    (UNKNOWN, {"decoder.conv_in.weight": [512, 4, 3, 3]}),
    (UNKNOWN, {"decoder.conv_in.weight": [512, 16, 3, 3]}),
    (UNKNOWN, {"decoder.conv_in.weight": [512, 32, 3, 3]}),
    ("flux2", {"decoder.conv_in.weight": [512, 32, 3, 3], "bn.running_mean": [128]}),
    (UNKNOWN, {"decoder.conv_in.weight": [384, 16, 3, 3, 3]}),
    ("wan", {"decoder.conv_in.weight": [1024, 48, 3, 3, 3]}),
    ("sana", {"encoder.project_in.conv.bias": [128]}),
    (
        UNKNOWN,
        {
            "decoder.middle.0.residual.0.gamma": [384, 1, 1, 1],
            "decoder.conv1.weight": [384, 16, 3, 3, 3],
        },
    ),
    (
        "wan",
        {
            "decoder.middle.0.residual.0.gamma": [1024, 1, 1, 1],
            "decoder.conv1.weight": [1024, 48, 3, 3, 3],
        },
    ),
]


@pytest.mark.parametrize(("family", "shapes"), VAES)
@pytest.mark.parametrize("prefix", ["", "first_stage_model.", "vae."])
def test_a_vae_is_told_by_its_latent_size_and_no_further(
    family: str, shapes: dict[str, list[int]], prefix: str
) -> None:
    found = detect(tensors(shapes, prefix))
    assert (found.family, found.kind, found.components) == (family, "vae", (Component.VAE,))
    assert found.measured is (family != UNKNOWN)


@pytest.mark.parametrize(
    ("component", "prefix"),
    [
        ("CLIP-v1-SD", "text_model."),
        ("CLIP-v1-SD", "cond_stage_model.transformer."),
        ("CLIP-v1-SD", "text_encoders.clip_l.transformer.text_model."),
        ("CLIP-v2-SD", "cond_stage_model.model."),
        ("CLIP-XL-SD", "conditioner.embedders.1.model."),
    ],
)
def test_a_text_encoder_is_one_under_any_prefix(component: str, prefix: str) -> None:
    found = detect(tensors(components()[component], prefix))
    assert (found.family, found.kind) == ("clip", "text-encoder")
    assert found.components == (Component.TEXT_ENCODER,)


def test_the_encoder_of_t5_is_a_text_encoder() -> None:
    shapes = {
        "shared.weight": [32128, 4096],
        "encoder.block.0.layer.0.SelfAttention.q.weight": [4096, 4096],
    }
    for prefix in ("", "transformer.", "text_encoders.t5xxl.transformer."):
        found = detect(tensors(shapes, prefix))
        assert (found.family, found.kind) == ("t5", "text-encoder")
        assert found.components == (Component.TEXT_ENCODER,)


def test_clip_with_both_towers_is_a_checkpoint() -> None:
    text = tensors({"text_model.embeddings.position_embedding.weight": [77, 768]})
    image = tensors({"vision_model.embeddings.class_embedding": [1024]})
    found = detect([*text, *image])
    assert (found.family, found.kind) == ("clip", "checkpoint")
    assert found.components == (Component.TEXT_ENCODER, Component.IMAGE_ENCODER)


@pytest.mark.parametrize(
    ("family", "shapes"),
    [
        ("clip", {"vision_model.embeddings.class_embedding": [1024]}),
        ("siglip", {"vision_model.head.probe": [1, 1, 1152]}),
    ],
)
def test_an_image_encoder_alone_is_one(family: str, shapes: dict[str, list[int]]) -> None:
    found = detect(tensors(shapes))
    assert (found.family, found.component) == (family, Component.IMAGE_ENCODER)
