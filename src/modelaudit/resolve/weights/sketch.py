"""A weight file's sketch: the pieces that the plan names, kept as they are stored."""

from __future__ import annotations

import hashlib
from functools import cache

import numpy as np

from modelaudit.domain.sketch import Block, Sketch, Use
from modelaudit.domain.weights import Architecture, Header
from modelaudit.resolve.weights._fetch import Fetched, Range, Readers
from modelaudit.resolve.weights._gather import gathered
from modelaudit.resolve.weights._usable import some
from modelaudit.resolve.weights.decode import decoded
from modelaudit.resolve.weights.plan import BUDGET, WHOLE, Piece, plan
from modelaudit.resolve.weights.sketchfile import printable


def make(
    readers: Readers,
    header: Header,
    what: Architecture,
    *,
    source: str,
    sha256: str | None = None,
    every: bool = False,
    gather: bool = False,
    budget: int = BUDGET,
) -> Sketch:
    """The sketch of a suspect or, with ``every`` matrix in it, of a reference.

    One read for each piece of the plan, or for several that touch; ``gather`` adds what lies
    scattered, for files at hand. A tensor whose bytes end too early is left out with a note.
    Raises what ``readers`` and their readers raise. The same file gives the same sketch.
    """
    opened = cache(readers)
    planned = plan(
        header,
        what,
        every=every,
        gather=gather,
        budget=budget,
        size=lambda file: opened(file).size,
    )
    in_row = [piece for piece in planned.pieces if piece.use is not Use.TRANSPOSED]
    fetched = Fetched(opened, {part for piece in in_row for part in _ranges(piece)})
    blocks = {piece: _block(piece, fetched) for piece in in_row}
    bytes_read = fetched.bytes_read
    for piece in planned.pieces:
        if piece.use is Use.TRANSPOSED:
            found = gathered(opened(piece.tensor.file), piece.tensor, piece.start, piece.count)
            blocks[piece] = _kept(piece, found.data)
            bytes_read += found.bytes_read
    wholes: dict[str, str] = {}
    for key, tensor in sorted(planned.wholes.items()):
        data = opened(tensor.file).read(tensor.offset or 0, length := min(tensor.bytes, WHOLE))
        bytes_read += len(data)
        if len(data) == length:
            wholes[key] = hashlib.sha256(data).hexdigest()
    notes = planned.notes
    if left := {piece.tensor.name for piece, block in blocks.items() if block is None}:
        fault = "left out, the file ends before the bytes do, or the scales are no numbers"
        notes += (f"{some(left)}: {fault}",)
    return Sketch(
        source=printable(source),
        architecture=what,
        blocks=tuple(
            sorted(
                (block for block in blocks.values() if block is not None),
                key=lambda block: (block.component, block.use, block.key),
            )
        ),
        sha256=sha256,
        every=every,
        wholes=wholes,
        notes=notes,
        bytes_read=bytes_read,
    )


def _ranges(piece: Piece) -> tuple[Range, ...]:
    """What is to be read for a piece: its values, and its scales if it has any."""
    values = Range(piece.tensor.file or "", piece.offset, piece.length)
    if piece.scales is None:
        return (values,)
    scales = piece.scales
    return values, Range(scales.tensor.file or "", scales.offset, scales.length)


def _block(piece: Piece, fetched: Fetched) -> Block | None:
    """The piece as it was read; ``None`` where its values or scales are not all there."""
    data, *scales = map(fetched.take, _ranges(piece))
    if piece.scales is None or data is None:
        return _kept(piece, data)
    if scales[0] is None:
        return None
    numbers = decoded(piece.scales.tensor.dtype, scales[0]) / piece.scales.divisor
    return _kept(piece, data, tuple(numbers.tolist())) if np.isfinite(numbers).all() else None


def _kept(piece: Piece, data: bytes | None, scales: tuple[float, ...] = ()) -> Block | None:
    turned = piece.use is Use.TRANSPOSED
    if data is None:
        return None
    return Block(
        name=printable(piece.tensor.name),
        key=piece.key,
        component=piece.component,
        dtype="F32" if turned else piece.tensor.dtype,
        shape=piece.tensor.shape[::-1] if turned else piece.tensor.shape,
        start=piece.start,
        count=piece.count,
        data=data,
        skip=piece.skip,
        scales=scales,
        use=piece.use,
        chosen=piece.chosen,
        offset=None if turned else piece.offset,
        file=printable(piece.tensor.file) if piece.tensor.file else None,
    )
