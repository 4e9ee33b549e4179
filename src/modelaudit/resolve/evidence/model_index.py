"""``_name_or_path``: where a pipeline or a model was loaded from before it was saved.

diffusers writes it into ``model_index.json``, transformers and diffusers into a ``config.json``
(huggingface.co/docs). It may be the folder of an earlier save, so it only hints.
"""

from __future__ import annotations

from collections.abc import Iterator

from modelaudit.domain.claim import Claim
from modelaudit.domain.model import Document, Gap
from modelaudit.domain.words import Grade
from modelaudit.resolve.evidence._claims import Said, claims, malformed
from modelaudit.resolve.evidence._json import json_object

name = "model-index"
reads = frozenset({"model_index", "config"})
grade = Grade.HINTED

_KEY = "_name_or_path"


def extract(document: Document) -> Iterator[Claim | Gap]:
    """What this one was saved from."""
    return claims(document, name, _said(document))


def _said(document: Document) -> Iterator[Said | Gap]:
    index = json_object(document.body)
    if index is None:
        yield malformed(document, "the configuration is not a JSON object")
        return
    origin = index.get(_KEY)
    if isinstance(origin, str):
        yield Said(origin, f"/{_KEY}", grade)
