"""Comparisons of weights of every kind, with hostile names."""

from __future__ import annotations

from modelaudit.domain import refs
from modelaudit.domain.claim import Sample
from modelaudit.domain.sketch import Anchor, Comparison, Kin, Score, TensorScore, Weighed
from modelaudit.domain.words import Component, Kinship
from tests.comparisons import recipe

SEEN = 1_795_309_323
SD15 = refs.hf("runwayml/stable-diffusion-v1-5")
REFERENCE = "Stable Diffusion 1.5 (laion-5b/sd-1.5 by 6ce0161689)"
ODD = "x\x1b]0;owned\x07<script>alert(1)</script>|`"

DERIVED = Score(
    grade=Kinship.DERIVED,
    wording="the weights are a modified copy of it or of a checkpoint in its lineage",
    score=0.9981,
    median=0.9994,
    coverage=1.0,
    bit_equal=0.0625,
    floor=0.1,
    tensors=3,
    values=3072,
)
CLEAR = Score(
    grade=Kinship.SAME_ARCHITECTURE_ONLY,
    wording="no weight evidence of derivation; permutation excluded",
    score=0.003,
    median=0.011,
    floor=0.1,
    tensors=16,
    values=16_384,
)
UNPERMUTED = Anchor(r=0.01, matched=0.21, moved=1.0, channels=320, values=12, excludes=True)

TUNED = Comparison(
    reference=REFERENCE,
    overall=DERIVED,
    component=Component.UNET,
    components={Component.UNET: DERIVED},
    tensors=(
        TensorScore(
            name="input_blocks.0.0.weight", reference_name="input_blocks.0.0.weight",
            component=Component.UNET, r=0.9999, equal=0.1875,
        ),
        TensorScore(
            name=ODD, reference_name="middle_block.1.proj_in.weight",
            component=Component.UNET, r=-0.9944, equal=0.0, by_content=True,
        ),
        TensorScore(
            name="out.2.weight", reference_name="out.2.weight",
            component=Component.UNET, r=None, equal=0.0,
        ),
    ),
    anchor=Anchor(r=0.997, matched=1.0, moved=0.0, channels=320, values=12),
    remarks=("its values are finer than bfloat16: the reference cannot come from it",),
)  # fmt: skip
OTHER = Comparison(
    reference=REFERENCE, overall=CLEAR, component=Component.UNET, anchor=UNPERMUTED,
    components={Component.UNET: CLEAR},
)  # fmt: skip

SAMPLE = Sample(comparison=TUNED, bytes_read=34_816, references=5)


def weighed(
    ref: str, one: Comparison | None = OTHER, path: str = "model.safetensors", **more: object
) -> Weighed:
    return Weighed(
        model=refs.ModelRef(ref),
        path=path,
        observed=SEEN,
        family="sd1",
        component=Component.UNET,
        bytes_read=34_816,
        references=5,
        kin=() if one is None else (Kin(parent=SD15, comparison=one),),
        **more,  # type: ignore[arg-type]  # a test's shorthand for the optional fields
    )


def several() -> list[Weighed]:
    return [
        weighed("hf:example-lab/own-model"),
        weighed(
            "hf:example-publisher/dream-mix",
            TUNED,
            "dream.safetensors",
            **recipe({SD15: 0.4, "hf:example-lab/own-model": 0.6}),
        ),
        weighed("folder:odd", None, ODD),
    ]
