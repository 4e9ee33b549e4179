"""Parts of image generators that lie in files of their own: VAEs, text and image encoders."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from modelaudit.domain.weights import UNKNOWN, Architecture
from modelaudit.domain.words import Component
from modelaudit.resolve.architecture.names import Listing, Shape, Zone
from modelaudit.resolve.architecture.rules import Rule, first

_LATENT = "decoder.conv_in.weight"
_POSITIONS = "embeddings.position_embedding.weight"

VAES: Final = (
    Rule("flux2", "bn.running_mean", also=(_LATENT,)),
    Rule(UNKNOWN, _LATENT, (None, 32), note="Flux.2 or Sana's autoencoder"),
    Rule(UNKNOWN, _LATENT, (None, 16, None, None, None), note="Wan 2.1 or Qwen-Image"),
    Rule("wan", _LATENT, (None, 48, None, None, None)),
    Rule("sana", "encoder.project_in.conv.bias"),
    Rule("wan", "decoder.conv1.weight", (None, 48), also=("decoder.middle.0.residual.0.gamma",)),
    Rule(UNKNOWN, "decoder.middle.0.residual.0.gamma", note="Wan 2.1 or Qwen-Image"),
    Rule(UNKNOWN, _LATENT, (None, 4), note="SD1, SD2 and SDXL share this VAE's shapes"),
    Rule(UNKNOWN, _LATENT, (None, 16), note="Flux.1 and SD3 share this VAE's shapes"),
    Rule("stable-cascade", "vquantizer.codebook.weight"),
    Rule(UNKNOWN, "decoder.conv_in.conv.weight", note="a video VAE of no known family"),
    Rule(UNKNOWN, _LATENT, note="a VAE of no known latent size"),
)

TEXT_ENCODERS: Final = (
    Rule("siglip", _POSITIONS, (64,)),
    Rule("clip", _POSITIONS, (77, 768), variant="vit-l"),
    Rule("clip", _POSITIONS, (77, 1024), variant="vit-h"),
    Rule("clip", _POSITIONS, (77, 1280), variant="vit-bigg"),
    Rule("clip", _POSITIONS),
    Rule("clip", "ln_final.weight", (768,), variant="vit-l"),
    Rule("clip", "ln_final.weight", (1024,), variant="vit-h"),
    Rule("clip", "ln_final.weight", (1280,), variant="vit-bigg"),
    Rule("clip", "ln_final.weight"),
    Rule("t5", "encoder.block.0.layer.0.SelfAttention.q.weight"),
)

IMAGE_ENCODERS: Final = (
    Rule("siglip", "head.probe"),
    Rule("clip", "embeddings.class_embedding"),
    Rule("clip", "class_embedding", also=("conv1.weight",)),
)

OTHERS: Final = (Rule("midas", "pretrained.act_postprocess3.0.project.0.weight"),)

_TABLES: Final = (
    (Component.VAE, "vae", Zone.VAE, VAES),
    (Component.TEXT_ENCODER, "text-encoder", Zone.TEXT, TEXT_ENCODERS),
    (Component.IMAGE_ENCODER, "checkpoint", Zone.IMAGE, IMAGE_ENCODERS),
    (Component.OTHER, "checkpoint", Zone.OTHER, OTHERS),
)


_PROJECTION: Final = "_projection"
"""In the names of what encoders keep outside of what their prefix announces."""


def encoder(listing: Listing) -> Architecture | None:
    """The part that a file without a denoiser holds; the first, where it holds several.

    Not where they stand beside a model that no table knows: then they are not what the file is.
    """
    found: list[tuple[Component, str, Rule, str]] = []
    main = False
    for component, kind, zone, rules in _TABLES:
        for shapes in (listing.zones[zone], listing.main):
            rule = first(rules, shapes)
            if rule is not None:
                found.append((component, kind, rule, rule.reason(listing, shapes)))
                main = main or shapes is listing.main
                break
    if not found or (not main and _holds_more(listing.main)):
        return None
    _, kind, rule, reason = found[0]
    both = {component for component, *_ in found}
    if {Component.TEXT_ENCODER, Component.IMAGE_ENCODER} <= both:
        kind = "checkpoint"
    return Architecture(
        family=rule.family,
        reason=reason,
        kind=kind,
        variant=rule.variant,
        components=tuple(component for component, *_ in found),
        measured=rule.family != UNKNOWN,
    )


def _holds_more(shapes: Mapping[str, Shape]) -> bool:
    return any(len(shape) > 1 and _PROJECTION not in name for name, shape in shapes.items())
