"""What a kind of evidence is: a module under ``evidence/`` that reads documents into claims.

A new kind is one new file there with four names, nothing to register:

    name = "hf-card"                      # printed with every claim it makes
    reads = frozenset({"hf.record"})      # the Document kinds it wants
    grade = Grade.DECLARED                # the strongest grade it can give
    def extract(document): ...            # yields Claim, or Gap for what it cannot read
    def speaks(document): ...             # optional: False where a document of this kind leaves
                                          # the subject out, rather than claiming nothing

Extractors are pure: no I/O, no clock (claims take ``document.observed``), and no exception for
anything a stranger can write into a document.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Protocol, cast

from modelaudit.domain.claim import Claim
from modelaudit.domain.model import Document, Gap
from modelaudit.domain.words import Grade


class Extractor(Protocol):
    """One kind of evidence."""

    name: str
    reads: frozenset[str]
    grade: Grade

    def extract(self, document: Document) -> Iterator[Claim | Gap]:
        """What the document claims about its model's origin."""


@cache
def extractors() -> tuple[Extractor, ...]:
    """Every kind of evidence, sorted by name."""
    from modelaudit.resolve import evidence

    found = [
        cast(Extractor, importlib.import_module(f"{evidence.__name__}.{module.name}"))
        for module in pkgutil.iter_modules(evidence.__path__)
        if not module.name.startswith("_")
    ]
    return tuple(sorted(found, key=lambda extractor: extractor.name))


@cache
def readers_of(kind: str) -> tuple[Extractor, ...]:
    """The extractors that want documents of this kind."""
    return tuple(e for e in extractors() if kind in e.reads)


@cache
def embedded() -> frozenset[str]:
    """Names of extractors that read nothing but weight files: heads, or sampled values."""
    return frozenset(e.name for e in extractors() if e.reads <= {"safetensors", "gguf", "weights"})


@dataclass(slots=True)
class Extracted:
    """What all extractors read out of one document."""

    claims: list[Claim] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    covered: list[str] = field(default_factory=list)
    """Extractors that the document speaks to: their claims replace what they said before."""


def extract(document: Document) -> Extracted:
    """Everything that any extractor reads out of one document."""
    result = Extracted()
    for extractor in readers_of(document.kind):
        speaks = getattr(extractor, "speaks", None)
        if speaks is not None and not speaks(document):
            continue
        result.covered.append(extractor.name)
        for found in extractor.extract(document):
            if isinstance(found, Claim):
                result.claims.append(found)
            else:
                result.gaps.append(found)
    return result
