"""PyTorch files since 1.6, and TorchScript: a ZIP archive of a pickle and one member per storage.

``<root>/data.pkl`` lists the tensors, ``<root>/data/<key>`` holds a storage, uncompressed and
aligned to 64 bytes (caffe2/serialize/inline_container.cc of PyTorch). Only the directory and
``data.pkl`` are read; the pickle is never run.
"""

from __future__ import annotations

import re
import zlib
from typing import Final

from modelaudit.domain.reader import Reader
from modelaudit.domain.weights import Header
from modelaudit.resolve.formats import _torch, _zip
from modelaudit.resolve.formats._pickle import walk
from modelaudit.resolve.formats._shards import is_plain_name
from modelaudit.resolve.formats._stream import MAX_PICKLE, Stream
from modelaudit.resolve.formats._torch_storage import Storage, storages_of
from modelaudit.resolve.formats.errors import FormatError
from modelaudit.resolve.formats.warnings import Warnings

name = "torch-zip"
suffixes = (".ckpt", ".pt", ".pth", ".bin", ".jit")

_MEMBER: Final = re.compile(
    r"data\.pkl|data/\d+|version|byteorder|\.data/serialization_id|\.format_version"
    r"|\.storage_alignment|code/.*|extra/.*|constants\.pkl|constants/\d+",
    re.DOTALL,
)
"""What torch writes below the root."""


def recognises(head: bytes) -> bool:
    """Any ZIP archive; one that is not torch's is told by its members."""
    return head.startswith(b"PK\x03\x04")


def read_header(reader: Reader) -> Header:
    """The header: the end of the file, its directory, and ``data.pkl``.

    Raises ``FormatError``; what ``reader`` raises passes through.
    """
    directory = _zip.read_directory(reader)
    index = _index(directory)
    root = index.name[: -len("data.pkl")]
    warnings = Warnings()
    _check_members(directory, root, warnings)
    raw = _zip.read_member(reader, index, MAX_PICKLE)
    if zlib.crc32(raw) != index.crc:
        warnings.add("wrong_crc", "data.pkl is not what its checksum says")
    pickle = walk(Stream(lambda at, length: raw[at : at + length], 0, len(raw)))
    starts = _storage_starts(directory, root, storages_of(pickle), warnings)
    return Header(
        format=name,
        tensors=_torch.list_tensors(pickle, lambda storage: starts.get(storage.key), warnings),
        metadata=_torch.metadata(pickle, warnings),
        warnings=warnings.lines(),
    )


def _index(directory: _zip.Directory) -> _zip.Member:
    """``data.pkl``, directly below a single folder."""
    found = [member for member in directory.members if member.name.lower().endswith("/data.pkl")]
    if len(found) > 1:
        raise FormatError("bad_zip", "the archive has more than one data.pkl")
    if not found or not re.fullmatch(r"[^/]+/data\.pkl", found[0].name, re.IGNORECASE):
        raise FormatError("not_torch", "the file is a ZIP archive, but not one of torch")
    return found[0]


def _check_members(directory: _zip.Directory, root: str, warnings: Warnings) -> None:
    for member in directory.members:
        below = member.name.removeprefix(root)
        if not member.name.startswith(root) or not _MEMBER.fullmatch(below):
            # A path may be one of somebody's disk.
            shown = ascii(below[:100]) if is_plain_name(below) else "a name that is not plain"
            warnings.add("foreign_member", shown)
        elif below.startswith("data/") and member.method != _zip.STORED:
            warnings.add("compressed_storage", ascii(below[:100]))
        elif below == "byteorder" and member.size == len("big"):
            warnings.add("big_endian", "the most significant byte comes first")


def _storage_starts(
    directory: _zip.Directory, root: str, storages: dict[str, Storage], warnings: Warnings
) -> dict[str, int]:
    """Where storages begin, by key, as far as that is known."""
    members = {member.name: member for member in directory.members}
    starts = _zip.data_starts(directory)
    found: dict[str, int] = {}
    for key, storage in storages.items():
        member = members.get(f"{root}data/{key}")
        if member is None or member.size != storage.bytes:
            warnings.add("bad_storage", f"{key[:100]!a} is missing or of another size")
        elif member.method == _zip.STORED and member.name in starts:
            found[key] = starts[member.name]
    return found
