"""An invented list that has everything a list can have."""

from __future__ import annotations

from modelaudit.domain.entry import (
    Blocklist,
    Citation,
    Documentation,
    Entry,
    EntryException,
    EntryStatus,
    FileConfidence,
    ListedDataset,
    ListedFile,
    ListedSketch,
    ListKind,
    Match,
    Scope,
    Withdrawal,
)
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.times import parse_time
from modelaudit.domain.words import Component, Relation, Verdict

_CARD = Citation(
    url="https://example.org/a-very-long-address/of-a-card/that-does-not-fit-into-one-line/README.md",
    kind="primary",
    where="README.md, Training Data",
    summary="The card names the withdrawn set as its only training data.",
    published="2022-10-20",
    retrieved="2026-11-22",
    supports=("claim", "models", "datasets"),
)
_TABLE = Citation(
    url="https://example.org/digests", kind="tertiary", retrieved="2026-11-22", supports=("files",)
)

ENTRIES = (
    Entry(
        id="house/base",
        title="Base 1",
        aliases=("B1", "the first one"),
        status=EntryStatus.ACTIVE,
        kind="model",
        policy=Verdict.TAKE_DOWN,
        documentation=Documentation.DOCUMENTED,
        claim_relation="trained-on",
        claim_of=("dataset:org/withdrawn-set", "house/set"),
        tainted=frozenset({Component.UNET, Component.TEXT_ENCODER}),
        claim_note="The VAE was made by somebody else and is shared with other families.",
        scope=Scope(
            caps={
                Relation.COPY: Verdict.TAKE_DOWN,
                Relation.FINETUNE: Verdict.TAKE_DOWN,
                Relation.MERGE: Verdict.TAKE_DOWN,
                Relation.ADAPTER: Verdict.NOTE,
                Relation.DISTILLED: Verdict.NONE,
                Relation.COMPONENT: Verdict.REVIEW,
            },
            max_hops=3,
            min_merge_weight=0.05,
        ),
        match=Match(
            models=(ModelRef("hf:org/base-1"), ModelRef("civitai:4384@128713")),
            rehosts=(ModelRef("hf:other/base-1-copy"),),
            labels={"civitai": ("SD 1.5", "SD 1.5 LCM")},
            flags={"civitai": ("poi",)},
            files=(
                ListedFile(
                    sha256="ab" * 32, component=Component.FULL, name="base-1.safetensors",
                    size=4_265_146_304, autov1="81761151", autov3="abababababab", sources=4,
                ),
                ListedFile(
                    sha256="cd" * 32, component=Component.UNET, sources=1,
                    confidence=FileConfidence.SINGLE_SOURCE,
                ),
                ListedFile(sha256="ef" * 32, confidence=FileConfidence.CANDIDATE),
                ListedFile(sha256="01" * 32, component=Component.TEXT_ENCODER),
            ),
            sketches=(
                ListedSketch(
                    path="sketches/base.unet.sketch", component=Component.UNET, sha256="23" * 32,
                    base="sketches/before.sketch",
                ),
            ),
            name_patterns=("(?i)base[-_ ]?1",),
            name_exclusions=("(?i)baseball",),
            architectures=("sd1",),
            texts=("made of Base 1",),
        ),
        exceptions=(
            EntryException(
                match=Match(models=(ModelRef("hf:org/spared"),)),
                effect=Verdict.NONE,
                reason="It was trained again from scratch, as its publisher showed.",
                expires="2027-11-22",
                decided_by="the review board",
                evidence=(_TABLE,),
            ),
        ),
        evidence=(_CARD, _TABLE),
        notes="Its publisher took it down in 2024; copies remain.",
        severity="high",
        added="2026-11-20",
        modified="2026-11-22",
        review_by="2027-05-22",
    ),
    Entry(
        id="house/contested",
        title="Base 2",
        status=EntryStatus.DISPUTED,
        kind="model",
        policy=Verdict.TAKE_DOWN,
        documentation=Documentation.DOCUMENTED,
        claim_relation="derived-from",
        claim_of=("house/base", "elsewhere/base"),
        tainted=frozenset({Component.FULL}),
        match=Match(models=(ModelRef("hf:org/base-2"),)),
        evidence=(_CARD,),
    ),
    Entry(
        id="house/likely",
        title="Base 3",
        status=EntryStatus.ACTIVE,
        kind="model",
        policy=Verdict.REVIEW,
        documentation=Documentation.PROBABLE,
        claim_relation="trained-on",
        claim_note="An interview says so.",
        tainted=frozenset({Component.TRANSFORMER}),
        match=Match(models=(ModelRef("hf:org/base-3"),)),
        evidence=(_CARD,),
    ),
    Entry(
        id="house/set",
        title="What names the withdrawn set",
        status=EntryStatus.ACTIVE,
        kind="dataset",
        policy=Verdict.REVIEW,
        documentation=Documentation.DECLARED,
        claim_relation="is",
        scope=Scope(caps={Relation.TRAINED_ON: Verdict.REVIEW, Relation.COMPONENT: Verdict.NOTE}),
        match=Match(
            datasets=(
                ListedDataset(id="org/withdrawn-set"),
                ListedDataset(id="org/renamed", published_before=parse_time("2024-08-30")),
            )
        ),
        evidence=(_CARD,),
    ),
    Entry(
        id="house/marked",
        title="What the platform marks",
        status=EntryStatus.ACTIVE,
        kind="signal",
        policy=Verdict.NOTE,
        documentation=Documentation.DOCUMENTED,
        claim_relation="is",
        match=Match(flags={"civitai": ("poi", "mode:TakenDown")}),
        evidence=(_CARD,),
    ),
    Entry(
        id="house/idea",
        title="Base 4",
        status=EntryStatus.DRAFT,
        kind="model",
        policy=Verdict.REVIEW,
        documentation=Documentation.UNVERIFIED,
        claim_relation="contains",
        claim_of=("house/base",),
        match=Match(models=(ModelRef("hf:org/base-4"),)),
    ),
    Entry(
        id="house/wrong",
        title="Base 5",
        status=EntryStatus.WITHDRAWN,
        kind="model",
        policy=Verdict.TAKE_DOWN,
        documentation=Documentation.DISPUTED,
        claim_relation="trained-on",
        claim_of=("dataset:org/withdrawn-set",),
        match=Match(models=(ModelRef("hf:org/base-5"),)),
        evidence=(_CARD,),
        withdrawn=Withdrawal(date="2026-11-21", reason="The card was of another model."),
    ),
)  # fmt: skip

BLOCKLIST = Blocklist(
    id="house",
    kind=ListKind.BLOCK,
    title="What we do not host",
    version="2026.11.22-2",
    sha256="45" * 32,
    entries=ENTRIES,
    description="What this house has decided not to host, and why, as far as it is documented.",
    updated="2026-11-22",
    maintainer="Trust and Safety",
    license="CC0-1.0",
    supersedes=("old-house",),
)
