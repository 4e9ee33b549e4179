from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelaudit.domain.sketch import Block, Recipe, Sketch
from modelaudit.domain.words import Component
from modelaudit.resolve.weights.merge import recipe
from tests.resolve.weights.mixtures import (
    TENSORS,
    Model,
    common,
    drawn,
    fine_tune,
    independent,
    mixed,
    named,
    sketch,
    spoilt,
    stored,
    tuned,
)
from tests.resolve.weights.sketches import joined

TRIALS = range(30)
DTYPES = ("F16", "BF16", "F32", "Q8_0")


def test_shares_of_fine_tunes_are_exact_where_all_parents_are_known() -> None:
    for trial in TRIALS:
        dtype, shares = DTYPES[trial % len(DTYPES)], drawn(trial, 2 + trial % 3)
        suspect = sketch(mixed(shares), dtype)
        for base in (("base", sketch(common())), None):
            found = recipe(suspect, [named(i) for i in range(6)], base=base)
            assert_shares(found, {f"p{i}": share for i, share in enumerate(shares)})


def test_no_share_is_given_where_a_parent_of_three_is_not_known() -> None:
    for trial in TRIALS:
        dtype, shares = DTYPES[trial % len(DTYPES)], drawn(trial, 3)
        suspect = sketch(mixed(shares), dtype)
        known = [named(i) for i in range(5) if i != trial % 3]
        base = ("base", sketch(common())) if trial % 2 else None
        assert_nothing_printed(recipe(suspect, known, base=base))


def test_shares_of_two_independent_bases_are_exact() -> None:
    for trial in TRIALS:
        share = float(np.random.default_rng(trial).uniform(0.05, 0.95))
        suspect = share * independent(0) + (1 - share) * independent(1)
        bases = [(f"p{i}", sketch(independent(i))) for i in range(4)]
        found = recipe(sketch(suspect, DTYPES[trial % len(DTYPES)]), bases)
        assert_shares(found, {"p0": share, "p1": 1 - share})


def test_no_share_is_given_where_one_of_two_independent_bases_is_not_known() -> None:
    for trial in TRIALS:
        share = float(np.random.default_rng(trial).uniform(0.05, 0.95))
        suspect = share * independent(0) + (1 - share) * independent(1)
        known = [(f"p{i}", sketch(independent(i))) for i in range(1, 4)]
        base = ("other", sketch(independent(9))) if trial % 2 else None
        assert_nothing_printed(
            recipe(sketch(suspect, DTYPES[trial % len(DTYPES)]), known, base=base)
        )


@pytest.mark.parametrize("size", [0.003, 0.01, 0.02, 0.3])
@pytest.mark.parametrize("dtype", DTYPES)
def test_shares_are_exact_however_far_the_parents_were_trained(size: float, dtype: str) -> None:
    rng = np.random.default_rng(8)
    parents = [stored(tuned(rng, common(), size)) for _ in range(5)]
    references = [(f"p{i}", sketch(parent)) for i, parent in enumerate(parents)]
    suspect = sketch(0.5 * parents[0] + 0.3 * parents[1] + 0.2 * parents[2], dtype)
    base = ("base", sketch(common()))
    found = recipe(suspect, references, base=base)
    if dtype == "Q8_0" and size <= 0.01:  # no more was trained than rounding leaves
        assert_nothing_printed(found)
    else:
        within = 0.02 if dtype == "Q8_0" and size < 0.1 else 0.005
        assert_shares(found, {"p0": 0.5, "p1": 0.3, "p2": 0.2}, within)
    assert_nothing_printed(recipe(suspect, [*references[:2], *references[3:]], base=base))
    assert_nothing_printed(recipe(suspect, references[1:]))


def test_the_error_that_is_told_covers_the_truth() -> None:
    covered = []
    for trial in range(10):
        shares = drawn(trial, 3)
        found = recipe(sketch(mixed(shares), "Q8_0"), [named(i) for i in range(6)])
        assert found is not None
        truth = {f"p{i}": share for i, share in enumerate(shares)}
        covered += [abs(s.weight - truth[s.reference]) <= s.error for s in found.parents]
        assert all(0 < share.error < 0.02 for share in found.parents)
    assert sum(covered) >= 0.95 * len(covered)


@pytest.mark.parametrize("dtype", ["I8", "F8_E4M3", "F8_E5M2"])
def test_shares_are_exact_in_other_types_of_eight_bits(dtype: str) -> None:
    scale = 20 if dtype.startswith("F8") else 1  # the smallest 8-bit floats are large
    references = [(f"p{i}", sketch(scale * fine_tune(i), "F32")) for i in range(5)]
    base = ("base", sketch(scale * common(), "F32"))
    suspect = sketch(scale * mixed([0.55, 0.45]), dtype)
    assert_shares(recipe(suspect, references, base=base), {"p0": 0.55, "p1": 0.45}, 0.01)
    assert_nothing_printed(recipe(suspect, references[1:], base=base))


@pytest.mark.parametrize("dtype", ["I8", "Q8_0"])
def test_little_more_than_rounding_is_noticed_in_types_that_are_rounded_once(dtype: str) -> None:
    rng = np.random.default_rng(8)
    a, b, c = (stored(tuned(rng, common(), 0.03)) for _ in range(3))
    suspect, base = sketch(0.5 * a + 0.35 * b + 0.15 * c, dtype), ("base", sketch(common()))
    found = recipe(suspect, [("a", sketch(a)), ("b", sketch(b))], base=base)
    assert_nothing_printed(found)
    assert found is not None
    assert "at least one ingredient is not listed" in found.wording
    assert 1.2 < found.residual_ratio < 1.5


def test_no_share_is_given_where_it_is_not_known_what_rounding_leaves() -> None:
    suspect = sketch(mixed([0.5, 0.5]), "Q4_0")
    found = recipe(suspect, [named(i) for i in range(5)], base=("base", sketch(common())))
    assert_nothing_printed(found)
    assert found is not None
    assert found.wording == "shares weights with p0, p1: its precision does not tell the shares"
    assert 0.9 < found.residual_ratio < 1.5


@pytest.mark.parametrize("based", [True, False])
@pytest.mark.parametrize("dtype", ["F16", "BF16"])
def test_shares_that_differ_from_tensor_to_tensor_are_exact_in_each(
    dtype: str, based: bool
) -> None:
    rng = np.random.default_rng(3)
    shares = rng.dirichlet([3, 3, 3], size=TENSORS)
    suspect = sketch(
        np.array([sum(shares[t, i] * fine_tune(i)[t] for i in range(3)) for t in range(TENSORS)]),
        dtype,
    )
    base = ("base", sketch(common())) if based else None
    found = recipe(suspect, [named(i) for i in range(6)], base=base)
    assert_shares(found, {f"p{i}": float(shares[:, i].mean()) for i in range(3)})
    assert found is not None
    assert "the shares differ from tensor to tensor" in found.wording
    assert len(found.by_tensor) == TENSORS
    for tensor, row in enumerate(shares):
        told = found.by_tensor[f"blocks.{tensor}.mlp.fc1.weight"]
        assert told == pytest.approx({f"p{i}": row[i] for i in range(3)}, abs=0.005)
    without = [named(i) for i in range(6) if i != 2]
    assert_nothing_printed(recipe(suspect, without, base=base))


def test_tensors_taken_whole_from_two_models_are_told() -> None:
    half = np.concatenate([independent(0)[:4], independent(1)[4:]])
    found = recipe(sketch(half), [(f"p{i}", sketch(independent(i))) for i in range(3)])
    assert_shares(found, {"p0": 0.5, "p1": 0.5})
    assert found is not None
    assert found.by_tensor["blocks.0.mlp.fc1.weight"] == {"p0": 1, "p1": 0}
    retrained = np.concatenate([half[:6], independent(5)[6:]])
    assert_nothing_printed(
        recipe(sketch(retrained), [(f"p{i}", sketch(independent(i))) for i in range(3)])
    )


def test_a_tensor_that_was_not_trained_says_nothing_of_the_shares() -> None:
    frozen = [np.concatenate([common()[:2], fine_tune(i)[2:]]) for i in range(3)]
    shares = np.linspace(0.2, 0.8, TENSORS)[:, None, None]
    suspect = shares * frozen[0] + (1 - shares) * frozen[1]
    references = [(f"p{i}", sketch(model)) for i, model in enumerate(frozen)]
    for base in (("base", sketch(common())), None):
        found = recipe(sketch(suspect), references, base=base)
        assert found is not None
        assert sorted(found.by_tensor) == [f"blocks.{i}.mlp.fc1.weight" for i in range(2, TENSORS)]
        mean = float(shares[2:].mean())
        assert_shares(found, {"p0": mean, "p1": 1 - mean})


@pytest.mark.parametrize("dtype", ["F16", "BF16", "Q8_0"])
def test_a_difference_that_was_added_is_told_with_a_negative_share(dtype: str) -> None:
    suspect = sketch(fine_tune(0) + 0.8 * (fine_tune(1) - fine_tune(2)), dtype)
    base = ("base", sketch(common()))
    for given_ in (base, None):
        found = recipe(suspect, [named(i) for i in range(5)], base=given_)
        assert_shares(found, {"p0": 1, "p1": 0.8, "p2": -0.8})
        assert found is not None
        assert "the difference of p1 and p2 was added to p0" in found.wording
        for missing in range(3):
            known = [named(i) for i in range(5) if i != missing]
            assert_nothing_printed(recipe(suspect, known, base=given_))


def test_a_difference_from_the_base_that_was_added_is_told() -> None:
    suspect = sketch(fine_tune(0) + 0.8 * (fine_tune(1) - common()))
    references = [named(i) for i in range(5)]
    found = recipe(suspect, references, base=("base", sketch(common())))
    assert_shares(found, {"p0": 1, "p1": 0.8, "base": -0.8})
    assert found is not None
    assert "differences from base were added" in found.wording
    assert recipe(suspect, [*references, ("base", sketch(common()))]) is not None
    assert_nothing_printed(recipe(suspect, references))


def test_a_parent_is_no_merge_of_its_child_and_what_the_child_is_mixed_of() -> None:
    a, b = fine_tune(0), fine_tune(1)
    base = ("base", sketch(common()))
    child = stored(0.6 * a + 0.4 * common())
    for given_ in (base, None):
        references = [("child", sketch(child)), named(1), *([] if given_ else [base])]
        assert recipe(sketch(a), references, base=given_) is None
    mixed_of_two = [("child", sketch(stored(0.6 * a + 0.4 * b))), named(1), named(2)]
    assert recipe(sketch(a), mixed_of_two, base=base) is None
    assert_shares(recipe(sketch(child), [named(0), named(1)], base=base), {"p0": 0.6, "base": 0.4})


def test_what_is_left_to_the_base_is_its_share() -> None:
    suspect = sketch(0.5 * fine_tune(0) + 0.3 * fine_tune(1) + 0.2 * common())
    found = recipe(suspect, [named(i) for i in range(4)], base=("base", sketch(common())))
    assert_shares(found, {"p0": 0.5, "p1": 0.3, "base": 0.2})


def test_a_base_that_is_none_does_no_harm() -> None:
    references = [(f"p{i}", sketch(independent(i))) for i in range(3)]
    suspect = sketch(0.3 * independent(0) + 0.7 * independent(1))
    found = recipe(suspect, references, base=("other", sketch(independent(9))))
    assert_shares(found, {"p0": 0.3, "p1": 0.7})


@pytest.mark.parametrize("based", [True, False])
def test_what_has_one_parent_is_no_merge(based: bool) -> None:
    base = ("base", sketch(common())) if based else None
    references = [named(i) for i in range(5)]
    rng = np.random.default_rng(4)
    for suspect in (
        fine_tune(2),  # a copy
        common(),  # the base itself
        tuned(rng, fine_tune(2), 0.05),  # trained further
        tuned(rng, common(), 0.1),  # a sibling
        independent(3),
        np.concatenate([fine_tune(2)[:5], independent(3)[5:]]),
    ):
        for dtype in ("F16", "Q8_0"):
            assert recipe(sketch(suspect, dtype), references, base=base) is None


def test_many_siblings_are_no_parents() -> None:
    rng = np.random.default_rng(5)
    siblings = [(f"s{i}", sketch(tuned(rng, common(), 0.1))) for i in range(20)]
    suspect = sketch(tuned(rng, common(), 0.1))
    assert recipe(suspect, siblings) is None
    assert recipe(suspect, siblings, base=("base", sketch(common()))) is None


def test_fine_tunes_on_the_same_data_are_no_parents_of_one_another() -> None:
    rng = np.random.default_rng(5)
    data = tuned(rng, common(), 0.1) - common()
    siblings = [common() + 0.6 * data + (tuned(rng, common(), 0.1) - common()) for _ in range(6)]
    references = [(f"s{i}", sketch(sibling)) for i, sibling in enumerate(siblings[1:])]
    for base in (("base", sketch(common())), None):
        assert recipe(sketch(siblings[0]), references, base=base) is None


def test_a_parent_uploaded_twice_is_told_once_and_the_other_one_named() -> None:
    references = [named(0), named(1), ("again", named(0)[1]), named(2)]
    found = recipe(sketch(mixed([0.6, 0.4])), references)
    assert_shares(found, {"p0": 0.6, "p1": 0.4})
    assert found is not None
    assert "p0 may stand for again" in found.wording


def test_a_parent_that_differs_by_less_than_rounding_is_named() -> None:
    close = fine_tune(0) * (1 + 1e-6 * np.random.default_rng(1).standard_normal(common().shape))
    references = [*(named(i) for i in range(3)), ("close", sketch(close, "F32"))]
    found = recipe(sketch(mixed([0.6, 0.4])), references)
    assert found is not None
    assert {share.reference for share in found.parents} in ({"p0", "p1"}, {"close", "p1"})
    assert "may stand for" in found.wording


def test_a_merge_of_parents_among_the_references_invents_no_recipe() -> None:
    for dtype in ("F16", "F32"):
        middle = stored((fine_tune(0) + fine_tune(1)) / 2) if dtype == "F16" else mixed([0.5, 0.5])
        known = [*((f"p{i}", sketch(fine_tune(i), dtype)) for i in range(4))]
        known.append(("m", sketch(middle, dtype)))
        for base in (("base", sketch(common())), None):
            found = recipe(sketch(0.5 * middle + 0.5 * fine_tune(2)), known, base=base)
            assert_shares(found, {"m": 0.5, "p2": 0.5})
            assert found is not None
            assert "m may itself be a merge of p0, p1" in found.wording
            assert recipe(sketch(middle), known, base=base) is None
            found = recipe(sketch(mixed([0.6, 0.4])), known, base=base)
            if dtype == "F16":  # told from 0.8 m + 0.2 p0 by the rounding of m
                assert_shares(found, {"p0": 0.6, "p1": 0.4})
            else:
                assert_nothing_printed(found)
                assert found is not None
                assert "more than one recipe explains it" in found.wording


@pytest.mark.parametrize("dtype", ["F16", "BF16"])
def test_how_a_merge_was_computed_does_not_matter(dtype: str) -> None:
    """Parents that were rounded later, sums in the type of the file, merges of merges."""
    rng = np.random.default_rng(6)
    full = [tuned(rng, common(), 0.1) for _ in range(4)]
    a, b, c, _ = kept = [stored(model, dtype) for model in full]
    references = [(f"p{i}", sketch(model, dtype)) for i, model in enumerate(kept)]
    for suspect in (
        0.5 * full[0] + 0.3 * full[1] + 0.2 * full[2],
        stored(stored(0.5 * a, dtype) + stored(0.3 * b, dtype), dtype) + stored(0.2 * c, dtype),
        0.8 * stored(0.625 * a + 0.375 * b, dtype) + 0.2 * c,
    ):
        found = recipe(sketch(suspect, dtype), references, base=("base", sketch(common(), "F32")))
        assert_shares(found, {"p0": 0.5, "p1": 0.3, "p2": 0.2})


def test_a_spherical_merge_is_suspected() -> None:
    for models, size in ((fine_tune, 0.005), (independent, 0.5)):
        a, b = models(0), models(1)
        angle = np.arccos(
            np.sum(a * b, (1, 2)) / np.linalg.norm(a, axis=(1, 2)) / np.linalg.norm(b, axis=(1, 2))
        )[:, None, None]
        suspect = (np.sin(0.6 * angle) * a + np.sin(0.4 * angle) * b) / np.sin(angle)
        found = recipe(sketch(suspect), [(f"p{i}", sketch(models(i))) for i in range(3)])
        assert found is not None
        assert "non-linear merge suspected (SLERP)" in found.wording
        assert abs(sum(share.weight for share in found.parents) - 1) < size


@pytest.mark.parametrize("way", ["dare", "ties"])
def test_a_merge_that_is_no_sum_is_suspected_and_given_no_shares(way: str) -> None:
    moves = [share * (fine_tune(i) - common()) for i, share in enumerate((0.6, 0.4))]
    if way == "dare":
        rng = np.random.default_rng(7)
        added = sum(move * (rng.random(move.shape) < 0.5) / 0.5 for move in moves)
    else:
        kept = [np.where(np.abs(move) >= np.quantile(np.abs(move), 0.5), move, 0) for move in moves]
        sign = np.sign(sum(kept))
        added = sum(np.where(np.sign(move) == sign, move, 0) for move in kept)
    suspect = sketch(common() + added)
    found = recipe(suspect, [named(i) for i in range(4)], base=("base", sketch(common())))
    assert_nothing_printed(found)
    assert found is not None
    assert found.wording == "shares weights with p0, p1: non-linear merge suspected"
    assert_nothing_printed(recipe(suspect, [named(i) for i in range(4)]))


def test_a_merge_that_was_trained_further_is_told_without_shares() -> None:
    suspect = sketch(tuned(np.random.default_rng(8), mixed([0.5, 0.5]), 0.02))
    for base in (("base", sketch(common())), None):
        found = recipe(suspect, [named(i) for i in range(5)], base=base)
        assert_nothing_printed(found)
        assert found is not None
        assert found.residual_ratio > 2.5
        assert found.wording == (
            "shares weights with p0, p1: at least one ingredient is not listed, or it was trained"
            " further"
        )


def test_parents_are_found_among_many_references() -> None:
    rng = np.random.default_rng(9)
    others = [(f"x{i}", sketch(tuned(rng, common(), 0.1))) for i in range(30)]
    suspect = sketch(mixed([0.5, 0.3, 0.2]))
    references = [*others, *(named(i) for i in range(3))]
    for base in (("base", sketch(common())), None):
        found = recipe(suspect, references, base=base)
        assert_shares(found, {"p0": 0.5, "p1": 0.3, "p2": 0.2})
        assert_nothing_printed(recipe(suspect, references[:-1], base=base))


def test_the_order_of_references_changes_no_share() -> None:
    suspect, references = sketch(mixed([0.5, 0.3, 0.2]), "BF16"), [named(i) for i in range(6)]
    one = recipe(suspect, references)
    other = recipe(suspect, references[::-1])
    assert one is not None
    assert other is not None
    assert one.parents == other.parents
    assert recipe(suspect, references) == one


def test_a_reference_that_lacks_most_blocks_is_left_out_and_some_blocks_may_be_bad() -> None:
    suspect, references = sketch(mixed([0.6, 0.4])), [named(i) for i in range(4)]
    third = references[2][1]
    references[2] = ("p2", replace(third, blocks=third.blocks[:3]))
    references[1] = ("p1", spoilt(references[1][1], 2))
    found = recipe(spoilt(suspect, 1, np.inf), references, base=("base", sketch(common())))
    assert_shares(found, {"p0": 0.6, "p1": 0.4})
    assert recipe(suspect, [("p0", spoilt(references[0][1], 5)), references[1]]) is None


def test_only_the_main_component_counts() -> None:
    def vae(model: Model) -> Sketch:
        return sketch(model, part=Component.VAE)

    suspect = joined(sketch(mixed([0.6, 0.4])), vae(independent(1)))
    references = [(f"p{i}", joined(sketch(fine_tune(i)), vae(common()))) for i in range(3)]
    assert_shares(recipe(suspect, references), {"p0": 0.6, "p1": 0.4})
    assert recipe(vae(mixed([0.6, 0.4])), [(f"p{i}", vae(fine_tune(i))) for i in range(3)]) is None


def test_nothing_is_said_without_references() -> None:
    assert recipe(sketch(common()), []) is None
    assert recipe(sketch(common()), [], base=("base", sketch(common()))) is None
    assert recipe(replace(sketch(common()), blocks=()), [named(0), named(1)]) is None


def _wild(key: str) -> list[Block]:
    """Blocks of one place: mostly finite values of every size, but others as well."""
    sizes = {"F32": 1024, "F16": 512, "BF16": 512, "F8_E4M3": 256, "Q8_0": 272, "I8": 256}
    rng = np.random.default_rng(1)
    kinds = [
        (dtype, (rng.integers(0, 128, size, "u1") & most).tobytes(), scales)
        for dtype, size in sizes.items()
        for most in (0x7F, 0x3F, 0x3E, 0x1F, 0x01)
        for scales in ([(), (-1.0,), (1e30,), (1e-40,), (0.0,)] if dtype == "I8" else [()])
    ]
    kinds += [("F32", bytes(1024), ()), ("Q4_K", bytes(144), ()), ("X", b"", (1.0,))]
    return [
        Block(
            name="t",
            key=key,
            component=Component.UNET,
            dtype=dtype,
            shape=(16, 64),
            start=0,
            count=256,
            data=data,
            scales=scales,
        )
        for dtype, data, scales in kinds
    ]


@given(st.lists(st.lists(st.integers(0, 52), min_size=6, max_size=6), min_size=4, max_size=4))
def test_any_blocks_give_a_recipe_or_none(numbers: list[list[int]]) -> None:
    wild = [_wild(key) for key in "abcdef"]
    models = [
        replace(named(0)[1], blocks=tuple(wild[i][number] for i, number in enumerate(row)))
        for row in numbers
    ]
    found = recipe(models[0], [("a", models[1]), ("b", models[2])], base=("c", models[3]))
    assert found is None or np.isfinite(found.residual_ratio)


def assert_shares(found: Recipe | None, shares: dict[str, float], within: float = 0.005) -> None:
    assert found is not None
    assert found.complete, found.wording
    told = {share.reference: share.weight for share in found.parents}
    assert told == pytest.approx(shares, abs=within)
    assert [share.weight for share in found.parents] == sorted(told.values(), reverse=True)
    assert found.residual_ratio <= 2.5


def assert_nothing_printed(found: Recipe | None) -> None:
    if found is not None:
        assert not found.complete
        assert found.parents == ()
        assert found.by_tensor == {}
        assert not any(character in found.wording for character in ".%")
