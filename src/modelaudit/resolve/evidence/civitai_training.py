"""``trainingDetails`` of a Civitai version: what the platform's own trainer started from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from modelaudit.domain.claim import Claim
from modelaudit.domain.model import Document, Gap
from modelaudit.domain.words import Grade, Relation
from modelaudit.resolve.evidence._civitai import part, relation_by_type, trainer_aliases
from modelaudit.resolve.evidence._claims import Said, claims

name = "civitai-training"
reads = frozenset({"civitai.version"})
grade = Grade.RECORDED

_AT = "/version/trainingDetails"


def speaks(document: Document) -> bool:
    """Lists leave the details out; only the version's own page gives them."""
    return isinstance(document.body, dict) and document.body.get("detailed") is True


def extract(document: Document) -> Iterator[Claim | Gap]:
    """The checkpoint that was trained on, and the model whose training was continued."""
    details = part(document, "version").get("trainingDetails")
    if not isinstance(details, dict):
        return iter(())
    # Everything that the trainer makes is a LoRA, whatever it is published as.
    relation = relation_by_type(document) or Relation.ADAPTER
    return claims(document, name, _said(details, relation))


def _said(details: Mapping[str, Any], relation: Relation) -> Iterator[Said]:
    base = details.get("baseModel")
    if isinstance(base, str):
        known = trainer_aliases().get(base)
        # An alias that is not known names no node.
        if known or ":" in base:
            yield Said(base, f"{_AT}/baseModel", grade, relation, parent=known)
    for key, field in (("params", "continueFrom"), ("continueFromEpoch", "air")):
        value = details.get(key)
        start = value.get(field) if isinstance(value, dict) else None
        if isinstance(start, str):
            yield Said(start, f"{_AT}/{key}/{field}", grade, Relation.FINETUNE)
