"""``ot_config``: OneTrainer stores its whole configuration (github.com/Nerogar/OneTrainer)."""

from __future__ import annotations

from collections.abc import Iterator

from modelaudit.domain.claim import Claim
from modelaudit.domain.model import Document, Gap
from modelaudit.domain.words import Grade, Relation
from modelaudit.resolve.evidence._claims import Said, claims, malformed
from modelaudit.resolve.evidence._json import json_object

name = "onetrainer"
reads = frozenset({"safetensors"})
grade = Grade.RECORDED

_KEY = "ot_config"
_ADAPTERS = frozenset({"LORA", "EMBEDDING"})


def extract(document: Document) -> Iterator[Claim | Gap]:
    """The model that the training started from."""
    return claims(document, name, _said(document))


def _said(document: Document) -> Iterator[Said | Gap]:
    if isinstance(document.body, str) or _KEY not in document.body:
        return
    config = json_object(document.body[_KEY])
    if config is None:
        yield malformed(document, f"{_KEY} is not a JSON object")
        return
    base, method = config.get("base_model_name"), config.get("training_method")
    if isinstance(base, str):
        is_adapter = isinstance(method, str) and method in _ADAPTERS
        relation = Relation.ADAPTER if is_adapter else Relation.FINETUNE
        yield Said(base, f"/__metadata__/{_KEY}/base_model_name", grade, relation)
