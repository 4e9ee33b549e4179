"""What the lists of a run look for, compiled: the rows that are joined with the catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from modelaudit.domain.entry import Entry
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.words import Component


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedDigest:
    """A digest of an entry."""

    entry: int
    sha256: str
    component: Component
    single_source: bool
    size: int | None = None
    """Bytes, where the list knows them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DatedDataset:
    """A training set whose id means something else from a day on."""

    entry: int
    ref: ModelRef
    before: int
    """UTC seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedNames:
    """What an entry looks for in names, as regular expressions."""

    wanted: tuple[str, ...]
    unless: tuple[str, ...] = ()
    """A name that fits one of these is not meant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Everything that is listed, by the entries' numbers in this run (1, 2, …)."""

    entries: Mapping[int, Entry] = field(default_factory=dict)
    roots: tuple[tuple[int, ModelRef], ...] = ()
    """(entry, node): models, re-hosts, datasets, labels and marks of platforms."""
    originals: tuple[tuple[int, ModelRef], ...] = ()
    """(entry, node) of the listed models themselves, without re-hosts and labels."""
    derived: frozenset[int] = frozenset()
    """Entries whose list says that they derive from something that is not listed."""
    sketches: frozenset[str] = frozenset()
    """sha256 of the sketches that the lists bring now: what others proved once counts no more."""
    digests: tuple[ListedDigest, ...] = ()
    dated: tuple[DatedDataset, ...] = ()
    allowed: frozenset[ModelRef] = frozenset()
    allowed_digests: Mapping[str, int | None] = field(default_factory=dict)
    """sha256 of main parts → size in bytes, where a list tells it: a model that has no other main
    part is allowed, whoever holds it."""
    cleared: frozenset[str] = frozenset()
    """sha256 of other parts that nobody is to be told of."""
    names: Mapping[int, ListedNames] = field(default_factory=dict)
    """Entry → words in names, of those that look for any."""
    architectures: tuple[tuple[int, str], ...] = ()
    """(entry, family)."""
    private: frozenset[str] = frozenset()
    """Ids of entries of private lists: nothing else of them is ever written down."""
