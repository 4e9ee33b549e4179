"""Models, their files, and the documents that describe them, as crawlers hand them over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from modelaudit.domain.refs import ModelRef
from modelaudit.domain.sketch import Weighed
from modelaudit.domain.weights import Head
from modelaudit.domain.words import Component, GapReason, Status, Trait


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One node of lineage as its platform lists it. Times are UTC seconds since 1970."""

    ref: ModelRef
    stable_id: str | None = None
    """The platform's key that survives renames (the Hub's ``_id``)."""
    author: str | None = None
    title: str | None = None
    """What people call it, where the reference does not say (Civitai)."""
    kind: str | None = None
    """The platform's own type: a Civitai ``type``, a pipeline or architecture class."""
    status: Status = Status.LIVE
    created: int | None = None
    modified: int | None = None
    revision: str | None = None
    """The commit that was listed, hexadecimal."""
    downloads: int | None = None
    likes: int | None = None
    parameters: int | None = None
    """Number of parameters, where the listing counts them."""
    traits: Trait = Trait.NONE


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One weight file with its digests (lower-case hexadecimal)."""

    path: str
    size: int | None = None
    """Bytes."""
    sha256: str | None = None
    component: Component | None = None
    """What the path or the platform says it holds; ``None`` when neither does."""
    autov1: str | None = None
    autov3: str | None = None
    """First 12 digits of the sha256 of everything behind a safetensors header."""
    blake3: str | None = None
    crc32: str | None = None
    etag: str | None = None
    """What changes when the bytes do, of a file whose platform tells no digest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """Something an extractor can read: a list record, a card, a config, a weight header."""

    model: ModelRef
    kind: str
    """``hf.record``, ``card``, ``adapter_config``, ``mergekit``, ``model_index``,
    ``safetensors``, ``weights``, ``civitai.version`` …; extractors name the kinds they read."""
    body: Mapping[str, Any] | str
    observed: int
    """When it was received, UTC seconds."""
    source: str | None = None
    """Where it was read; ``None`` means the model's own API record."""
    path: str | None = None
    """The file inside the model, for documents that are files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Something that was not examined, and why. Silence is never "clean"."""

    reason: GapReason
    detail: str
    model: ModelRef | None = None
    file: str | None = None
    count: int = 1
    """How many models a row without a model stands for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One model with all that was received about it in one go."""

    model: Model
    files: tuple[File, ...] | None = None
    """``None``: file digests were not part of what was received."""
    documents: tuple[Document, ...] = ()
    detailed: bool = False
    """It was read from the model's own page: a listing says more in places, less in others."""
    seed: bool = False
    """It comes from somebody's copy of the catalogue: what the platform itself said stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One line for the archive: what the platform sent, before anybody judged it."""

    platform: str
    kind: str
    """``list``, ``model``, ``version``, ``files``, ``text``, ``header`` or ``weights``."""
    url: str
    status: int
    at: int
    record: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What one step of a crawl brought, and where to go on; stored in one transaction."""

    records: tuple[Record, ...] = ()
    documents: tuple[Document, ...] = ()
    """Documents about models that are already known, such as a card read later."""
    gaps: tuple[Gap, ...] = ()
    renamed: Mapping[ModelRef, ModelRef] = field(default_factory=dict)
    """Old name → new name, as the platform redirected."""
    missing: Mapping[ModelRef, Status] = field(default_factory=dict)
    """Models the platform would not show, with what it answered."""
    heads: tuple[Head, ...] = ()
    """What weight files say that were read."""
    weighed: tuple[Weighed, ...] = ()
    """What comparing weights showed."""
    received: tuple[Received, ...] = ()
    cursor: str | None = None
    """Resume token for what follows this page; ``None`` when the source is at its end."""
    onward: str | None = None
    """On the last page of a live listing: the cursor from which a later one finds what is new."""
