from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from modelaudit.domain.sketch import Sketch, Use
from modelaudit.domain.words import Component, Kinship
from modelaudit.resolve.weights._pairs import by_name, samples
from modelaudit.resolve.weights.anchor import LEAST, examine, in_order, in_place
from modelaudit.resolve.weights.compare import compare
from tests.resolve.weights.sketches import network, noisy, sketch_of
from tests.shared import shared

EMBEDDING = "model.embed_tokens.weight"
BASE = network(1, width=96)
REFERENCE = sketch_of(BASE, every=True)
FILTERS = "conv_in.weight"


@pytest.mark.parametrize("size", [0.0, 0.1, 0.3, 0.5])
def test_a_permuted_copy_is_found(size: float) -> None:
    suspect = sketch_of(noisy(_permuted(BASE), size), "F16")
    found = compare(suspect, REFERENCE)
    assert found.overall.grade is Kinship.PARTIAL
    assert found.permuted
    assert found.anchor is not None
    assert found.anchor.holds
    assert found.anchor.r == pytest.approx(1 / (1 + size**2) ** 0.5, abs=0.02)
    assert found.anchor.moved > 0.9
    assert (found.anchor.channels, found.anchor.values) == (96, 32)
    assert abs(found.overall.score) < 0.1
    assert found.overall.wording == (
        "0 of 16 tensors agree in place, and the input channels are reference's in another order"
        f" (check r = {found.anchor.r:.3f}): a permuted copy is suspected"
    )
    assert found.remarks[0].startswith("with the channels put back in order, 11 of the 13 tensors")


def test_channels_whose_sign_was_turned_are_found_as_well() -> None:
    signs = np.where(np.arange(96) % 3, 1, -1)
    turned = {name: v * signs if v.shape[1] == 96 else v for name, v in _permuted(BASE).items()}
    found = compare(sketch_of(turned), REFERENCE)
    assert found.permuted
    assert found.remarks[0].startswith("with the channels put back in order, 11 of the 13 tensors")


def test_what_lies_in_its_place_was_not_permuted() -> None:
    """A shared embedding is kinship of the embedding, and says so."""
    mine = {**network(2, width=96), EMBEDDING: BASE[EMBEDDING]}
    tested = examine(sketch_of(mine).blocks, REFERENCE.blocks)
    assert tested is not None
    assert tested.anchor.r == 1
    assert tested.anchor.moved == 0
    assert not tested.permuted
    assert in_place(sketch_of(mine).blocks, REFERENCE.blocks) == (1, 1)


def test_an_embedding_that_is_mostly_in_place_was_not_permuted() -> None:
    order = np.arange(96)
    order[:40] = np.roll(order[:40], 7)
    mine = {**network(2, width=96), EMBEDDING: BASE[EMBEDDING][:, order]}
    found = compare(sketch_of(mine), REFERENCE)
    assert found.anchor is not None
    assert found.anchor.moved > 0.4
    assert not found.permuted
    assert "(input embedding only: " in found.overall.wording


def test_independent_models_are_told_apart_and_permutation_is_excluded() -> None:
    for seed in range(2, 30):
        mine = sketch_of({EMBEDDING: network(seed, 0, 96, tail=1.5)[EMBEDDING]})
        tested = examine(mine.blocks, REFERENCE.blocks)
        assert tested is not None
        assert abs(tested.anchor.r) < 0.15
        assert tested.anchor.excludes
        assert not tested.permuted


def test_tokens_that_mean_the_same_make_no_copy() -> None:
    """What two models know of the same tokens foretells the checks of any match between them."""
    rng = np.random.default_rng(0)
    for rank, least in ((8, 0.6), (16, 0.4)):
        meaning = rng.standard_normal((4096, rank))
        one, other = (
            {EMBEDDING: meaning @ rng.standard_normal((rank, 384))} for _ in range(2)
        )  # fmt: skip
        one, other = noisy(one, 0.3, 1), noisy(other, 0.3, 2)
        tested = examine(sketch_of(other).blocks, sketch_of(one).blocks)
        assert tested is not None
        assert tested.anchor.r > least
        assert not tested.permuted
        assert not tested.anchor.excludes
        copy = {EMBEDDING: noisy(one, 0.05)[EMBEDDING][:, rng.permutation(384)]}
        tested = examine(sketch_of(copy).blocks, sketch_of(one).blocks)
        assert tested is not None
        assert tested.permuted


class TestFilters:
    """A first convolution, whose rows are the channels."""

    def test_a_permuted_one_is_found(self) -> None:
        one = _filters(0)
        moved = noisy({FILTERS: one[np.random.default_rng(1).permutation(320)]}, 0.02)
        found = examine(_sketch(moved[FILTERS]).blocks, _sketch(one).blocks)
        assert found is not None
        assert found.permuted
        assert found.anchor.r > 0.95
        assert (found.anchor.channels, found.anchor.values) == (320, 12)

    def test_a_suspect_may_hold_some_of_the_rows(self) -> None:
        one = _filters(0)
        moved = _sketch(one[np.random.default_rng(1).permutation(320)])
        anchor = next(block for block in moved.blocks if block.use is Use.ANCHOR)
        some = replace(anchor, count=200 * 36, data=anchor.data[: 4 * 200 * 36])
        found = examine([some], _sketch(one).blocks)
        assert found is not None
        assert found.permuted
        assert found.anchor.channels == 200

    def test_an_inpainting_models_filters_begin_with_the_others(self) -> None:
        one = _filters(0)
        wide = np.concatenate([one, np.zeros((320, 5, 3, 3))], axis=1)
        moved = _sketch(wide[np.random.default_rng(1).permutation(320)])
        found = examine(moved.blocks, _sketch(one).blocks)
        assert found is not None
        assert found.permuted

    def test_smooth_filters_resemble_each_other_in_independent_models(self) -> None:
        """A bar of .3, right for tokens, would call most of these pairs permuted copies."""
        rs = []
        for seed in range(12):
            found = examine(_sketch(_filters(seed)).blocks, _sketch(_filters(seed + 50)).blocks)
            assert found is not None
            assert not found.permuted
            assert not found.anchor.excludes
            rs.append(found.anchor.r)
        assert min(rs) > LEAST

    def test_filters_that_are_roughly_alike_are_no_copies(self) -> None:
        """Networks that learn from the same images may come to the same filters."""
        one = np.random.default_rng(0).standard_normal((320, 4, 3, 3))
        for size, permuted in ((1.3, False), (0.3, True)):
            moved = noisy({FILTERS: one[np.random.default_rng(1).permutation(320)]}, size)
            found = examine(_sketch(moved[FILTERS]).blocks, _sketch(one).blocks)
            assert found is not None
            assert found.anchor.r > LEAST
            assert found.permuted is permuted

    def test_real_filters_of_independent_models_are_no_copies(self) -> None:
        """Of three trainings of a network; a bar of .3 would be wrong about them as well."""
        models = [
            load_file(shared(f"weights/silero/silero_vad_{version}_8k.safetensors"))
            for version in ("5.1", "6.0", "6.2.3")
        ]
        largest = 0.0
        for name in (f"encoder.{number}.reparam_conv.weight" for number in range(4)):
            for one, other in ((0, 1), (0, 2), (1, 2)):
                for inputs in (12, 64):
                    mine, theirs = (_sketch(models[n][name][:, :inputs]) for n in (one, other))
                    found = examine(mine.blocks, theirs.blocks)
                    assert found is not None
                    assert not found.permuted
                    largest = max(largest, found.anchor.r)
        assert largest > LEAST


class TestRecorded:
    """The embedding of a real fine-tune, 16 rows to match by and 32 to check by."""

    def test_random_order_is_undone(self) -> None:
        base, tuned = (_words(name) for name in ("all-MiniLM-L6-v2", "sre-embedding-model"))
        order = np.random.default_rng(0).permutation(384)
        found = examine(_words_sketch(tuned[:, order]).blocks, _words_sketch(base).blocks)
        assert found is not None
        assert found.permuted
        assert found.anchor.r == pytest.approx(0.99993, abs=2e-5)
        assert found.anchor.matched == 1
        assert (found.match.order == order).all()

    def test_other_rows_are_no_copy(self) -> None:
        base = _words("all-MiniLM-L6-v2")
        for seed in range(5):
            other = np.random.default_rng(seed).permutation(base)
            found = examine(_words_sketch(other).blocks, _words_sketch(base).blocks)
            assert found is not None
            assert abs(found.anchor.r) < 0.1
            assert found.anchor.excludes

    def test_channels_of_one_model_are_independent_of_its_others(self) -> None:
        base = _words("all-MiniLM-L6-v2")
        for seed in range(5):
            order = np.random.default_rng(seed).permutation(384)
            halves = [_words_sketch(base[:, part]) for part in (order[:192], order[192:])]
            found = examine(halves[0].blocks, halves[1].blocks)
            assert found is not None
            assert abs(found.anchor.r) < 0.1
            assert not found.permuted


@pytest.mark.parametrize("width", [16, 31])
def test_few_channels_show_nothing(width: int) -> None:
    narrow = sketch_of({EMBEDDING: network(1, 0, width)[EMBEDDING]})
    assert narrow.blocks
    assert examine(narrow.blocks, narrow.blocks) is None


def test_a_vocabulary_needs_both_of_its_places() -> None:
    for use in (Use.ANCHOR, Use.CHECK):
        without = [block for block in REFERENCE.blocks if block.use is not use]
        assert examine(without, REFERENCE.blocks) is None
        assert examine(REFERENCE.blocks, without) is None
        assert in_place(without, REFERENCE.blocks) == (None, None)


def test_constant_channels_are_left_out() -> None:
    dead = {EMBEDDING: BASE[EMBEDDING].copy()}
    dead[EMBEDDING][:, :50] = 0.5
    found = examine(sketch_of(dead).blocks, REFERENCE.blocks)
    assert found is not None
    assert found.anchor.matched == pytest.approx(46 / 96, abs=1e-6)
    assert found.anchor.r == 1
    dead[EMBEDDING][:] = 0.5
    found = examine(sketch_of(dead).blocks, sketch_of(dead).blocks)
    assert found is not None
    assert (found.anchor.r, found.anchor.matched, found.permuted) == (0, 0, False)


def test_what_is_not_finite_shows_nothing() -> None:
    broken = {EMBEDDING: BASE[EMBEDDING].copy()}
    broken[EMBEDDING][1005, 3] = np.nan
    assert examine(sketch_of(broken).blocks, REFERENCE.blocks) is None


def test_a_resized_vocabulary_is_compared_by_what_both_have() -> None:
    longer = np.concatenate([BASE[EMBEDDING], np.ones((900, 96))])
    assert in_place(sketch_of({EMBEDDING: longer}).blocks, REFERENCE.blocks) == (1, 1)


def test_two_halves_of_the_rows_are_the_places_of_filters() -> None:
    one = _filters(0)
    half = one.copy()
    half[160:] = _filters(1)[160:]
    first, second = in_place(_sketch(half).blocks, _sketch(one).blocks)
    assert first == 1
    assert second is not None
    assert abs(second) < 0.2


def test_of_thousands_of_channels_a_part_is_tried_and_no_order_is_undone() -> None:
    rng = np.random.default_rng(0)
    rows = {EMBEDDING: rng.standard_normal((64, 3000))}
    order = rng.permutation(3000)
    moved = {EMBEDDING: rows[EMBEDDING][:, order]}
    one, other = sketch_of(moved, count=6000), sketch_of(rows, count=6000)
    found = examine(one.blocks, other.blocks)
    assert found is not None
    assert found.permuted
    assert found.anchor.channels == 1024
    assert (found.match.order == order[found.match.numbers]).all()
    assert in_order(found, by_name(samples(one.blocks), samples(other.blocks))) == []


def _permuted(arrays: dict[str, Any], seed: int = 3) -> dict[str, Any]:
    """The residual stream in another order, in whatever writes and reads it."""
    width = arrays[EMBEDDING].shape[1]
    order = np.random.default_rng(seed).permutation(width)
    writes = ("o_proj", "down_proj")
    return {
        name: values[order] if any(part in name for part in writes) else values[:, order]
        for name, values in arrays.items()
    }


def _filters(seed: int) -> Any:
    """320 filters of 4 by 3 by 3: waves under a bell, as first layers learn them."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[-1:1:3j, -1:1:3j]
    angle, phase = rng.uniform(0, np.pi, 320), rng.uniform(0, 2 * np.pi, 320)
    pitch, wide = rng.uniform(0.5, 6, 320), rng.uniform(0.3, 1, 320)
    along = x[None] * np.cos(angle)[:, None, None] + y[None] * np.sin(angle)[:, None, None]
    waves = np.cos(pitch[:, None, None] * along + phase[:, None, None])
    bells = np.exp(-(x**2 + y**2)[None] / (2 * wide**2)[:, None, None])
    colours = np.where(
        rng.random((320, 1)) < 0.7,
        1 + 0.3 * np.abs(rng.standard_normal((320, 4))),
        rng.standard_normal((320, 4)),
    )
    return colours[:, :, None, None] * (waves * bells)[:, None]


def _sketch(filters: Any) -> Sketch:
    return sketch_of({FILTERS: filters}, part=Component.UNET)


def _words(name: str) -> Any:
    found = load_file(shared(f"weights/minilm/{name}.trim.safetensors"))
    return found["embeddings.word_embeddings.weight"]


def _words_sketch(words: Any) -> Sketch:
    return sketch_of({"embeddings.word_embeddings.weight": words})
