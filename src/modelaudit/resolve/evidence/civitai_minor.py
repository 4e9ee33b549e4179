"""``minor`` of a Civitai model: it shows a minor, or a character who is one.

Apart from the other marks: the page of a version leaves it out, and its silence withdraws nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from modelaudit.domain.claim import Claim
from modelaudit.domain.model import Document, Gap
from modelaudit.domain.words import Grade
from modelaudit.resolve.evidence._civitai_marks import tells, ticked
from modelaudit.resolve.evidence._claims import claims

name = "civitai-minor"
reads = frozenset({"civitai.version"})
grade = Grade.RECORDED


def speaks(document: Document) -> bool:
    """Only pages and lists of models have the field, from 2025 on."""
    return tells(document, "minor")


def extract(document: Document) -> Iterator[Claim | Gap]:
    """One claim where it is set."""
    return claims(document, name, ticked(document, "minor"))
