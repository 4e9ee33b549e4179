"""Claims read back as domain values."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any

from modelaudit.domain import refs
from modelaudit.domain.claim import Claim
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.words import Component, Grade, Relation

_SELECT = """
SELECT c.ref, p.ref, claim.relation, claim.grade, o.extractor, o.locator, claim.observed,
       claim.source, claim.excerpt, claim.component, claim.weight
  FROM claim
  JOIN node AS c ON c.id = claim.child
  JOIN node AS p ON p.id = claim.parent
  JOIN origin AS o ON o.id = claim.origin
"""

_ORDER = " ORDER BY claim.grade DESC, p.ref, o.extractor, o.path, o.locator"


def claims_of(connection: sqlite3.Connection, child: int) -> list[Claim]:
    """What is claimed about one model, strongest first."""
    rows = connection.execute(f"{_SELECT} WHERE claim.child = ?{_ORDER}", (child,))
    return [_claim(row) for row in rows]


def claims_between(connection: sqlite3.Connection, parent: int, child: int) -> list[Claim]:
    """What is claimed about one hop, strongest first."""
    rows = connection.execute(
        f"{_SELECT} WHERE claim.parent = ? AND claim.child = ?{_ORDER}", (parent, child)
    )
    return [_claim(row) for row in rows]


def children_of(connection: sqlite3.Connection, parent: int, limit: int) -> Iterator[Claim]:
    """Claims that name this model as their parent, by child."""
    rows = connection.execute(
        f"{_SELECT} WHERE claim.parent = ? ORDER BY c.ref, o.extractor LIMIT ?", (parent, limit)
    )
    return (_claim(row) for row in rows)


def digest_claims(connection: sqlite3.Connection, sha256: str, child: int) -> list[Claim]:
    """The files of a model that have this digest, as claims of being a copy of it."""
    ref = ModelRef(connection.execute("SELECT ref FROM node WHERE id = ?", (child,)).fetchone()[0])
    return [
        Claim(
            child=ref,
            parent=refs.sha256(sha256),
            relation=Relation.COPY,
            grade=Grade.EXACT,
            extractor="listed-digest",
            locator=path,
            source=refs.record_url(ref),
            observed=observed,
            component=None if component is None else Component(component),
        )
        for path, observed, component in connection.execute(
            "SELECT path, observed, component FROM file"
            " WHERE sha256 = ? AND node = ? ORDER BY path",
            (bytes.fromhex(sha256), child),
        )
    ]


def _claim(row: tuple[Any, ...]) -> Claim:
    (child, parent, relation, grade, extractor, locator, observed, source, excerpt, component,
     weight) = row  # fmt: skip
    return Claim(
        child=ModelRef(child),
        parent=ModelRef(parent),
        relation=Relation(relation),
        grade=Grade(grade),
        extractor=extractor,
        locator=locator,
        observed=observed,
        source=source or refs.record_url(ModelRef(child)),
        excerpt=excerpt,
        component=None if component is None else Component(component),
        weight=weight,
    )
