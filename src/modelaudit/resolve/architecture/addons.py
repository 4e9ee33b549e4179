"""What is plugged into a base besides LoRAs: ControlNets, IP- and T2I-Adapters, motion, embeddings.

As lllyasviel/ControlNet, diffusers, kohya-ss/sd-scripts (LLLite), tencent-ailab/IP-Adapter,
TencentARC/T2I-Adapter, guoyww/AnimateDiff and AUTOMATIC1111's textual inversion write them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from modelaudit.domain.weights import UNKNOWN, Architecture
from modelaudit.domain.words import Component
from modelaudit.resolve.architecture.names import Listing, Shape, Zone, shown
from modelaudit.resolve.architecture.rules import Rule, first
from modelaudit.resolve.architecture.transformers import TRANSFORMERS
from modelaudit.resolve.architecture.unets import UNETS

CONTROLNETS: Final = (
    Rule(UNKNOWN, "input_hint_block.0.weight", absent=("out.2.weight",)),
    Rule(UNKNOWN, "controlnet_cond_embedding.conv_in.weight"),
    Rule(UNKNOWN, "controlnet_blocks.0.weight"),
)

BESIDE: Final = (
    ("lllite_unet_", "sdxl", "lllite"),
    ("lllite_dit_", "anima", "lllite"),
    ("control_layers.", "z-image", None),
    ("control_all_x_embedder.", "z-image", None),
    ("control_noise_refiner.", "z-image", None),
)
"""Prefix, family, variant: control layers that stand beside those of the base."""

_ADDED_K = "transformer_blocks.0.attn.add_k_proj.weight"
BASES: Final = (
    *UNETS,
    *TRANSFORMERS,
    Rule("sdxl", "add_embedding.linear_1.weight", (None, 2816)),
    Rule("sdxl", "label_emb.0.0.weight", (None, 2816)),
    Rule("sd3", _ADDED_K, (1536,)),
    Rule("sd3", _ADDED_K, (2432,)),
    Rule("flux", "context_embedder.weight", (3072, 4096), also=(_ADDED_K,)),
    Rule(UNKNOWN, _ADDED_K, (3072,), note="Flux.1, Flux.2 Klein or Qwen-Image"),
)
"""Whose copy a ControlNet is; small ones have no text attention."""

IP_ADAPTERS: Final = (
    Rule("flux", "ip_adapter_proj_model.proj.weight"),
    Rule("sd1", "ip_adapter.1.to_k_ip.weight", (None, 768)),
    Rule("sd2", "ip_adapter.1.to_k_ip.weight", (None, 1024)),
    Rule("sdxl", "ip_adapter.1.to_k_ip.weight", (None, 2048)),
    Rule(UNKNOWN, "ip_adapter.1.to_k_ip.weight"),
)

_T2I = "SD1 and SD2 take the same adapter"
T2I_ADAPTERS: Final = (
    *(
        Rule(family, key, (None, channels), also=also, note=note)
        for key, also in (
            ("conv_in.weight", ("body.0.block2.weight",)),
            ("adapter.conv_in.weight", ("adapter.body.0.resnets.0.block2.weight",)),
            ("body.0.in_conv.weight", ("body.0.body.0.block2.weight",)),
        )
        for family, channels, note in (
            ("sdxl", 256, ""),
            ("sdxl", 768, ""),
            (UNKNOWN, 64, _T2I),
            (UNKNOWN, 192, _T2I),
        )
    ),
)
"""Pixels are folded 16 times for SDXL, 8 times before."""

_VECTORS = "vectors that text encoders of several families take"
EMBEDDINGS: Final = (
    Rule("sd1", "string_to_param.*", (None, 768)),
    Rule("sd2", "string_to_param.*", (None, 1024)),
    Rule(UNKNOWN, "string_to_param.*"),
    Rule(UNKNOWN, "clip_g", (None, 1280), note="SDXL or SD3"),
    Rule(UNKNOWN, "emb_params", note=_VECTORS),
)
"""The first layout is older than what else has a text encoder of these widths."""
_WIDTHS: Final = (768, 1024)
_FEW: Final = 10


def controlnet(listing: Listing) -> Architecture | None:
    """A ControlNet; not a whole checkpoint that brings one along."""
    shapes = listing.zones[Zone.ADAPTER] if not listing.main else listing.main
    rule = first(CONTROLNETS, shapes)
    if rule is None:
        return None
    base = first(BASES, shapes)
    if base is None:
        return _addon(
            UNKNOWN, rule.reason(listing, shapes) + ": a ControlNet of no known base", "controlnet"
        )
    return _addon(base.family, base.reason(listing, shapes), "controlnet")


def beside(listing: Listing) -> Architecture | None:
    """A ControlNet whose layers have a prefix of their own."""
    for prefix, family, variant in BESIDE:
        if prefix in listing.text:
            for name, shape in listing.main.items():
                if name.startswith(prefix):
                    return _addon(family, shown(name, shape), "controlnet", variant)
    return None


def plugged(listing: Listing) -> Architecture | None:
    """An IP-Adapter or a T2I-Adapter."""
    for rules, variant in ((IP_ADAPTERS, "ip-adapter"), (T2I_ADAPTERS, "t2i-adapter")):
        rule = first(rules, listing.main)
        if rule is not None:
            return _addon(rule.family, rule.reason(listing, listing.main), "adapter", variant)
    return None


def motion(listing: Listing) -> Architecture | None:
    """An AnimateDiff motion module; SDXL has no fourth level to move."""
    if ".motion_modules." not in listing.text or "conv_in.weight" in listing.main:
        return None
    lowest = "down_blocks.3.motion_modules." in listing.text
    reason = _where(
        listing.names, "down_blocks.3.motion_modules." if lowest else ".motion_modules."
    )
    return _addon("sd1" if lowest else "sdxl", reason, "adapter", "motion")


def embedding(listing: Listing) -> Architecture | None:
    """A textual inversion: a handful of vectors as wide as the text encoder's."""
    shapes = renamed = listing.names
    if "string_to_param." in listing.text:
        # torch files nest the vector under the placeholder's own name
        renamed = {
            "string_to_param.*" if name.startswith("string_to_param.") else name: shape
            for name, shape in shapes.items()
        }
    rule = first(EMBEDDINGS, renamed)
    if rule is not None:
        return _addon(rule.family, rule.reason(listing, renamed), "embedding")
    if not 0 < len(shapes) < _FEW:
        return None
    widths = {shape[-1] for shape in shapes.values() if len(shape) in (1, 2)}
    named = any(name.endswith((".weight", ".bias")) for name in shapes)
    if named or len(widths) != 1 or any(len(shape) not in (1, 2) for shape in shapes.values()):
        return None
    if widths.isdisjoint(_WIDTHS):
        return None
    return _addon(UNKNOWN, f"{shown(*next(iter(shapes.items())))}: {_VECTORS}", "embedding")


def _where(shapes: Mapping[str, Shape], text: str) -> str:
    return next(shown(name, shape) for name, shape in shapes.items() if text in name)


def _addon(family: str, reason: str, kind: str, variant: str | None = None) -> Architecture:
    return Architecture(
        family=family,
        reason=reason,
        kind=kind,
        variant=variant,
        components=(Component.ADAPTER,),
        measured=family != UNKNOWN,
    )
