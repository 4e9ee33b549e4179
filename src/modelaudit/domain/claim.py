"""Claims: who says that a child came from a parent, where exactly, and how strong that is."""

from __future__ import annotations

from dataclasses import dataclass

from modelaudit.domain.refs import ModelRef
from modelaudit.domain.sketch import Comparison, Recipe
from modelaudit.domain.words import Component, ConflictKind, Grade, Relation


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What a claim from sampled weights rests on: the numbers, matrix by matrix."""

    comparison: Comparison
    """Of the part that the claim is about, and of no other."""
    bytes_read: int = 0
    """Of the child's file, beyond its header."""
    references: int = 0
    """How many the child was compared with."""
    sketch: str = ""
    """sha256 of the list's sketch that it was compared with; empty for what made itself."""
    recipe: Recipe | None = None
    """What the child is mixed of, where that leaves nothing unexplained."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """*child – relation → parent*, as one extractor read it in one place."""

    child: ModelRef
    parent: ModelRef
    relation: Relation
    grade: Grade
    extractor: str
    locator: str
    """Where in the source: a JSON pointer, a byte range, a tensor or file name."""
    observed: int
    """When it was first seen in this form, UTC seconds."""
    source: str | None = None
    """URL of the document; ``None`` means the child's own API record."""
    path: str = ""
    """The file inside the model that says so; empty for its API record."""
    excerpt: str | None = None
    """The text as it stands there, cut to 200 characters; ``None`` when it is the parent's id."""
    component: Component | None = None
    parent_stable_id: str | None = None
    """The parent's key that survives renames, where the source gives it (the Hub's ``_id``)."""
    weight: float | None = None
    """A merge parent's share, 0 to 1, where it is known."""
    sample: Sample | None = None
    """The numbers, of a claim from sampled weights."""


EXCERPT_LENGTH = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What a file itself says against claims about it: its shapes, or its values."""

    file: str
    family: str
    """By names and shapes of tensors, never a lineage; empty where values were compared."""
    reason: str
    """The tensor and the shape that decided; or whom the values show no trace of."""
    observed: int
    """When the file was read, UTC seconds."""
    says: str | None = None
    """The family that the file's own metadata names, and the key that does, where it is another."""
    source: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """Claims about one model that cannot all be true; the weaker comes first."""

    model: ModelRef
    kind: ConflictKind
    claims: tuple[Claim, ...]
    entry: str | None = None
    """The blocklist entry that one side leads to, if any."""
    measured: Measured | None = None
    """The stronger side, where it is no claim but a file's own shapes or values."""
