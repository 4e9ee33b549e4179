"""What is fuzzed: every parser of a stranger's bytes, and what must hold whatever comes in."""

from __future__ import annotations

import json
import pickle
import struct
import zipfile
from collections.abc import Callable, Mapping
from io import BytesIO
from typing import Final

from modelaudit.crawl.headers import kept
from modelaudit.domain.model import Document
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.weights import Header
from modelaudit.resolve import formats
from modelaudit.resolve.architecture import declared_family, detect, parts
from modelaudit.resolve.extractor import extract
from modelaudit.resolve.formats._shards import parse_index
from modelaudit.resolve.formats.errors import FormatError
from modelaudit.resolve.hashing import file_digests
from tests import weights
from tests.readers import Bytes

Target = Callable[[bytes], None]


def _format(name: str) -> Target:
    """One format's parser, and all that its header then goes through."""

    def target(data: bytes) -> None:
        reader = Bytes(data)
        kind = next(kind for kind in formats.formats() if kind.name == name)
        try:
            header = kind.read_header(formats.Window(reader))
        except FormatError as error:
            assert "\n" not in str(error)
            return
        _demand_sound(header)
        found = detect(header.tensors, header.metadata)
        assert found.reason
        assert found.reason.isprintable()
        declared_family(header.metadata)
        file_digests(reader, header, parts(header.tensors, found))
        document = Document(
            model=ModelRef("hf:a/b"), kind=header.format, body=kept(header.metadata), observed=0
        )
        extract(document)

    return target


def _demand_sound(header: Header) -> None:
    for tensor in header.tensors:
        assert tensor.bytes >= 0
        assert tensor.offset is None or tensor.offset >= 0
        assert all(size >= 0 for size in tensor.shape)
    for line in header.warnings:
        assert line.isascii()
        assert line.isprintable()


def _any_format(data: bytes) -> None:
    """A file of unknown kind, as an audit meets it."""
    try:
        _demand_sound(formats.read_header(Bytes(data), "x.bin"))
    except FormatError as error:
        assert "\n" not in str(error)


def _index(data: bytes) -> None:
    try:
        for shard in parse_index(data):
            assert "/" not in shard
    except FormatError as error:
        assert "\n" not in str(error)


TARGETS: Final[Mapping[str, Target]] = {
    **{kind.name: _format(kind.name) for kind in formats.formats()},
    "any": _any_format,
    "index": _index,
}


def seeds(name: str) -> list[bytes]:
    """Files that are nearly right, for mutations to begin with."""
    safetensors = weights.safetensors({"a.weight": (2, 3), "b": (4,)}, 1, format="pt", ss_v2="x")
    gguf = weights.gguf(1, general__architecture="llama", general__file_type=7)
    legacy = b"".join(
        pickle.dumps(part, 2)
        for part in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}, {"a": [1]}, ["0"])
    )
    found = {
        "safetensors": [safetensors, weights.safetensors(weights.WORDS, 2)],
        "gguf": [gguf],
        "onnx": [_onnx()],
        "torch-zip": [_zip(pickle.dumps({"a": [1, 2], "b": {"c": "d"}}, 2))],
        "torch-legacy": [legacy, pickle.dumps({"a": (1, [2])}, 4)],
        "index": [json.dumps({"weight_map": {"a": "m-00001-of-00002.safetensors"}}).encode()],
    }
    return found.get(name) or [seed for group in found.values() for seed in group]


def _zip(data: bytes) -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in (("data.pkl", data), ("data/0", bytes(8)), ("version", b"3\n")):
            archive.writestr(f"archive/{name}", content)
    return buffer.getvalue()


def _onnx() -> bytes:
    """ModelProto: ir_version 8, a graph with one F32 initializer of two by one."""
    tensor = b"\x08\x02\x08\x01\x10\x01\x42\x01w\x4a\x08" + struct.pack("<2f", 1, 2)
    graph = b"\x2a" + bytes([len(tensor)]) + tensor
    return b"\x08\x08\x12\x01x\x3a" + bytes([len(graph)]) + graph
