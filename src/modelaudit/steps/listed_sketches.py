"""What a list says of its sketches: which parts of them count, for whom, and as what."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Final

from modelaudit.crawl.local import LocalReader
from modelaudit.domain import refs
from modelaudit.domain.entry import Blocklist, Entry, ListKind
from modelaudit.domain.errors import BlocklistError
from modelaudit.domain.reader import ReadError
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.sketch import Sketch
from modelaudit.domain.weights import UNKNOWN
from modelaudit.domain.words import Component
from modelaudit.steps.sketching import stored

LISTED: Final = "listed"
"""The group of all references that are looked for: they may be kin to one another."""


def parent_of(entry: Entry) -> ModelRef:
    """What an entry's sketch stands for: its first model, else the sketch itself."""
    return entry.match.models[0] if entry.match.models else refs.sketch(entry.id)


def name_of(used: Blocklist, entry: Entry, more: str) -> str:
    """What reports call a reference; of a private list no more than the entry's id."""
    return f"{entry.id}{more}" if used.private else f"{entry.title} ({entry.id}{more})"


def group_of(used: Blocklist, entry: Entry) -> str:
    """Listed models may be kin, and two formats of one are; what is allowed is known not to be."""
    return f"allowed {entry.id}" if used.kind is ListKind.ALLOW else LISTED


def are_shards(one: Sketch, other: Sketch) -> bool:
    """Whether two files of one entry hold different matrices of one model."""
    places = [{(b.component, b.use, b.key) for b in sketch.blocks} for sketch in (one, other)]
    alike = one.architecture.family == other.architecture.family != UNKNOWN
    return alike and places[0].isdisjoint(places[1])


def joined(one: Sketch, other: Sketch) -> Sketch:
    """The shards of a model as one reference."""
    blocks = sorted((*one.blocks, *other.blocks), key=lambda b: (b.component, b.use, b.key))
    return replace(one, blocks=tuple(blocks), wholes={**one.wholes, **other.wholes})


def meant(entry: Entry, stated: Component) -> Collection[Component]:
    """The parts of a sketch that stand for the entry."""
    if stated is not Component.FULL:
        return (stated,)
    tainted = entry.tainted - {Component.FULL}
    return tainted or [part for part in Component if part.main]


def meant_part(used: Blocklist, entry: Entry, path: str, stated: Component) -> Sketch:
    """The part of a sketch that an entry names; ``BlocklistError`` where it is not in it."""
    sketch = _read(used, entry, path)
    held = {block.component for block in sketch.blocks}
    parts = {*meant(entry, stated)}
    if held == {Component.FULL} and stated.main:
        parts = held  # of an architecture that is not known here: it is what the list says
    found = only(sketch, parts)
    if not found.blocks:
        raise BlocklistError(
            f"{used.path}: entry {entry.id}: {path[:200]} holds no {stated}",
            hint=f"it holds: {', '.join(part.word for part in sorted(held)) or 'nothing'}",
        )
    return found


def may_stand(entry: Entry, component: Component) -> bool:
    """Whether a listed file may hold what the entry is about."""
    if component is Component.ADAPTER:
        return False  # a delta has nothing in common with what it is put upon
    return component.main or component is Component.OTHER or component in entry.tainted


def only(sketch: Sketch, parts: Collection[Component]) -> Sketch:
    """A sketch without its other parts."""
    return replace(sketch, blocks=tuple(b for b in sketch.blocks if b.component in parts))


def _read(used: Blocklist, entry: Entry, path: str) -> Sketch:
    place = Path(used.path or ".").parent / path
    try:
        with LocalReader(place) as reader:
            found = stored(reader, path)
    except ReadError as error:
        raise BlocklistError(
            f"{used.path}: entry {entry.id}: the sketch {path[:200]} cannot be used: {error}",
            hint="make it again with: modelaudit sketch FILE -o PATH",
        ) from None
    if not found.every:
        raise BlocklistError(
            f"{used.path}: entry {entry.id}: {path[:200]} holds only a part of the model's matrices"
        )
    return found
