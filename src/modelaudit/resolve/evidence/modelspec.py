"""``modelspec.merged_from``: free titles, of which only Hub ids and URLs name a node.

ModelSpec 1.0.1 (github.com/Stability-AI/ModelSpec); SwarmUI writes the key without its prefix.
``modelspec.hash_sha256`` makes no claim: it covers tensors without the header, so it is no file's
sha256, and a writer may have hashed them in another order. Where it differs from the file's own, a
merge may have inherited the block of a parent, or nothing has happened at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from modelaudit.domain.claim import Claim
from modelaudit.domain.model import Document, Gap
from modelaudit.domain.words import Grade, Relation
from modelaudit.resolve.evidence._claims import Said, claims
from modelaudit.resolve.identity import named, names_in

name = "modelspec"
reads = frozenset({"safetensors"})
grade = Grade.HINTED


def extract(document: Document) -> Iterator[Claim | Gap]:
    """The merged models that are named well enough."""
    return claims(document, name, _said(document.body))


def _said(metadata: Mapping[str, Any] | str) -> Iterator[Said]:
    if isinstance(metadata, str):
        return
    for key in ("modelspec.merged_from", "merged_from"):
        for _, title in names_in(metadata.get(key)):
            found = named(title)
            if found and found.certain:
                yield Said(title, f"/__metadata__/{key}", grade, Relation.MERGE)
