"""Digests of one weight file, in one pass over its bytes.

The definitions are those of the tools that publish them: AutoV1 and AutoV3 of
AUTOMATIC1111's webui and sd-scripts, ``quick_hash`` of sdkit. A *state* digest is ours: the sha256
of one line ``DTYPE SHA256`` per tensor, sorted, so that neither order, names, shapes nor metadata
count; the same for each part of a model.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final, Protocol

from modelaudit.domain.reader import Reader
from modelaudit.domain.weights import Digests, Header, Tensor
from modelaudit.domain.words import Component

MIB: Final = 1 << 20
CHUNK: Final = 4 * MIB
"""Bytes read at a time."""

_PIECE: Final = 0x10000
_QUICK_LEAST: Final = 3 * MIB
FEWEST_BYTES: Final = 16 << 10
"""A part with less to tell says nothing: any two models may share it."""
_PERIOD: Final = 8
"""Bytes after which a constant repeats itself, whatever its type."""


class _Hash(Protocol):
    def update(self, data: bytes | memoryview, /) -> None: ...

    def hexdigest(self) -> str: ...


class _Span:
    """A digest over bytes ``start`` to ``end`` of a file that is read front to back."""

    def __init__(self, start: int, end: int) -> None:
        self.start = start
        self.end = end
        self.hash: _Hash = hashlib.sha256()
        self.constant = True
        """No two of its values differ so far, as in what was never trained."""
        self._pattern = b""

    def feed(self, at: int, data: memoryview) -> None:
        """Take what of ``data``, which lies at ``at``, belongs to the span."""
        first, last = max(self.start - at, 0), min(self.end - at, len(data))
        if first < last:
            data = data[first:last]
            self.hash.update(data)
            if self.constant:
                self._pattern = self._pattern or bytes(data[:_PERIOD])
                turned = (at + first - self.start) % _PERIOD
                begin = (self._pattern * 2)[turned : turned + len(data)][:_PERIOD]
                self.constant = data[: len(begin)] == begin and data[_PERIOD:] == data[:-_PERIOD]


def file_digests(
    reader: Reader,
    header: Header | None = None,
    parts: Mapping[Component, Sequence[Tensor]] | None = None,
) -> Digests:
    """All digests of a file whose bytes are at hand; raises what ``reader`` raises.

    ``header`` gives AutoV3 (safetensors only) and the tensors; ``parts`` says which of them are
    which part of the model. A tensor whose bytes do not lie in one row, or overlap another's, has
    no digest, and neither has a part that holds it.
    """
    size = reader.size
    whole, auto1 = _Span(0, size), _Span(MIB, MIB + _PIECE)
    always = [whole, auto1]
    data = None
    if header is not None and header.format == "safetensors":
        data = _Span(header.length, size)
        always.append(data)
    quick = None
    if size >= _QUICK_LEAST:
        quick = hashlib.sha256()
        for at in (MIB, size // 2, size - MIB):
            quick.update(reader.read(at, _PIECE))
    tensors = {} if header is None else _spans(header.tensors, size)
    waiting = sorted(tensors.values(), key=lambda span: span.start)
    _feed(reader, always, waiting)
    digests = {tensor: span.hash.hexdigest() for tensor, span in tensors.items()}
    constant = {tensor for tensor, span in tensors.items() if span.constant}
    sha256 = whole.hash.hexdigest()
    return Digests(
        sha256=sha256,
        autov1=auto1.hash.hexdigest()[:8],
        autov2=sha256[:10],
        autov3=None if data is None else data.hash.hexdigest(),
        quick=sha256 if quick is None else quick.hexdigest(),
        state=None if header is None else state(header.tensors, digests, constant),
        parts={
            part: digest
            for part, members in (parts or {}).items()
            if part is not Component.OTHER and (digest := state(members, digests, constant))
        },
    )


def state(
    tensors: Iterable[Tensor], digests: Mapping[Tensor, str], constant: Collection[Tensor] = ()
) -> str | None:
    """The digest of some tensors by content; ``None`` where one has no digest, or they tell little.

    Those that are ``constant`` count in the digest, and not in what there is to tell.
    """
    lines: list[str] = []
    telling: set[str] = set()
    total = 0
    for tensor in tensors:
        if tensor.bytes == 0:
            continue
        if tensor not in digests:
            return None
        lines.append(line := f"{tensor.dtype} {digests[tensor]}\n")
        if tensor not in constant:
            telling.add(line)
            total += tensor.bytes
    if total < FEWEST_BYTES or len(telling) < 2:
        return None
    return hashlib.sha256("".join(sorted(lines)).encode("utf-8", "replace")).hexdigest()


def _spans(tensors: Iterable[Tensor], size: int) -> dict[Tensor, _Span]:
    """Tensors whose bytes are theirs alone; a file may list the same gigabyte a million times."""
    placed = sorted((t.offset, t.bytes, t) for t in tensors if t.offset is not None and t.bytes)
    found: dict[Tensor, _Span] = {}
    end = 0
    for place, (offset, length, tensor) in enumerate(placed):
        following = placed[place + 1][0] if place + 1 < len(placed) else size
        if end <= offset and offset + length <= min(following, size):
            found[tensor] = _Span(offset, offset + length)
        end = max(end, offset + length)
    return found


def _feed(reader: Reader, always: Sequence[_Span], waiting: Sequence[_Span]) -> None:
    """Read the file once; ``waiting`` is sorted and does not overlap."""
    place = 0
    for at, data in _chunks(reader):
        for span in always:
            span.feed(at, data)
        while place < len(waiting) and waiting[place].start < at + len(data):
            waiting[place].feed(at, data)
            if waiting[place].end > at + len(data):
                break
            place += 1


def _chunks(reader: Reader) -> Iterator[tuple[int, memoryview]]:
    at = 0
    while chunk := reader.read(at, CHUNK):
        yield at, memoryview(chunk)
        at += len(chunk)
