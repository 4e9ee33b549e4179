"""``cardData`` of a Hub record: the parents as the author wrote them, whatever the spelling.

``new_version`` is a successor, never a parent.
"""

from __future__ import annotations

from collections.abc import Iterator

from modelaudit.domain.claim import Claim
from modelaudit.domain.model import Document, Gap
from modelaudit.domain.words import Grade
from modelaudit.resolve.evidence._claims import claims
from modelaudit.resolve.evidence._hub import base_models, mapping_at

name = "hub-card"
reads = frozenset({"hf.record"})
grade = Grade.DECLARED


def extract(document: Document) -> Iterator[Claim | Gap]:
    """One claim per parent that the card names."""
    card = mapping_at(document.body, "cardData")
    said = base_models(card, "/cardData", document.body)
    return claims(document, name, said) if card else iter(())
