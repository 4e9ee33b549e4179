"""ONNX headers: a walk over protobuf fields that jumps over the weights.

``ModelProto → graph → initializer | node → attribute → tensor or sub-graph``
(github.com/onnx/onnx, onnx.proto). There is no table of tensors: each lies before its own bytes,
so that a file costs one read per weight that is larger than a block.

A tensor keeps its name; one in an attribute of a node, as ``Constant`` has, is named by what the
node puts out. A name from a sub-graph that is taken already gets its path before it:
``2.then_branch/`` is the branch of the third node. ``metadata_props`` keep their own keys beside
``producer_name``, ``ir_version``, ``opset_import`` and the like.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Final

from modelaudit.domain.reader import Reader
from modelaudit.domain.refs import MAX_LENGTH
from modelaudit.domain.weights import Header, Tensor
from modelaudit.resolve.formats._protobuf import BYTES, VARINT, Span, Wire
from modelaudit.resolve.formats._shards import is_plain_name
from modelaudit.resolve.formats.errors import FormatError
from modelaudit.resolve.formats.warnings import Warnings

name = "onnx"
suffixes = (".onnx",)

MAX_TENSORS: Final = 50_000
MAX_DEPTH: Final = 32
"""Graphs within graphs."""
MOST_TEXT: Final = 0x10000
"""Bytes kept of one string of metadata."""

_MOST_PAIRS: Final = 1000
_MOST_KEPT: Final = 8 << 20
"""Characters of all metadata together."""
_MAX_DIMENSIONS: Final = 64
_MAX_OFFSET: Final = 2**63
_TYPES: Final = {
    1: ("F32", 32), 2: ("U8", 8), 3: ("I8", 8), 4: ("U16", 16), 5: ("I16", 16), 6: ("I32", 32),
    7: ("I64", 64), 8: ("STRING", 0), 9: ("BOOL", 8), 10: ("F16", 16), 11: ("F64", 64),
    12: ("U32", 32), 13: ("U64", 64), 14: ("C64", 64), 15: ("COMPLEX128", 128), 16: ("BF16", 16),
    17: ("F8_E4M3", 8), 18: ("F8_E4M3FNUZ", 8), 19: ("F8_E5M2", 8), 20: ("F8_E5M2FNUZ", 8),
    21: ("UINT4", 4), 22: ("INT4", 4), 23: ("F4", 4), 24: ("F8_E8M0", 8), 25: ("UINT2", 2),
    26: ("INT2", 2), 27: ("F6_E2M3", 0), 28: ("F6_E3M2", 0),
}  # fmt: skip
"""Name and bits of each type; 0 where the bytes do not follow from the shape."""
_PLAIN: Final = {(4, 1), (4, 14), (10, 11), (10, 15)}
"""Typed fields, and types, whose values lie there as ``raw_data`` would."""
_NUMBERS: Final = {1: "ir_version", 5: "model_version"}
_TEXTS: Final = {2: "producer_name", 3: "producer_version", 4: "domain", 6: "doc_string"}


def recognises(head: bytes) -> bool:
    """A small ``ir_version``, then other fields of a model, well formed as far as the head goes.

    Protobuf has no magic number.
    """
    if len(head) < 16 or head[0] != 0x08 or not 1 <= head[1] <= 32:
        return False
    at, seen = 2, 0
    while at < len(head):
        tag, at = head[at], at + 1
        value = shift = 0
        while at < len(head):
            value |= (head[at] & 0x7F) << shift
            at, shift = at + 1, shift + 7
            if head[at - 1] < 0x80:
                break
        else:
            return seen > 0
        part = head[at : at + value]
        if tag in (0x12, 0x1A, 0x22, 0x32):  # producer, its version, domain, description
            if not _is_text(part):
                return False
            at += value
        elif tag == 0x3A:  # the graph, which begins with a node, its name or a tensor
            return value > 1 and part[:1] in (b"", b"\x0a", b"\x12", b"\x2a")
        elif tag == 0x42:  # an operator set, which begins with a domain or a version
            if part[:1] not in (b"", b"\x0a", b"\x10"):
                return False
            at += value
        elif tag != 0x28:  # the model's version, a number
            return False
        seen += 1
    return seen > 0


def _is_text(part: bytes) -> bool:
    """Whether it is text, perhaps cut within a letter."""
    text = part.decode("utf-8", "replace").rstrip("\ufffd")
    return "\ufffd" not in text and all(mark.isprintable() or mark in "\t\r\n" for mark in text)


def read_header(reader: Reader) -> Header:
    """The header, in one walk over the file that reads no large weight.

    Raises ``FormatError``; what ``reader`` raises passes through.
    """
    if reader.size < 16:
        raise FormatError("too_short", f"a file of {reader.size} bytes has no ONNX model")
    model = _Model(Wire(reader))
    model.walk((0, reader.size))
    return Header(
        format=name,
        tensors=tuple(model.tensors),
        metadata=model.metadata,
        warnings=model.warnings.lines(),
    )


@dataclass(slots=True)
class _Found:
    """A TensorProto, field by field."""

    label: str = ""
    kind: int = 0
    shape: list[int] = field(default_factory=list)
    source: int = 0
    """Number of the field that holds the values."""
    offset: int = 0
    stored: int = 0
    pieces: int = 0
    location: str | None = None
    """Of the file that holds the values, where this one does not."""


class _Model:
    """What a walk over a model has met so far."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._names: set[str] = set()
        self._room = _MOST_KEPT
        self.tensors: list[Tensor] = []
        self.metadata: dict[str, Any] = {}
        self.warnings = Warnings()

    def walk(self, file: Span) -> None:
        """A ModelProto."""
        graphs = 0
        opsets: list[str] = []
        pairs: list[tuple[str, str]] = []
        for index, (number, kind, span, value) in enumerate(self._wire.fields(file)):
            if kind == VARINT and number in _NUMBERS:
                self._put(_NUMBERS[number], value)
            elif kind != BYTES:
                continue
            elif number in _TEXTS:
                self._put(_TEXTS[number], self._text(span, _TEXTS[number]))
            elif number == 7:
                graphs += 1
                self._graph(span, "", 0)
            elif number == 8:
                opsets.append(self._opset(span))
            elif number == 14:
                pairs.append(self._pair(span))
            elif number == 20:
                for part, kind, inner, _ in self._wire.fields(span):
                    if part in (1, 2) and kind == BYTES:
                        self._graph(inner, f"training_info.{part}/", 0)
            elif number == 25:
                self._graph(span, f"functions.{index}/", 0, function=True)
            if len(pairs) + len(opsets) > _MOST_PAIRS:
                raise FormatError("header_too_large", f"over {_MOST_PAIRS} pairs of metadata")
        if graphs != 1:
            raise FormatError("bad_header", f"a model has one graph, not {graphs}")
        self.metadata["opset_import"] = opsets
        for key, text in pairs:
            self._put(key, text)

    def _text(self, span: Span, key: str) -> str:
        if span[1] - span[0] > MOST_TEXT:
            self.warnings.add("metadata_too_long", ascii(key[:100]))
        return self._wire.text(span, MOST_TEXT)

    def _pair(self, span: Span) -> tuple[str, str]:
        """A StringStringEntryProto."""
        key = value = ""
        for number, kind, inner, _ in self._wire.fields(span):
            if (number, kind) == (1, BYTES):
                key = self._wire.text(inner, MAX_LENGTH)
            elif (number, kind) == (2, BYTES):
                value = self._text(inner, key)
        return key, value

    def _opset(self, span: Span) -> str:
        """An OperatorSetIdProto, as ``ai.onnx 17``."""
        domain, version = "", 0
        for number, kind, inner, value in self._wire.fields(span):
            if (number, kind) == (1, BYTES):
                domain = self._wire.text(inner, MAX_LENGTH)
            elif (number, kind) == (2, VARINT):
                version = value
        return f"{domain or 'ai.onnx'} {version}"

    def _graph(self, span: Span, path: str, depth: int, *, function: bool = False) -> None:
        """The nodes and tensors of a GraphProto, or the nodes of a FunctionProto."""
        if depth > MAX_DEPTH:
            raise FormatError("bad_header", f"graphs lie more than {MAX_DEPTH} deep in each other")
        nodes = 0
        for number, kind, inner, _ in self._wire.fields(span):
            if kind != BYTES:
                continue
            if number == (7 if function else 1):
                self._node(inner, path, nodes, depth)
                nodes += 1
            elif number == 5 and not function:
                self._add(self._tensor(inner), path)
            elif number == 15 and not function:
                self._sparse(inner, path)

    def _node(self, span: Span, path: str, number: int, depth: int) -> None:
        output = ""
        held: list[tuple[str, _Found]] = []
        for part, kind, inner, _ in self._wire.fields(span):
            if kind == BYTES and part == 2 and not output:
                output = self._wire.text(inner, MAX_LENGTH + 1)
            elif kind == BYTES and part == 5:
                held += self._attribute(inner, f"{path}{number}.", depth)
        for label, found in held:
            if output:
                found.label = output if label in ("", "value") else f"{output}.{label}"
            self._add(found, path)

    def _attribute(self, span: Span, path: str, depth: int) -> list[tuple[str, _Found]]:
        """The tensors of an attribute, with its name; its graphs are walked."""
        label = ""
        held: list[_Found] = []
        for number, kind, inner, _ in self._wire.fields(span):
            if kind != BYTES:
                continue
            if number == 1:
                label = self._wire.text(inner, 64)
            elif number in (5, 10):
                held.append(self._tensor(inner))
            elif number in (6, 11):
                self._graph(inner, f"{path}{label}/", depth + 1)
            elif number in (22, 23):
                self._sparse(inner, path)
        return [(label, found) for found in held]

    def _sparse(self, span: Span, path: str) -> None:
        """A SparseTensorProto: its values have the name, and are listed without the positions."""
        for number, kind, inner, _ in self._wire.fields(span):
            if (number, kind) == (1, BYTES):
                self._add(self._tensor(inner), path)

    def _tensor(self, span: Span) -> _Found:
        """A TensorProto, as it is."""
        found = _Found()
        for number, kind, inner, value in self._wire.fields(span):
            if number == 1:
                found.shape += [value] if kind == VARINT else self._packed(inner)
                if len(found.shape) > _MAX_DIMENSIONS:
                    raise FormatError("bad_header", "a tensor of more than 64 dimensions")
            elif (number, kind) == (2, VARINT):
                found.kind = value
            elif (number, kind) == (8, BYTES):
                found.label = self._wire.text(inner, MAX_LENGTH + 1)
            elif (number, kind) == (13, BYTES):
                key, text = self._pair(inner)
                found.location = text if key == "location" else found.location or ""
            elif number in (4, 5, 6, 7, 9, 10, 11):
                found.source, found.offset = number, inner[0]
                found.stored += inner[1] - inner[0]
                found.pieces += 1
        return found

    def _packed(self, span: Span) -> list[int]:
        at, end = span
        if end - at > 10 * _MAX_DIMENSIONS:
            raise FormatError("bad_header", "a tensor of more than 64 dimensions")
        values = []
        while at < end:
            value, at = self._wire.varint(at, end)
            values.append(value)
        return values

    def _add(self, found: _Found, path: str) -> None:
        """List a tensor, if it can be one, under a name of its own."""
        label, external = found.label, found.location is not None
        dtype, bits = _TYPES.get(found.kind, (f"onnx-type-{found.kind}", 0))
        if found.kind not in _TYPES:
            self.warnings.add("unknown_dtype", dtype)
        size = -(-math.prod(found.shape) * bits // 8)
        stored = size if external else found.stored
        plain = not external and found.pieces == 1
        plain = plain and (found.source == 9 or (found.source, found.kind) in _PLAIN)
        if (
            len(label) > MAX_LENGTH
            or max(*found.shape, size, 0) >= _MAX_OFFSET
            or (plain and bits and stored != size)
        ):
            self.warnings.add("invalid_tensor", ascii(label[:100]))
            return
        if stored == 0 < size:
            self.warnings.add("no_data", ascii(label[:100]))
        if label in self._names and len(path + label) <= MAX_LENGTH:
            label = path + label
        if label in self._names:
            self.warnings.add("duplicate_tensor", ascii(label[:100]))
        if len(self.tensors) == MAX_TENSORS:
            raise FormatError("too_many_tensors", f"the model has more than {MAX_TENSORS} tensors")
        self._names.add(label)
        offset = found.offset if plain else None
        file = found.location
        if file is not None and not is_plain_name(file):
            self.warnings.add("unsafe_path", ascii(label[:100]))
            file = None
        self.tensors.append(Tensor(label, dtype, tuple(found.shape), offset, stored, file))

    def _put(self, key: str, value: str | int) -> None:
        """Note a fact that the file says of itself; of one said twice the last stays."""
        if value == "":
            return
        self._room -= len(key) + len(value) if isinstance(value, str) else 0
        if self._room < 0:
            self.warnings.add("metadata_too_long", ascii(key[:100]))
            return
        if key in self.metadata:
            self.warnings.add("duplicate_metadata", ascii(key[:100]))  # a value may be a caption
        self.metadata[key] = value
