"""What the extractors of Civitai versions share: types, labels and the trainer's own words.

Labels and aliases: github.com/civitai/civitai at ebed6616 (2026-08-08),
``basemodel.constants.ts`` and ``training.ts``.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from modelaudit.domain.model import Document
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.words import Relation

_RELATIONS = {
    "Checkpoint": Relation.FINETUNE,
    "LORA": Relation.ADAPTER,
    "LoCon": Relation.ADAPTER,
    "DoRA": Relation.ADAPTER,
    "TextualInversion": Relation.ADAPTER,
    "Hypernetwork": Relation.ADAPTER,
    "AestheticGradient": Relation.ADAPTER,
    "Controlnet": Relation.ADAPTER,
    "MotionModule": Relation.ADAPTER,
    "VAE": Relation.COMPONENT,
    "TextEncoder": Relation.COMPONENT,
    "CLIP": Relation.COMPONENT,
    "CLIPVision": Relation.COMPONENT,
}
_MAIN_FILES = ("Model", "Pruned Model", "UNet", "Diffusion Model")
"""File types that speak for their version; the others may belong to another model."""

_NOTHING: Mapping[str, Any] = {}


def part(document: Document, key: str) -> Mapping[str, Any]:
    """``model`` or ``version`` of a Civitai document; empty when something else is there."""
    body = document.body
    value = body.get(key) if isinstance(body, dict) else None
    return value if isinstance(value, dict) else _NOTHING


def relation_by_type(document: Document) -> Relation | None:
    """How a version of this type comes from its base; ``None`` for types without a base.

    A version that shows files, none of which is a model, shows a part: a VAE uploaded as a
    checkpoint is no checkpoint.
    """
    files = document.body.get("files") if isinstance(document.body, dict) else None
    return relation_of(part(document, "model"), files)


def relation_of(model: Mapping[str, Any], files: object) -> Relation | None:
    """The same, of a model and the files of one version."""
    kind = model.get("type")
    relation = _RELATIONS.get(kind) if isinstance(kind, str) else None
    if relation is not None and _are_only_parts(files):
        return Relation.COMPONENT
    if relation is Relation.FINETUNE and model.get("checkpointType") == "Merge":
        return Relation.MERGE
    return relation


def _are_only_parts(files: object) -> bool:
    types = [f.get("type") for f in files if isinstance(f, dict)] if isinstance(files, list) else []
    told = [kind for kind in types if isinstance(kind, str)]
    return bool(told) and not any(kind in _MAIN_FILES for kind in told)


@cache
def known_labels() -> frozenset[str]:
    """Every ``baseModel`` string that the platform defines."""
    return frozenset(_lines("_civitai_labels.txt"))


@cache
def trainer_aliases() -> Mapping[str, ModelRef]:
    """The trainer's short names → the checkpoint that it loads."""
    pairs = (line.split("\t") for line in _lines("_civitai_trainer_aliases.txt"))
    return {alias: ModelRef(ref) for alias, ref in pairs}


def _lines(name: str) -> list[str]:
    return files(__package__).joinpath(name).read_text(encoding="utf-8").splitlines()
