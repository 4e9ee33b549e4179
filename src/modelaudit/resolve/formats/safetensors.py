"""safetensors headers, read by range: names, types, shapes, offsets and ``__metadata__``.

``u64 little-endian n | n bytes of JSON | tensor bytes``; offsets count from byte 8 + n
(github.com/huggingface/safetensors). The library refuses a file that is not whole and takes one
of two equal keys in silence; this parser lists what is there and warns.
"""

from __future__ import annotations

import json
import struct
from collections import Counter
from dataclasses import dataclass
from typing import Any, Final, NoReturn, TypeGuard

from modelaudit.domain.reader import Reader
from modelaudit.domain.refs import MAX_LENGTH
from modelaudit.resolve.formats.errors import FormatError

MAX_HEADER: Final = 25_000_000
"""Bytes; the cap of huggingface_hub."""
MAX_TENSORS: Final = 200_000

_MAX_DIMENSIONS: Final = 64
_MAX_OFFSET: Final = 2**63
_BITS: Final = {
    "BOOL": 8, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8,
    "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6,
    "I16": 16, "U16": 16, "F16": 16, "BF16": 16, "I32": 32, "U32": 32, "F32": 32,
    "I64": 64, "U64": 64, "F64": 64, "C64": 64,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor as the header lists it; its name is a stranger's text, never a path."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    start: int
    """Offset of its first byte, from the end of the header."""
    end: int


@dataclass(frozen=True, slots=True)
class Header:
    """What a safetensors file says about itself."""

    tensors: tuple[Tensor, ...]
    metadata: dict[str, str]
    length: int
    """Bytes before the first tensor: 8 + n."""
    warnings: tuple[str, ...]
    """``code: detail``, one line each; with ``invalid_tensor`` the listing is partial."""


class _Object(list[tuple[str, Any]]):
    """A JSON object as its pairs, so that repeated keys are seen."""


class _Warnings:
    """Counts by code, with the first detail of each."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.details: dict[str, str] = {}

    def add(self, code: str, detail: str) -> None:
        self.counts[code] += 1
        self.details.setdefault(code, detail[:200])

    def lines(self) -> tuple[str, ...]:
        return tuple(
            f"{code}: {self.details[code]}" + (f" (and {n - 1} more)" if n > 1 else "")
            for code, n in self.counts.items()
        )


def read_header(reader: Reader, *, first: int | None = None) -> Header:
    """The header, in one read of ``first`` bytes and at most one more for what is missing.

    ``first`` follows the file's size by default: 64 KiB below 300 MB, 256 KiB below 5 GB, else
    512 KiB. Raises ``FormatError``; what ``reader`` raises passes through.
    """
    size = reader.size
    if size < 8:
        raise FormatError("too_short", f"a file of {size} bytes has no safetensors header")
    if first is None:
        first = 0x10000 if size < 300_000_000 else 0x40000 if size < 5_000_000_000 else 0x80000
    head = reader.read(0, min(max(first, 8), size))
    if len(head) < 8:
        raise FormatError("header_past_eof", "the file ends inside its header")
    (n,) = struct.unpack_from("<Q", head)
    if n > MAX_HEADER:
        raise FormatError("header_too_large", f"a header of {n} bytes is over {MAX_HEADER}")
    if 8 + n > size:
        raise FormatError("header_past_eof", f"a header of {n} bytes in a file of {size}")
    if len(head) < 8 + n:
        head += reader.read(len(head), 8 + n - len(head))
    if len(head) < 8 + n:
        raise FormatError("header_past_eof", "the file ends inside its header")
    return parse_header(head[8 : 8 + n], size)


def parse_header(raw: bytes, size: int) -> Header:
    """The header from its JSON bytes, checked against the ``size`` of the whole file."""
    warnings = _Warnings()
    pairs = _decode(raw)
    if raw[:1] in (b" ", b"\t", b"\r", b"\n"):
        warnings.add("leading_blank", "the header begins with a blank instead of a brace")
    tensors: list[Tensor] = []
    metadata: object = None
    seen_metadata = False
    for name, entry in pairs:
        if name == "__metadata__":
            if seen_metadata:
                raise FormatError("duplicate_field", "the header holds __metadata__ twice")
            metadata, seen_metadata = entry, True
        elif (tensor := _tensor(name, entry, warnings)) is not None:
            tensors.append(tensor)
    _check_names(tensors, warnings)
    _check_spans(tensors, size - 8 - len(raw), warnings)
    return Header(
        tensors=tuple(tensors),
        metadata=_metadata(metadata, warnings),
        length=8 + len(raw),
        warnings=warnings.lines(),
    )


def _decode(raw: bytes) -> _Object:
    # json.loads(bytes) would guess UTF-16 and swallow a byte order mark.
    if b"\0" in raw[:2] or raw.startswith(b"\xef\xbb\xbf"):
        raise FormatError("bad_utf8", "the header is not UTF-8 without a byte order mark")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise FormatError("bad_utf8", "the header is not UTF-8") from None
    # Counted before parsing: a hostile header of 25 MB would become 250 MB of objects.
    if text.count('"data_offsets"') > MAX_TENSORS:
        raise FormatError("too_many_tensors", f"the header lists more than {MAX_TENSORS} tensors")
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


def _reject(constant: str) -> NoReturn:
    raise ValueError(constant)


def _tensor(name: str, entry: object, warnings: _Warnings) -> Tensor | None:
    """The entry as a tensor; ``None``, with a warning, when it cannot be one."""
    if not isinstance(entry, _Object) or len(name) > MAX_LENGTH:
        warnings.add("invalid_tensor", ascii(name[:100]))
        return None
    fields = dict(entry)
    if len(fields) < len(entry):
        raise FormatError("duplicate_field", f"tensor {name[:100]!a} has a field twice")
    dtype, shape, span = fields.get("dtype"), fields.get("shape"), fields.get("data_offsets")
    if not (
        isinstance(dtype, str)
        and len(dtype) <= MAX_LENGTH
        and _are_counts(shape)
        and _are_counts(span)
        and len(span) == 2
        and span[0] <= span[1]
        and (dtype not in _BITS or _bits(dtype, shape) == 8 * (span[1] - span[0]))
    ):
        warnings.add("invalid_tensor", ascii(name[:100]))
        return None
    if dtype not in _BITS:
        warnings.add("unknown_dtype", ascii(dtype[:100]))
    return Tensor(name, dtype, tuple(shape), span[0], span[1])


def _are_counts(value: object) -> TypeGuard[list[int]]:
    return (
        type(value) is list
        and len(value) <= _MAX_DIMENSIONS
        # bool is an int as well, and no count
        and all(type(item) is int and 0 <= item < _MAX_OFFSET for item in value)
    )


def _bits(dtype: str, shape: list[int]) -> int | None:
    """Size of a tensor; ``None`` when the product of its dimensions overflows."""
    bits = _BITS[dtype]
    for dimension in shape:
        bits *= dimension
        if bits > 8 * _MAX_OFFSET:
            return None
    return bits


def _check_names(tensors: list[Tensor], warnings: _Warnings) -> None:
    for name, count in Counter(tensor.name for tensor in tensors).items():
        if count > 1:
            warnings.add("duplicate_tensor", ascii(name[:100]))


def _check_spans(tensors: list[Tensor], data: int, warnings: _Warnings) -> None:
    """Whether the tensors cover the ``data`` bytes behind the header, each byte once."""
    covered = 0
    for start, end, name in sorted({(t.start, t.end, t.name) for t in tensors}):
        if start > covered:
            warnings.add("hole", f"{start - covered} bytes before {name[:100]!a}")
        elif start < covered:
            warnings.add("overlap", ascii(name[:100]))
        covered = max(covered, end)
    if covered < data:
        warnings.add("trailing_bytes", str(data - covered))
    elif covered > data:
        warnings.add("truncated", f"{covered - data} bytes are missing")


def _metadata(pairs: object, warnings: _Warnings) -> dict[str, str]:
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
            detail = f"{key[:60]!a} is also {found[key][:100]!a}"
            warnings.add("duplicate_metadata", detail)
        found[key] = value
    return found
