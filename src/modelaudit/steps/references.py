"""The listed models by their weights: sketches that lists bring, and those that make themselves.

Nobody ships a listed model's bytes: where a file with a listed digest is seen on a readable host,
it is sketched by range into the user's cache, keyed by that digest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from modelaudit.crawl.local import LocalReader
from modelaudit.domain import refs
from modelaudit.domain.entry import Blocklist, Entry, FileConfidence, ListKind
from modelaudit.domain.errors import BlocklistError
from modelaudit.domain.reader import ReadError
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.sketch import Sketch
from modelaudit.domain.words import Component
from modelaudit.resolve.weights import sketchfile
from modelaudit.resolve.weights.compare import commons_of
from modelaudit.resolve.weights.library import Library
from modelaudit.steps.sketching import stored
from modelaudit.store.cache import Cache

METHOD: Final = "1"
"""Raised when the same sketches would be judged otherwise: what was weighed is weighed again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """What stands for one listed model when weights are compared."""

    name: str
    """As reports tell it."""
    entry: str
    parent: ModelRef
    """The node that its descendants descend from."""
    sketch: Sketch
    """Of the parts that the entry is about."""
    base: Sketch | None = None
    """Of what the listed model was itself derived from, where the list brings that."""
    group: str
    """References of one group may share weights; those of two are known to be independent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A listed file that no sketch was made of yet."""

    sha256: str
    entry: Entry
    private: bool


class References:
    """All references of one run."""

    def __init__(self, lists: Sequence[Blocklist], cache: Cache) -> None:
        """``BlocklistError`` where a list names a sketch that cannot be read."""
        self._cache = cache
        self._found: dict[str, Reference] = {}
        self._wanted: list[Wanted] = []
        self._library: Library | None = None
        for used in lists:
            for entry in used.entries:
                if entry.acts:
                    self._of_entry(used, entry)

    def __iter__(self) -> Iterator[Reference]:
        return iter(self._found.values())

    def __len__(self) -> int:
        return len(self._found)

    def __getitem__(self, name: str) -> Reference:
        return self._found[name]

    @property
    def wanted(self) -> Sequence[Wanted]:
        """Listed files without a sketch."""
        return self._wanted

    @property
    def entries(self) -> frozenset[str]:
        """Ids of the entries that have a reference."""
        return frozenset(reference.entry for reference in self)

    @property
    def families(self) -> frozenset[str]:
        """Architectures that something can be compared with."""
        return frozenset(reference.sketch.architecture.family for reference in self)

    @property
    def digest(self) -> str:
        """Of all of them and of the method: the same one gives the same answers, hexadecimal."""
        told = hashlib.sha256(METHOD.encode())
        for name in sorted(self._found):
            reference = self._found[name]
            told.update(f"\n{name} {reference.parent} ".encode("utf-8", "replace"))
            for sketch in filter(None, (reference.sketch, reference.base)):
                told.update(sketchfile.digest(sketch).encode())
        return told.hexdigest()

    @property
    def library(self) -> Library:
        """All of them, ready to be searched."""
        if self._library is None:
            self._library = Library()
            for name in sorted(self._found):
                self._library.add(name, self._found[name].sketch)
        return self._library

    @property
    def commons(self) -> frozenset[str]:
        """Digests of blocks that independent references share."""
        return commons_of((reference.group, reference.sketch) for reference in self)

    def made(self, wanted: Wanted, sketch: Sketch) -> None:
        """A sketch of a listed file was made: keep it, here and in the cache."""
        self._cache.put(wanted.sha256, sketchfile.dumps(sketch))
        self._wanted.remove(wanted)
        self._add_file(wanted, sketch)

    def _of_entry(self, used: Blocklist, entry: Entry) -> None:
        for place, listed in enumerate(entry.match.sketches):
            sketch = _meant_part(used, entry, listed.path, listed.component)
            base = listed.base and _meant_part(used, entry, listed.base, listed.component)
            name = _name(used, entry, f" #{place + 1}" if place else "")
            self._add(
                Reference(
                    name=name,
                    entry=entry.id,
                    parent=parent_of(entry),
                    sketch=sketch,
                    base=base or None,
                    group=_group(used, entry, sketch),
                )
            )
        if used.kind is not ListKind.BLOCK:
            return
        for file in entry.match.files:
            if file.confidence is FileConfidence.CANDIDATE or not _may_stand(entry, file.component):
                continue
            wanted = Wanted(sha256=file.sha256, entry=entry, private=used.private)
            if (kept := self._kept(file.sha256)) is not None:
                self._add_file(wanted, kept)
            else:
                self._wanted.append(wanted)

    def _kept(self, sha256: str) -> Sketch | None:
        """A reference of the cache; what was sketched of the file as a suspect is too little."""
        try:
            found = sketchfile.loads(self._cache.get(sha256) or b"")
        except ValueError:
            return None
        return found if found.every else None

    def _add_file(self, wanted: Wanted, sketch: Sketch) -> None:
        entry = wanted.entry
        what = "" if wanted.private else f" by {wanted.sha256[:10]}"
        kept = _only(sketch, _meant(entry, Component.FULL))
        if kept.blocks:
            self._add(
                Reference(
                    name=f"{entry.id}{what}",
                    entry=entry.id,
                    parent=refs.sha256(wanted.sha256),
                    sketch=kept,
                    group=f"listed {sketch.architecture.family}",
                )
            )

    def _add(self, reference: Reference) -> None:
        told = replace(reference.sketch, source=reference.name)
        self._found[reference.name] = replace(reference, sketch=told)
        self._library = None


def parent_of(entry: Entry) -> ModelRef:
    """What an entry's sketch stands for: its first model, else the sketch itself."""
    return entry.match.models[0] if entry.match.models else refs.sketch(entry.id)


def _name(used: Blocklist, entry: Entry, more: str) -> str:
    return f"{entry.id}{more}" if used.private else f"{entry.title} ({entry.id}{more})"


def _group(used: Blocklist, entry: Entry, sketch: Sketch) -> str:
    """Listed models of one architecture may be kin; what is allowed is known not to be."""
    if used.kind is ListKind.ALLOW:
        return f"allowed {entry.id}"
    return f"listed {sketch.architecture.family}"


def _meant(entry: Entry, stated: Component) -> Collection[Component]:
    """The parts of a sketch that stand for the entry."""
    if stated is not Component.FULL:
        return (stated,)
    tainted = entry.tainted - {Component.FULL}
    return tainted or [part for part in Component if part.main]


def _meant_part(used: Blocklist, entry: Entry, path: str, stated: Component) -> Sketch:
    """The part of a sketch that an entry names; ``BlocklistError`` where it is not in it."""
    sketch = _read(used, entry, path)
    held = {block.component for block in sketch.blocks}
    parts = {*_meant(entry, stated)}
    if held == {Component.FULL} and stated.main:
        parts = held  # of an architecture that is not known here: it is what the list says
    found = _only(sketch, parts)
    if not found.blocks:
        raise BlocklistError(
            f"{used.path}: entry {entry.id}: {path[:200]} holds no {stated}",
            hint=f"it holds: {', '.join(part.word for part in sorted(held)) or 'nothing'}",
        )
    return found


def _may_stand(entry: Entry, component: Component) -> bool:
    """Whether a listed file may hold what the entry is about."""
    if component is Component.ADAPTER:
        return False  # a delta has nothing in common with what it is put upon
    return component.main or component is Component.OTHER or component in entry.tainted


def _only(sketch: Sketch, parts: Collection[Component]) -> Sketch:
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
