"""``lora_adapter_metadata``: the PEFT configuration that diffusers puts into a LoRA's header.

One JSON object for all parts of a pipeline, each key with its part before it, such as
``transformer.base_model_name_or_path`` (github.com/huggingface/diffusers, loaders/lora_base.py).
A text encoder may come from elsewhere than what the adapter is for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from modelaudit.domain.claim import Claim
from modelaudit.domain.model import Document, Gap
from modelaudit.domain.words import Component, Grade
from modelaudit.resolve.evidence import _peft
from modelaudit.resolve.evidence._claims import Said, claims, malformed
from modelaudit.resolve.evidence._json import json_object

name = "lora-metadata"
reads = frozenset({"safetensors"})
grade = Grade.RECORDED

_KEY = "lora_adapter_metadata"
_BASE = re.compile(rf"(\w{{1,40}}\.)?{_peft.BASE}\Z", re.ASCII)
_MAX_PARTS = 20


def extract(document: Document) -> Iterator[Claim | Gap]:
    """The model that each part of the adapter was trained on."""
    return claims(document, name, _said(document))


def _said(document: Document) -> Iterator[Said | Gap]:
    if isinstance(document.body, str) or _KEY not in document.body:
        return
    config = json_object(document.body[_KEY])
    if config is None:
        yield malformed(document, f"{_KEY} is not a JSON object")
        return
    prefixes = [found[1] or "" for key in config if (found := _BASE.match(key))]
    for prefix in prefixes[:_MAX_PARTS]:
        part = Component.TEXT_ENCODER if prefix.startswith("text_encoder") else None
        yield from _peft.base(config, f"/__metadata__/{_KEY}", prefix, part)
