"""``baseModels`` of a Hub record: parents that the Hub itself resolved to repositories.

The Hub gives one relation for all parents (huggingface.co/docs/hub/model-cards).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from modelaudit.domain.claim import Claim
from modelaudit.domain.model import Document, Gap
from modelaudit.domain.words import Grade
from modelaudit.resolve.evidence._claims import Said, claims, relation_word
from modelaudit.resolve.evidence._hub import list_at, mapping_at

name = "hub-base-models"
reads = frozenset({"hf.record"})
grade = Grade.DECLARED

_STABLE_ID = re.compile(r"[0-9a-f]{24}\Z")


def speaks(document: Document) -> bool:
    """A model's own page leaves the field out where a list gives it."""
    return "baseModels" in document.body


def extract(document: Document) -> Iterator[Claim | Gap]:
    """One claim per resolved parent, with its stable id."""
    found = mapping_at(document.body, "baseModels")
    return claims(document, name, _said(found)) if found else iter(())


def _said(base_models: Mapping[str, Any]) -> Iterator[Said]:
    relation = relation_word(base_models.get("relation"))
    for i, parent in enumerate(list_at(base_models, "models")):
        if not isinstance(parent, dict) or not isinstance(parent.get("id"), str):
            continue
        stable_id = parent.get("_id")
        is_stable = isinstance(stable_id, str) and _STABLE_ID.match(stable_id)
        yield Said(
            parent["id"],
            f"/baseModels/models/{i}",
            grade,
            relation,
            stable_id=stable_id if is_stable else None,
        )
