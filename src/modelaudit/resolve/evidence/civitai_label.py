"""``baseModel`` of a Civitai version: the family that the publisher chose from a menu.

On 2022-12-21 all older versions were set to ``SD 1.5`` in bulk; up to then the label is a hint.
"""

from __future__ import annotations

from collections.abc import Iterator

from modelaudit.domain import refs
from modelaudit.domain.claim import Claim
from modelaudit.domain.model import Document, Gap
from modelaudit.domain.times import parse_time
from modelaudit.domain.words import GapReason, Grade
from modelaudit.resolve.evidence._civitai import known_labels, part, relation_by_type
from modelaudit.resolve.evidence._claims import Said, claims, malformed

name = "civitai-label"
reads = frozenset({"civitai.version"})
grade = Grade.DECLARED

_CHOSEN_SINCE = parse_time("2022-12-21") or 0
_RENAMED = {"MiniMax": "MiniMax H3", "HiDream O1": "HiDream-O1"}
_SAYS_NOTHING = frozenset({"", "Other", "Upscaler"})
_MAX_LENGTH = 100


def extract(document: Document) -> Iterator[Claim | Gap]:
    """The family as one claim; a label that the platform does not define is also a gap."""
    return claims(document, name, _said(document))


def _said(document: Document) -> Iterator[Said | Gap]:
    relation = relation_by_type(document)
    stated = part(document, "version").get("baseModel")
    if relation is None or stated is None:
        return
    if not isinstance(stated, str) or len(stated) > _MAX_LENGTH or not stated.isprintable():
        yield malformed(document, "the base model is not a label")
        return
    label = _RENAMED.get(stated.strip(), stated.strip())
    if label in _SAYS_NOTHING:
        return
    worth = grade if _was_chosen(document) else Grade.HINTED
    yield Said(stated, "/version/baseModel", worth, relation, parent=refs.civitai_label(label))
    if label not in known_labels():
        yield Gap(
            reason=GapReason.UNMAPPED,
            detail=f"base model {label!r} is not among the platform's known labels",
            model=document.model,
        )


def _was_chosen(document: Document) -> bool:
    body = document.body
    created = None if isinstance(body, str) else body.get("created")
    return isinstance(created, int) and created >= _CHOSEN_SINCE
