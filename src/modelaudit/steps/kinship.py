"""Declared parents against sampled weights: whom a model cannot descend from."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from modelaudit.domain import refs
from modelaudit.domain.claim import Claim, Conflict, Measured
from modelaudit.domain.words import ConflictKind, Grade, Relation
from modelaudit.store import compared, evidence
from modelaudit.store.claims import claims_of

_KEEPS_THE_VALUES = frozenset(
    {Relation.COPY, Relation.CONVERSION, Relation.QUANTIZED, Relation.PRUNED, Relation.FINETUNE}
)
"""A student may share nothing with its teacher, and a merge next to nothing with a parent."""


@dataclass(frozen=True, slots=True)
class Denied:
    """A model that names a parent of which its weights show no trace."""

    node: int
    conflict: Conflict
    proved: int | None
    """The node that its weights lead to instead, if any."""


def find(connection: sqlite3.Connection) -> Iterator[Denied]:
    """Every model whose main files, all of them, are no kin to a parent that it names.

    Expects what the lists name in the tables ``listed`` and ``original``: who names a re-host means
    the original.
    """
    for node, group in groupby(compared.denials(connection), lambda found: found.node):
        denials = {key: found for found in group for key in _meant(connection, found.parent)}
        claims = claims_of(connection, node)
        wrong = [claim for claim in claims if _is_denied(claim, denials)]
        if wrong:
            proof = next((claim for claim in claims if _is_proof(claim)), None)
            yield _denied(connection, node, wrong, proof, denials[refs.key(wrong[0].parent)])


def _denied(
    connection: sqlite3.Connection,
    node: int,
    wrong: list[Claim],
    proof: Claim | None,
    found: compared.Denial,
) -> Denied:
    strong = [] if proof is None else [proof]
    conflict = Conflict(
        model=wrong[0].child,
        kind=ConflictKind.PARENT,
        claims=(*{refs.key(c.parent): c for c in reversed(wrong)}.values(), *strong),
        measured=None if proof else _measured(found),
    )
    parents = evidence.parents(connection, node)
    return Denied(node, conflict, None if proof is None else parents[refs.key(proof.parent)])


def _is_denied(claim: Claim, denials: dict[str, compared.Denial]) -> bool:
    return (
        Grade.DECLARED <= claim.grade < Grade.MEASURED
        and claim.relation in _KEEPS_THE_VALUES
        and refs.key(claim.parent) in denials
    )


def _is_proof(claim: Claim) -> bool:
    return claim.extractor == "weights" and claim.relation is not Relation.COMPONENT


def _meant(connection: sqlite3.Connection, parent: int) -> set[str]:
    """Keys of a node, and of all by which the lists mean the same model."""
    return evidence.keys_of(connection, {parent, *evidence.same_listed(connection, parent)})


def _measured(found: compared.Denial) -> Measured:
    return Measured(
        file=found.path,
        family="",
        reason=(
            f"no trace of {found.reference}: R {found.score:.3f} over {found.tensors} matrices, "
            f"independent models stay below {found.floor:.2f}; permutation excluded"
        ),
        observed=found.observed,
        source=found.source,
    )
