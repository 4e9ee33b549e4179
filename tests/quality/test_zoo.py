"""The zoo itself: that it trains, that its edits are what they say, and that its gate can fail."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from itertools import chain
from pathlib import Path

import gguf
import numpy as np
import pytest
from gguf import quants

from modelaudit.domain.sketch import Recipe, Share
from modelaudit.domain.words import Component, Kinship
from tests.quality.zoo import (
    denoiser,
    edits,
    files,
    ggml,
    language,
    permutations,
    special,
    stored,
    surgery,
)
from tests.quality.zoo.__main__ import RECORDED
from tests.quality.zoo.families import Job, Zoo
from tests.quality.zoo.gate import failures
from tests.quality.zoo.merges import Baked, baked, mixtures
from tests.quality.zoo.outcomes import Outcome, by_grade, outcome, rates
from tests.quality.zoo.plan import FULL, Bases, Size, all_jobs, independent, related
from tests.quality.zoo.tape import Weights
from tests.quality.zoo.training import Forward, gradients, initial, loss
from tests.quality.zoo.truth import ALARMS, TRUTH

SMALL = Size(bases=3, edited=1, rungs=4, distilled=False, families=("language",))
LANGUAGE = (language.SHAPES, language.learning(0))
DENOISER = (denoiser.SHAPES, denoiser.learning(0))


@pytest.fixture(scope="module")
def zoo() -> Zoo:
    found = Zoo(pace=0.15)
    found.grow(all_jobs(SMALL))
    return found


@pytest.fixture(scope="module")
def outcomes(zoo: Zoo) -> list[Outcome]:
    bases = Bases(zoo, SMALL)
    return [outcome(case) for case in chain(independent(bases), related(zoo, bases, SMALL))]


@pytest.fixture(scope="module")
def merges(zoo: Zoo) -> list[Baked]:
    return [baked(mixture) for mixture in mixtures(zoo, "language", 0)]


def fresh(shapes: dict[str, tuple[int, ...]]) -> Weights:
    """Untrained weights whose norms differ from channel to channel."""
    drawn = np.random.default_rng(1)
    return {
        name: value if value.ndim > 1 else value * drawn.random(value.shape, np.float32)
        for name, value in initial(shapes, 0).items()
    }


@pytest.mark.parametrize(("shapes", "forward"), [LANGUAGE, DENOISER])
def test_gradients_are_what_small_steps_change(
    shapes: dict[str, tuple[int, ...]], forward: Forward
) -> None:
    weights = fresh(shapes)
    found = gradients(weights, forward, np.random.default_rng(5))
    assert found.keys() == weights.keys()
    for name in list(weights)[::11]:
        way = found[name] / np.abs(found[name]).max() * np.float32(3e-3)
        up = loss({**weights, name: weights[name] + way}, forward, 5)
        down = loss({**weights, name: weights[name] - way}, forward, 5)
        assert up - down == pytest.approx(2 * float((way * found[name]).sum()), rel=0.05, abs=1e-5)


@pytest.mark.parametrize(
    ("shapes", "forward", "permuted"),
    [
        (*LANGUAGE, permutations.of_language),
        (*LANGUAGE, permutations.inside_language),
        (*LANGUAGE, permutations.turned_language),
        (*LANGUAGE, lambda weights, seed: permutations.scaled_language(weights, seed, 0.5)),
        (*DENOISER, permutations.of_denoiser),
    ],
)
def test_a_permuted_model_computes_the_same(
    shapes: dict[str, tuple[int, ...]], forward: Forward, permuted: Callable[..., Weights]
) -> None:
    weights = fresh(shapes)
    moved = permuted(weights, 3)
    assert loss(moved, forward) == pytest.approx(loss(weights, forward), abs=1e-5)
    name = next(name for name in weights if name.endswith(("down_proj.weight", "conv1.weight")))
    assert not np.array_equal(moved[name], weights[name])


def test_training_lowers_the_loss_and_moves_the_weights_far(zoo: Zoo) -> None:
    begun = initial(language.SHAPES, 0)
    trained = zoo[Job("language", 0)]
    assert loss(trained, LANGUAGE[1]) < 0.75 * loss(begun, LANGUAGE[1])
    assert edits.distance(begun, trained) > 0.3


@pytest.mark.parametrize(("kind", "least"), [("Q4_K", 0.995), ("Q6_K", 0.9995)])
def test_quantised_blocks_are_read_back_by_another_package(kind: str, least: float) -> None:
    values = np.random.default_rng(0).standard_normal((64, 512), np.float32)
    values[0] += 3
    values[1] = 0
    back = quants.dequantize(ggml.quantised(values, kind), gguf.GGMLQuantizationType[kind])
    assert np.corrcoef(values.ravel(), back.ravel())[0, 1] > least
    assert not back[1].any()


@pytest.mark.parametrize(
    ("dtype", "step"), [("F16", 2**-11), ("BF16", 2**-8), ("F8_E4M3", 2**-4), ("F8_E5M2", 2**-3)]
)
def test_a_cast_is_off_by_half_a_step_at_most(dtype: str, step: float) -> None:
    values = np.random.default_rng(0).uniform(0.1, 100, 1000).astype(np.float32)
    assert np.abs(stored.cast(values, dtype) / values - 1).max() <= step
    assert np.array_equal(stored.cast(-values, dtype), -stored.cast(values, dtype))


def test_the_models_are_told_by_their_shapes_in_every_layout(zoo: Zoo) -> None:
    unet, vae = initial(denoiser.SHAPES, 0), initial(denoiser.VAE, 0)
    whole = special.checkpoint(unet, vae, surgery.text_encoder(zoo[Job("language", 0)]))
    one = files.sketch(whole, source="all parts")
    other = files.sketch(unet, source="the UNet alone")
    assert one.architecture.family == other.architecture.family == "sd1"
    parts = {Component.UNET, Component.VAE, Component.TEXT_ENCODER}
    assert {block.component for block in one.blocks} == parts
    ours, theirs = (
        {(b.key, b.sha256) for b in sketch.blocks if b.component is Component.UNET}
        for sketch in (one, other)
    )
    assert ours == theirs
    assert files.sketch(zoo[Job("language", 0)], source="").architecture.family == "llama-like"


def test_a_gguf_file_holds_the_same_matrices_under_the_same_keys(zoo: Zoo) -> None:
    base = zoo[Job("language", 0)]
    plain, packed = (files.sketch(base, dtype, source="") for dtype in ("F32", "Q8_0"))
    assert {b.key for b in packed.blocks} <= {b.key for b in files.sketch(
        base, source="", every=True).blocks}  # fmt: skip
    assert len(packed.blocks) >= len(plain.blocks) - 6  # queries and keys lie in another order


def test_all_that_is_made_is_judged_by_the_table(outcomes: list[Outcome]) -> None:
    assert {one.kind for one in outcomes} <= TRUTH.keys()
    assert TRUTH.keys() >= ALARMS
    assert all(truth.right for truth in TRUTH.values())


def test_the_small_zoo_has_no_false_alarm_and_misses_no_descendant(outcomes: list[Outcome]) -> None:
    assert sum(one.kind == "independent" for one in outcomes) == 3
    assert not [str(one) for one in outcomes if one.alarm]
    for kind in ("copy", "cast-f16", "int8", "q4_0", "tuned", "noise", "merge", "share-50",
                 "share-30", "half-foreign", "permuted", "permuted-shuffled"):  # fmt: skip
        ones = [one for one in outcomes if one.kind == kind]
        assert ones, kind
        assert not [str(one) for one in ones if not one.right]


def test_shares_are_told_where_all_parents_are_known_and_else_not(merges: list[Baked]) -> None:
    two = [one for one in merges if one.mixture.detail.startswith("two")]
    known = [one for one in two if one.mixture.complete]
    assert len(known) == 4
    assert all(one.error is not None and one.error < 0.005 for one in known)
    assert not [str(one) for one in merges if one.invented]


def right(kind: str, grade: Kinship | None = None) -> Outcome:
    return Outcome(
        kind=kind, family="language", detail="",
        grade=TRUTH[kind].right[0] if grade is None else grade, r=0.9,
        coverage=1.0, permuted=bool(TRUTH[kind].permuted), anchor_r=None, deviation=None,
        parts=True, wording="",
    )  # fmt: skip


def test_the_gate_lets_pass_what_is_right() -> None:
    assert failures([right(kind) for kind in TRUTH], [], None) == []


@pytest.mark.parametrize("kind", sorted(ALARMS))
def test_the_gate_fails_on_kinship_where_there_is_none(kind: str) -> None:
    for grade in (Kinship.DILUTED, Kinship.PARTIAL, Kinship.DERIVED, Kinship.IDENTICAL):
        (line,) = failures([right(kind, grade)], [], None)
        assert line.startswith("false alarm")
    (line,) = failures([replace(right(kind), permuted=True)], [], None)
    assert line.startswith("false alarm")


@pytest.mark.parametrize("kind", ["copy", "tuned", "cast-bf16", "q4_0", "share-30", "permuted"])
def test_the_gate_fails_on_a_descendant_that_is_not_found(kind: str) -> None:
    (line,) = failures([right(kind, Kinship.SAME_ARCHITECTURE_ONLY)], [], None)
    assert line.startswith("wrong")


def test_the_gate_fails_on_wrong_parts_ladders_and_lost_permutations() -> None:
    assert failures([replace(right("foreign-unet"), parts=False)], [], None)
    assert failures([replace(right("permuted"), permuted=False)], [], None)
    assert failures([replace(right("noise"), deviation=0.03)], [], None)
    assert not failures([replace(right("noise"), deviation=0.01)], [], None)


def test_the_gate_fails_where_less_is_found_than_was_recorded() -> None:
    ones = [right("renamed"), right("renamed")]
    recorded = rates(ones, 0)
    assert failures(ones, [], recorded) == []
    fewer = [ones[0], right("renamed", Kinship.UNRELATED)]
    assert len(failures(fewer, [], recorded)) == 2  # the grade, and the kind
    assert failures(fewer, [], rates(fewer, 0)) == []


def test_the_gate_fails_on_invented_and_on_wrong_shares(merges: list[Baked]) -> None:
    told = Recipe(
        parents=(Share(reference="A", weight=0.7, error=0.0),), complete=True, residual_ratio=1.0
    )
    known = next(one for one in merges if one.mixture.complete and one.error is not None)
    withheld = next(one for one in merges if not one.mixture.complete)
    assert failures([], [known], None) == []
    assert failures([], [replace(known, recipe=None, error=None)], None)
    assert failures([], [replace(known, error=0.01)], None)
    assert failures([], [replace(withheld, recipe=told)], None)
    numbers = replace(told, complete=False, parents=(), wording="70 % of A")
    assert failures([], [replace(withheld, recipe=numbers)], None)


def test_precision_counts_answers_and_recall_counts_cases() -> None:
    ones = [
        right("tuned"), right("tuned"), right("tuned", Kinship.DILUTED),
        right("noise-heavy"), right("independent"), right("independent", Kinship.DILUTED),
    ]  # fmt: skip
    found = by_grade(ones)
    assert found["derived"] == {
        "cases": 3,
        "precision": 1.0,
        "recall": pytest.approx(2 / 3, abs=1e-4),
    }
    assert found["diluted"] == {
        "cases": 1,
        "precision": pytest.approx(1 / 3, abs=1e-4),
        "recall": 1.0,
    }
    assert found["same-architecture-only"]["recall"] == 0.5


@pytest.mark.skipif(not Path(RECORDED).exists(), reason="no rates were recorded")
def test_the_recorded_rates_are_those_of_the_whole_zoo() -> None:
    found = json.loads(RECORDED.read_text("utf-8"))
    assert found["independent_bases"] == FULL.bases * len(FULL.families)
    assert found["independent_pairs"] == len(FULL.families) * FULL.bases * (FULL.bases - 1) // 2
    assert found["upper_bound"] == round(3 / found["independent_pairs"], 4)
    assert found["false_alarms"] == 0
    assert found["edits"].keys() <= TRUTH.keys()
