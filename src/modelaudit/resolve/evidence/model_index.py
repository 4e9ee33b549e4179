"""``model_index.json``: diffusers notes where a pipeline was loaded from before it was saved."""

from __future__ import annotations

from collections.abc import Iterator

from modelaudit.domain.claim import Claim
from modelaudit.domain.model import Document, Gap
from modelaudit.domain.words import Grade
from modelaudit.resolve.evidence._claims import Said, claims, malformed
from modelaudit.resolve.evidence._json import json_object

name = "model-index"
reads = frozenset({"model_index"})
grade = Grade.HINTED

_KEY = "_name_or_path"


def extract(document: Document) -> Iterator[Claim | Gap]:
    """The pipeline that this one was saved from."""
    return claims(document, name, _said(document))


def _said(document: Document) -> Iterator[Said | Gap]:
    index = json_object(document.body)
    if index is None:
        yield malformed(document, "the pipeline's index is not a JSON object")
        return
    origin = index.get(_KEY)
    if isinstance(origin, str):
        yield Said(origin, f"/{_KEY}", grade)
