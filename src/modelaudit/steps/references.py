"""The listed models by their weights: sketches that lists bring, and those that make themselves.

Nobody ships a listed model's bytes: where a file with a listed digest is seen on a readable host,
it is sketched by range into the user's cache, keyed by that digest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from modelaudit.domain import refs
from modelaudit.domain.entry import Blocklist, Entry, FileConfidence, ListKind
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.sketch import Sketch
from modelaudit.domain.words import Component
from modelaudit.resolve.weights import sketchfile
from modelaudit.resolve.weights.compare import commons_of
from modelaudit.resolve.weights.library import Library
from modelaudit.steps.listed_sketches import (
    LISTED,
    are_shards,
    group_of,
    joined,
    may_stand,
    meant,
    meant_part,
    name_of,
    only,
    parent_of,
)
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
    of_file: bool = False
    """Made of a listed file."""
    sha256: str = ""
    """Of the list's file that holds the sketch, where there is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A listed file that no sketch was made of yet."""

    sha256: str
    size: int | None
    """Bytes, where the list knows them."""
    entry: Entry
    private: bool


@dataclass(frozen=True, slots=True)
class _Settled:
    """What follows from all references together, until one is added."""

    references: dict[str, Reference]
    """By name, in its order."""
    digest: str
    commons: frozenset[str]
    library: Library


class References:
    """All references of one run."""

    def __init__(self, lists: Sequence[Blocklist], cache: Cache) -> None:
        """``BlocklistError`` where a list names a sketch that cannot be read."""
        self._cache = cache
        self._entries: dict[str, Entry] = {}
        self._found: dict[str, Reference] = {}
        self._wanted: list[Wanted] = []
        self._settled: _Settled | None = None
        for used in lists:
            for entry in used.entries:
                if entry.acts:
                    self._entries[entry.id] = entry
                    self._of_entry(used, entry)

    def __iter__(self) -> Iterator[Reference]:
        return iter(self._all.references.values())

    def __len__(self) -> int:
        return len(self._found)

    def __contains__(self, name: str) -> bool:
        return name in self._found

    def __getitem__(self, name: str) -> Reference:
        return self._all.references[name]

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
        return self._all.digest

    @property
    def library(self) -> Library:
        """All of them, ready to be searched."""
        return self._all.library

    @property
    def commons(self) -> frozenset[str]:
        """Digests of blocks that independent references share."""
        return self._all.commons

    def made(self, wanted: Wanted, sketch: Sketch) -> None:
        """A sketch of a listed file was made: keep it, here and in the cache."""
        self._cache.put(wanted.sha256, sketchfile.dumps(sketch))
        self._wanted.remove(wanted)
        self._add_file(wanted, sketch)

    @property
    def _all(self) -> _Settled:
        if self._settled is None:
            references = {name: self._based(self._found[name]) for name in sorted(self._found)}
            library, told = Library(), hashlib.sha256(METHOD.encode())
            for name, one in references.items():
                library.add(name, one.sketch)
                told.update(f"\n{name} {one.parent} ".encode("utf-8", "replace"))
                for sketch in filter(None, (one.sketch, one.base)):
                    told.update(sketchfile.digest(sketch).encode())
            commons = commons_of((one.group, one.sketch) for one in references.values())
            self._settled = _Settled(references, told.hexdigest(), commons, library)
        return self._settled

    def _based(self, reference: Reference) -> Reference:
        """With the base that another entry knows, where its own says that it is derived from it."""
        entry = self._entries[reference.entry]
        if reference.base is not None or entry.claim_relation != "derived-from":
            return reference
        names = {refs.key(name) for name in entry.claim_of}
        for name in sorted(self._found):
            other = self._found[name]
            models = self._entries[other.entry].match.models
            if other.entry != entry.id and names & {other.entry, *map(refs.key, models)}:
                return replace(reference, base=other.sketch)
        return reference

    def _of_entry(self, used: Blocklist, entry: Entry) -> None:
        for place, listed in enumerate(entry.match.sketches):
            self._add(
                Reference(
                    name=name_of(used, entry, f" #{place + 1}" if place else ""),
                    entry=entry.id,
                    parent=refs.sketch(entry.id) if used.private else parent_of(entry),
                    sketch=meant_part(used, entry, listed.path, listed.component),
                    base=meant_part(used, entry, listed.base, listed.component)
                    if listed.base
                    else None,
                    group=group_of(used, entry),
                    sha256=listed.sha256,
                )
            )
        if used.kind is not ListKind.BLOCK:
            return
        for file in entry.match.files:
            if file.confidence is FileConfidence.CANDIDATE or not may_stand(entry, file.component):
                continue
            wanted = Wanted(sha256=file.sha256, size=file.size, entry=entry, private=used.private)
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
        """A listed file; the shards of one model are one reference, known by the first of them."""
        entry = wanted.entry
        kept = only(sketch, meant(entry, Component.FULL))
        if not kept.blocks:
            return
        for other in self._found.values():
            if other.of_file and other.entry == entry.id and are_shards(other.sketch, kept):
                self._found[other.name] = replace(other, sketch=joined(other.sketch, kept))
                self._settled = None
                return
        self._add(
            Reference(
                name=entry.id if wanted.private else f"{entry.id} by {wanted.sha256[:10]}",
                entry=entry.id,
                parent=refs.sketch(entry.id) if wanted.private else refs.sha256(wanted.sha256),
                sketch=kept,
                group=LISTED,
                of_file=True,
            )
        )

    def _add(self, reference: Reference) -> None:
        name, number = reference.name, 2
        while name in self._found:
            name, number = f"{reference.name} #{number}", number + 1
        told = replace(reference.sketch, source=name)
        self._found[name] = replace(reference, name=name, sketch=told)
        self._settled = None
