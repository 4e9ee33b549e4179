from __future__ import annotations

import random
from dataclasses import replace

import pytest

from modelaudit.domain.sketch import Use
from modelaudit.domain.weights import Architecture, Header, Tensor
from modelaudit.domain.words import Component
from modelaudit.resolve.architecture import detect
from modelaudit.resolve.weights.decode import span
from modelaudit.resolve.weights.plan import BUDGET, Piece, Plan, plan
from modelaudit.resolve.weights.roles import block_start, eligible
from tests.resolve.weights.files import LLAMA, SD1, header_of, llama, sd1, sdxl

LLAMA_7B = llama(layers=32, width=4096, inner=11008, words=32000, heads=4096)
UNET = {
    "model.diffusion_model.input_blocks.0.0.weight": (320, 4, 3, 3),
    "model.diffusion_model.input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight": (320, 768),
    "model.diffusion_model.input_blocks.1.1.transformer_blocks.0.attn1.to_q.weight": (320, 320),
}


def of(pieces: Plan, use: Use) -> list[Piece]:
    return [piece for piece in pieces.pieces if piece.use is use]


def covered(found: Plan) -> int:
    """Bytes of the file that are read at least once."""
    spans = sorted((piece.offset, piece.offset + piece.length) for piece in found.pieces)
    total, end = 0, 0
    for begin, last in spans:
        total += max(0, last - max(begin, end))
        end = max(end, last)
    return total


@pytest.mark.parametrize("dtype", ["F16", "F32"])
def test_of_a_checkpoint_sixteen_matrices_stand_for_each_part(dtype: str) -> None:
    header = header_of(sd1(), dtype)
    found = plan(header, detect(header.tensors))
    for part in (Component.UNET, Component.TEXT_ENCODER, Component.VAE):
        assert sum(piece.component is part for piece in of(found, Use.SAMPLE)) == 16
    assert all(piece.count == 1024 for piece in of(found, Use.SAMPLE))
    assert covered(found) <= BUDGET
    assert found.wholes == {}
    assert found.notes == ()


@pytest.mark.parametrize("dtype", ["F16", "F32", "F64", "F8_E4M3"])
def test_a_suspect_costs_no_more_than_the_budget(dtype: str) -> None:
    for shapes in (sdxl(), LLAMA_7B, llama(2, 16384, 53248, 128256, 1024)):
        header = header_of(shapes, dtype)
        found = plan(header, detect(header.tensors))
        assert 0 < covered(found) <= BUDGET
        assert sum(piece.component.main for piece in of(found, Use.SAMPLE)) >= 10


def test_what_does_not_fit_is_told_and_the_main_part_comes_first() -> None:
    header = header_of(sd1(), "F16")
    found = plan(header, detect(header.tensors), budget=20 * 2048)
    parts = [piece.component for piece in of(found, Use.SAMPLE)]
    assert parts == [Component.UNET] * 16 + [Component.VAE] * 4
    assert "vae: 4 of 16 matrices are read, to bound bytes" in found.notes
    assert "text_encoder: 0 of 16 matrices are read, to bound bytes" in found.notes


def test_all_rows_of_a_first_convolution_are_read_where_they_fit() -> None:
    half, full = (of(plan(header_of(UNET, dtype), SD1), Use.ANCHOR)[0] for dtype in ("F16", "F32"))
    assert (half.start, half.count, half.key) == (0, 320 * 36, "conv_in.weight")
    assert (full.start, full.count) == (0, (32 << 10) // (4 * 36) * 36)
    reference = of(plan(header_of(UNET, "F32"), SD1, every=True), Use.ANCHOR)[0]
    assert reference.count == 320 * 36


def test_the_sample_of_a_vocabulary_lies_in_the_rows_that_channels_are_matched_by() -> None:
    found = plan(header_of(LLAMA_7B, "BF16"), LLAMA)
    (anchor,), (check,) = of(found, Use.ANCHOR), of(found, Use.CHECK)
    sample = next(piece for piece in found.pieces if piece.key == anchor.key)
    assert sample.use is Use.SAMPLE
    assert anchor.key == check.key == "embed_tokens.weight"
    assert anchor.start == sample.start == 1000 * 4096
    assert anchor.count == 24 * 4096  # what is left beside sixteen blocks and the rows below
    assert (check.start, check.count) == (2000 * 4096, 8 * 4096)
    assert covered(found) <= BUDGET


def test_rows_of_a_vocabulary_are_the_same_whatever_is_stored_behind_them() -> None:
    places = {
        (piece.use, piece.start)
        for words, dtype in ((32000, "BF16"), (32064, "F32"), (128256, "F16"))
        for every in (False, True)
        for piece in plan(header_of(llama(2, 2048, 4096, words), dtype), LLAMA, every=every).pieces
        if piece.use in (Use.ANCHOR, Use.CHECK)
    }
    assert places == {(Use.ANCHOR, 1000 * 2048), (Use.CHECK, 2000 * 2048)}


def test_a_small_vocabulary_has_rows_apart_to_check_by() -> None:
    found = plan(header_of(llama(1, 64, 128, words=96), "F32"), LLAMA)
    (anchor,), (check,) = of(found, Use.ANCHOR), of(found, Use.CHECK)
    assert anchor.start + anchor.count <= check.start
    assert (anchor.start // 64, anchor.count // 64, check.start // 64, check.count // 64) == (
        23, 24, 47, 32,
    )  # fmt: skip


def test_where_too_few_rows_fit_channels_are_not_matched() -> None:
    found = plan(header_of(llama(2, 16384, 53248, 128256, 1024), "BF16"), LLAMA)
    assert not of(found, Use.ANCHOR) + of(found, Use.CHECK)
    assert found.notes == ("'model.embed_tokens.weight': too few rows fit to match channels by",)


def test_a_reference_holds_every_matrix_and_the_chosen_ones_are_marked() -> None:
    header = header_of(sd1(), "F16")
    what = detect(header.tensors)
    suspect, reference = plan(header, what), plan(header, what, every=True)
    chosen = {(one.component, one.key) for one in of(suspect, Use.SAMPLE)}
    held = {(one.component, one.key): one for one in of(reference, Use.SAMPLE)}
    assert len(held) == len(of(reference, Use.SAMPLE)) == 421
    assert chosen == {place for place, piece in held.items() if piece.chosen}
    for piece in of(suspect, Use.SAMPLE):
        assert held[piece.component, piece.key] == piece
    assert all(eligible(key, piece.tensor.shape) for (_, key), piece in held.items())


def test_a_mixture_of_experts_is_held_in_part_and_spread() -> None:
    shapes = {
        f"model.layers.{layer}.mlp.experts.{expert}.{name}_proj.weight": (64, 64)
        for layer in range(8)
        for expert in range(256)
        for name in ("up", "down")
    }
    found = plan(header_of(shapes), LLAMA, every=True)
    assert len(of(found, Use.SAMPLE)) == 2048
    assert {piece.key.split(".")[1] for piece in found.pieces} == set("01234567")
    assert "transformer: 2048 of 4096 matrices are read, to bound bytes" in found.notes


def test_blocks_of_the_transpose_are_for_references_at_hand_that_words_pass_through() -> None:
    header = header_of(llama(), "F16")
    assert not of(plan(header, LLAMA, every=True), Use.TRANSPOSED)
    assert not of(plan(header, LLAMA, gather=True), Use.TRANSPOSED)
    found = of(plan(header, LLAMA, every=True, gather=True), Use.TRANSPOSED)
    assert len(found) == 2 + 2 * 7
    for piece in found:
        turned = piece.tensor.shape[::-1]
        assert piece.start == block_start(piece.key, turned)
        assert not piece.chosen
    parts = plan(header_of(sd1(), "F16"), SD1, every=True, gather=True)
    assert {piece.component for piece in of(parts, Use.TRANSPOSED)} == {Component.TEXT_ENCODER}


def test_small_tensors_of_the_main_part_are_digested_whole() -> None:
    shapes = llama(1, 256, 512, words=500)
    assert list(plan(header_of(shapes), LLAMA, every=True).wholes) == [
        "layers.0.self_attn.o_proj.weight",
        "layers.0.self_attn.q_proj.weight",
        "embed_tokens.weight",
    ]
    # too few are large: the largest of the others as well
    shapes = {
        "model.layers.0.self_attn.q_proj.weight": (64, 64),
        "model.layers.0.self_attn.v_proj.weight": (64, 80),
        "model.layers.0.self_attn.o_proj.weight": (64, 96),
        "model.layers.0.mlp.up_proj.weight": (4096, 4096),
        "model.layers.0.mlp.down_proj.weight": (256, 256),
    }
    assert list(plan(header_of(shapes), LLAMA, every=True).wholes) == [
        "layers.0.mlp.down_proj.weight",
        "layers.0.mlp.up_proj.weight",
        "layers.0.self_attn.o_proj.weight",
    ]


def test_tensors_that_lie_are_left_out_and_told() -> None:
    names = [f"model.layers.{n}.self_attn.o_proj.weight" for n in range(6)]
    good = Tensor(names[0], "F16", (64, 64), 1000, 8192)
    tensors = (
        good,
        Tensor(names[1], "F16", (64, 64), None, 8192),
        Tensor(names[2], "F16", (64, 64), 2000, 8190),
        Tensor(names[3], "F16", (64, 64), 9000, 8192),
        Tensor(names[4], "I32", (64, 64), 3000, 16384),
        Tensor(names[5], "F16", (2**40, 2**40), 2000, 8192),
    )
    found = plan(Header(format="safetensors", tensors=tensors), LLAMA, size=lambda _: 10000)
    assert [piece.tensor for piece in found.pieces] == [good]
    assert found.notes == (
        f"'{names[3]}': left out, it ends beyond the end of the file",
        f"'{names[2]}' and 1 more: left out, its bytes are not as many as its type and shape say",
        f"'{names[1]}': left out, its bytes do not lie in one row of this file",
        f"'{names[4]}': left out, packed in a way that is not decoded",
    )


def test_weights_packed_into_vectors_are_told_as_well() -> None:
    name = "model.layers.0.mlp.up_proj.weight"
    packed = Tensor(name, "U8", (8192, 1), 0, 8192)  # as bitsandbytes stores four bits
    found = plan(Header(format="safetensors", tensors=(packed,)), LLAMA)
    assert found.pieces == ()
    assert found.notes == (
        f"'{name}': left out, packed in a way that is not decoded",
        "no matrix can be compared",
    )


def test_names_and_types_of_strangers_make_few_and_short_notes() -> None:
    tensors = tuple(
        Tensor(f"layers.{n}.mlp.up_proj\n\ud800.weight" + "x" * n, f"T{n}" * 99, (64, 64), 0, 8192)
        for n in range(300)
    )
    found = plan(Header(format="torch-zip", tensors=tensors), LLAMA)
    assert found.pieces == ()
    assert len(found.notes) <= 3
    assert all(note.isprintable() and len(note) < 300 for note in found.notes)


def test_rows_that_llama_cpp_moves_are_not_compared_in_place() -> None:
    shapes = {
        "token_embd.weight": (4200, 256),
        "blk.0.attn_q.weight": (256, 256),
        "blk.0.attn_k.weight": (256, 256),
        "blk.0.attn_v.weight": (256, 256),
        "blk.0.ffn_up.weight": (512, 256),
    }
    header = replace(header_of(shapes, "Q8_0"), format="gguf")
    found = plan(header, LLAMA, every=True)
    assert {piece.tensor.name for piece in found.pieces} == {
        "token_embd.weight", "blk.0.attn_v.weight", "blk.0.ffn_up.weight",
    }  # fmt: skip
    assert found.notes == (
        "'blk.0.attn_k.weight' and 1 more: left out, its rows lie in another order than elsewhere",
    )


def test_whole_blocks_of_quantised_values_are_read() -> None:
    found = plan(header_of(llama(2, 256, 512), "Q4_K"), LLAMA)
    for piece in found.pieces:
        place = span("Q4_K", piece.tensor.shape, piece.start, piece.count)
        assert piece.tensor.offset is not None
        assert piece.offset == piece.tensor.offset + place.offset_bytes
        assert (piece.length, piece.skip) == (place.length_bytes, place.skip)
    assert covered(found) < 1 << 16


def test_of_integers_the_scales_of_their_rows_are_read() -> None:
    weight = Tensor("model.layers.0.self_attn.o_proj.weight", "I8", (128, 256), 0, 1 << 15)
    vector = Tensor("model.layers.0.self_attn.o_proj.SCB", "F32", (128,), 1 << 15, 512)
    header = Header(format="safetensors", tensors=(weight, vector))
    (piece,) = plan(header, LLAMA).pieces
    assert piece.scales is not None
    assert piece.start // 256 == 62
    assert (piece.scales.offset, piece.scales.length) == ((1 << 15) + 62 * 4, 4 * 4)
    assert piece.scales.divisor == 127


@pytest.mark.parametrize("name", ["weight_scale", "scale_weight", "scale", "weight_scale_inv"])
def test_one_scale_may_be_that_of_all_values(name: str) -> None:
    start = "model.layers.0.self_attn.o_proj."
    weight = Tensor(f"{start}weight", "F8_E4M3", (128, 256), 64, 1 << 15)
    scale = Tensor(start + name, "BF16", (), 8, 2)
    header = Header(format="safetensors", tensors=(weight, scale))
    (piece,) = plan(header, LLAMA).pieces
    assert piece.scales is not None
    assert (piece.scales.offset, piece.scales.length, piece.scales.divisor) == (8, 2, 1)


@pytest.mark.parametrize(
    "scales",
    [
        Tensor("layers.0.self_attn.o_proj.weight_scale", "F32", (128, 2), 64, 1024),
        Tensor("layers.0.self_attn.o_proj.weight_scale", "F32", (128,), None, 512),
        Tensor("layers.0.self_attn.o_proj.weight_scale", "U8", (128,), 64, 128),
        Tensor("layers.0.self_attn.o_proj.weight_scale", "F32", (128,), 64, 5),
        Tensor("layers.0.self_attn.o_proj.weight_scale", "F32", (0,), 64, 0),
    ],
)
def test_scales_that_cannot_be_told_are_left_alone_with_a_note(scales: Tensor) -> None:
    weight = Tensor("layers.0.self_attn.o_proj.weight", "I8", (128, 256), 2048, 1 << 15)
    found = plan(Header(format="safetensors", tensors=(weight, scales)), LLAMA)
    assert [piece.scales for piece in found.pieces] == [None]
    assert found.notes == (
        "'layers.0.self_attn.o_proj.weight': the scales are laid out in a way that is not known",
    )


@pytest.mark.parametrize("kind", ["adapter", "embedding"])
def test_a_delta_has_nothing_to_compare(kind: str) -> None:
    what = Architecture(family="sd1", kind=kind, components=(Component.ADAPTER,))
    assert plan(header_of(UNET), what, every=True) == Plan(
        pieces=(), wholes={}, notes=(f"{kind}: it holds nothing to compare",)
    )


def test_values_of_the_other_byte_order_are_not_decoded() -> None:
    header = replace(header_of(UNET), warnings=("big_endian: the most significant byte first",))
    found = plan(header, SD1)
    assert (found.pieces, found.notes) == ((), ("big-endian values are not decoded",))


@pytest.mark.parametrize("every", [False, True])
def test_the_order_of_tensors_in_a_header_changes_nothing(every: bool) -> None:
    header = header_of(sd1())
    shuffled = list(header.tensors)
    random.Random(0).shuffle(shuffled)
    what = detect(header.tensors)
    again = plan(replace(header, tensors=tuple(shuffled)), what, every=every, gather=True)
    assert again == plan(header, what, every=every, gather=True)


def test_an_empty_header_and_an_unknown_model_are_plans_as_well() -> None:
    empty = Plan(pieces=(), wholes={}, notes=("no matrix can be compared",))
    assert plan(Header(format="gguf", tensors=()), Architecture()) == empty
    found = plan(header_of({"a.weight": (64, 64), "b.weight": (0, 64)}), Architecture(), every=True)
    assert [piece.key for piece in found.pieces] == ["a.weight"]
    assert list(found.wholes) == ["a.weight"]
