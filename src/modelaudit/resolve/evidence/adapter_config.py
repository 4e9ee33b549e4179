"""``adapter_config.json``: PEFT notes which model it trained on (huggingface.co/docs/peft)."""

from __future__ import annotations

from collections.abc import Iterator

from modelaudit.domain.claim import Claim
from modelaudit.domain.model import Document, Gap
from modelaudit.domain.words import Grade
from modelaudit.resolve.evidence import _peft
from modelaudit.resolve.evidence._claims import Said, claims, malformed
from modelaudit.resolve.evidence._json import json_object

name = "adapter-config"
reads = frozenset({"adapter_config"})
grade = Grade.RECORDED


def extract(document: Document) -> Iterator[Claim | Gap]:
    """The model that the adapter was trained on."""
    return claims(document, name, _said(document))


def _said(document: Document) -> Iterator[Said | Gap]:
    config = json_object(document.body)
    if config is None:
        yield malformed(document, "the adapter's configuration is not a JSON object")
        return
    yield from _peft.base(config, "")
