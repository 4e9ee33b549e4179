"""Sketches as files: safetensors with one tensor of bytes for each block.

All else is one metadata entry, ``modelaudit.sketch``: JSON with sorted keys. Equal sketches give
equal bytes. A file may come from anybody: it holds what a sketch can hold, or it is refused.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Annotated, Final, Literal

import msgspec
import numpy as np
from safetensors.numpy import save

from modelaudit.domain.sketch import Block, Sketch, Use
from modelaudit.domain.weights import Architecture
from modelaudit.domain.words import Component
from modelaudit.resolve.formats.errors import FormatError
from modelaudit.resolve.formats.safetensors import parse_header
from modelaudit.resolve.weights.decode import span

KEY: Final = "modelaudit.sketch"
"""Of the metadata entry."""
LARGEST: Final = 16 << 20
"""Bytes of a file."""

_HEAD: Final = re.compile(rb'[\0-\xff]{8}\{"__metadata__":\{"modelaudit\.sketch":"')
_MOST_VALUES: Final = 1 << 20
"""Of a block; a few bits become four bytes."""

_Count = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
_Text = Annotated[str, msgspec.Meta(max_length=0x10000)]
_Sha256 = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]


class _Block(msgspec.Struct, forbid_unknown_fields=True):
    """A :class:`~modelaudit.domain.sketch.Block` without its bytes, and what follows from them."""

    name: _Text
    key: _Text
    component: _Text
    dtype: _Text
    shape: Annotated[tuple[_Count, ...], msgspec.Meta(max_length=64)]
    start: _Count
    count: Annotated[int, msgspec.Meta(ge=1, le=_MOST_VALUES)]
    scales: Annotated[tuple[float, ...], msgspec.Meta(max_length=0x10000)]
    use: Use
    chosen: bool
    offset: _Count | None
    file: _Text | None


class _Architecture(msgspec.Struct, forbid_unknown_fields=True):
    family: _Text
    reason: _Text
    kind: _Text
    variant: _Text | None
    components: Annotated[tuple[_Text, ...], msgspec.Meta(max_length=64)]
    measured: bool


class _Sketch(msgspec.Struct, forbid_unknown_fields=True):
    schema: Literal["modelaudit.sketch/1"]
    source: _Text
    sha256: _Sha256 | None
    architecture: _Architecture
    every: bool
    wholes: Annotated[dict[_Text, _Sha256], msgspec.Meta(max_length=64)]
    notes: Annotated[tuple[_Text, ...], msgspec.Meta(max_length=1000)]
    bytes_read: _Count
    blocks: tuple[_Block, ...]


_SKETCH: Final = msgspec.json.Decoder(_Sketch)


def is_sketch(head: bytes) -> bool:
    """Whether a file that begins so, with 64 bytes or more, is a sketch."""
    return _HEAD.match(head) is not None


def dumps(sketch: Sketch) -> bytes:
    """The sketch as a file, which ``loads`` gives back; ``ValueError`` where it would not.

    Of the source, a name that others chose, only what can be printed is kept.
    """
    sketch = replace(sketch, source=printable(sketch.source))
    what = sketch.architecture
    about = _Sketch(
        schema="modelaudit.sketch/1",
        source=sketch.source,
        sha256=sketch.sha256,
        architecture=_Architecture(
            family=what.family,
            reason=what.reason,
            kind=what.kind,
            variant=what.variant,
            components=tuple(part.word for part in what.components),
            measured=what.measured,
        ),
        every=sketch.every,
        wholes=dict(sketch.wholes),
        notes=sketch.notes,
        bytes_read=sketch.bytes_read,
        blocks=tuple(
            _Block(
                name=block.name,
                key=block.key,
                component=block.component.word,
                dtype=block.dtype,
                shape=block.shape,
                start=block.start,
                count=block.count,
                scales=block.scales,
                use=block.use,
                chosen=block.chosen,
                offset=block.offset,
                file=block.file,
            )
            for block in sketch.blocks
        ),
    )
    text = msgspec.json.encode(about, order="sorted").decode()
    tensors = {
        _id(index): np.frombuffer(block.data, np.uint8) for index, block in enumerate(sketch.blocks)
    }
    data: bytes = save(tensors, {KEY: text})
    if loads(data) != sketch:
        raise ValueError("a sketch that would not be read back as it is")
    return data


def digest(sketch: Sketch) -> str:
    """sha256 of the sketch as a file, hexadecimal; ``ValueError`` as ``dumps`` raises it."""
    return hashlib.sha256(dumps(sketch)).hexdigest()


def printable(text: str) -> str:
    """A text in one line: any other character becomes U+FFFD."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text)


def loads(data: bytes) -> Sketch:
    """The sketch that a file holds; ``ValueError``, in one line, where it holds none."""
    if len(data) > LARGEST:
        raise ValueError(f"a sketch of {len(data)} bytes is over {LARGEST}")
    if not is_sketch(data):
        raise ValueError("the file does not begin as a sketch does")
    start = 8 + int.from_bytes(data[:8], "little")
    if start > len(data):
        raise ValueError("the file ends inside its header")
    try:
        header = parse_header(data[8:start], len(data))
        about = _SKETCH.decode(header.metadata.get(KEY, ""))
    except (FormatError, msgspec.DecodeError, RecursionError) as error:
        raise ValueError(f"the description is not a sketch's: {str(error)[:200]!a}") from None
    if header.warnings or set(header.metadata) != {KEY}:
        raise ValueError("the file is not laid out as sketches are")
    tensors = {tensor.name: tensor for tensor in header.tensors}
    if set(tensors) != {_id(index) for index in range(len(about.blocks))}:
        raise ValueError("the file's tensors are not its blocks")
    blocks = []
    for index, block in enumerate(about.blocks):
        tensor = tensors[_id(index)]
        begin = tensor.offset or 0
        if tensor.dtype != "U8" or len(tensor.shape) != 1:
            raise ValueError("the file's tensors are not bytes")
        blocks.append(_block(block, data[begin : begin + tensor.bytes]))
    for one, other in pairwise(blocks):
        if (one.component, one.use, one.key) >= (other.component, other.use, other.key):
            raise ValueError("the blocks are not sorted, or one is there twice")
    if not all(text.isprintable() for text in _texts(about)):
        raise ValueError("a text holds what cannot be printed")
    what = about.architecture
    return Sketch(
        source=about.source,
        architecture=Architecture(
            family=what.family,
            reason=what.reason,
            kind=what.kind,
            variant=what.variant,
            components=tuple(map(Component.parse, what.components)),
            measured=what.measured,
        ),
        blocks=tuple(blocks),
        sha256=about.sha256,
        every=about.every,
        wholes=about.wholes,
        notes=about.notes,
        bytes_read=about.bytes_read,
    )


def _id(index: int) -> str:
    return f"{index:05}"


def _block(about: _Block, data: bytes) -> Block:
    """A block, checked: its bytes are those of its values, and its scales those of its rows."""
    place = span(about.dtype, about.shape, about.start, about.count)
    if len(data) != place.length_bytes:
        raise ValueError(f"{len(data)} bytes are not those of {about.count} values")
    row = math.prod(about.shape[1:])
    rows = (about.start + about.count - 1) // row - about.start // row + 1
    if len(about.scales) not in (0, 1, rows):
        raise ValueError(f"{len(about.scales)} scales are not those of {rows} rows")
    if about.use is Use.TRANSPOSED and about.dtype != "F32":
        raise ValueError("values that were gathered are F32")
    return Block(
        name=about.name,
        key=about.key,
        component=Component.parse(about.component),
        dtype=about.dtype,
        shape=about.shape,
        start=about.start,
        count=about.count,
        data=data,
        skip=place.skip,
        scales=about.scales,
        use=about.use,
        chosen=about.chosen,
        offset=about.offset,
        file=about.file,
    )


def _texts(about: _Sketch) -> Iterator[str]:
    what = about.architecture
    yield from (about.source, what.family, what.reason, what.kind, what.variant or "")
    yield from about.wholes
    yield from about.notes
    for block in about.blocks:
        yield from (block.name, block.key, block.file or "")
