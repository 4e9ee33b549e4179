"""What the Hub's list record and a card's front matter have in common."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from modelaudit.domain.words import Grade, Relation
from modelaudit.resolve.evidence._claims import Said, relation_word
from modelaudit.resolve.identity import MAX_NAMES, names_in

_BASE_MODEL = re.compile(r"base[ _-]?models?\Z", re.IGNORECASE)
_MAX_KEYS = 200


def list_at(body: object, key: str) -> list[Any]:
    """The list at ``key``, cut to 200 items; empty when something else is there."""
    value = body.get(key) if isinstance(body, dict) else None
    return value[:MAX_NAMES] if isinstance(value, list) else []


def mapping_at(body: object, key: str) -> Mapping[str, Any]:
    """The object at ``key``; empty when something else is there."""
    value = body.get(key) if isinstance(body, dict) else None
    return value if isinstance(value, dict) else {}


def tagged(body: object, prefix: str) -> list[tuple[str, str]]:
    """(JSON pointer, rest of the tag) of a record's tags with this prefix."""
    skip = len(prefix)
    return [
        (f"/tags/{i}", tag[skip:])
        for i, tag in enumerate(list_at(body, "tags"))
        if isinstance(tag, str) and tag[:skip] == prefix
    ]


def base_models(card: Mapping[str, Any], at: str, record: object = None) -> Iterator[Said]:
    """The parents that a card names; ``record`` is the list record that it came with."""
    for key in _base_model_keys(card):
        names = list(names_in(card[key], f"{at}/{key}"))
        relation = relation_word(card.get("base_model_relation")) or _inferred(record)
        if relation is None and len(names) > 1:
            is_merge = "merge" in list_at(record, "tags") or "merge" in list_at(card, "tags")
            relation = Relation.MERGE if is_merge else None
        for pointer, text in names:
            yield Said(text, pointer, Grade.DECLARED, relation)


def datasets(card: Mapping[str, Any], at: str) -> Iterator[Said]:
    """The training sets that a card names."""
    for pointer, text in names_in(card.get("datasets"), f"{at}/datasets"):
        yield Said(text, pointer, Grade.DECLARED, Relation.TRAINED_ON, default="dataset")


def _base_model_keys(card: Mapping[str, Any]) -> list[str]:
    """``base_model`` in any spelling: the Hub ignores all but one of them, we do not."""
    keys = list(card)[:_MAX_KEYS]
    return [key for key in keys if 9 <= len(key) <= 11 and _BASE_MODEL.match(key)]


def _inferred(record: object) -> Relation | None:
    """The relation that the Hub worked out, so that one card is not two contradicting claims."""
    if relation := relation_word(mapping_at(record, "baseModels").get("relation")):
        return relation
    for _, text in tagged(record, "base_model:"):
        if relation := relation_word(text.partition(":")[0]):
            return relation
    return Relation.ADAPTER if is_adapter(record) else None


def is_adapter(record: object) -> bool:
    """True for a repository that calls itself a LoRA: its base is not what it was tuned into."""
    tags = list_at(record, "tags")
    library = record.get("library_name") if isinstance(record, dict) else None
    return "lora" in tags or "peft" in tags or library == "peft"
