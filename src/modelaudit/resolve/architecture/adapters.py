"""LoRA and its kin: whether a file is a delta, of which kind, and to what.

A delta holds names of its base, so this is asked before any family is.
"""

from __future__ import annotations

from typing import Final

from modelaudit.domain.weights import UNKNOWN, Architecture
from modelaudit.domain.words import Component
from modelaudit.resolve.architecture.bases import family_of
from modelaudit.resolve.architecture.modules import Layers
from modelaudit.resolve.architecture.names import Listing

MARKERS: Final = (
    "lora_down", "lora_up", ".lora_A.", ".lora_B.", ".lora_a\n", ".lora_b\n", "_lora.down",
    "_lora.up", ".lora.down", ".lora.up", "lora_unet_", "lora_te", "lora_transformer_",
    "hada_w1_a", "hada_w2_a", "lokr_w1", "lokr_w2", ".oft_", "oft_diag", ".ia3", ".on_input\n",
    "dora_scale", "proj_lora1.down", ".diff\n", ".diff_b\n", ":down\n", ":up\n",
)  # fmt: skip
"""Any of these in a name, or at its end, makes a delta; ``.alpha`` does on a scalar."""

WHOLE: Final = frozenset({
    "input_blocks.0.0.weight", "conv_in.weight", "double_blocks.0.img_attn.qkv.weight",
    "single_blocks.0.linear1.weight", "joint_blocks.0.context_block.attn.qkv.weight",
    "transformer_blocks.0.attn.to_q.weight", "transformer_blocks.0.attn1.to_q.weight",
    "blocks.0.self_attn.q.weight", "blocks.0.self_attn.q_proj.weight", "blocks.0.attn.wq.weight",
    "layers.0.attention.qkv.weight", "layers.0.self_attn.q_proj.weight", "h.0.attn.c_attn.weight",
    "encoder.layer.0.attention.self.query.weight", "double_layers.0.attn.w1q.weight",
})  # fmt: skip
"""One of these means a whole model with stray keys of a delta."""


WRAPPED: Final = ("_proj.base_layer.weight\n", ".wscales\n")
"""One of these as well: PEFT around a whole model, Nunchaku's low-rank share of a whole layer."""

_VARIANTS: Final = (
    ("lokr", ("lokr_w1", "lokr_w1_a", "lokr_w2", "lokr_w2_a")),
    ("loha", ("hada_w1_a", "hada_w2_a")),
    ("ia3", ("on_input", "ia3_l")),
    ("dora", ("dora_scale", "lora_magnitude_vector")),
)


def adapter(listing: Listing) -> Architecture | None:
    """A delta to a base; ``None`` for whole models, even with stray keys of one."""
    if not is_delta(listing):
        return None
    layers = Layers(listing.names)
    family, reason = family_of(layers)
    control = "double_blocks.0.img_attn.norm.key_norm.scale" in listing.main
    return Architecture(
        family=family,
        reason=reason,
        kind="controlnet" if control else "adapter",
        variant="control-lora" if control else _variant(layers),
        components=(Component.ADAPTER,),
        measured=family != UNKNOWN,
    )


def control_lora(listing: Listing) -> Architecture | None:
    """A Control-LoRA of Stability AI, a ControlNet stored as low-rank matrices."""
    if "lora_controlnet" not in listing.names:
        return None
    family, reason = family_of(Layers(listing.names))
    return Architecture(
        family=family,
        reason=reason,
        kind="controlnet",
        variant="control-lora",
        components=(Component.ADAPTER,),
        measured=family != UNKNOWN,
    )


def is_delta(listing: Listing) -> bool:
    """Whether names are those of a delta, and none is a layer of a whole base."""
    if any(key in listing.main for key in WHOLE) or any(mark in listing.text for mark in WRAPPED):
        return False
    return any(marker in listing.text for marker in MARKERS) or any(
        not shape and name.endswith(".alpha") for name, shape in listing.names.items()
    )


def _variant(layers: Layers) -> str:
    roles = {role for module in layers.modules.values() for role in module.roles}
    for variant, marks in _VARIANTS:
        if not roles.isdisjoint(marks):
            return variant
    if any(role.startswith("oft_") for role in roles):
        return "oft"
    if roles <= {"diff", "diff_b", "weight", "alpha"} and not roles.isdisjoint(("diff", "diff_b")):
        return "diff"
    spatial = any(
        len(s) == 4 and s[2] > 1 for m in layers.modules.values() for s in m.roles.values()
    )
    return "locon" if spatial else "lora"
