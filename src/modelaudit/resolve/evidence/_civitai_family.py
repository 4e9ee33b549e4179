"""What a Civitai ``baseModel`` label is worth, wherever it stands.

On 2022-12-21 all older versions were set to ``SD 1.5`` in bulk; up to then the label is a hint.
"""

from __future__ import annotations

from collections.abc import Iterator

from modelaudit.domain import refs
from modelaudit.domain.model import Document, Gap
from modelaudit.domain.times import parse_time
from modelaudit.domain.words import GapReason, Grade, Relation
from modelaudit.resolve.evidence._civitai import known_labels
from modelaudit.resolve.evidence._claims import Said, malformed

_CHOSEN_SINCE = parse_time("2022-12-21") or 0
_RENAMED = {"MiniMax": "MiniMax H3", "HiDream O1": "HiDream-O1"}
SAYS_NOTHING = frozenset({"", "Other", "Upscaler"})
_MAX_LENGTH = 100


def family(
    document: Document, stated: object, at: str, relation: Relation, created: object
) -> Iterator[Said | Gap]:
    """The label as one statement; one that the platform does not define is also a gap.

    ``created`` is when the version was made, UTC seconds; anything else leaves it open.
    """
    if not isinstance(stated, str) or len(stated) > _MAX_LENGTH or not stated.isprintable():
        yield malformed(document, "the base model is not a label")
        return
    label = _RENAMED.get(stated.strip(), stated.strip())
    if label in SAYS_NOTHING:
        return
    was_chosen = isinstance(created, int) and created >= _CHOSEN_SINCE
    worth = Grade.DECLARED if was_chosen else Grade.HINTED
    yield Said(stated, at, worth, relation, parent=refs.civitai_label(label))
    if label not in known_labels():
        yield Gap(
            reason=GapReason.UNMAPPED,
            detail=f"base model {label!r} is not among the platform's known labels",
            model=document.model,
        )
