"""A sidecar: what a download tool wrote about Civitai beside a weight file on somebody's disk.

``name.civitai.info`` is a version's own body (Civitai Helper), ``name.cm-info.json`` a part of it
under capital names (Stability Matrix), ``name.metadata.json`` holds it below ``civitai``
(ComfyUI-Lora-Manager); other tools write ``name.json`` with some of the fields. It says which
version the file is. Whether its sha256 is that of the file is settled before it comes here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from modelaudit.domain import refs
from modelaudit.domain.claim import Claim
from modelaudit.domain.model import Document, Gap
from modelaudit.domain.times import parse_time
from modelaudit.domain.words import Grade, Relation
from modelaudit.resolve.evidence._civitai import relation_of
from modelaudit.resolve.evidence._civitai_family import family
from modelaudit.resolve.evidence._claims import Said, claims, malformed
from modelaudit.resolve.evidence._json import json_object

name = "civitai-info"
reads = frozenset({"civitai_info"})
grade = Grade.DECLARED

_MODEL = ("modelId", "ModelId")
_VERSION = ("id", "modelVersionId", "VersionId")
_LABEL = ("baseModel", "BaseModel")
_MOST = 10**10


def extract(document: Document) -> Iterator[Claim | Gap]:
    """The version that the file is a copy of, and the family of that version."""
    return claims(document, name, _said(document))


def _said(document: Document) -> Iterator[Said | Gap]:
    whole = json_object(document.body)
    if whole is None:
        yield malformed(document, "what lies beside the file is not a JSON object")
        return
    inner = whole.get("civitai")
    body, at = (inner, "/civitai") if isinstance(inner, dict) else (whole, "")
    key, model = _first(body, _MODEL)
    # An id alone may be a model's.
    if key and _is_id(model):
        version = _first(body, _VERSION)[1]
        parent = refs.civitai(model, version if _is_id(version) else None)
        yield Said(None, f"{at}/{key}", grade, Relation.COPY, parent=parent)
    yield from _of_label(document, body, at)


def _of_label(document: Document, body: Mapping[str, Any], at: str) -> Iterator[Said | Gap]:
    key, label = _first(body, _LABEL)
    model = body.get("model")
    if not isinstance(model, dict):
        model = {"type": body.get("ModelType")}
    created = parse_time(body.get("publishedAt")) or parse_time(body.get("createdAt"))
    relation = relation_of(model, body.get("files"))
    if model.get("type") is None:  # a label without a type hints at the family, and no more
        relation, created = Relation.FINETUNE, None
    if key and relation:
        yield from family(document, label, f"{at}/{key}", relation, created)


def _first(body: Mapping[str, Any], keys: tuple[str, ...]) -> tuple[str, Any]:
    """The first of these keys that holds something, and what it holds."""
    return next(((key, body[key]) for key in keys if body.get(key) is not None), ("", None))


def _is_id(value: object) -> bool:
    return type(value) is int and 0 < value < _MOST
