"""The marks that Civitai sets on a model itself, as claims that lead to no parent.

Fields as in the platform's own schema (https://github.com/civitai/civitai, ``Model.poi``,
``Model.minor``, ``Model.mode``). A mark says what the platform, or an uploader's tick in its form,
put on the page; that it is not set proves nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from modelaudit.domain import refs
from modelaudit.domain.model import Document
from modelaudit.domain.words import Grade, Relation
from modelaudit.resolve.evidence._civitai import part
from modelaudit.resolve.evidence._claims import Said


def tells(document: Document, *fields: str) -> bool:
    """Whether the record has any of these fields of a model: one that lacks them says nothing."""
    return any(field in part(document, "model") for field in fields)


def ticked(document: Document, field: str) -> Iterator[Said]:
    """A mark that is on or off, and whether the model is meant for adults where it is on."""
    model = part(document, "model")
    if model.get(field) is True:
        mature = ", nsfw: true" if model.get("nsfw") is True else ""
        yield mark(f"{field}: true{mature}", field, f"/model/{field}")


def mark(text: str, flag: str, locator: str) -> Said:
    """One mark."""
    return Said(text, locator, Grade.RECORDED, Relation.LISTED, parent=refs.civitai_flag(flag))
