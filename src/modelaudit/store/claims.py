"""Claims read back as domain values."""

from __future__ import annotations

import sqlite3
from typing import Any

import msgspec

from modelaudit.domain import refs
from modelaudit.domain.claim import EXCERPT_LENGTH, Claim, Sample
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.words import Component, Grade, Relation
from modelaudit.store.fragments import MAINS, PART, SAME_TENSORS, SHARED_PART

_SELECT = """
SELECT c.ref, p.ref, claim.relation, claim.grade, o.extractor, o.path, o.locator, claim.observed,
       claim.source, claim.excerpt, claim.component, claim.weight, claim.sample
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


def digest_claims(connection: sqlite3.Connection, sha256: str, child: int) -> list[Claim]:
    """The files of a model that have this digest, or equal tensors, as claims of being a copy.

    Where the child is a digest itself, the files are those that have it.
    """
    ref = ModelRef(connection.execute("SELECT ref FROM node WHERE id = ?", (child,)).fetchone()[0])
    held = _HELD.format(file="f")
    rows = connection.execute(
        f"SELECT f.path, f.observed, {PART.format(file='f')}, NULL FROM file AS f"
        f" WHERE f.sha256 = ?1 AND {held}"
        f" UNION ALL SELECT f.path, f.observed, {SHARED_PART.format(file='f', part='b.component')},"
        "       lower(hex(b.digest))"
        f"  FROM {SAME_TENSORS} CROSS JOIN file AS f ON f.head = b.head AND {held}"
        " WHERE a.head = ?1 ORDER BY 1, 3",
        (bytes.fromhex(sha256), child, _digest(ref)),
    )
    return [
        Claim(
            child=ref,
            parent=refs.sha256(sha256),
            relation=Relation.COPY,
            grade=Grade.EXACT,
            extractor="listed-digest" if state is None else "same-tensors",
            locator=path,
            source=refs.record_url(ref),
            excerpt=None if state is None else f"all {Component(component)} tensors, state {state}",
            observed=observed,
            component=None if component is None else Component(component),
        )
        for path, observed, component, state in rows
    ]


def shared_claims(connection: sqlite3.Connection, parent: int, child: int) -> list[Claim]:
    """The main files that two models hold alike, as claims that one is a copy of the other."""
    names = {
        number: ModelRef(ref)
        for number, ref in connection.execute(
            "SELECT id, ref FROM node WHERE id IN (?, ?)", (parent, child)
        )
    }
    held = _HELD.format(file="c")
    rows = connection.execute(
        "SELECT c.path, p.path, lower(hex(c.sha256)), max(c.observed, p.observed),"
        f"      ifnull({PART.format(file='c')}, {PART.format(file='p')}) AS part, 'sha256'"
        "  FROM file AS c JOIN file AS p ON p.sha256 = c.sha256 AND p.node = ?1"
        f" WHERE {held} AND part IN ({MAINS})"
        " UNION ALL SELECT c.path, p.path, lower(hex(b.digest)), max(c.observed, p.observed),"
        f"      b.component, 'state' FROM file AS p CROSS JOIN {SAME_TENSORS}"
        "  CROSS JOIN file AS c ON c.head = b.head"
        f" WHERE p.node = ?1 AND a.head = p.head AND {held} AND b.component IN ({MAINS})"
        f"  AND ifnull(c.component, b.component) IN ({MAINS})"
        f"  AND ifnull(p.component, b.component) IN ({MAINS})"
        " ORDER BY 6, 1, 2",
        (parent, child, _digest(names[child])),
    )
    return [
        Claim(
            child=names[child],
            parent=names[parent],
            relation=Relation.COPY,
            grade=Grade.EXACT,
            extractor="same-bytes",
            locator=path,
            source=refs.record_url(names[child]),
            excerpt=f"{what} {digest}, there {other}"[:EXCERPT_LENGTH],
            observed=observed,
            component=Component(component),
        )
        for path, other, digest, observed, component, what in rows
    ]


_HELD = "CASE WHEN ?3 IS NULL THEN {file}.node = ?2 ELSE {file}.sha256 = ?3 END"


def _digest(ref: ModelRef) -> bytes | None:
    return bytes.fromhex(refs.local(ref)) if ref.startswith("sha256:") else None


def _claim(row: tuple[Any, ...]) -> Claim:
    (child, parent, relation, grade, extractor, path, locator, observed, source, excerpt, component,
     weight, sample) = row  # fmt: skip
    return Claim(
        child=ModelRef(child),
        parent=ModelRef(parent),
        relation=Relation(relation),
        grade=Grade(grade),
        extractor=extractor,
        path=path,
        locator=locator,
        observed=observed,
        source=source or refs.record_url(ModelRef(child)),
        excerpt=excerpt,
        component=None if component is None else Component(component),
        weight=weight,
        sample=None if sample is None else msgspec.json.decode(sample, type=Sample),
    )
