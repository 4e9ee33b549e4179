"""``poi`` and ``mode`` of a Civitai model: a real person's likeness; archived or taken down."""

from __future__ import annotations

from collections.abc import Iterator

from modelaudit.domain.claim import Claim
from modelaudit.domain.model import Document, Gap
from modelaudit.domain.words import Grade
from modelaudit.resolve.evidence._civitai import part
from modelaudit.resolve.evidence._civitai_marks import mark, tells, ticked
from modelaudit.resolve.evidence._claims import Said, claims

name = "civitai-flags"
reads = frozenset({"civitai.version"})
grade = Grade.RECORDED

_MODES = ("Archived", "TakenDown")


def speaks(document: Document) -> bool:
    """Every page has ``poi``; ``mode`` is left out of the healthy."""
    return tells(document, "poi", "mode")


def extract(document: Document) -> Iterator[Claim | Gap]:
    """One claim for each that is set."""
    return claims(document, name, _said(document))


def _said(document: Document) -> Iterator[Said]:
    yield from ticked(document, "poi")
    mode = part(document, "model").get("mode")
    if mode in _MODES:
        yield mark(f"mode: {mode}", f"mode:{mode}", "/model/mode")
