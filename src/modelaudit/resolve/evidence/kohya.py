"""``ss_*`` metadata of kohya's sd-scripts: the checkpoint that a network was trained on.

``ss_new_sd_model_hash`` is the sha256 of the base file, written when it lay on the trainer's disk;
``ss_sd_model_name`` is a Hub id when it did not (github.com/kohya-ss/sd-scripts); the same two of
a VAE that replaced the base's own. No claim comes from ``ss_sd_model_hash``, which is AutoV1 and
shared by strangers, nor from ``ss_base_model_version``, which is a family that trainers get wrong.

ai-toolkit writes some of these keys, ``software`` and ``training_info``, and names no base in any
of them (github.com/ostris/ai-toolkit, toolkit/metadata.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from modelaudit.domain import refs
from modelaudit.domain.claim import Claim
from modelaudit.domain.model import Document, Gap
from modelaudit.domain.words import Component, Grade, Relation
from modelaudit.resolve import _digests
from modelaudit.resolve.evidence._claims import Said, claims

name = "kohya"
reads = frozenset({"safetensors"})
grade = Grade.RECORDED

_BASE = ("ss_new_sd_model_hash", "ss_sd_model_name")
_VAE = ("ss_new_vae_hash", "ss_vae_name")


def extract(document: Document) -> Iterator[Claim | Gap]:
    """The base and its VAE by digest, and by name where the name says whose it is."""
    return claims(document, name, _said(document.body))


def _said(metadata: Mapping[str, Any] | str) -> Iterator[Said]:
    if isinstance(metadata, str):
        return
    is_network = "ss_network_module" in metadata or "ss_network_dim" in metadata
    yield from _file(metadata, _BASE, Relation.ADAPTER if is_network else Relation.FINETUNE)
    yield from _file(metadata, _VAE, Relation.COMPONENT, Component.VAE)


def _file(
    metadata: Mapping[str, Any],
    keys: tuple[str, str],
    relation: Relation,
    part: Component | None = None,
) -> Iterator[Said]:
    digest, text = _digests.usable(metadata.get(keys[0])), metadata.get(keys[1])
    if digest and not _digests.is_of_name(digest, text):
        at = f"/__metadata__/{keys[0]}"
        yield Said(None, at, grade, relation, parent=refs.sha256(digest), component=part)
    if isinstance(text, str):
        yield Said(text, f"/__metadata__/{keys[1]}", grade, relation, component=part)
