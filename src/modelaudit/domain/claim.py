"""Claims: who says that a child came from a parent, where exactly, and how strong that is."""

from __future__ import annotations

from dataclasses import dataclass

from modelaudit.domain.refs import ModelRef
from modelaudit.domain.words import Component, ConflictKind, Grade, Relation


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


EXCERPT_LENGTH = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What names and shapes of a file's tensors say: a family and a reason, never a lineage."""

    file: str
    family: str
    reason: str
    """The tensor and the shape that decided."""
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
    """The stronger side, where it is no claim but a file's own shapes."""
