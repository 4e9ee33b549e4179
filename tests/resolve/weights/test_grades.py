from __future__ import annotations

from collections.abc import Sequence

import pytest

from modelaudit.domain.sketch import Block, Use
from modelaudit.domain.words import Component, Kinship
from modelaudit.resolve.weights import grades
from modelaudit.resolve.weights._pairs import Pair


def test_the_floor_is_higher_for_few_matrices_and_for_few_values() -> None:
    assert grades.floor(16, 16 * 1024) == 0.10
    assert grades.floor(9, 9 * 1024) == pytest.approx(0.10, abs=1e-3)
    assert grades.floor(8, 8 * 1024) == 0.20
    assert grades.floor(4, 4 * 1024) == 0.20
    assert grades.floor(16, 1024) == pytest.approx(9.6 / 32)
    assert grades.floor(3, 3 * 1024) == grades.floor(16, 0) == 1.0


@pytest.mark.parametrize(
    ("rs", "grade"),
    [
        ([0.95] * 16, Kinship.DERIVED),
        ([-0.95] * 16, Kinship.DERIVED),
        ([0.95] * 13 + [0.0] * 3, Kinship.DERIVED),
        ([0.95] * 12 + [0.0] * 4, Kinship.PARTIAL),
        ([0.89] * 16, Kinship.COMMON_ANCESTRY),
        ([0.5] * 16, Kinship.COMMON_ANCESTRY),
        ([0.99] * 3 + [0.0] * 13, Kinship.PARTIAL),
        ([0.99] * 2 + [0.0] * 14, Kinship.INCONCLUSIVE),
        ([0.49] * 16, Kinship.DILUTED),
        ([0.2] * 16, Kinship.DILUTED),
        ([-0.2] * 16, Kinship.DILUTED),
        ([0.15] * 16, Kinship.INCONCLUSIVE),
        ([0.05] * 16, Kinship.SAME_ARCHITECTURE_ONLY),
        ([0.4, -0.4] * 8, Kinship.SAME_ARCHITECTURE_ONLY),
        ([0.15] * 6, Kinship.SAME_ARCHITECTURE_ONLY),
        ([0.3] * 6, Kinship.INCONCLUSIVE),
        ([1.0] * 3, Kinship.INCONCLUSIVE),
        ([], Kinship.UNRELATED),
        ([None] * 5, Kinship.INCONCLUSIVE),
    ],
)
def test_the_rules_are_tried_from_the_top(rs: list[float | None], grade: Kinship) -> None:
    found = grades.score(_pairs(rs), "base")
    assert found.grade is grade
    assert found.tensors == sum(r is not None for r in rs)
    assert found.skipped == rs.count(None)


def test_one_matrix_that_agrees_is_never_a_part() -> None:
    """It may be computed from the data in closed form, alike in independent models."""
    assert grades.score(_pairs([1.0, 0, 0, 0, 0]), "base").grade is Kinship.INCONCLUSIVE
    assert grades.score(_pairs([1.0, 1.0, 0, 0, 0]), "base").grade is Kinship.PARTIAL


def test_matrices_without_a_match_count_against_kinship() -> None:
    found = grades.score(_pairs([1.0] * 4), "base", grades.Extent(unmatched=(1024,) * 4))
    assert found.grade is Kinship.PARTIAL
    assert (found.tensors, found.coverage, found.score) == (8, 0.5, 0.5)
    two = grades.Extent(unmatched=(1024,) * 4, together=3)
    assert grades.score(_pairs([1.0] * 2), "base", two).grade is Kinship.INCONCLUSIVE


def test_identical_takes_equal_bytes_in_every_block_that_was_read() -> None:
    same = _pairs([1.0] * 5 + [None], same=True)
    assert grades.score(same, "base").grade is Kinship.IDENTICAL
    assert not grades.score(same, "base").recast
    assert grades.score([*same, *_pairs([None])], "base").grade is Kinship.DERIVED
    assert grades.score(same, "base", grades.Extent(whole=False)).grade is Kinship.DERIVED
    assert grades.score(same, "base", grades.Extent(unmatched=(1024,))).grade is Kinship.DERIVED
    assert grades.score(same[:3], "base").grade is Kinship.INCONCLUSIVE


def test_equal_values_under_other_names_are_no_identity() -> None:
    moved = [_pair(1.0, number, same=True, key="other") for number in range(6)]
    assert grades.score(moved, "base").grade is Kinship.DERIVED


@pytest.mark.parametrize(
    ("dtypes", "word"), [(("F16", "F32"), "lower"), (("F32", "BF16"), "higher")]
)
def test_a_recast_says_which_way(dtypes: tuple[str, str], word: str) -> None:
    pairs = _pairs([1.0] * 4, dtypes=dtypes, equal=1.0)
    found = grades.score(pairs, "base")
    assert (found.grade, found.recast) == (Kinship.IDENTICAL, True)
    assert found.wording == f"the same weights as base stored in {word} precision"
    mixed = [*pairs, *_pairs([1.0], dtypes=dtypes[::-1], equal=1.0)]
    assert grades.score(mixed, "base").wording.endswith("stored in another precision")
    rounded = _pairs([1.0] * 4, dtypes=dtypes, equal=0.999)
    assert grades.score(rounded, "base").grade is Kinship.DERIVED


def test_a_transposed_copy_is_stored_in_another_layout() -> None:
    found = grades.score(_pairs([1.0] * 4, same=True, use=Use.TRANSPOSED), "base")
    assert (found.grade, found.recast) == (Kinship.IDENTICAL, True)
    assert found.wording == "the same weights as base stored in another layout"


@pytest.mark.parametrize(
    ("rs", "words"),
    [
        (
            [0.95] * 16,
            "the weights are a modified copy of base or of a checkpoint in base's lineage"
            " (fine-tune, merge, quantisation)",
        ),
        (
            [0.7] * 16,
            "strongly non-independent: heavy training, pruning, low-bit quantisation or merge of"
            " base, or a common initial checkpoint",
        ),
        ([1.0] * 3 + [0.0] * 13, "3 of 16 tensors come from base (t0, t1, t2); the rest do not"),
        ([0.3] * 16, "traces of base: minority merge share or destructive edit"),
        ([0.15] * 16, "inconclusive: human review, or read more"),
        ([0.9] * 3, "inconclusive: only 3 tensors can be compared with base"),
        ([0.0] * 16, "no weight evidence of derivation from base"),
        ([], "nothing of it can be compared with base"),
    ],
)
def test_each_grade_has_its_words(rs: list[float | None], words: str) -> None:
    assert grades.score(_pairs(rs), "base").wording == words


def test_no_wording_speaks_of_a_parent_or_of_what_it_was_trained_on() -> None:
    for r in (0.0, 0.15, 0.3, 0.7, 0.95):
        wording = grades.score(_pairs([r] * 16), "base").wording
        assert "parent" not in wording
        assert "trained on" not in wording


def test_permutation_is_only_excluded_where_it_was_tried() -> None:
    pairs = _pairs([0.0] * 16)
    assert "permutation" not in grades.score(pairs, "base").wording
    tried = grades.score(pairs, "base", grades.Extent(no_permutation=True))
    assert tried.wording == "no weight evidence of derivation from base; permutation excluded"


def test_an_input_that_agrees_in_two_places_is_a_part() -> None:
    extent = grades.Extent(input_only=True)
    found = grades.score(_pairs([0.9] + [0.0] * 15), "base", extent)
    assert found.grade is Kinship.PARTIAL
    assert found.wording == (
        "1 of 16 tensors come from base (input embedding only: t0); the rest do not"
    )
    assert "input embedding only)" in grades.score(_pairs([0.0] * 16), "base", extent).wording


def test_a_permuted_copy_is_at_least_a_part_and_says_what_was_found() -> None:
    plain = grades.score(_pairs([0.0] * 15 + [1.0]), "base")
    found = grades.permuted(plain, "base", 0.87, "in another order")
    assert found.grade is Kinship.PARTIAL
    assert found.wording == (
        "1 of 16 tensors agree in place, and the input channels are base's in another order"
        " (check r = 0.870): a permuted copy is suspected"
    )


def test_other_parts_say_that_they_are_all_there_is() -> None:
    assert grades.of_part("so", Component.VAE) == "so; of its VAE only"
    assert grades.of_part("so", Component.TEXT_ENCODER) == "so; of its text encoder only"
    assert grades.of_part("so", Component.UNET) == "so"


def test_the_null_hypothesis_names_the_pairs_and_not_the_comparisons() -> None:
    assert grades.null_hypothesis("base") == (
        "Null hypothesis: the suspect and base were trained from independent random"
        " initialisations. 0 of 42 independent base pairs were graded as kin; that alone bounds the"
        " rate of false alarms by about 7 %."
    )


def test_names_of_a_megabyte_do_not_fill_the_report() -> None:
    pairs = [_pair(1.0 if n < 20 else 0.0, n, name=f"{n}" + "x" * 1_000_000) for n in range(40)]
    wording = grades.score(pairs, "b" * 1_000_000).wording
    assert len(wording) < 1500
    assert "and 12 more" in wording


def _pairs(
    rs: Sequence[float | None],
    *,
    dtypes: tuple[str, str] = ("F32", "F32"),
    equal: float = 0.0,
    same: bool = False,
    use: Use = Use.SAMPLE,
) -> list[Pair]:
    return [
        _pair(r, number, dtypes=dtypes, equal=equal, same=same, use=use)
        for number, r in enumerate(rs)
    ]


def _pair(
    r: float | None,
    number: int,
    *,
    name: str | None = None,
    key: str = "",
    dtypes: tuple[str, str] = ("F32", "F32"),
    equal: float = 0.0,
    same: bool = False,
    use: Use = Use.SAMPLE,
) -> Pair:
    suspect, reference = (
        Block(
            name=name or f"t{number}",
            key=f"t{number}{own}",
            component=Component.UNET,
            dtype=dtype,
            shape=(64, 64),
            start=0,
            count=1024,
            data=b"",
            use=kind,
        )
        for dtype, own, kind in zip(dtypes, ("", key), (Use.SAMPLE, use), strict=True)
    )
    return Pair(suspect=suspect, reference=reference, r=r, equal=equal, same=same)
