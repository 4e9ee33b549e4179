"""Which bytes of a weight file its sketch is made of, from the header alone."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from modelaudit.domain.sketch import Use
from modelaudit.domain.weights import Architecture, Header, Tensor
from modelaudit.domain.words import Component
from modelaudit.resolve.architecture.kin import GENERATORS
from modelaudit.resolve.weights._anchors import Place, of_channels, of_vocabulary
from modelaudit.resolve.weights._scales import Companions, Scales
from modelaudit.resolve.weights._usable import SizeOf, some, usable
from modelaudit.resolve.weights.decode import SCALED, span
from modelaudit.resolve.weights.naming import keys_of
from modelaudit.resolve.weights.roles import block_start, choose, is_input, is_vocabulary, spread

BUDGET: Final = 300_000
"""Bytes of a suspect's file, beyond its header."""
TENSORS: Final = 16
"""That stand for a component; more of them would tell more than longer blocks."""
VALUES: Final = 1024
"""Of a block; what independent models have in common does not shrink with more."""

_REFERENCE: Final = 8 << 20
"""Bytes of all blocks of a reference."""
_BLOCKS: Final = 2048
"""Of a part of a reference; a mixture of experts has more matrices than that."""
_TRANSPOSED: Final = 256
"""Blocks of a part that lie scattered: each takes some megabytes to be read."""
_WHOLES: Final = 3
_WHOLE_VALUES: Final = 0x10000
WHOLE: Final = 8 << 20
"""Bytes digested of a tensor, where it has more."""

Matrices = Mapping[str, Tensor]


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A row of values to read."""

    tensor: Tensor
    component: Component
    key: str
    use: Use
    chosen: bool
    start: int
    """Of the first value in the tensor; in its transpose for ``Use.TRANSPOSED``."""
    count: int
    offset: int
    """Of the first byte in the file."""
    length: int
    """Bytes; for ``Use.TRANSPOSED`` those that are kept, which lie scattered from ``offset``."""
    skip: int = 0
    """Values in them before ``start``."""
    scales: Scales | None = None

    @property
    def cost(self) -> int:
        """Bytes to read."""
        return self.length + (self.scales.length if self.scales else 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to read of a file."""

    pieces: tuple[Piece, ...]
    wholes: Matrices
    """Tensors of the main part, by key, all bytes of which are to be digested."""
    notes: tuple[str, ...]
    """What is left out, and why; one line each."""


def plan(
    header: Header,
    what: Architecture,
    *,
    every: bool = False,
    gather: bool = False,
    budget: int = BUDGET,
    size: SizeOf | None = None,
) -> Plan:
    """The pieces that stand for a model, or ``every`` one that can be compared: a reference.

    ``gather`` adds blocks as transposed exports show them; those lie scattered, so it is for
    references at hand. ``budget`` bounds what is read of a suspect. Tensors beyond what ``size``
    says of their file are left out. Equal headers give equal plans.
    """
    if what.kind in ("adapter", "embedding"):
        return Plan(pieces=(), wholes={}, notes=(f"{what.kind}: it holds nothing to compare",))
    if any(line.startswith("big_endian") for line in header.warnings):
        return Plan(pieces=(), wholes={}, notes=("big-endian values are not decoded",))
    keys = keys_of(header.tensors, what)
    parts, faults = usable(keys, what, size)
    notes = [*keys.notes, *faults]
    companions = Companions(header.tensors)
    room = _REFERENCE if every else budget
    pieces: list[Piece] = []
    for part, matrices in parts.items():
        samples = _samples(part, matrices, companions, room, every)
        room -= sum(piece.cost for piece in samples)
        pieces += samples
        wanted = len(matrices) if every else min(TENSORS, len(matrices))
        if len(samples) < wanted:
            notes.append(f"{part}: {len(samples)} of {wanted} matrices are read, to bound bytes")
        if every and gather and _is_read_by_words(part, what):
            pieces += _transposed(part, matrices)
    main = what.components[0] if what.components else next(iter(parts), Component.OTHER)
    samples = [piece for piece in pieces if piece.component is main and piece.chosen]
    if (sample := next((piece for piece in samples if is_input(piece.key)), None)) is not None:
        anchors = _anchors_at(sample, companions, room, every)
        pieces += anchors
        if not anchors:
            notes.append(f"{some([sample.tensor.name])}: too few rows fit to match channels by")
    if not pieces:
        notes.append("no matrix can be compared")
    apart = {
        piece.tensor.name
        for piece in pieces
        if piece.tensor.dtype in SCALED and not piece.scales and companions.of(piece.tensor)
    }
    if apart:
        notes.append(f"{some(apart)}: the scales are laid out in a way that is not known")
    return Plan(
        pieces=tuple(pieces),
        wholes=_wholes(parts.get(main, {})) if every else {},
        notes=tuple(notes),
    )


def _samples(
    part: Component, matrices: Matrices, companions: Companions, room: int, every: bool
) -> list[Piece]:
    """The block of each chosen matrix, or of every one, as far as there is room."""
    shapes = {key: tensor.shape for key, tensor in matrices.items()}
    chosen = choose(shapes, TENSORS)
    pieces: list[Piece] = []
    for key in dict.fromkeys((*chosen, *(spread(shapes, _BLOCKS) if every else ()))):
        start = block_start(key, shapes[key], VALUES)
        place = Place(Use.SAMPLE, start, min(VALUES, math.prod(shapes[key])))
        piece = _piece(part, key, matrices[key], place, companions, chosen=key in chosen)
        room -= piece.cost
        if room < 0:
            break
        pieces.append(piece)
    return pieces


def _transposed(part: Component, matrices: Matrices) -> list[Piece]:
    """The blocks that lie where those of the transposed matrices would, which nobody stores."""
    shapes = {
        key: tensor.shape
        for key, tensor in matrices.items()
        if len(tensor.shape) == 2 and tensor.dtype not in SCALED
    }
    return [
        Piece(
            tensor=matrices[key],
            component=part,
            key=key,
            use=Use.TRANSPOSED,
            chosen=False,
            start=block_start(key, shapes[key][::-1], VALUES),
            count=(count := min(VALUES, math.prod(shapes[key]))),
            offset=matrices[key].offset or 0,
            length=4 * count,
        )
        for key in spread(shapes, _TRANSPOSED)
    ]


def _anchors_at(sample: Piece, companions: Companions, room: int, every: bool) -> list[Piece]:
    """Rows of the input matrix that ``sample`` was taken of; none where too few of them fit."""
    tensor, shape = sample.tensor, sample.tensor.shape
    width = tensor.bytes // shape[0]
    if is_vocabulary(sample.key):
        # The sample lies in the same rows, and costs nothing more.
        first = sample.start // math.prod(shape[1:])
        places = of_vocabulary(shape, first, width, room + sample.cost, every)
    else:
        places = of_channels(shape, width, room, every)
    return [_piece(sample.component, sample.key, tensor, place, companions) for place in places]


def _piece(
    part: Component,
    key: str,
    tensor: Tensor,
    place: Place,
    companions: Companions,
    *,
    chosen: bool = True,
) -> Piece:
    at = span(tensor.dtype, tensor.shape, place.start, place.count)
    scaled = tensor.dtype in SCALED
    return Piece(
        tensor=tensor,
        component=part,
        key=key,
        use=place.use,
        chosen=chosen,
        start=place.start,
        count=place.count,
        offset=(tensor.offset or 0) + at.offset_bytes,
        length=at.length_bytes,
        skip=at.skip,
        scales=companions.scales(tensor, place.start, place.count) if scaled else None,
    )


def _is_read_by_words(part: Component, what: Architecture) -> bool:
    """Whether exporters are known to transpose its matrices: language models and text encoders."""
    if part is Component.TRANSFORMER:
        return what.family not in GENERATORS
    return part is Component.TEXT_ENCODER


def _wholes(matrices: Matrices) -> dict[str, Tensor]:
    """Some tensors that are small, and yet too large to be equal by chance."""
    sizes = sorted((math.prod(tensor.shape), key) for key, tensor in matrices.items())
    keys = [key for values, key in sizes if values >= _WHOLE_VALUES]
    keys += [key for values, key in reversed(sizes) if values < _WHOLE_VALUES]
    return {key: matrices[key] for key in keys[:_WHOLES]}
