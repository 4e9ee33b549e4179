"""Findings of every kind, with hostile names; every publisher but the listed ones is invented."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

from modelaudit.domain import refs
from modelaudit.domain.claim import Claim, Conflict
from modelaudit.domain.finding import Finding
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.waiver import Decision, Waiver
from modelaudit.domain.words import Component, ConflictKind, Grade, Relation, State, Verdict
from tests.report.weighing import SAMPLE

SEEN = 1_795_309_323  # 2026-11-22T01:02:03Z
SD15 = refs.hf("runwayml/stable-diffusion-v1-5")
SD21 = refs.hf("stabilityai/stable-diffusion-2-1")
XL = refs.hf("stabilityai/stable-diffusion-xl-base-1.0")
ENTRY = "laion-5b/sd-1.5"
HOSTILE = ModelRef("folder:\x1b]0;owned\x07<script>alert(1)</script>\u202e[red]gpj.\udc80 |`@all`")


def claim(
    child: ModelRef,
    parent: ModelRef,
    relation: Relation,
    grade: Grade = Grade.DECLARED,
    locator: str = "/cardData/base_model",
    extractor: str = "hf-card",
    **more: object,
) -> Claim:
    return Claim(
        child=child,
        parent=parent,
        relation=relation,
        grade=grade,
        locator=locator,
        extractor=extractor,
        observed=SEEN,
        **more,  # type: ignore[arg-type]  # a test's shorthand for the optional fields
    )


def finding(
    verdict: Verdict,
    claims: Iterable[Claim],
    *,
    decided_by: str = "policy of the entry",
    model: ModelRef | None = None,
    entry: str = ENTRY,
    **more: object,
) -> Finding:
    claims = tuple(claims)
    path = (model,) if model else (claims[0].child, *dict.fromkeys(c.parent for c in claims))
    hops: dict[ModelRef, Grade] = {}
    for c in claims:
        hops[c.child] = max(c.grade, hops.get(c.child, c.grade))
    return Finding(
        entry=entry,
        model=path[0],
        verdict=verdict,
        decided_by=decided_by,
        grade=min(hops.values(), default=Grade.DECLARED),
        relation=Relation.LISTED if model else claims[0].relation,
        path=path,
        claims=claims,
        **more,  # type: ignore[arg-type]  # as above
    )


def findings() -> list[Finding]:
    mirror = refs.hf("stable-diffusion-v1-5/stable-diffusion-v1-5")
    copy = refs.hf("example-publisher/sd15-copy")
    mix = refs.hf("example-publisher/dream-mix")
    tuned = refs.hf("example-lab/paintings-v2")
    quant = refs.hf("example-quantizers/paintings-v2-GGUF")
    lora = refs.civitai(999000001, 999000002)
    long = refs.hf(
        "example-publisher/an-unusually-long-name-that-goes-on-and-on-until-nobody-reads-it-1"
    )
    chain = [refs.hf(f"example-merges/step-{n}") for n in range(7)]
    digest = "6ce0161689b3853acaa03779ec93eafe75a02f4ced659bee03f50797806fa2fa"
    byte_claim = claim(
        copy,
        SD15,
        Relation.COPY,
        Grade.EXACT,
        "unet/diffusion_pytorch_model.safetensors",
        "same-bytes",
        excerpt=f"sha256 {digest}",
        component=Component.UNET,
    )
    relabelled = Conflict(
        model=copy,
        kind=ConflictKind.PARENT,
        claims=(claim(copy, XL, Relation.FINETUNE), byte_claim),
        entry=ENTRY,
    )
    return [
        finding(
            Verdict.TAKE_DOWN,
            (),
            model=mirror,
            downloads=1_204_331,
            likes=812,
            author="stable-diffusion-v1-5",
            created=1_724_976_000,
            revision="451f4fe16113bff5a5d2269ed5ad43b0592e9a14",
            state=State.UNCHANGED,
            decided_by="policy of the entry: take-down",
        ),
        finding(
            Verdict.TAKE_DOWN,
            (byte_claim,),
            downloads=90_114,
            likes=14,
            author="example-publisher",
            conflicts=(relabelled,),
            files=(("unet/diffusion_pytorch_model.safetensors", digest),),
            created=1_700_000_000,
            revision="0" * 40,
            decided_by="scope of copy: take-down; 1 of 1 main files match",
        ),
        finding(
            Verdict.TAKE_DOWN,
            (
                claim(
                    mix,
                    SD15,
                    Relation.MERGE,
                    Grade.MEASURED,
                    "dream.safetensors, 686 tensors of the UNet",
                    "weights",
                    source="https://huggingface.co/example-publisher/dream-mix/blob/main/dream.safetensors",
                    excerpt="median cosine 0.998, coverage 1.00",
                    component=Component.UNET,
                    weight=0.4,
                    sample=SAMPLE,
                ),
                claim(mix, SD15, Relation.MERGE),
            ),
            downloads=41_201,
            likes=96,
            author="example-publisher",
            decided_by="scope of merge: take-down",
            created=1_710_000_000,
        ),
        finding(
            Verdict.TAKE_DOWN,
            (claim(tuned, SD15, Relation.FINETUNE),),
            downloads=8_450,
            likes=31,
            author="example-lab",
            decided_by="scope of finetune: take-down",
        ),
        finding(
            Verdict.TAKE_DOWN,
            (
                claim(quant, tuned, Relation.QUANTIZED, locator="/gguf/base_model"),
                claim(tuned, SD15, Relation.FINETUNE),
            ),
            downloads=310,
            author="example-quantizers",
            decided_by="scope of quantized: take-down",
            state=State.CHANGED,
        ),
        finding(
            Verdict.TAKE_DOWN,
            [claim(a, b, Relation.MERGE) for a, b in itertools.pairwise(chain)]
            + [claim(chain[-1], SD15, Relation.FINETUNE)],
            downloads=77,
            author="example-merges",
        ),
        finding(
            Verdict.REVIEW,
            (
                claim(
                    lora,
                    SD15,
                    Relation.ADAPTER,
                    locator="/modelVersions/0/baseModel",
                    extractor="civitai-version",
                    excerpt="SD 1.5",
                ),
            ),
            downloads=812,
            author="example-artist",
            decided_by="scope of adapter: review",
        ),
        finding(
            Verdict.REVIEW,
            (
                claim(
                    long,
                    SD21,
                    Relation.FINETUNE,
                    Grade.RECORDED,
                    "ss_sd_model_name",
                    "kohya",
                    source="https://huggingface.co/example-publisher/a/blob/main/lora.safetensors",
                    excerpt="stabilityai/stable-diffusion-2-1",
                ),
            ),
            entry="laion-5b/sd-2.1",
            downloads=1_020,
            decided_by="documentation of the entry: filtered subset",
        ),
        finding(
            Verdict.REVIEW,
            (claim(mirror, SD21, Relation.DISTILLED),),
            entry="laion-5b/sd-2.1",
            downloads=1_204_331,
            decided_by="scope of distilled: review",
            waiver=Waiver(
                decision=Decision.FALSE_POSITIVE,
                reason="the card describes another repository",
                by="example-analyst",
                on="2026-11-20",
                until="2027-01-31",
                entry="laion-5b/sd-2.1",
                model=mirror,
            ),
        ),
        finding(
            Verdict.NOTE,
            (
                claim(
                    refs.hf("example-lab/v1-5-look"),
                    SD15,
                    Relation.FINETUNE,
                    Grade.HINTED,
                    "/id",
                    "names",
                    excerpt="v1-5",
                ),
            ),
            downloads=3,
            decided_by="a hint on the path",
        ),
        finding(
            Verdict.NOTE,
            (
                claim(
                    refs.hf("example-lab/own-model"),
                    SD15,
                    Relation.COMPONENT,
                    Grade.EXACT,
                    "vae/model.safetensors",
                    "same-bytes",
                    component=Component.VAE,
                    excerpt="sha256 a1d9…",
                ),
            ),
            decided_by="scope of component: note",
        ),
        finding(
            Verdict.TAKE_DOWN,
            (
                claim(
                    HOSTILE,
                    SD15,
                    Relation.FINETUNE,
                    locator="</code><img src=x>",
                    extractor="\u200bzero",
                    source="javascript:alert(1)",
                    excerpt="[link=http://a.example]x[/link] " + "ab\x00" * 100,
                ),
            ),
            downloads=5,
            author="=cmd|' /C calc'!A0",
            url='https://a.example/"><script>',
            decided_by='=HYPERLINK("http://a.example","x")\n::error::\tx',
            files=(("a\tb\nc\u2066.ckpt", "f" * 64),),
            revision="\x1b[31m",
        ),
    ]
