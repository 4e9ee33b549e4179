"""Digests against known values, and what they survive."""

from __future__ import annotations

import hashlib
import itertools
import json
import random
import struct
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save

from modelaudit.domain.weights import Digests, Header, Tensor
from modelaudit.domain.words import Component
from modelaudit.resolve import hashing
from modelaudit.resolve.formats import read_header
from tests.readers import Bytes
from tests.shared import shared

A, B, C = (np.random.default_rng(seed).random((400, 9), np.float32) for seed in range(3))


def digests(content: bytes) -> Digests:
    reader = Bytes(content)
    header = read_header(reader)
    return hashing.file_digests(reader, header, {Component.TRANSFORMER: header.tensors})


def packed(names: list[str], arrays: list[np.ndarray], **metadata: str) -> bytes:
    """A safetensors file with its tensors in this order."""
    entries: dict[str, object] = {"__metadata__": metadata}
    data = b""
    for name, array in zip(names, arrays, strict=True):
        span = [len(data), len(data) + array.nbytes]
        entries[name] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": span}
        data += array.tobytes()
    header = json.dumps(entries).encode()
    return struct.pack("<Q", len(header)) + header + data


def test_a_real_adapter_has_the_digests_that_are_on_record() -> None:
    content = shared("weights/lora/sd15_lora_diffusion_rank1.safetensors").read_bytes()
    found = digests(content)
    assert found.sha256 == "cea222b3653ff7eb4ee8b89f70b995bf81d4cbf01111605128c2c9704ae66c19"
    assert found.autov2 == "cea222b365"
    assert found.autov1 == "e7613d8b"
    assert found.autov3 == "deb8561122de20b68258ca0ab89a167b319f059337f870ebe45a3c74caf40359"
    assert found.quick == found.sha256


def test_tensors_of_a_real_file_have_the_digests_that_are_on_record() -> None:
    """The trimmed files keep vectors whole, so that those equal the complete file's."""
    facts = json.loads(shared("weights/minilm/full_pair_facts.json").read_text(encoding="utf-8"))
    assert facts
    reader = Bytes(shared("weights/minilm/all-MiniLM-L6-v2.trim.safetensors").read_bytes())
    header = read_header(reader)
    bias = next(t for t in header.tensors if t.name.endswith("pooler.dense.bias"))
    expected = hashlib.sha256(reader.content[bias.offset : bias.offset + bias.bytes]).hexdigest()
    assert expected in json.dumps(facts)


@pytest.mark.parametrize("size", [0, 5, 2**20, 2**20 + 9, 3 * 2**20 - 1, 3 * 2**20, 9_999_999])
def test_digests_follow_their_definitions_at_every_size(size: int) -> None:
    content = random.Random(size).randbytes(size)
    found = hashing.file_digests(Bytes(content))
    sha = hashlib.sha256
    assert found.sha256 == sha(content).hexdigest()
    assert found.autov1 == sha(content[0x100000:0x110000]).hexdigest()[:8]
    quick = content
    if size >= 0x300000:
        quick = b"".join(
            content[at : at + 0x10000] for at in (0x100000, size // 2, size - 0x100000)
        )
    assert found.quick == sha(quick).hexdigest()
    assert (found.autov3, found.state, found.parts) == (None, None, {})


def test_a_file_is_read_once() -> None:
    reader = Bytes(packed(["a", "b"], [np.zeros(2**20, np.float32), C]))
    hashing.file_digests(reader, read_header(Bytes(reader.content)))
    sizes = [length for _, length in reader.reads if length != 0x10000]
    assert len(sizes) == len(reader.content) // hashing.CHUNK + 2  # the last finds the end
    assert len(reader.reads) - len(sizes) == 3


def test_order_names_and_metadata_do_not_count_in_a_state() -> None:
    one = digests(packed(["a", "b", "c"], [A, B, C]))
    for order in itertools.permutations([A, B, C]):
        other = digests(packed(["x", "y", "z"], list(order), format="pt"))
        assert other.state == one.state
        assert other.parts == one.parts == {Component.TRANSFORMER: one.state}
        assert other.sha256 != one.sha256
    assert digests(packed(["a", "b", "c"], [A, B, B])).state != one.state
    assert digests(packed(["a", "b"], [A, B])).state != one.state


def test_autov3_survives_metadata_and_not_another_order() -> None:
    one = digests(save({"a": A, "b": B}))
    assert digests(save({"a": A, "b": B}, metadata={"k": "v" * 999})).autov3 == one.autov3
    assert digests(packed(["b", "a"], [B, A])).autov3 != one.autov3


def test_shape_and_name_do_not_count_but_the_type_does() -> None:
    one = digests(save({"a": A, "b": B}))
    assert digests(save({"a": A.reshape(-1), "z": B.reshape(9, 400)})).state == one.state
    assert digests(save({"a": A.view(np.int32), "b": B})).state != one.state


def test_a_tensor_that_cannot_be_read_leaves_its_part_without_a_digest() -> None:
    content = packed(["a", "b"], [A, B])
    header = read_header(Bytes(content))
    a, b = header.tensors
    strided = Header(format="torch-zip", tensors=(a, b._replace(offset=None)))
    parts = {Component.UNET: [a, a], Component.VAE: [b._replace(offset=None)]}
    found = hashing.file_digests(Bytes(content), strided, parts)
    assert (found.state, found.parts) == (None, {})


def test_tensors_that_overlap_or_leave_the_file_have_no_digest() -> None:
    content = bytes(range(256)) * 16
    for spans in ([(0, 3000), (2999, 1000)], [(0, 10), (0, 4000)], [(0, 2000), (4000, 200)]):
        tensors = tuple(Tensor(f"t{at}", "U8", (n,), at, n) for at, n in spans)
        header = Header(format="gguf", tensors=tensors)
        assert hashing.file_digests(Bytes(content), header).state is None


def test_a_million_tensors_on_the_same_bytes_are_read_once() -> None:
    content = bytes(range(256)) * 4000
    tensors = tuple(Tensor(f"t{n}", "U8", (10**6,), 0, 10**6) for n in range(10**5))
    reader = Bytes(content)
    found = hashing.file_digests(reader, Header(format="gguf", tensors=tensors))
    assert found.state is None
    assert sum(length for _, length in reader.reads) < 3 * hashing.CHUNK


def test_a_part_that_any_model_may_share_has_no_digest() -> None:
    few = np.arange(9, dtype=np.float32)
    assert digests(packed(["a", "b"], [few, few + 1])).state is None  # too little
    assert digests(packed(["a", "b"], [A, A])).state is None  # one tensor, twice


@pytest.mark.parametrize("size", [3, 8, 9, 5_000, 2 * hashing.CHUNK + 5])
@pytest.mark.parametrize("value", [b"\0", b"\x80\x3f", b"\0\0\x80\x3f"])
def test_constants_tell_nothing(size: int, value: bytes) -> None:
    """What was never trained is all zeros or ones, and two such files are no copies."""
    ones = np.frombuffer((value * size)[: 4 * (size // 4 or 1)].ljust(4, value[:1]), np.float32)
    more = np.concatenate([ones, ones])
    assert digests(packed(["a", "b"], [ones, more])).state is None
    assert digests(packed(["a", "b", "c"], [ones, more, A])).state is None
    kept = digests(packed(["a", "b", "c"], [ones, A, B])).state
    assert kept is not None
    assert kept != digests(packed(["b", "c"], [A, B])).state


def test_one_value_that_differs_makes_a_tensor_tell(tmp_path: Path) -> None:
    for place in (0, 1, 999, 5_000, 2**20 + 7, 3 * 2**20 - 1):
        array = np.zeros(3 * 2**20, np.float32)
        array[place] = 1
        assert digests(packed(["a", "b"], [array, A])).state is not None


def test_a_silero_file_and_its_reordered_copy_have_one_state(tmp_path: Path) -> None:
    content = shared("weights/silero/silero_vad_5.1_8k.safetensors").read_bytes()
    header = read_header(Bytes(content))
    arrays = {
        t.name: np.frombuffer(content[t.offset : t.offset + t.bytes], np.float32)
        for t in reversed(header.tensors)
    }
    again = save({name.upper(): array for name, array in arrays.items()})
    assert digests(again).state == digests(content).state is not None
