"""Names, shapes and metadata that nobody honest would write."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from modelaudit.domain.weights import UNKNOWN, Architecture, Tensor
from modelaudit.resolve.architecture import (
    contradiction,
    declared_family,
    detect,
    family_of_label,
    family_of_model,
    parts,
)

_WORDS = [
    "model", "diffusion_model", "vae", "lora_unet_down_blocks_0", "lora_down", "lora_A", "attn2",
    "to_k", "weight", "alpha", "lokr_w1", "lokr_w2", "on_input", "input_blocks", "0", "1", "4",
    "proj_in", "lllite_unet_", "motion_modules", "down_blocks", "string_to_param", "clip_g",
    "controlnet_blocks", "lora_controlnet", "decoder", "conv_in", "model_ema", "optimizer", "\n",
    "transformer_blocks", "double_blocks", "text_encoder", ":", "diff", "", "\ud800", "\x00",
]  # fmt: skip
_NAMES = st.one_of(
    st.text(max_size=40),
    st.lists(st.sampled_from(_WORDS), max_size=8).map(".".join),
    st.lists(st.sampled_from(_WORDS), max_size=8).map("_".join),
)
_SHAPES = st.lists(st.integers(0, 2**63 - 1) | st.sampled_from([320, 768, 2048, 3072]), max_size=6)
_TENSORS = st.lists(
    st.builds(lambda name, shape: Tensor(name, "F16", tuple(shape), None, 0), _NAMES, _SHAPES),
    max_size=12,
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
_METADATA = st.dictionaries(
    st.sampled_from(
        [
            "ss_base_model_version",
            "modelspec.architecture",
            "general.architecture",
            "ss_v2",
            "software",
        ]
    ),
    _JSON | st.sampled_from(["sdxl", "flux", "sd_1.5", "True"]),
)


@given(_TENSORS, _METADATA)
def test_no_listing_raises_and_every_answer_can_be_printed(
    listing: list[Tensor], metadata: dict[str, object]
) -> None:
    found = detect(listing, metadata)
    assert found.reason.isprintable()
    found.reason.encode()
    assert found.measured <= (found.family != UNKNOWN)
    grouped = parts(listing, found)
    assert sum(map(len, grouped.values())) <= len(listing)


@given(_METADATA, st.text())
def test_no_declaration_raises(metadata: dict[str, object], label: str) -> None:
    declared_family(metadata)
    contradiction(metadata, Architecture(family="sd1", measured=True))
    for family in (family_of_label(label), family_of_model(label)):
        assert family is None or family.isprintable()


def test_nothing_is_not_a_family() -> None:
    assert detect([]) == Architecture()


def test_a_reason_stays_one_short_line() -> None:
    name = "lora_unet_" + "\n\x1b[2J" * 10_000
    found = detect([Tensor(name, "F16", (1,) * 64, None, 0)])
    assert found.kind == "adapter"
    assert len(found.reason) < 1000
    assert found.reason.isprintable()
