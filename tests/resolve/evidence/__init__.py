"""What the tests of evidence share: documents and a short form of claims."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelaudit.domain.claim import Claim
from modelaudit.domain.model import Document, Gap
from modelaudit.domain.refs import ModelRef
from modelaudit.resolve.extractor import extract

CHILD = ModelRef("hf:acme/child")
AT = 1_700_000_000


def document(kind: str, body: Mapping[str, Any] | str, model: ModelRef = CHILD) -> Document:
    return Document(model=model, kind=kind, body=body, observed=AT, source="https://x.test/f")


def read(
    kind: str, body: Mapping[str, Any] | str, only: str | None = None, model: ModelRef = CHILD
) -> tuple[list[Claim], list[Gap]]:
    """What every extractor, or ``only`` one, reads out of a document."""
    result = extract(document(kind, body, model))
    claims = [c for c in result.claims if only in (None, c.extractor)]
    return claims, result.gaps


def short(claims: list[Claim]) -> list[tuple[str, str, str, str]]:
    """(parent, relation, grade, locator) of each claim."""
    return [(c.parent, c.relation.word, c.grade.word, c.locator) for c in claims]
