"""PyTorch files before 1.6: five pickles in a row, then the storages; and pickles alone.

Magic number, protocol version, system, object, keys of the storages; then for each key, in that
order, a 64-bit count and the bytes (torch/serialization.py of PyTorch). All offsets follow from
the pickles. A pickle without that frame keeps its tensors in pickles of its own: what it imports
is listed, and nothing else. None is ever run.
"""

from __future__ import annotations

import pickletools
from typing import Final

from modelaudit.domain.reader import Reader
from modelaudit.domain.weights import Header
from modelaudit.resolve.formats import _torch
from modelaudit.resolve.formats._nodes import Dict, List
from modelaudit.resolve.formats._pickle import MAX_OPCODES, Pickle, walk
from modelaudit.resolve.formats._stream import Stream
from modelaudit.resolve.formats._torch_storage import Storage, storages_of
from modelaudit.resolve.formats.errors import FormatError
from modelaudit.resolve.formats.warnings import Warnings

name = "torch-legacy"
suffixes = (".ckpt", ".pt", ".pth", ".bin", ".pkl", ".pickle")

_MAGIC: Final = 0x1950A86A20F9469CFC6C
_VERSION: Final = 1001
_TAR: Final = (257, b"ustar")
_OPCODES: Final = frozenset(opcode.code for opcode in pickletools.opcodes)
_COUNT: Final = 8
"""Bytes of the count before each storage."""


def recognises(head: bytes) -> bool:
    """A pickle of protocol 2 to 5, its second opcode one that exists."""
    return (
        len(head) > 2
        and head[0] == 0x80
        and 2 <= head[1] <= 5
        # Where a safetensors header of that length would have a NUL.
        and chr(head[2]) in _OPCODES
    )


def read_header(reader: Reader) -> Header:
    """The header, fetched as far as the pickles go.

    Raises ``FormatError``; what ``reader`` raises passes through.
    """
    at, magic = _TAR
    if reader.read(at, len(magic)) == magic:
        raise FormatError("unsupported", "the file is a tar archive, as torch wrote before 0.1.10")
    stream = Stream(reader.read, 0, reader.size)
    first = walk(stream)
    warnings = Warnings()
    if type(first.root) is not int or first.root != _MAGIC:
        warnings.add("bare_pickle", "a pickle without torch's frame, whose tensors are not listed")
        return Header(
            format=name,
            tensors=(),
            metadata=_torch.metadata(first, warnings),
            warnings=warnings.lines(),
        )
    pickle, keys = _rest(stream, MAX_OPCODES - first.opcodes, warnings)
    starts, end = _starts(keys, storages_of(pickle), stream.position, warnings)
    if end is not None and end < reader.size:
        warnings.add("trailing_bytes", str(reader.size - end))
    elif end is not None and end > reader.size:
        warnings.add("truncated", f"{end - reader.size} bytes are missing")
    return Header(
        format=name,
        tensors=_torch.list_tensors(pickle, lambda storage: starts.get(storage.key), warnings),
        metadata=_torch.metadata(pickle, warnings),
        length=stream.position,
        warnings=warnings.lines(),
    )


def _rest(stream: Stream, opcodes: int, warnings: Warnings) -> tuple[Pickle, list[object]]:
    """The object and the keys of its storages, from the four pickles behind the magic number."""
    pickles: list[Pickle] = []
    for _ in range(4):
        pickles.append(walk(stream, opcodes))
        opcodes -= pickles[-1].opcodes
    version, system, pickle, keys = pickles
    if type(version.root) is not int or version.root != _VERSION:
        raise FormatError("unsupported", "the file is of a torch version unknown here")
    if isinstance(system.root, Dict):
        for key, value in system.root.pairs:
            if key == "little_endian" and value is False:
                warnings.add("big_endian", "the most significant byte comes first")
    return pickle, keys.root.items if isinstance(keys.root, List) else []


def _starts(
    keys: list[object], storages: dict[str, Storage], at: int, warnings: Warnings
) -> tuple[dict[str, int], int | None]:
    """Where each storage begins, by key, the first behind ``at``; and where the last ends.

    Behind a storage of unknown size nothing is known.
    """
    starts: dict[str, int] = {}
    for key in keys:
        storage = storages.get(key) if isinstance(key, str) else None
        if storage is None:
            warnings.add("bad_storage", "a storage that no tensor uses hides where the next begin")
            return starts, None
        starts[storage.key] = at + _COUNT
        at += _COUNT + storage.bytes
    return starts, at
