"""How every extractor words a claim: guesses are hinted, self-loops and repetitions dropped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from modelaudit.domain import refs
from modelaudit.domain.claim import EXCERPT_LENGTH, Claim
from modelaudit.domain.model import Document, Gap
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.words import Component, GapReason, Grade, Relation
from modelaudit.resolve.identity import named

_RELATIONS = {
    "adapter": Relation.ADAPTER,
    "lora": Relation.ADAPTER,
    "quantized": Relation.QUANTIZED,
    "quantization": Relation.QUANTIZED,
    "merge": Relation.MERGE,
    "finetune": Relation.FINETUNE,
    "distilled": Relation.DISTILLED,
    "distillation": Relation.DISTILLED,
    "conversion": Relation.CONVERSION,
    "converted": Relation.CONVERSION,
    "pruned": Relation.PRUNED,
    "copy": Relation.COPY,
}


def relation_word(word: object) -> Relation | None:
    """The relation that a platform's word stands for; ``None`` for words nobody agreed on."""
    return _RELATIONS.get(word.strip().lower()) if isinstance(word, str) else None


class Said(NamedTuple):
    """One statement of a document about an origin, before anybody asked what node it means."""

    text: str | None
    """The parent as it is written."""
    locator: str
    grade: Grade
    """What the kind of evidence is worth; a name that is a guess is only hinted."""
    relation: Relation | None = None
    """``None``: a finetune, unless the document already said how this parent is one."""
    parent: ModelRef | None = None
    """The node, where ``text`` is no name."""
    default: str = "hf"
    """The platform of a plain ``owner/name``."""
    stable_id: str | None = None
    weight: float | None = None
    component: Component | None = None
    """The part that this parent gave, where it did not give the whole."""


def claims(document: Document, by: str, said: Iterable[Said | Gap]) -> Iterator[Claim | Gap]:
    """The statements as claims: self-loops dropped, each (parent, relation) once; gaps as is."""
    child = refs.key(document.model)
    seen: dict[ModelRef, list[Relation]] = {}
    for item in said:
        if isinstance(item, Gap):
            yield item
            continue
        text, locator, grade, relation, parent, default, stable_id, weight, component = item
        if parent is None:
            found = named(text, default=default) if text else None
            if found is None or (default == "dataset" and not found.ref.startswith("dataset:")):
                continue
            parent = found.ref
            if not found.certain and not _typed_bare(text, found.ref, grade):
                grade = Grade.HINTED
        relations = seen.setdefault(parent, [])
        if parent.startswith("dataset:"):
            relation = Relation.TRAINED_ON
        elif relation is None:
            relation = relations[0] if relations else Relation.FINETUNE
        if relation in relations or _is_itself(child, parent):
            continue
        relations.append(relation)
        if text is not None and (text := text.strip()) in (parent, refs.local(parent)):
            text = None
        yield Claim(
            child=document.model,
            parent=parent,
            relation=relation,
            grade=grade,
            extractor=by,
            locator=locator,
            observed=document.observed,
            source=document.source,
            path=document.path or "",
            excerpt=None if text is None else _storable(text[:EXCERPT_LENGTH]),
            component=component,
            parent_stable_id=stable_id,
            weight=weight,
        )


def malformed(document: Document, detail: str) -> Gap:
    """The gap for a document, or a part of it, that cannot be read."""
    return Gap(reason=GapReason.MALFORMED, detail=detail, model=document.model, file=document.path)


def _storable(text: str) -> str:
    """The text without lone surrogates, which no file or database can hold."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _typed_bare(text: str | None, ref: ModelRef, grade: Grade) -> bool:
    """A bare name that a publisher typed as it is: an old id, an alias that lists or redirects
    know, or one that nobody can resolve and that therefore leads nowhere.
    """
    return grade is Grade.DECLARED and text is not None and text.strip() == refs.local(ref)


def _is_itself(child: str, parent: ModelRef) -> bool:
    # A Civitai model without a version stands for all of its versions.
    key = refs.key(parent)
    return child == key or child.startswith(f"{key}@")
