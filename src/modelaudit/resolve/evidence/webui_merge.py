"""``sd_merge_recipe`` and ``sd_merge_models``: the merge history inside a checkpoint's header.

Every ancestor is a claim of its own, so that one that exists nowhere else is still found.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from modelaudit.domain import refs
from modelaudit.domain.claim import Claim
from modelaudit.domain.model import Document, Gap
from modelaudit.domain.words import Grade, Relation
from modelaudit.resolve import _digests
from modelaudit.resolve.evidence._claims import Said, claims, malformed
from modelaudit.resolve.evidence._json import json_object
from modelaudit.resolve.evidence._merge_dag import MAX_ANCESTORS, MODELS, RECIPE, ancestors

name = "webui-merge"
reads = frozenset({"safetensors"})
grade = Grade.RECORDED

_DIGEST = re.compile(r"(?<![0-9A-Fa-f])[0-9A-Fa-f]{64}(?![0-9A-Fa-f])")
_MAX_SCAN = 4_000_000


def extract(document: Document) -> Iterator[Claim | Gap]:
    """One merge claim per ancestor, with its share where the recipes tell."""
    return claims(document, name, _said(document))


def _said(document: Document) -> Iterator[Said | Gap]:
    metadata = document.body
    if isinstance(metadata, str) or not (RECIPE in metadata or MODELS in metadata):
        return
    recipe, models = metadata.get(RECIPE), metadata.get(MODELS)
    shares = dict(ancestors(recipe, models))
    for key, text in ((RECIPE, recipe), (MODELS, models)):
        if isinstance(text, str) and text != "None" and json_object(text) is None:
            yield malformed(document, f"{key} is not a JSON object: there may be more parents")
            for digest in _scan(text):
                shares.setdefault(digest, None)
    direct = recipe.lower() if isinstance(recipe, str) else ""
    for digest, share in shares.items():
        at = f"/__metadata__/{RECIPE if digest in direct else MODELS}"
        yield Said(None, at, grade, Relation.MERGE, parent=refs.sha256(digest), weight=share)


def _scan(text: str) -> Iterator[str]:
    """Digests in a value that is no JSON; some writers store a Python dictionary's text."""
    for found in islice(_DIGEST.finditer(text[:_MAX_SCAN]), MAX_ANCESTORS):
        if digest := _digests.usable(found[0]):
            yield digest
