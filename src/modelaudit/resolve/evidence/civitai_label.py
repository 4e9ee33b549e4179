"""``baseModel`` of a Civitai version: the family that the publisher chose from a menu."""

from __future__ import annotations

from collections.abc import Iterator

from modelaudit.domain.claim import Claim
from modelaudit.domain.model import Document, Gap
from modelaudit.domain.words import Grade
from modelaudit.resolve.evidence._civitai import part, relation_by_type
from modelaudit.resolve.evidence._civitai_family import family
from modelaudit.resolve.evidence._claims import Said, claims

name = "civitai-label"
reads = frozenset({"civitai.version"})
grade = Grade.DECLARED


def extract(document: Document) -> Iterator[Claim | Gap]:
    """The family as one claim; a label that the platform does not define is also a gap."""
    return claims(document, name, _said(document))


def _said(document: Document) -> Iterator[Said | Gap]:
    relation = relation_by_type(document)
    stated = part(document, "version").get("baseModel")
    if relation is None or stated is None or isinstance(document.body, str):
        return
    yield from family(
        document, stated, "/version/baseModel", relation, document.body.get("created")
    )
