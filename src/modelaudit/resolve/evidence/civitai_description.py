"""Links in the descriptions of a Civitai model and version, with words of merging or training."""

from __future__ import annotations

from collections.abc import Iterator

from modelaudit.domain.claim import Claim
from modelaudit.domain.model import Document, Gap
from modelaudit.domain.words import Grade
from modelaudit.resolve.evidence._civitai import part
from modelaudit.resolve.evidence._claims import Said, claims
from modelaudit.resolve.evidence._prose import parent_links

name = "civitai-description"
reads = frozenset({"civitai.version"})
grade = Grade.HINTED


def extract(document: Document) -> Iterator[Claim | Gap]:
    """One hint per linked model that the text before the link calls a parent."""
    return claims(document, name, _said(document))


def _said(document: Document) -> Iterator[Said]:
    for key in ("version", "model"):
        text = part(document, key).get("description")
        if isinstance(text, str):
            for link in parent_links(text):
                yield Said(link.url, f"/{key}/description", grade, link.relation)
