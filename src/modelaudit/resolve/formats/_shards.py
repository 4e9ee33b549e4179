"""Models in several files: their index, the numbered names of their files, and one header of all.

The index of transformers and diffusers is JSON, ``{"metadata": {…}, "weight_map": {tensor: file}}``
(huggingface.co/docs/transformers/big_models); llama.cpp numbers its files and writes no index.
Whoever writes an index chooses what is fetched next: only weight files beside it are accepted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple, NoReturn

from modelaudit.domain.weights import Header, Tensor
from modelaudit.resolve.formats.errors import FormatError
from modelaudit.resolve.formats.warnings import Warnings

MAX_INDEX: Final = 25_000_000
"""Bytes."""
MAX_SHARDS: Final = 1000
MAX_TENSORS: Final = 200_000

_MOST_MARKS: Final = 5 * MAX_TENSORS
"""Brackets, colons and commas: what bounds the memory that the JSON can take."""
_SUFFIXES: Final = (".safetensors", ".bin", ".pt", ".pth")
_SHARD = re.compile(r"(.{1,200})-([0-9]{5})-of-([0-9]{5})\.(?:safetensors|bin|pt|pth|gguf)")


class Shard(NamedTuple):
    """What the numbered name of a file says."""

    stem: str
    number: int
    """From 1."""
    total: int


def shard_of(name: str) -> Shard | None:
    """``model-00001-of-00003.safetensors`` as its parts; ``None`` for any other name."""
    found = _SHARD.fullmatch(name)
    if found is None or not is_plain_name(name):
        return None
    number, total = int(found[2]), int(found[3])
    return Shard(found[1], number, total) if 1 <= number <= total <= MAX_SHARDS else None


def is_plain_name(name: str) -> bool:
    """Whether ``name`` is a file beside the one that names it, on any system."""
    return (
        0 < len(name) <= 255
        and name.isprintable()  # no NUL, no line end, no lone surrogate
        and not any(mark in name for mark in '/\\:*?"<>|')
        and name not in (".", "..")
    )


def parse_index(text: bytes) -> Mapping[str, tuple[str, ...]]:
    """Which tensors each file holds, files in order of appearance; raises ``FormatError``.

    A tensor that the index names twice is listed twice.
    """
    if len(text) > MAX_INDEX:
        raise FormatError("header_too_large", f"an index of {len(text)} bytes is over {MAX_INDEX}")
    if sum(map(text.count, (b"{", b"[", b":", b","))) > _MOST_MARKS:
        raise FormatError("too_many_tensors", f"the index lists more than {MAX_TENSORS} tensors")
    found = _object(_decode(text), "the index")
    maps = [value for key, value in found if key == "weight_map"]
    if len(maps) != 1:
        raise FormatError("bad_index", "the index has no weight_map, or more than one")
    pairs = _object(maps[0], "weight_map")
    if len(pairs) > MAX_TENSORS:
        raise FormatError("too_many_tensors", f"the index lists more than {MAX_TENSORS} tensors")
    shards: dict[str, list[str]] = {}
    for tensor, shard in pairs:
        if not isinstance(shard, str):
            raise FormatError("bad_index", f"the index names no file for {tensor[:100]!a}")
        if shard not in shards:
            if not (is_plain_name(shard) and shard.lower().endswith(_SUFFIXES)):
                raise FormatError("bad_shard_name", f"no weight file beside it: {shard[:100]!a}")
            if len(shards) == MAX_SHARDS:
                raise FormatError("bad_index", f"the index names more than {MAX_SHARDS} files")
        shards.setdefault(shard, []).append(tensor)
    return {shard: tuple(tensors) for shard, tensors in shards.items()}


def union(headers: Mapping[str, Header], index: Mapping[str, tuple[str, ...]]) -> Header:
    """One header of all shards, by name of file; ``index`` is empty where there is none.

    Metadata is the first shard's. Raises ``FormatError`` when nothing is there to unite.
    """
    if not headers:
        raise FormatError("missing_shard", "no shard of the model could be read")
    if sum(len(header.tensors) for header in headers.values()) > MAX_TENSORS:
        raise FormatError("too_many_tensors", f"the shards list more than {MAX_TENSORS} tensors")
    warnings = Warnings()
    first = headers[min(headers)]
    tensors: list[Tensor] = []
    holders: dict[str, str] = {}
    for shard in sorted(headers):
        header = headers[shard]
        for line in header.warnings:
            code, _, detail = line.partition(": ")
            warnings.add(code, f"{shard[:60]!a}: {detail}")
        if header.format != first.format or _contradicts(header.metadata, first.metadata):
            warnings.add("shards_differ", ascii(shard[:100]))
        here: set[str] = set()
        for tensor in header.tensors:
            # Twice in one shard is said by that shard's own warnings.
            if tensor.name in holders and tensor.name not in here:
                warnings.add("duplicate_tensor", ascii(tensor.name[:100]))
            here.add(tensor.name)
            holders.setdefault(tensor.name, shard)
            tensors.append(tensor._replace(file=shard))
    for shard in sorted(_expected(headers, index) - headers.keys()):
        warnings.add("missing_shard", ascii(shard[:100]))
    _check_places(holders, headers, index, warnings)
    return Header(
        format=first.format,
        tensors=tuple(tensors),
        metadata=first.metadata,
        warnings=warnings.lines(),
    )


def _contradicts(metadata: Mapping[str, Any], first: Mapping[str, Any]) -> bool:
    """Whether a shard says what the first does not; GGUF numbers its shards under ``split.``."""
    return any(
        key not in first or first[key] != value
        for key, value in metadata.items()
        if not key.startswith("split.")
    )


def _expected(headers: Mapping[str, Header], index: Mapping[str, Any]) -> set[str]:
    """The files of the model: those of the index, else those that the numbered names imply."""
    if index:
        return set(index)
    names: set[str] = set()
    for path in headers:
        folder, slash, name = path.rpartition("/")
        if path not in names and (shard := shard_of(name)):
            stem, tail = folder + slash + shard.stem, name[len(shard.stem) + len("-00001") :]
            names |= {f"{stem}-{n:05}{tail}" for n in range(1, shard.total + 1)}
    return names


def _check_places(
    holders: Mapping[str, str],
    headers: Mapping[str, Header],
    index: Mapping[str, tuple[str, ...]],
    warnings: Warnings,
) -> None:
    """Whether every tensor lies in the shard that the index names, and nothing else does."""
    for shard, names in index.items():
        for name in names:
            if name not in holders:
                # A whole shard that is missing has its own warning.
                if shard in headers:
                    warnings.add("missing_tensor", ascii(name[:100]))
            elif holders[name] != shard:
                warnings.add("misplaced_tensor", ascii(name[:100]))
    if index:
        listed = {name for names in index.values() for name in names}
        for name in holders:
            if name not in listed:
                warnings.add("unlisted_tensor", ascii(name[:100]))


class _Object(list[tuple[str, Any]]):
    """A JSON object as its pairs, so that repeated keys are seen."""


def _object(value: object, what: str) -> _Object:
    if not isinstance(value, _Object):
        raise FormatError("not_object", f"{what} is not a JSON object")
    return value


def _decode(text: bytes) -> object:
    try:
        return json.loads(text.decode("utf-8"), object_pairs_hook=_Object, parse_constant=_reject)
    except UnicodeDecodeError:
        raise FormatError("bad_utf8", "the index is not UTF-8") from None
    except (ValueError, RecursionError):
        raise FormatError("bad_json", "the index is not valid JSON") from None


def _reject(constant: str) -> NoReturn:
    raise ValueError(constant)
