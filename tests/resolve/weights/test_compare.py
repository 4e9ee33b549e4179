from __future__ import annotations

import itertools
import math
import random
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load_file

from modelaudit.domain.sketch import Block, Comparison, Sketch, Use
from modelaudit.domain.weights import Architecture
from modelaudit.domain.words import Component, Kinship
from modelaudit.resolve.weights.compare import commons_of, compare, confirm
from tests.resolve.weights.sketches import encode, joined, network, noisy, sketch_of
from tests.shared import shared

EMBEDDING = "model.embed_tokens.weight"


def test_a_sketch_is_identical_to_itself() -> None:
    for sketch in (sketch_of(network(1)), sketch_of(network(1), "F16", every=True)):
        found = compare(sketch, sketch)
        assert found.overall.grade is Kinship.IDENTICAL
        assert found.overall.wording == "bit-identical to reference in all 16 sampled tensors"
        assert not found.overall.recast
        assert found.overall.score == found.overall.bit_equal == found.overall.coverage == 1
        assert found.remarks == ()


@pytest.mark.parametrize("dtype", ["F16", "BF16", "F8_E4M3", "F8_E5M2"])
def test_a_cast_is_a_recast_in_either_direction(dtype: str) -> None:
    full, cast = sketch_of(network(1)), sketch_of(network(1), dtype)
    for suspect, reference, word in ((cast, full, "lower"), (full, cast, "higher")):
        found = compare(suspect, reference).overall
        assert (found.grade, found.recast) == (Kinship.IDENTICAL, True)
        assert found.wording == f"the same weights as reference stored in {word} precision"
        assert found.bit_equal == 0


def test_a_file_of_rounded_values_is_a_recast_of_what_keeps_them_in_either_half_type() -> None:
    """F16 and BF16 each keep what the other does not."""
    rounded = {name: _rounded(values) for name, values in network(1).items()}
    found = compare(sketch_of(rounded, "F16"), sketch_of(rounded, "BF16")).overall
    assert (found.grade, found.recast) == (Kinship.IDENTICAL, True)


def test_a_copy_that_was_scaled_and_negated_is_derived() -> None:
    turned = {name: -3 * values for name, values in network(1).items()}
    found = compare(sketch_of(turned), sketch_of(network(1)))
    assert found.overall.grade is Kinship.DERIVED
    assert found.overall.score == -1
    assert "16 of 16 tensors are reference's negated" in found.remarks


@pytest.mark.parametrize("size", [0.01, 0.1, 0.3, 0.5, 1.0, 1.5, 2.0, 3.0])
def test_noise_lowers_r_as_it_must(size: float) -> None:
    found = compare(sketch_of(noisy(network(1), size)), sketch_of(network(1))).overall
    assert found.score == pytest.approx(1 / math.sqrt(1 + size**2), abs=0.02)
    expected = {
        0.01: Kinship.DERIVED, 0.1: Kinship.DERIVED, 0.3: Kinship.DERIVED,
        0.5: Kinship.COMMON_ANCESTRY, 1.0: Kinship.COMMON_ANCESTRY, 1.5: Kinship.COMMON_ANCESTRY,
        2.0: Kinship.DILUTED, 3.0: Kinship.DILUTED,
    }  # fmt: skip
    assert found.grade is expected[size]


def test_two_hundred_independent_pairs_are_never_kin() -> None:
    """With the heavy tails of trained language models, and searched in every way there is."""
    models = [network(seed, layers=3, width=48, tail=1.5) for seed in range(21)]
    suspects = [sketch_of(model, "F16") for model in models]
    references = [sketch_of(model, "F16", every=True) for model in models]
    pairs = list(itertools.combinations(range(21), 2))
    assert len(pairs) == 210
    worst = 0.0
    for one, other in pairs:
        found = compare(suspects[one], references[other])
        assert found.overall.grade is Kinship.SAME_ARCHITECTURE_ONLY
        assert not found.permuted
        assert found.anchor is not None
        assert "permutation excluded" in found.overall.wording
        worst = max(worst, abs(found.overall.score))
    assert worst < 0.05


def test_what_all_values_have_in_common_is_no_kinship() -> None:
    shifted = [{name: v + 1 for name, v in network(seed).items()} for seed in (1, 2)]
    found = compare(sketch_of(shifted[0]), sketch_of(shifted[1], every=True))
    assert found.overall.grade is Kinship.SAME_ARCHITECTURE_ONLY


def test_the_order_of_blocks_changes_nothing() -> None:
    suspect, reference = _shuffled_layers(), sketch_of(network(1), every=True)
    expected = compare(suspect, reference)
    for seed in range(3):
        mixed = []
        for sketch in (suspect, reference):
            blocks = list(sketch.blocks)
            random.Random(seed).shuffle(blocks)
            mixed.append(replace(sketch, blocks=tuple(blocks)))
        assert compare(mixed[0], mixed[1]) == expected


def test_a_part_of_the_matrices_is_partial_and_listed() -> None:
    mine, theirs = network(2), network(1)
    for name in list(theirs)[:13]:
        mine[name] = theirs[name]
    found = compare(sketch_of(mine), sketch_of(theirs, every=True))
    assert found.overall.grade is Kinship.PARTIAL
    kin = [tensor.name for tensor in found.tensors if abs(tensor.r or 0) >= 0.5]
    assert 3 < len(kin) < 13
    listed = f"of 16 tensors come from reference (lm_head.weight, {EMBEDDING}, "
    assert f"{len(kin)} {listed}" in found.overall.wording


def test_a_half_of_another_model_is_common_ancestry_and_a_tenth_inconclusive() -> None:
    one, other = network(1), network(2)
    grades = {}
    for share in (0.5, 0.3, 0.12):
        mixed = {name: share * one[name] + (1 - share) * other[name] for name in one}
        grades[share] = compare(sketch_of(mixed), sketch_of(one, every=True)).overall.grade
    assert grades == {
        0.5: Kinship.COMMON_ANCESTRY, 0.3: Kinship.DILUTED, 0.12: Kinship.INCONCLUSIVE,
    }  # fmt: skip


@pytest.mark.parametrize("half", [0, 1])
def test_of_a_reference_that_is_half_a_model_nothing_is_a_whole_copy(half: int) -> None:
    """As one listed shard of two is: what it lacks may be anybody's."""
    theirs, mine = network(1), network(2)
    shard = {name: theirs[name] for name in list(theirs)[half::2]}
    reference = sketch_of(shard, every=True)
    for suspect in ({**mine, **shard}, theirs):
        found = compare(sketch_of(suspect), reference).overall
        assert found.grade is Kinship.PARTIAL
        assert found.tensors == 16
        assert found.coverage < 0.8


def test_a_few_matrices_more_than_the_reference_has_are_no_other_model() -> None:
    theirs = network(1)
    held = [block.key for block in sketch_of(theirs).blocks if block.use is Use.SAMPLE]
    for missing, grade in ((3, Kinship.DERIVED), (4, Kinship.PARTIAL)):
        fewer = {name: theirs[name] for name in theirs if name not in held[2 : 2 + missing]}
        assert compare(sketch_of(theirs), sketch_of(fewer, every=True)).overall.grade is grade


def test_layers_that_are_there_twice_are_found_though_the_reference_lacks_their_names() -> None:
    theirs = network(1)
    doubled = dict(theirs)
    for name, values_ in theirs.items():
        parts = name.split(".")
        if parts[1] == "layers":
            doubled[".".join([*parts[:2], str(int(parts[2]) + 4), *parts[3:]])] = values_
    found = compare(sketch_of(noisy(doubled, 0.1)), sketch_of(theirs, every=True)).overall
    assert found.grade is Kinship.DERIVED
    assert found.coverage == 1


def test_a_listed_gguf_lacks_no_queries_though_their_rows_lie_otherwise() -> None:
    theirs = network(1)
    held = {name: v for name, v in theirs.items() if "q_proj" not in name and "k_proj" not in name}
    gguf = {name.replace("self_attn.v_proj", "attn_v"): v for name, v in held.items()}
    keys = dict(zip(gguf, held, strict=True))
    reference = sketch_of(gguf, every=True, keys=keys, family="llama")
    suspect = sketch_of(noisy(theirs, 0.1), family="llama")
    assert compare(suspect, reference).overall.grade is Kinship.DERIVED
    safetensors = sketch_of(held, every=True, family="llama")
    assert compare(suspect, safetensors).overall.grade is Kinship.PARTIAL


def test_what_a_reference_lacks_excuses_nothing() -> None:
    theirs, mine = network(1), network(2)
    shard = {name: theirs[name] for name in list(theirs)[:6]}
    found = compare(sketch_of(mine), sketch_of(shard, every=True)).overall
    assert found.tensors < 16  # what it lacks does not count as compared


def test_what_is_common_to_many_is_not_lacking() -> None:
    theirs = network(1)
    reference = sketch_of(theirs, every=True)
    commons = frozenset(b.sha256 for b in reference.blocks if b.chosen and "mlp" in b.key)
    found = compare(sketch_of(noisy(theirs, 0.1)), reference, commons=commons).overall
    assert found.grade is Kinship.DERIVED


def test_a_shared_embedding_alone_is_partial() -> None:
    theirs = network(1)
    mine = {**network(2), EMBEDDING: noisy(theirs, 0.5)[EMBEDDING]}
    found = compare(sketch_of(mine), sketch_of(theirs, every=True))
    assert found.overall.grade is Kinship.PARTIAL
    assert f"(input embedding only: {EMBEDDING})" in found.overall.wording
    assert not found.permuted


def test_one_place_of_an_embedding_is_not_enough() -> None:
    """Rows may be alike that no text has trained; the tensor is told of all the same."""
    theirs, mine = network(1), network(2)
    mine[EMBEDDING][:1100] = theirs[EMBEDDING][:1100]
    found = compare(sketch_of(mine), sketch_of(theirs, every=True))
    assert found.overall.grade is Kinship.SAME_ARCHITECTURE_ONLY
    assert f"tensors with |r| of 0.5 or more: {EMBEDDING}" in found.remarks


def test_constant_and_broken_blocks_are_skipped_and_counted() -> None:
    mine = network(1)
    names = sorted(block.name for block in sketch_of(mine).blocks if block.use is Use.SAMPLE)
    mine[names[3]] = np.zeros_like(mine[names[3]])
    mine[names[4]] = np.full_like(mine[names[4]], np.nan)
    mine[names[5]] = mine[names[5]] * np.inf
    suspect = sketch_of(mine)
    cut = next(block for block in suspect.blocks if block.name == names[6])
    blocks = [replace(b, data=b.data[:-1]) if b == cut else b for b in suspect.blocks]
    found = compare(replace(suspect, blocks=tuple(blocks)), sketch_of(network(1)))
    assert found.overall.grade is Kinship.DERIVED
    assert (found.overall.skipped, found.overall.tensors) == (4, 12)
    assert [t.name for t in found.tensors if t.r is None] == names[3:7]


def test_nothing_in_common_is_unrelated() -> None:
    other = {name + ".other": np.ones((20, 20)) for name in network(2)}
    found = compare(sketch_of(network(1)), sketch_of(other, every=True))
    assert found.overall.grade is Kinship.UNRELATED
    assert found.overall.wording == "nothing of it can be compared with reference"
    empty = Sketch(source="nothing", architecture=Architecture(), blocks=())
    assert compare(empty, empty).overall.grade is Kinship.UNRELATED
    assert compare(empty, empty).component is None


def test_fewer_than_four_matrices_give_no_verdict() -> None:
    few = dict(list(network(1).items())[:3])
    found = compare(sketch_of(few, anchors=False), sketch_of(few, every=True))
    assert found.overall.grade is Kinship.INCONCLUSIVE
    assert found.overall.wording == "inconclusive: only 3 tensors can be compared with reference"


class TestParts:
    """Of a model that has several."""

    vae = sketch_of(network(7), part=Component.VAE, anchors=False)
    texts = sketch_of(network(8), part=Component.TEXT_ENCODER, anchors=False)
    unet = sketch_of(network(1), part=Component.UNET)

    def test_the_unet_decides_whatever_the_others_share(self) -> None:
        foreign = joined(sketch_of(network(2), part=Component.UNET), self.vae, self.texts)
        found = compare(foreign, joined(self.unet, self.vae, self.texts))
        assert found.component is Component.UNET
        assert found.overall.grade is Kinship.SAME_ARCHITECTURE_ONLY
        assert found.components[Component.VAE].grade is Kinship.IDENTICAL
        assert found.components[Component.TEXT_ENCODER].grade is Kinship.IDENTICAL
        assert {t.component for t in found.tensors} == set(found.components)

    def test_a_vae_alone_says_that_it_is_alone(self) -> None:
        for suspect, reference in (
            (self.vae, joined(self.unet, self.vae)),
            (joined(self.unet, self.vae), self.vae),
            (self.vae, self.vae),
        ):
            found = compare(suspect, reference)
            assert found.component is Component.VAE
            assert found.overall.wording.endswith("in all 16 sampled tensors; of its VAE only")
            assert "only" not in found.components[Component.VAE].wording

    def test_a_unet_and_a_transformer_have_nothing_in_common(self) -> None:
        other = sketch_of(network(1), part=Component.TRANSFORMER)
        found = compare(joined(self.unet, self.vae), joined(other, self.vae))
        assert found.overall.grade is Kinship.UNRELATED
        assert found.component is Component.UNET
        assert found.components[Component.VAE].grade is Kinship.IDENTICAL

    def test_a_whole_that_nothing_is_known_of_is_compared_with_what_decides(self) -> None:
        """As an export with numbers for names is."""
        renamed = {f"MatMul_{n}.weight": v.T for n, v in enumerate(network(1).values())}
        unknown = sketch_of(renamed, part=Component.FULL, family="unknown")
        base = joined(sketch_of(network(1), every=True, part=Component.UNET), self.vae)
        for suspect, reference in ((unknown, base), (base, replace(unknown, every=True))):
            found = compare(suspect, reference)
            assert found.component is Component.UNET
            assert found.overall.grade is (
                Kinship.DERIVED if suspect is unknown else Kinship.UNRELATED
            )
        assert compare(unknown, self.vae).overall.grade is Kinship.UNRELATED
        assert compare(unknown, unknown).component is Component.FULL

    def test_an_adapter_is_compared_with_adapters(self) -> None:
        adapter = sketch_of(network(3), part=Component.ADAPTER, anchors=False)
        assert compare(adapter, adapter).component is Component.ADAPTER
        assert compare(adapter, adapter).overall.grade is Kinship.IDENTICAL
        assert compare(adapter, self.unet).overall.grade is Kinship.UNRELATED

    def test_commons_count_for_their_own_component_only(self) -> None:
        one, other = network(1), network(2)
        shared_keys = sorted(block.key for block in self.unet.blocks if block.use is Use.SAMPLE)[:5]
        other |= {key: one[key] for key in shared_keys}
        theirs = joined(self.unet, self.vae)
        mine = joined(sketch_of(other, part=Component.UNET), self.vae)
        commons = commons_of([("a", theirs), ("b", mine), ("a", self.texts)])
        assert compare(mine, theirs).overall.grade is Kinship.PARTIAL
        found = compare(mine, theirs, commons=commons)
        assert found.overall.grade is Kinship.SAME_ARCHITECTURE_ONLY
        assert found.overall.tensors == 11
        assert found.components[Component.VAE].grade is Kinship.IDENTICAL
        assert set(found.commons) == {*shared_keys}

    def test_a_common_block_in_another_type_does_not_count_either(self) -> None:
        commons = frozenset(block.sha256 for block in self.unet.blocks)
        found = compare(
            sketch_of(network(1), "F16", part=Component.UNET), self.unet, commons=commons
        )
        assert found.overall.grade is Kinship.UNRELATED
        assert len(found.commons) == 16

    def test_what_one_group_shares_is_not_common(self) -> None:
        assert commons_of([("a", self.unet), ("a", self.unet)]) == frozenset()
        assert len(commons_of([("a", self.unet), ("b", self.unet)])) == len(self.unet.blocks)

    def test_a_model_that_serves_as_an_encoder_elsewhere_is_still_itself(self) -> None:
        encoder = sketch_of(network(1), part=Component.TEXT_ENCODER)
        assert commons_of([("a", self.unet), ("b", encoder), ("c", encoder)]) == frozenset()


class TestConfirm:
    """By whole tensors."""

    same = compare(sketch_of(network(1)), sketch_of(network(1)))

    def test_without_an_answer_nothing_changes(self) -> None:
        assert confirm(self.same, None) == self.same

    def test_a_yes_is_noted(self) -> None:
        found = confirm(self.same, True)
        assert found.overall == self.same.overall
        assert found.remarks == ("whole tensors are equal, too, as far as they were compared",)

    def test_a_no_leaves_a_derivation(self) -> None:
        found = confirm(self.same, False)
        assert found.overall.grade is Kinship.DERIVED
        assert found.overall == found.components[Component.TRANSFORMER]
        assert found.overall.wording.startswith("the weights are a modified copy of reference")
        assert found.remarks == ("the sampled values are equal, whole tensors are not",)

    def test_other_claims_do_not_depend_on_it(self) -> None:
        recast = compare(sketch_of(network(1), "F16"), sketch_of(network(1)))
        other = compare(sketch_of(network(2)), sketch_of(network(1)))
        assert confirm(recast, False) == recast
        assert confirm(other, False) == other


class TestRecorded:
    """Real models."""

    def test_a_fine_tuned_sentence_encoder_is_derived(self) -> None:
        base, tuned = (_minilm(name) for name in ("all-MiniLM-L6-v2", "sre-embedding-model"))
        found = compare(sketch_of(tuned), sketch_of(base, every=True))
        assert found.overall.grade is Kinship.DERIVED
        assert found.overall.score == pytest.approx(0.9999, abs=5e-5)
        assert found.overall.tensors == 16
        assert any("1 of 16 tensors are exactly reference's" in line for line in found.remarks)
        assert any("(pooler.dense.weight)" in line for line in found.remarks)

    def test_independent_trainings_of_one_architecture_are_only_that(self) -> None:
        models = [
            load_file(shared(f"weights/silero/silero_vad_{version}_8k.safetensors"))
            for version in ("5.1", "6.0", "6.2.3")
        ]
        for one, other in itertools.permutations(models, 2):
            found = compare(sketch_of(one), sketch_of(other, every=True))
            assert found.overall.grade is Kinship.SAME_ARCHITECTURE_ONLY
            assert (found.overall.tensors, found.overall.floor) == (6, 0.2)
            assert abs(found.overall.score) < 0.05
            assert "permutation" not in found.overall.wording


_BLOCKS = st.builds(
    Block,
    name=st.text(max_size=5),
    key=st.sampled_from(["a.0.weight", "a.1.weight", "b.weight", "9" * 5000, "٣" * 5000]),
    component=st.sampled_from(Component),
    dtype=st.sampled_from(["F32", "F16", "BF16", "F8_E4M3", "I8", "F64", "Q4_K", "?"]),
    shape=st.lists(st.sampled_from([0, 1, 2, 3, 32, 64, 2**40]), max_size=3).map(tuple),
    start=st.sampled_from([0, 1, 32, -1, 2**40]),
    count=st.sampled_from([0, 1, 32, 64, 2**40]),
    data=st.one_of(st.binary(max_size=8), st.integers(0, 255).map(lambda n: bytes([n]) * 128)),
    skip=st.sampled_from([0, 1]),
    scales=st.sampled_from([(), (0.5,), (0.5, math.nan)]),
    use=st.sampled_from(Use),
    chosen=st.booleans(),
)
_SKETCHES = st.builds(
    Sketch,
    source=st.text(max_size=5),
    architecture=st.builds(Architecture, family=st.sampled_from(["one", "unknown"])),
    blocks=st.lists(_BLOCKS, max_size=12).map(tuple),
    every=st.booleans(),
)


@given(_SKETCHES, _SKETCHES)
def test_hostile_sketches_are_compared_like_any(suspect: Sketch, reference: Sketch) -> None:
    digests = [block.sha256 for block in suspect.blocks]
    found = compare(suspect, reference, commons=frozenset(digests[:2]))
    _is_sound(found)
    _is_sound(confirm(found, False))
    _is_sound(compare(suspect, suspect))


def _is_sound(found: Comparison) -> None:
    for score in (found.overall, *found.components.values()):
        assert -1 <= score.score <= 1
        assert 0 <= score.median <= 1
        assert 0 <= score.coverage <= 1
        assert 0 <= score.bit_equal <= 1
        assert score.wording
        assert score.tensors >= 4 or score.grade <= Kinship.PARTIAL
    for tensor in found.tensors:
        assert tensor.r is None or -1 <= tensor.r <= 1
        assert 0 <= tensor.equal <= 1


def _shuffled_layers() -> Sketch:
    """The model of seed 1 with its layers in another order: most is found by content."""
    order = {0: 2, 1: 3, 2: 0, 3: 1}
    moved: dict[str, Any] = {}
    for name, values in network(1).items():
        parts = name.split(".")
        if parts[1] == "layers":
            parts[2] = str(order[int(parts[2])])
        moved[".".join(parts)] = values
    return sketch_of(noisy(moved, 0.3))


def _minilm(name: str) -> dict[str, Any]:
    found = load_file(shared(f"weights/minilm/{name}.trim.safetensors"))
    matrices = {key: values for key, values in found.items() if values.ndim == 2}
    return {key: values for key, values in matrices.items() if len(values) >= 16}


def _rounded(values: Any) -> Any:
    kept = np.frombuffer(encode(values.ravel(), "BF16"), "<u2").astype(np.uint32) << 16
    large = np.abs(kept.view(np.float32)) > 1e-4  # smaller ones have fewer digits in F16
    return np.where(large, kept.view(np.float32), 0).reshape(values.shape)


def test_a_resized_vocabulary_is_no_identical_copy() -> None:
    weights = network(1)
    wider = dict(weights)
    extra = np.random.default_rng(9).standard_normal((64, weights[EMBEDDING].shape[1]))
    wider[EMBEDDING] = np.concatenate([weights[EMBEDDING], extra.astype(np.float32)])
    found = compare(sketch_of(wider), sketch_of(weights))
    assert found.overall.grade is Kinship.DERIVED
    assert "all compared values are equal" in " ".join(found.remarks)


def test_turned_signs_of_channels_are_a_permuted_copy() -> None:
    weights = network(1)
    signs = np.where(np.random.default_rng(9).random(weights[EMBEDDING].shape[1]) < 0.5, -1, 1)
    turned = {
        name: value * signs if value.shape[1] == len(signs) else value.T @ np.diag(signs)
        for name, value in weights.items()
        if value.shape[1] == len(signs)
    }
    found = compare(sketch_of(turned), sketch_of({name: weights[name] for name in turned}))
    assert found.permuted
    assert "with the other sign" in found.overall.wording
