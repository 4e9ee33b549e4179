"""The closed vocabularies: codes that order, words that are published."""

from __future__ import annotations

import pytest

from modelaudit.domain.edge import Edge, Flag, pack, unpack
from modelaudit.domain.words import (
    Component,
    ConflictKind,
    GapReason,
    Grade,
    Read,
    Relation,
    State,
    Status,
    Verdict,
    Word,
)

# Scripts of users lean on these words: they may be added to, never renamed.
PUBLISHED: dict[type[Word], str] = {
    Grade: "hinted declared recorded measured exact",
    Verdict: "none note review take-down",
    Relation: "listed copy conversion quantized pruned finetune merge adapter distilled component"
    " trained-on",
    Component: "full unet transformer adapter text_encoder vae image_encoder other",
    GapReason: "gated gone disabled private too-large unreadable pickle-refused rate-limited"
    " malformed out-of-budget unmapped inconclusive",
    State: "new changed unchanged",
    ConflictKind: "parent relation family component",
    Read: "metadata headers weights",
}


@pytest.mark.parametrize("kind", PUBLISHED, ids=lambda kind: kind.__name__)
def test_words_are_the_published_ones_in_their_order(kind: type[Word]) -> None:
    assert " ".join(member.word for member in kind) == PUBLISHED[kind]
    assert [member.value for member in kind] == sorted(member.value for member in kind)
    for member in kind:
        assert kind.parse(member.word) is member
        assert str(member) == member.word


def test_an_unknown_word_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="'maybe' is not one of: none, note, review, take-down"):
        Verdict.parse("maybe")


def test_only_models_and_their_deltas_are_main_parts() -> None:
    assert {c.word for c in Component if c.main} == {"full", "unet", "transformer", "adapter"}


def test_what_a_platform_took_down_or_lost_is_not_hosted() -> None:
    assert {status.word for status in Status if status.seen} == {"live", "gated", "archived"}


def test_every_thousandth_of_a_weight_survives_packing() -> None:
    for weight in (None, *(n / 1000 for n in range(1001))):
        edge = Edge(Relation.MERGE, Grade.RECORDED, Flag.DATE, weight)
        assert unpack(pack(edge)) == edge


@pytest.mark.parametrize("flag", Flag)
def test_every_flag_survives_packing_beside_any_other_part(flag: Flag) -> None:
    for relation in Relation:
        for grade in Grade:
            edge = Edge(relation, grade, flag, 1.0)
            assert unpack(pack(edge)) == edge


def test_a_weight_out_of_range_is_cut_to_it() -> None:
    assert unpack(pack(Edge(Relation.MERGE, Grade.EXACT, Flag.NONE, -2.0))).weight == 0
    assert unpack(pack(Edge(Relation.MERGE, Grade.EXACT, Flag.NONE, 7.5))).weight == 1


def test_a_weight_just_below_a_threshold_stays_below_it() -> None:
    weight = unpack(pack(Edge(Relation.MERGE, Grade.EXACT, Flag.NONE, 0.0499))).weight
    assert weight is not None
    assert weight < 0.05
