"""From the files of a model to its sketch: headers first, then a range for each matrix."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from time import time
from typing import Final

from modelaudit.crawl.ranges import HttpReader
from modelaudit.domain.reader import Reader, ReadError
from modelaudit.domain.sketch import Sketch
from modelaudit.domain.weights import Architecture, Header
from modelaudit.domain.words import GapReason
from modelaudit.resolve.weights import sketchfile
from modelaudit.resolve.weights.naming import keys_of
from modelaudit.resolve.weights.plan import WHOLE
from modelaudit.resolve.weights.sketch import make
from modelaudit.steps.counting import Counting, Watched
from modelaudit.steps.inspecting import Inspected, inspect, unite
from modelaudit.steps.targets import Target

_WHOLES: Final = 3
_SECONDS: Final = 1800.0
"""A server's for a reference: a thousand ranges, one after the other."""
_IN_PART: Final = ("missing_shard", "missing_tensor", "truncated", "invalid_tensor")
"""Warnings of a header that does not show all."""
_CHUNK: Final = 4 << 20


@dataclass(frozen=True, slots=True)
class _Opened:
    """A model's files, open, and what their headers say."""

    target: Target
    header: Header
    what: Architecture
    readers: dict[str, Counting]

    def reader(self, file: str | None) -> Reader:
        return self.readers[file or self.target.paths[0]]


def sketch_of(parts: Sequence[Target], *, every: bool = False, as_it_is: bool = False) -> Sketch:
    """The sketch of a model in one or more parts; ``every`` makes a reference of it.

    A file that is a sketch itself is taken ``as_it_is``, where whoever names it means that: a
    stranger's file may call itself one. Raises ``ReadError``.
    """
    made = [_sketch(part, every=every, as_it_is=as_it_is) for part in parts]
    return made[0] if len(made) == 1 else _joined(made)


def stored(reader: Reader, name: str) -> Sketch:
    """The sketch that a file is; raises ``ReadError`` where it is a broken one."""
    if reader.size > sketchfile.LARGEST:
        raise ReadError(f"a sketch of {reader.size:,} bytes is none", GapReason.TOO_LARGE)
    try:
        found = sketchfile.loads(reader.read(0, reader.size))
    except ValueError as error:
        raise ReadError(f"not a sketch that can be read: {error}") from None
    return replace(found, source=name, bytes_read=reader.size)


def wholes_of(parts: Sequence[Target], keys: Collection[str]) -> dict[str, str]:
    """sha256 of some tensors of the main part, as sketches keep them.

    Those that are not there are left out. Raises ``ReadError``.
    """
    digests: dict[str, str] = {}
    for part in parts:
        with _open(part) as opened:
            tensors = keys_of(opened.header.tensors, opened.what).tensors
            for (component, key), tensor in tensors.items():
                if not (component.main and key in keys) or tensor.offset is None:
                    continue
                length = min(tensor.bytes, WHOLE)
                data = opened.reader(tensor.file).read(tensor.offset, length)
                digests[key] = hashlib.sha256(data).hexdigest()
    return digests


def small_matrices(sketch: Sketch) -> list[str]:
    """Keys of a few matrices of the main part that can be read whole at little cost."""
    chosen = [block for block in sketch.blocks if block.component.main and block.chosen]
    chosen.sort(key=lambda block: (math.prod(block.shape), block.key))
    return list(dict.fromkeys(block.key for block in chosen))[:_WHOLES]


def with_sha256(sketch: Sketch, parts: Sequence[Target]) -> Sketch:
    """The sketch with the digest of its file, which is read for it; of several files it has none.

    Raises ``ReadError``.
    """
    if sketch.sha256 or len(parts) > 1 or parts[0].sharded or not parts[0].local:
        return sketch
    digest = hashlib.sha256()
    with Counting(parts[0].open(parts[0].paths[0])) as reader:
        for at in range(0, reader.size, _CHUNK):
            digest.update(reader.read(at, _CHUNK))
    return replace(sketch, sha256=digest.hexdigest())


def _sketch(target: Target, *, every: bool, as_it_is: bool) -> Sketch:
    with _open(target, every=every) as opened:
        if as_it_is and sketchfile.KEY in opened.header.metadata:
            return stored(opened.reader(None), target.name)
        made = make(
            opened.reader, opened.header, opened.what,
            source=target.name, sha256=target.sha256, every=every, gather=target.local,
        )  # fmt: skip
        torn = (line for line in opened.header.warnings if line.startswith(_IN_PART))
        return replace(made, notes=(*map(sketchfile.printable, torn), *made.notes))


@contextmanager
def _open(target: Target, *, every: bool = False) -> Iterator[_Opened]:
    """All files of a model; raises ``ReadError`` where their bytes or headers cannot be had."""
    with ExitStack() as stack:
        readers: dict[str, Counting] = {}
        found: dict[str, Inspected] = {}
        for path in target.paths:
            file = target.open(path)
            if every and isinstance(file, HttpReader | Watched):
                file.allow(_SECONDS)
            readers[path] = stack.enter_context(Counting(file))
            found[path] = inspect(
                readers[path], target.model, path,
                at=int(time()), source=target.source, sha256=target.sha256,
            )  # fmt: skip
        one = unite(found, target.index) if target.sharded else found[target.paths[0]]
        if one.header is None:
            raise ReadError(f"{one.head.fault}", one.head.reason)
        yield _Opened(target, one.header, one.head.architecture, readers)


def _joined(made: Sequence[Sketch]) -> Sketch:
    """The sketches of a model's parts as one; the first, its main part, says what it is."""
    first = made[0]
    components = dict.fromkeys(part for one in made for part in one.architecture.components)
    blocks = {
        (block.component, block.use, block.key): block for one in reversed(made)
        for block in one.blocks
    }  # fmt: skip
    return replace(
        first,
        architecture=replace(first.architecture, components=tuple(components)),
        blocks=tuple(blocks[place] for place in sorted(blocks)),
        sha256=None,
        every=all(one.every for one in made),
        notes=tuple(note for one in made for note in one.notes),
        bytes_read=sum(one.bytes_read for one in made),
    )
