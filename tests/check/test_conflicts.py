"""Which claims about one model cannot all be true."""

from __future__ import annotations

import pytest

from modelaudit.check.conflicts import against_bytes, against_records, against_role
from modelaudit.domain.claim import Claim, Conflict
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.words import Component, Grade, Relation

CHILD, SOURCE, OTHER = "hf:a/copy", "hf:a/source", "hf:x/other"


def claim(parent: str, relation: str = "finetune", grade: str = "declared") -> Claim:
    return Claim(
        child=ModelRef(CHILD),
        parent=ModelRef(parent),
        relation=Relation.parse(relation),
        grade=Grade.parse(grade),
        extractor="same-bytes" if grade == "exact" else "card",
        locator="/",
        observed=1,
    )


COPY = claim(SOURCE, "copy", "exact")


def told(found: list[Conflict]) -> list[tuple[str, list[str]]]:
    return [(c.kind.word, [k.parent for k in c.claims]) for c in found]


WORDS = {
    # what the copy says of itself → conflicts: (kind, parents, the stronger last)
    "nothing": ([], []),
    "its source": ([claim(SOURCE)], []),
    "its source in another spelling": ([claim("hf:A/Source")], []),
    "another model": ([claim(OTHER)], [("parent", [OTHER, SOURCE])]),
    "its source and another": ([claim(SOURCE), claim(OTHER)], []),
    "another as a hint": ([claim(OTHER, grade="hinted")], []),
    "another as a training set": ([claim("dataset:x/y", "trained-on")], []),
    "another as a component": ([claim(OTHER, "component")], []),
    "the same other twice": (
        [claim(OTHER), claim(OTHER, grade="recorded")], [("parent", [OTHER, SOURCE])]),
    "a bare name": ([claim("hf:other")], []),
    "a digest": ([claim("sha256:" + "a1" * 32)], []),
    "its own family": ([claim("civitai-base:sd 1.5")], []),
    "another family": ([claim("civitai-base:SDXL")], [("family", ["civitai-base:SDXL", SOURCE])]),
    "that it is quantized": (
        [claim(SOURCE, "quantized")], [("relation", [SOURCE, SOURCE])]),
    "that it is a conversion": ([claim(SOURCE, "conversion")], []),
}  # fmt: skip


@pytest.mark.parametrize("case", WORDS)
def test_words_are_held_against_bytes(case: str) -> None:
    words, expected = WORDS[case]
    found = list(
        against_bytes(COPY, words, same={SOURCE}, labels={"civitai-base:sd 1.5"}, entry="list/x")
    )
    assert told(found) == expected
    assert all(c.model == CHILD and c.entry == "list/x" for c in found)


def test_no_label_disagrees_where_none_is_known_to_agree() -> None:
    assert not list(against_bytes(COPY, [claim("civitai-base:SDXL")], same={SOURCE}, labels=set()))


RECORDED = claim(SOURCE, "adapter", "recorded")
CARDS = {
    "the recorded base": ([claim(SOURCE, "adapter")], []),
    "an ancestor of it": ([claim("hf:a/root", "adapter")], []),
    "another base": ([claim(OTHER, "adapter")], [("parent", [OTHER, SOURCE])]),
    "a base that leads nowhere": ([claim("hf:x/nowhere", "adapter")], []),
    "another parent that is no base": ([claim(OTHER, "finetune")], []),
    "another base as a hint": ([claim(OTHER, "adapter", "hinted")], []),
    "nothing": ([], []),
}


@pytest.mark.parametrize("case", CARDS)
def test_cards_are_held_against_records(case: str) -> None:
    card, expected = CARDS[case]
    found = list(
        against_records(
            [RECORDED, *card],
            ancestors={SOURCE, "hf:a/root"},
            known={SOURCE, "hf:a/root", OTHER},
        )
    )
    assert told(found) == expected


def test_without_a_record_a_card_stands_unopposed() -> None:
    cards = [claim(OTHER, "adapter"), claim(SOURCE, "adapter")]
    assert not list(against_records(cards, ancestors=set(), known={SOURCE, OTHER}))


C = Component


@pytest.mark.parametrize(
    ("lies_in", "role", "contradicts"),
    [
        (C.VAE, C.FULL, True),
        (C.FULL, C.VAE, True),
        (C.FULL, C.UNET, False),
        (C.VAE, C.TEXT_ENCODER, False),
        (C.OTHER, C.FULL, False),
        (None, C.FULL, False),
        (C.VAE, C.OTHER, False),
    ],
)
def test_a_file_may_lie_where_it_does_not_belong(
    lies_in: Component | None, role: Component, contradicts: bool
) -> None:
    copy = Claim(
        child=ModelRef(CHILD),
        parent=ModelRef(SOURCE),
        relation=Relation.COPY,
        grade=Grade.EXACT,
        extractor="listed-digest",
        locator="vae/x",
        observed=1,
        component=lies_in,
    )
    assert [c.kind.word for c in against_role(copy, role, "list/x")] == ["component"] * contradicts
