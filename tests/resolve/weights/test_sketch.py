from __future__ import annotations

import hashlib
from collections.abc import Mapping

import numpy as np
import pytest

from modelaudit.domain.reader import Reader, ReadError
from modelaudit.domain.sketch import Block, Sketch, Use
from modelaudit.domain.weights import Architecture, Header, Tensor
from modelaudit.domain.words import Component
from modelaudit.resolve import formats
from modelaudit.resolve.architecture import detect
from modelaudit.resolve.formats._shards import union
from modelaudit.resolve.weights import decode, sketchfile
from modelaudit.resolve.weights.plan import BUDGET
from modelaudit.resolve.weights.roles import block_start
from modelaudit.resolve.weights.sketch import make
from tests.readers import Bytes
from tests.resolve.weights.files import (
    LLAMA,
    Array,
    Endless,
    header_of,
    llama,
    only,
    safetensors,
    sd1,
    values,
)
from tests.shared import shared


def sketched(content: bytes, what: Architecture = LLAMA, **options: bool) -> Sketch:
    reader = Bytes(content)
    header = formats.read_header(reader)
    return make(only(reader), header, what, source="a.safetensors", **options)


def by_key(sketch: Sketch, use: Use = Use.SAMPLE) -> dict[str, Block]:
    return {block.key: block for block in sketch.blocks if block.use is use}


def flat(arrays: Mapping[str, Array], block: Block) -> Array:
    """The values that a block should hold."""
    return arrays[block.name].reshape(-1)[block.start : block.start + block.count]


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_a_block_holds_the_values_that_lie_at_its_place(dtype: str) -> None:
    arrays = values(llama(), dtype=dtype)
    found = sketched(safetensors(arrays), every=True)
    assert len(by_key(found)) == 16
    for block in found.blocks:
        assert np.array_equal(decode.values(block), flat(arrays, block).astype(np.float32))
        assert block.shape == arrays[block.name].shape
        assert block.offset is not None
    assert found.every
    assert found.notes == ()


def test_what_touches_is_read_at_once() -> None:
    reader = Endless()
    header = header_of(llama(32, 4096, 11008, 32000, 4096), "BF16")
    found = make(only(reader), header, LLAMA, source="x")
    assert len(found.blocks) == 16 + 2
    assert len(reader.reads) == 16 + 1  # the vocabulary's block lies in the anchor's rows
    assert found.bytes_read == reader.total <= BUDGET
    anchor, sample = by_key(found, Use.ANCHOR), by_key(found)
    start = len(sample["embed_tokens.weight"].data)
    assert anchor["embed_tokens.weight"].data[:start] == sample["embed_tokens.weight"].data


def test_a_checkpoint_takes_one_read_for_each_matrix() -> None:
    reader = Endless()
    header = header_of(sd1(), "F16")
    found = make(only(reader), header, detect(header.tensors), source="x")
    assert len(found.blocks) == 48 + 1
    assert len(reader.reads) == 48
    assert reader.reads == sorted(reader.reads)  # front to back
    assert found.bytes_read == reader.total < 120_000


@pytest.mark.parametrize("dtype", ["F32", "F16", "BF16", "Q8_0", "Q6_K"])
def test_blocks_of_the_transpose_are_those_that_a_transposed_file_would_show(dtype: str) -> None:
    shapes = llama(1, 256, 768, words=1600, heads=512)
    reader = Endless()
    header = header_of(shapes, dtype)
    found = by_key(
        make(only(reader), header, LLAMA, source="x", every=True, gather=True), Use.TRANSPOSED
    )
    assert len(found) == 9
    tensors = {tensor.name: tensor for tensor in header.tensors}
    for key, block in found.items():
        tensor = tensors[block.name]
        whole = decode.decoded(dtype, reader.read(tensor.offset or 0, tensor.bytes))
        turned = whole.reshape(tensor.shape).T
        assert (block.shape, block.dtype, block.offset) == (turned.shape, "F32", None)
        assert block.start == block_start(key, turned.shape)
        wanted = turned.reshape(-1)[block.start : block.start + block.count]
        assert np.array_equal(decode.values(block), wanted, equal_nan=True)


def test_of_integers_the_values_are_those_that_were_rounded() -> None:
    name = "model.layers.0.self_attn.o_proj"
    array = values({"w": (128, 256)}, seed=1)["w"]
    largest = np.abs(array).max(axis=1)
    rounded = np.round(array / largest[:, None] * 127).astype(np.int8)
    found = sketched(safetensors({f"{name}.weight": rounded, f"{name}.SCB": largest}))
    (block,) = found.blocks
    assert len(block.scales) == 4
    assert np.allclose(decode.values(block), flat({block.name: array}, block), atol=0.02)


def test_scales_that_are_no_numbers_leave_their_tensor_out() -> None:
    name = "model.layers.0.self_attn.o_proj"
    arrays = {
        f"{name}.weight": np.ones((64, 64), np.int8),
        f"{name}.weight_scale": np.array([np.inf], np.float32),
    }
    found = sketched(safetensors(arrays))
    assert found.blocks == ()
    assert found.notes == (
        f"'{name}.weight': left out, the file ends before the bytes do, "
        "or the scales are no numbers",
    )


def test_blocks_without_a_value_that_counts_are_kept_for_the_comparison_to_tell() -> None:
    arrays = values(llama(1))
    arrays["model.layers.0.mlp.up_proj.weight"][:] = np.nan
    arrays["model.layers.0.mlp.down_proj.weight"][:] = 3
    assert len(by_key(sketched(safetensors(arrays)))) == 9


def test_what_a_file_does_not_hold_is_left_out_with_a_note() -> None:
    content = safetensors(values(llama(1)))
    whole = formats.read_header(Bytes(content))
    short = Bytes(content[: len(content) // 2], size=len(content))  # it says that it is longer
    found = make(only(short), whole, LLAMA, source="x", every=True, gather=True)
    told = formats.read_header(Bytes(content[: len(content) // 2]))
    again = make(only(Bytes(short.content)), told, LLAMA, source="x", every=True, gather=True)
    assert 0 < len(by_key(found)) < 9
    assert by_key(found) == by_key(again)
    assert found.notes == (
        "'lm_head.weight' and 3 more: left out, the file ends before the bytes do, "
        "or the scales are no numbers",
    )
    assert again.notes[0].endswith("left out, it ends beyond the end of the file")


def test_bytes_that_cannot_be_had_are_the_readers_to_tell() -> None:
    class Refusing(Endless):
        def read(self, offset: int, length: int) -> bytes:
            raise ReadError("gone")

    with pytest.raises(ReadError, match="gone"):
        make(only(Refusing()), header_of(llama()), LLAMA, source="x")


def test_shards_are_read_where_each_tensor_lies() -> None:
    arrays = values(llama())
    names = list(arrays)
    parts = {
        "one.safetensors": safetensors({name: arrays[name] for name in names[:9]}),
        "two.safetensors": safetensors({name: arrays[name] for name in names[9:]}),
    }
    asked: list[str | None] = []

    def readers(file: str | None) -> Reader:
        asked.append(file)
        return Bytes(parts[file or ""])

    headers = {name: formats.read_header(Bytes(part)) for name, part in parts.items()}
    found = make(readers, union(headers, {}), LLAMA, source="x", every=True, gather=True)
    assert sorted(map(str, asked)) == sorted(parts)  # each is opened once
    assert {block.file for block in found.blocks} == {*parts}
    single = sketched(safetensors(arrays), every=True, gather=True)
    assert [block.data for block in found.blocks] == [block.data for block in single.blocks]
    assert found.wholes == single.wholes


def test_some_tensors_of_a_reference_are_digested_whole() -> None:
    arrays = values(llama(1, 256, 512))
    found = sketched(safetensors(arrays), every=True)
    assert found.wholes == {
        key: hashlib.sha256(arrays[f"model.{key}"].tobytes()).hexdigest()
        for key in (
            "layers.0.self_attn.o_proj.weight",
            "layers.0.self_attn.q_proj.weight",
            "layers.0.mlp.down_proj.weight",
        )
    }
    assert sketched(safetensors(arrays)).wholes == {}


@pytest.mark.parametrize("every", [False, True])
def test_the_order_of_tensors_in_a_file_changes_places_only(every: bool) -> None:
    arrays = values(llama())
    one = sketched(safetensors(arrays), every=every, gather=True)
    other = sketched(safetensors(dict(reversed(arrays.items()))), every=every, gather=True)
    assert [(b.key, b.use, b.data) for b in one.blocks] == [
        (b.key, b.use, b.data) for b in other.blocks
    ]
    assert sketchfile.digest(one) == sketchfile.digest(
        sketched(safetensors(arrays), every=every, gather=True)
    )
    assert sketchfile.digest(one) != sketchfile.digest(other)


def test_a_source_that_cannot_be_printed_is_kept_in_one_line() -> None:
    reader = Endless()
    found = make(only(reader), header_of(llama()), LLAMA, source="a\n\udc80b\x1b[31m")
    assert found.source == "a\ufffd\ufffdb\ufffd[31m"
    assert sketchfile.loads(sketchfile.dumps(found)) == found


def test_nothing_is_read_of_a_delta() -> None:
    what = Architecture(family="sd1", kind="adapter", components=(Component.ADAPTER,))
    reader = Endless()
    found = make(only(reader), header_of(llama()), what, source="x", every=True, gather=True)
    assert (found.blocks, reader.reads, found.bytes_read) == ((), [], 0)


def test_a_header_that_lists_the_same_bytes_many_times_costs_one_read() -> None:
    tensors = tuple(
        Tensor(f"layers.{n}.mlp.up_proj.weight", "F16", (64, 64), 64, 8192) for n in range(5000)
    )
    reader = Endless()
    header = Header(format="safetensors", tensors=tensors)
    found = make(only(reader), header, LLAMA, source="x", every=True)
    assert len(found.blocks) == 2048
    assert len(reader.reads) == 1 + len(found.wholes)


def test_a_fine_tune_of_a_published_model_has_blocks_at_the_same_places() -> None:
    base, tuned = (
        sketched(shared(f"weights/minilm/{name}.trim.safetensors").read_bytes(), what, every=True)
        for name, what in (
            ("all-MiniLM-L6-v2", LLAMA),
            ("sre-embedding-model", LLAMA),
        )
    )
    pairs = {key: (block, by_key(tuned)[key]) for key, block in by_key(base).items()}
    assert len(pairs) > 20
    for key, (one, other) in pairs.items():
        assert (one.start, one.count) == (other.start, other.count)
        r = np.corrcoef(decode.values(one), decode.values(other))[0, 1]
        assert r > 0.999, key
    assert by_key(base, Use.CHECK).keys() == by_key(tuned, Use.CHECK).keys() != set()
