"""safetensors headers, read by range: names, types, shapes, offsets and ``__metadata__``.

``u64 little-endian n | n bytes of JSON | tensor bytes``; offsets count from byte 8 + n
(github.com/huggingface/safetensors). The library refuses a file that is not whole and takes one
of two equal keys in silence; this parser lists what is there and warns.
"""

from __future__ import annotations

import json
import math
import re
import struct
from collections import Counter
from typing import Annotated, Any, Final, NoReturn, TypeGuard

import msgspec

from modelaudit.domain.reader import Reader
from modelaudit.domain.refs import MAX_LENGTH
from modelaudit.domain.weights import Header, Tensor
from modelaudit.resolve.formats.errors import FormatError
from modelaudit.resolve.formats.warnings import Warnings

name = "safetensors"
suffixes = (".safetensors", ".sft")

MAX_HEADER: Final = 25_000_000
"""Bytes; the cap of huggingface_hub."""
MAX_TENSORS: Final = 50_000
"""In one file; the largest shards have some thousands. More take over two seconds."""

_MAX_DIMENSIONS: Final = 64
_MAX_OFFSET: Final = 2**63
_BITS: Final = {
    "BOOL": 8, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8,
    "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6,
    "I16": 16, "U16": 16, "F16": 16, "BF16": 16, "I32": 32, "U32": 32, "F32": 32,
    "I64": 64, "U64": 64, "F64": 64, "C64": 64,
}  # fmt: skip
_QUOTES: Final = 10
"""Quotation marks of one entry: around its name, its three fields and its type."""
_BRACKETS: Final = 3
"""Opening ones of an entry: its own, and those of two lists."""
_COMMAS: Final = 12
"""Of an entry, with some for shapes."""
_SPARE: Final = 400_000
"""Of each, for metadata, which is text and numbers of others' making."""
_UNCOUNTED: Final = _BRACKETS * MAX_TENSORS + _SPARE
"""Bytes: no shorter header can hold too many of anything."""
_METADATA_FIRST: Final = re.compile(
    rb'\{"__metadata__":(\{(?:[^"{}\\]++|"(?:[^"\\]++|\\.)*+")*+\})(?:,(?=")|(?=\}))', re.DOTALL
)
"""A header that begins as nearly all do: with its metadata, a flat object, and then the rest."""

_Count = Annotated[int, msgspec.Meta(ge=0, le=_MAX_OFFSET - 1)]


class _Entry(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A tensor as nearly every header has it: three fields, and values that can be true."""

    dtype: Annotated[str, msgspec.Meta(max_length=MAX_LENGTH)]
    shape: Annotated[tuple[_Count, ...], msgspec.Meta(max_length=_MAX_DIMENSIONS)]
    data_offsets: tuple[_Count, _Count]


_ENTRIES: Final = msgspec.json.Decoder(dict[str, _Entry])


class _Object(list[tuple[str, Any]]):
    """A JSON object as its pairs, so that repeated keys are seen."""


def recognises(head: bytes) -> bool:
    """A length below the cap, then the brace of a JSON object, blanks before it allowed."""
    if len(head) < 9:
        return False
    (n,) = struct.unpack_from("<Q", head)
    return 2 <= n <= 1 << 40 and head[8:].lstrip(b" \t\r\n")[:1] == b"{"


def read_header(reader: Reader) -> Header:
    """The header, in one read of its length and one of its bytes.

    Raises ``FormatError``; what ``reader`` raises passes through.
    """
    size = reader.size
    if size < 8:
        raise FormatError("too_short", f"a file of {size} bytes has no safetensors header")
    head = reader.read(0, 8)
    if len(head) < 8:
        raise FormatError("header_past_eof", "the file ends inside its header")
    (n,) = struct.unpack_from("<Q", head)
    if 8 + n > size:  # what is no safetensors file at all ends here
        raise FormatError("header_past_eof", f"a header of {n} bytes in a file of {size}")
    if n > MAX_HEADER:
        raise FormatError("header_too_large", f"a header of {n} bytes is over {MAX_HEADER}")
    raw = reader.read(8, n)
    if len(raw) < n:
        raise FormatError("header_past_eof", "the file ends inside its header")
    return parse_header(raw, size)


def parse_header(raw: bytes, size: int) -> Header:
    """The header from its JSON bytes, checked against the ``size`` of the whole file."""
    warnings = Warnings()
    pairs = _plain(raw) or _decode(raw)
    if raw[:1] in (b" ", b"\t", b"\r", b"\n"):
        warnings.add("leading_blank", "the header begins with a blank instead of a brace")
    start = 8 + len(raw)
    tensors: list[Tensor] = []
    metadata: object = None
    seen_metadata = False
    for key, entry in pairs:
        if key == "__metadata__":
            if seen_metadata:
                raise FormatError("duplicate_field", "the header holds __metadata__ twice")
            metadata, seen_metadata = entry, True
        elif (tensor := _tensor(key, entry, start, warnings)) is not None:
            tensors.append(tensor)
    _check_names(tensors, warnings)
    _check_spans(tensors, start, size, warnings)
    return Header(
        format=name,
        tensors=tuple(tensors),
        metadata=_metadata(metadata, warnings),
        length=start,
        warnings=warnings.lines(),
    )


def _plain(raw: bytes) -> list[tuple[str, Any]]:
    """What ``_decode`` gives, at a third of the time; nothing where anything is out of the way.

    A dict drops repeated keys, and so does a struct, but each takes quotation marks of its own.
    """
    metadata: list[tuple[str, Any]] = []
    begun = _METADATA_FIRST.match(raw)
    try:
        if begun:
            metadata = [("__metadata__", _decode(begun[1]))]
            raw = b"{" + raw[begun.end() :]
        _refuse_too_many(raw)
        found = _ENTRIES.decode(raw)
    except (FormatError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return []
    if raw.count(b'"') != _QUOTES * len(found) or "__metadata__" in found:
        return []
    return [*metadata, *found.items()]


def _decode(raw: bytes) -> _Object:
    # json.loads(bytes) would guess UTF-16 and swallow a byte order mark.
    if b"\0" in raw[:2] or raw.startswith(b"\xef\xbb\xbf"):
        raise FormatError("bad_utf8", "the header is not UTF-8 without a byte order mark")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise FormatError("bad_utf8", "the header is not UTF-8") from None
    _refuse_too_many(raw)
    try:
        found = json.loads(text, object_pairs_hook=_Object, parse_constant=_reject)
    except (ValueError, RecursionError):
        padded = "; it ends with NUL bytes, as old writers padded" if raw.endswith(b"\0") else ""
        raise FormatError("bad_json", f"the header is not valid JSON{padded}") from None
    if not isinstance(found, _Object):
        raise FormatError("not_object", "the header is JSON, but not an object")
    if len(found) > MAX_TENSORS + 1:
        raise FormatError("too_many_tensors", f"the header lists more than {MAX_TENSORS} tensors")
    return found


def _refuse_too_many(raw: bytes) -> None:
    """Counted before parsing: a hostile header of 25 MB would become 500 MB of objects."""
    if len(raw) <= _UNCOUNTED:
        return
    if raw.count(b'"data_offsets"') > MAX_TENSORS:
        raise FormatError("too_many_tensors", f"the header lists more than {MAX_TENSORS} tensors")
    if (
        raw.count(b'"') > _QUOTES * MAX_TENSORS + _SPARE
        or raw.count(b"[") + raw.count(b"{") > _BRACKETS * MAX_TENSORS + _SPARE
        or raw.count(b",") > _COMMAS * MAX_TENSORS + _SPARE
    ):
        raise FormatError("header_too_large", "the header holds more words than a listing needs")


def _reject(constant: str) -> NoReturn:
    raise ValueError(constant)


def _tensor(name: str, entry: object, start: int, warnings: Warnings) -> Tensor | None:
    """The entry as a tensor; ``None``, with a warning, when it cannot be one.

    ``start`` is where the header ends: offsets in it count from there.
    """
    if len(name) <= MAX_LENGTH:
        if not isinstance(entry, _Entry):
            entry = _checked(name, entry)
        if entry:
            dtype, shape, (begin, end) = entry.dtype, entry.shape, entry.data_offsets
            bits = _BITS.get(dtype)
            if bits is None and begin <= end:
                warnings.add("unknown_dtype", ascii(dtype[:100]))
                bits = 0
            if bits == 0 or (bits and math.prod(shape) * bits == 8 * (end - begin)):
                # A tenth of the time of a whole header lies in calling the class instead.
                return Tensor._make((name, dtype, shape, start + begin, end - begin, None))
    warnings.add("invalid_tensor", ascii(name[:100]))
    return None


def _checked(name: str, pairs: object) -> _Entry | None:
    if not isinstance(pairs, _Object):
        return None
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise FormatError("duplicate_field", f"tensor {name[:100]!a} has a field twice")
    dtype, shape, span = fields.get("dtype"), fields.get("shape"), fields.get("data_offsets")
    if not (isinstance(dtype, str) and len(dtype) <= MAX_LENGTH):
        return None
    if not (_are_counts(shape) and _are_counts(span) and len(span) == 2):
        return None
    return _Entry(dtype, tuple(shape), (span[0], span[1]))


def _are_counts(value: object) -> TypeGuard[list[int]]:
    return (
        type(value) is list
        and len(value) <= _MAX_DIMENSIONS
        # bool is an int as well, and no count
        and all(type(item) is int and 0 <= item < _MAX_OFFSET for item in value)
    )


def _check_names(tensors: list[Tensor], warnings: Warnings) -> None:
    if len({tensor.name for tensor in tensors}) == len(tensors):
        return
    for name, count in Counter(tensor.name for tensor in tensors).items():
        if count > 1:
            warnings.add("duplicate_tensor", ascii(name[:100]))


def _check_spans(tensors: list[Tensor], start: int, size: int, warnings: Warnings) -> None:
    """Whether the tensors cover the bytes from ``start`` to ``size``, each byte once."""
    covered = start
    for tensor in tensors:  # nearly always one lies behind the other
        if tensor.offset != covered:
            covered = _covered(tensors, start, warnings)
            break
        covered += tensor.bytes
    if covered < size:
        warnings.add("trailing_bytes", str(size - covered))
    elif covered > size:
        warnings.add("truncated", f"{covered - size} bytes are missing")


def _covered(tensors: list[Tensor], start: int, warnings: Warnings) -> int:
    """Where the last byte of any tensor lies."""
    covered = start
    for offset, length, name in sorted({(t.offset or 0, t.bytes, t.name) for t in tensors}):
        if offset > covered:
            warnings.add("hole", f"{offset - covered} bytes before {name[:100]!a}")
        elif offset < covered:
            warnings.add("overlap", ascii(name[:100]))
        covered = max(covered, offset + length)
    return covered


def _metadata(pairs: object, warnings: Warnings) -> dict[str, str]:
    if pairs is None:
        return {}
    if not isinstance(pairs, _Object):
        warnings.add("metadata_not_string", "__metadata__ is not an object")
        return {}
    found: dict[str, str] = {}
    for key, value in pairs:
        if not isinstance(value, str):
            warnings.add("metadata_not_string", ascii(key[:100]))
            continue
        if key in found:
            warnings.add("duplicate_metadata", ascii(key[:100]))  # a value may be a caption
        found[key] = value
    return found
