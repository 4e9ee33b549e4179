"""``ss_*`` metadata of kohya's sd-scripts: the checkpoint that a network was trained on.

``ss_new_sd_model_hash`` is the sha256 of the base file, written when it lay on the trainer's disk;
``ss_sd_model_name`` is a Hub id when it did not (github.com/kohya-ss/sd-scripts).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from modelaudit.domain import refs
from modelaudit.domain.claim import Claim
from modelaudit.domain.model import Document, Gap
from modelaudit.domain.words import Grade, Relation
from modelaudit.resolve import _digests
from modelaudit.resolve.evidence._claims import Said, claims

name = "kohya"
reads = frozenset({"safetensors"})
grade = Grade.RECORDED

_HASH, _NAME = "ss_new_sd_model_hash", "ss_sd_model_name"


def extract(document: Document) -> Iterator[Claim | Gap]:
    """The base by digest, and by name where the name says whose it is."""
    return claims(document, name, _said(document.body))


def _said(metadata: Mapping[str, Any] | str) -> Iterator[Said]:
    if isinstance(metadata, str):
        return
    is_network = "ss_network_module" in metadata or "ss_network_dim" in metadata
    relation = Relation.ADAPTER if is_network else Relation.FINETUNE
    base = metadata.get(_NAME)
    digest = _digests.usable(metadata.get(_HASH))
    if digest and not _digests.is_of_name(digest, base):
        at = f"/__metadata__/{_HASH}"
        yield Said(None, at, grade, relation, parent=refs.sha256(digest))
    if isinstance(base, str):
        yield Said(base, f"/__metadata__/{_NAME}", grade, relation)
