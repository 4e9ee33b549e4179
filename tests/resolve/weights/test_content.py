from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from modelaudit.domain.sketch import Block, Use
from modelaudit.domain.words import Kinship
from modelaudit.resolve.weights._pairs import samples
from modelaudit.resolve.weights.compare import compare
from modelaudit.resolve.weights.content import match
from tests.resolve.weights.sketches import network, noisy, sketch_of
from tests.shared import shared

BASE = network(1, layers=6)
REFERENCE = sketch_of(BASE, every=True)


def test_renamed_tensors_are_found_and_so_are_transposed_ones() -> None:
    for turned in (False, True):
        mine = {
            f"onnx::MatMul_{300 + 7 * number}.weight": values.T if turned else values
            for number, values in enumerate(BASE.values())
            if len(values) < 4096
        }
        found = compare(sketch_of(mine, "F16"), REFERENCE)
        assert found.overall.grade is Kinship.DERIVED
        assert found.overall.tensors == 16
        assert all(tensor.by_content for tensor in found.tensors)
        assert all(mine_is(BASE, mine, t.reference_name, t.name, turned) for t in found.tensors)
        assert (
            "16 tensors were matched by content: names, places or layouts differ" in found.remarks
        )


def mine_is(base: Any, mine: Any, name: str, own: str, turned: bool) -> bool:
    return bool(np.array_equal(base[name].T if turned else base[name], mine[own]))


def test_a_transposed_copy_of_the_same_names_is_found() -> None:
    """Square matrices, which no shape gives away."""
    mine = {name: values.T for name, values in BASE.items() if "self_attn" in name}
    found = compare(sketch_of(mine), REFERENCE)
    assert found.overall.grade in (Kinship.IDENTICAL, Kinship.DERIVED)
    assert all(tensor.name == tensor.reference_name for tensor in found.tensors)
    assert all(tensor.by_content for tensor in found.tensors)


@pytest.mark.parametrize("size", [0.0, 0.5])
def test_dropped_doubled_and_reordered_layers_are_found(size: float) -> None:
    for layers in ([0, 2, 3, 4, 5], [0, 1, 2, 1, 2, 3, 4, 5], [5, 3, 1, 0, 2, 4]):
        found = compare(sketch_of(noisy(_with_layers(layers), size)), REFERENCE)
        assert found.overall.grade is (Kinship.COMMON_ANCESTRY if size else Kinship.DERIVED)
        for tensor in found.tensors:
            assert tensor.reference_name == _origin(tensor.name, layers)


def test_a_copy_of_some_layers_among_foreign_ones_is_partial() -> None:
    mine = network(2, layers=6)
    for name in _with_layers([0, 3, 4]):
        if "layers" in name:
            mine[name] = _with_layers([0, 3, 4])[name]
    found = compare(sketch_of(mine), REFERENCE)
    assert found.overall.grade is Kinship.PARTIAL
    assert any(tensor.by_content for tensor in found.tensors)


def test_two_matches_elsewhere_are_for_a_person_to_look_at() -> None:
    mine = network(2, layers=6)
    keys = [b.key for b in samples(sketch_of(mine).blocks) if "layers.3" in b.key][:2]
    for key in keys:
        mine[key] = BASE[key.replace("layers.3", "layers.4")]
    few = {name: values for name, values in mine.items() if "layers.3" in name}
    found = compare(sketch_of(few), REFERENCE)
    assert sum(tensor.by_content for tensor in found.tensors) == 2
    assert found.overall.grade is Kinship.INCONCLUSIVE


def test_independent_models_of_other_names_have_no_evidence_or_nothing_to_compare() -> None:
    other = {f"x.{name}": values for name, values in network(2, layers=6).items()}
    found = compare(sketch_of(other), REFERENCE).overall
    assert (found.grade, found.floor) == (Kinship.SAME_ARCHITECTURE_ONLY, 0.1)
    stranger = sketch_of(other, family="another")
    assert compare(stranger, REFERENCE).overall.grade is Kinship.UNRELATED


def test_a_model_without_its_last_layers_is_not_the_same() -> None:
    """Every block that was read has its equal; those that would be missing are not read."""
    found = compare(sketch_of(_with_layers([0, 1, 2])), REFERENCE)
    assert found.overall.grade is Kinship.DERIVED
    assert found.overall.bit_equal == 1
    line = "all compared values are equal, but other matrices may be missing, or be more"
    assert line in found.remarks


def test_only_a_reference_of_every_matrix_is_searched() -> None:
    mine = sketch_of(_with_layers([1, 0, 3, 2, 5, 4]))
    assert compare(mine, sketch_of(BASE)).overall.grade < Kinship.DERIVED
    assert compare(mine, REFERENCE).overall.grade is Kinship.DERIVED


def test_an_only_candidate_is_no_match_by_itself() -> None:
    one, other = np.random.default_rng(0).standard_normal((2, 64, 64))
    reference = sketch_of({"a.weight": one}, every=True)
    mine = sketch_of({"b.weight": other}, chosen=["b.weight"])
    assert match(mine.blocks, reference.blocks) == ((), mine.blocks)


def test_a_match_needs_a_clear_lead() -> None:
    """A block between two others is neither."""
    one, other, noise = np.random.default_rng(0).standard_normal((3, 64, 64))
    reference = sketch_of({"a.weight": one, "b.weight": other}, every=True)
    between = sketch_of({"c.weight": one + 0.9 * other}, chosen=["c.weight"])
    clear = sketch_of({"c.weight": one + 0.5 * other + 0.5 * noise}, chosen=["c.weight"])
    assert match(samples(between.blocks), reference.blocks).unmatched == between.blocks
    found = match(samples(clear.blocks), reference.blocks)
    assert [pair.reference.key for pair in found.pairs] == ["a.weight"]
    assert found.unmatched == ()


def test_a_layer_that_the_reference_holds_twice_leaves_no_doubt() -> None:
    values = np.random.default_rng(0).standard_normal((64, 64))
    twice = {"l.0.weight": values, "l.1.weight": noisy({"": values}, 0.1)[""]}
    reference = sketch_of(twice, every=True)
    mine = sketch_of({"l.1.weight": values, "x.weight": values}, chosen=["l.1.weight", "x.weight"])
    found = match(samples(mine.blocks), reference.blocks)
    assert [(pair.suspect.key, pair.reference.key) for pair in found.pairs] == [
        ("l.1.weight", "l.1.weight"),
        ("x.weight", "l.0.weight"),
    ]


def test_weak_matches_must_keep_the_order_of_layers() -> None:
    layers = {f"l.{n}.weight": np.random.default_rng(n).standard_normal((64, 64)) for n in range(6)}
    reference = sketch_of(layers, every=True)
    for size, kept in ((1.2, [0, 1, 3, 4, 5]), (0.2, [0, 1, 2, 3, 4, 5])):
        moved = noisy({f"x.{n + 7}": layers[f"l.{m}.weight"] for n, m in enumerate(_ORDER)}, size)
        mine = sketch_of(moved, chosen=list(moved))
        found = match(sorted(mine.blocks, key=lambda block: int(block.key[2:])), reference.blocks)
        assert [int(pair.suspect.key[2:]) - 7 for pair in found.pairs] == kept


_ORDER = [0, 1, 5, 2, 3, 4]


def test_a_convolution_of_one_pixel_is_the_same_as_a_linear_layer() -> None:
    convolutions = {name: values[:, :, None, None] for name, values in BASE.items()}
    kept = {name: values for name, values in convolutions.items() if "self_attn" in name}
    renamed = {f"x{number}.weight": values for number, values in enumerate(kept.values())}
    assert compare(sketch_of(renamed), REFERENCE).overall.grade is Kinship.DERIVED


def test_blocks_of_other_places_or_shapes_are_no_candidates() -> None:
    block = samples(REFERENCE.blocks)[5]
    for changed in (
        _changed(block, start=block.start + 64),
        _changed(block, shape=(128, 32)),
        _changed(block, use=Use.ANCHOR),
    ):
        assert match([block], [changed]) == ((), ())


def test_layers_of_one_encoder_are_independent_of_each_other() -> None:
    """With the next layer's name, each is found again where it is, and nowhere where it isn't."""
    path = shared("weights/minilm/all-MiniLM-L6-v2.trim.safetensors")
    layers = {n: v for n, v in load_file(path).items() if "layer." in n and v.ndim == 2}
    layers = {name: values for name, values in layers.items() if "output.dense" not in name}
    moved = {re.sub(r"[0-9]", lambda n: str((int(n[0]) + 1) % 6), k): v for k, v in layers.items()}
    suspect = sketch_of(noisy(moved, 0.3))
    found = compare(suspect, sketch_of(layers, every=True)).overall
    assert (found.grade, found.coverage) == (Kinship.DERIVED, 1)
    without = {name: v for name, v in layers.items() if int(name.split(".")[2]) % 2}
    even = {name: v for name, v in moved.items() if int(name.split(".")[2]) % 2}
    found = compare(sketch_of(even), sketch_of(without, every=True)).overall
    assert (found.grade, found.coverage) == (Kinship.SAME_ARCHITECTURE_ONLY, 0)


def test_the_largest_of_three_hundred_stays_far_below_a_match() -> None:
    """Values with tails as heavy as those of trained language models: kurtosis 12."""
    rng = np.random.default_rng(3)
    values = rng.standard_normal((800, 1024)) * np.sqrt(rng.gamma(1 / 3, 3, (800, 1024)))
    values -= values.mean(axis=1, keepdims=True)
    values /= np.linalg.norm(values, axis=1, keepdims=True)
    largest = np.abs(values[:500] @ values[500:].T).max(axis=1)
    assert 0.05 < np.median(largest) < largest.max() < 0.25


def _with_layers(layers: list[int]) -> dict[str, Any]:
    """The base with these of its layers, in this order."""
    found = {name: values for name, values in BASE.items() if "layers" not in name}
    for place, layer in enumerate(layers):
        for name, values in BASE.items():
            if f".layers.{layer}." in name:
                found[name.replace(f".layers.{layer}.", f".layers.{place}.")] = values
    return found


def _origin(name: str, layers: list[int]) -> str:
    return re.sub(r"layers\.([0-9]+)", lambda n: f"layers.{layers[int(n[1])]}", name)


def _changed(block: Block, **fields: Any) -> Block:
    kept = {field: getattr(block, field) for field in block.__dataclass_fields__}
    return Block(**{**kept, **fields})
