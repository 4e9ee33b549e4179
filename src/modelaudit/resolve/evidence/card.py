"""A card (README.md): its front matter, and links in its prose as hints.

Merge recipes quoted in a card are read by ``mergekit``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from modelaudit.domain.claim import Claim
from modelaudit.domain.model import Document, Gap
from modelaudit.domain.words import Grade
from modelaudit.resolve.evidence._claims import Said, claims, malformed
from modelaudit.resolve.evidence._hub import base_models, datasets
from modelaudit.resolve.evidence._prose import parent_links
from modelaudit.resolve.evidence._yaml import UnreadableYaml, yaml_documents

name = "card"
reads = frozenset({"card"})
grade = Grade.DECLARED

_FRONT_MATTER = re.compile(r"\ufeff?\s*---[ \t]*\r?\n(.*?)^---[ \t]*\r?$", re.DOTALL | re.MULTILINE)
_CODE = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)


def extract(document: Document) -> Iterator[Claim | Gap]:
    """Parents and training sets of the front matter, then those that the prose links to."""
    return claims(document, name, _said(document))


def _said(document: Document) -> Iterator[Said | Gap]:
    text = document.body
    if not isinstance(text, str):
        return
    prose = text
    if front := _FRONT_MATTER.match(text):
        prose = text[front.end() :]
        yield from _of_front_matter(document, front[1])
    for link in parent_links(_CODE.sub(" ", prose)):
        yield Said(link.url, "prose", Grade.HINTED, link.relation)


def _of_front_matter(document: Document, text: str) -> Iterator[Said | Gap]:
    try:
        documents = yaml_documents(text)
    except UnreadableYaml as problem:
        yield malformed(document, f"the card's front matter is {problem}")
        return
    card = documents[0] if documents else None
    if isinstance(card, dict):
        yield from base_models(card, "front matter ", card)
        yield from datasets(card, "front matter ")
