"""A PEFT configuration, which notes the model that an adapter was trained on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from modelaudit.domain.words import Component, Grade, Relation
from modelaudit.resolve.evidence._claims import Said

BASE, REVISION = "base_model_name_or_path", "revision"


def base(
    config: Mapping[str, Any], at: str, prefix: str = "", part: Component | None = None
) -> Iterator[Said]:
    """The base, with the revision that the configuration pins; ``prefix`` stands before its keys.

    ``at`` is the pointer of the configuration. Of a ``part`` that is no main component the base is
    not that of the adapter: it only gave the part.
    """
    name, revision = config.get(f"{prefix}{BASE}"), config.get(f"{prefix}{REVISION}")
    if not isinstance(name, str):
        return
    if isinstance(revision, str) and revision and "@" not in name and ":" not in name:
        name = f"{name}@{revision}"
    relation = Relation.ADAPTER if part is None else Relation.COMPONENT
    yield Said(name, f"{at}/{prefix}{BASE}", Grade.RECORDED, relation, component=part)
