"""Finding the claims that contradict each other, over the whole catalogue."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from operator import itemgetter

from modelaudit.check import conflicts as rule
from modelaudit.domain import refs
from modelaudit.domain.claim import Claim, Conflict
from modelaudit.domain.listing import Listing
from modelaudit.domain.words import ConflictKind, Grade, Relation
from modelaudit.resolve.copies import NAME, NAME_UNDIRECTED
from modelaudit.resolve.extractor import embedded
from modelaudit.steps import kinship, shapes
from modelaudit.store import evidence
from modelaudit.store.claims import claims_between, claims_of, digest_claims, shared_claims
from modelaudit.store.graph import roots_of


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A conflict, and the edge that the stronger claim weakens."""

    node: int
    conflict: Conflict
    strong: int
    """The node that the stronger claim leads to; shapes lead to none."""


_NOBODY = 0


def find(connection: sqlite3.Connection, listing: Listing) -> Iterator[Contradiction]:
    """Every contradiction; expects the temporary tables of :mod:`modelaudit.store.graph`."""
    for item in (
        *_copies(connection),
        *_twins(connection),
        *_listed_files(connection, listing),
        *_adapters(connection),
        *_allowed(connection, listing),
        *(
            Contradiction(node, conflict, _NOBODY)
            for node, conflict in shapes.find(connection, listing)
        ),
        *(
            Contradiction(found.node, found.conflict, found.proved or _NOBODY)
            for found in kinship.find(connection)
        ),
    ):
        conflict = item.conflict
        if conflict.entry is None:
            entry = _leads_to(connection, listing, conflict)
            item = replace(item, conflict=replace(conflict, entry=entry))
        yield item


def weak_edges(
    connection: sqlite3.Connection, found: list[Contradiction]
) -> Iterator[tuple[int, int, int]]:
    """(parent, child, stronger parent) of edges that rest on a weaker claim."""
    for item in found:
        if item.conflict.kind in (ConflictKind.PARENT, ConflictKind.FAMILY):
            parents = evidence.parents(connection, item.node)
            weaker = item.conflict.claims
            for claim in weaker if item.conflict.measured else weaker[:-1]:
                weak = parents.get(refs.key(claim.parent))
                if weak is not None and weak != item.strong:
                    yield weak, item.node, item.strong


def _copies(connection: sqlite3.Connection) -> Iterator[Contradiction]:
    for source, group in groupby(evidence.copies(connection, NAME), itemgetter(0)):
        same = evidence.keys_of(connection, evidence.siblings(connection, source))
        labels = _families(connection, evidence.labels(connection, source))
        for _, child in group:
            if evidence.decided_by_list(connection, child):
                continue  # what the list knows of its bytes is the better measure
            copy = next(c for c in claims_between(connection, source, child) if _by_bytes(c))
            words = [c for c in claims_of(connection, child) if not _goes_with_bytes(c)]
            for conflict in rule.against_bytes(copy, words, same=same, labels=labels):
                yield Contradiction(child, conflict, source)


def _twins(connection: sqlite3.Connection) -> Iterator[Contradiction]:
    """Equal bytes under labels of different families, with nobody known to be the source.

    Each label contradicts the other, so that a path may rest on neither alone.
    """
    for other, child in evidence.copies(connection, NAME_UNDIRECTED):
        if any(evidence.decided_by_list(connection, node) for node in (other, child)):
            continue
        copy = next(c for c in claims_between(connection, other, child) if _by_bytes(c))
        pair = {node: evidence.labels(connection, node) for node in (child, other)}
        for node, against in ((child, other), (other, child)):
            families = _families(connection, pair[against])
            if not families or not pair[node] or families & pair[node].keys():
                continue
            labelled = [c for c in claims_of(connection, node) if refs.key(c.parent) in pair[node]]
            conflict = Conflict(
                model=labelled[0].child, kind=ConflictKind.FAMILY, claims=(*labelled, copy)
            )
            yield Contradiction(node, conflict, min(pair[against].values()))


def _leads_to(connection: sqlite3.Connection, listing: Listing, conflict: Conflict) -> str | None:
    """The entry that lists a parent named on either side."""
    named = [refs.key(claim.parent) for claim in conflict.claims]
    row = connection.execute(
        "SELECT min(l.entry) FROM listed AS l JOIN node AS n ON n.id = l.node"
        f" WHERE n.key IN ({','.join('?' * len(named))})",
        named,
    ).fetchone()
    return None if row[0] is None else listing.entries[row[0]].id


def _families(connection: sqlite3.Connection, labels: dict[str, int]) -> set[str]:
    """These labels, and those that a list takes for the same."""
    return {*labels, *_listed_beside(connection, set(labels.values()))} if labels else set()


def _listed_files(connection: sqlite3.Connection, listing: Listing) -> Iterator[Contradiction]:
    roots = roots_of(connection, list(listing.entries))
    numbers = {entry.id: number for number, entry in listing.entries.items()}
    roles = {(d.entry, d.sha256): d.component for d in listing.digests}
    copies: list[tuple[int, int, int, Claim]] = []
    for entry, child, digest, number, whole in evidence.digest_matches(connection):
        copy = digest_claims(connection, digest, child)[0]
        name = listing.entries[entry].id
        for conflict in rule.against_role(copy, roles[entry, digest], name):
            yield Contradiction(child, conflict, number)
        if whole:
            copies.append((entry, child, number, copy))
    for entry, child, model in evidence.copies_of_listed(connection):
        copies.append((entry, child, model, shared_claims(connection, model, child)[0]))
    met: set[tuple[int, int]] = set()
    for entry, child, strong, copy in copies:
        itself = evidence.keys_of(connection, {child})
        if itself & roots[entry] or (entry, child) in met:
            continue
        met.add((entry, child))  # several listed files say no more than one
        # A listed derivative may name what the list says that it derives from.
        listed = listing.entries[entry]
        of = [numbers[name] for name in listed.claim_of if name in numbers]
        same = roots[entry].union(*(roots[number] for number in of))
        labels = set[str]()
        if listed.claim_relation != "derived-from":
            labels = {key for key in same if key.startswith("civitai-base:")}
        words = [c for c in claims_of(connection, child) if not _goes_with_bytes(c)]
        for conflict in rule.against_bytes(copy, words, same=same, labels=labels, entry=listed.id):
            yield Contradiction(child, conflict, strong)


def _adapters(connection: sqlite3.Connection) -> Iterator[Contradiction]:
    for child in evidence.recorded_adapters(connection):
        claims = claims_of(connection, child)
        parents = evidence.parents(connection, child)
        recorded = {
            parents[refs.key(c.parent)]
            for c in claims
            if c.grade is Grade.RECORDED and c.relation is Relation.ADAPTER
        }
        vague = evidence.ancestors(connection, recorded)
        known = evidence.existing(connection, set(parents.values()))
        for conflict in rule.against_records(
            claims,
            ancestors=evidence.keys_of(connection, vague) | _listed_beside(connection, vague),
            known=evidence.keys_of(connection, known),
        ):
            yield Contradiction(child, conflict, parents[refs.key(conflict.claims[-1].parent)])


def _allowed(connection: sqlite3.Connection, listing: Listing) -> Iterator[Contradiction]:
    for child, parent, entry in evidence.allowed_with_claims(connection):
        claims = claims_between(connection, parent, child)
        if not claims:
            listed = evidence.node(connection, parent).ref
            if listed.startswith("sha256:"):
                claims = digest_claims(connection, refs.local(listed), child)
            else:
                claims = shared_claims(connection, parent, child)
        if claims:
            conflict = Conflict(
                model=claims[0].child,
                kind=ConflictKind.PARENT,
                claims=tuple(claims),
                entry=listing.entries[entry].id,
            )
            yield Contradiction(child, conflict, parent)


def _listed_beside(connection: sqlite3.Connection, numbers: set[int]) -> set[str]:
    """Keys of what the lists mean by the same entries."""
    beside = (evidence.listed_beside(connection, number) for number in numbers)
    return evidence.keys_of(connection, set[int]().union(*beside))


def _by_bytes(claim: Claim) -> bool:
    return claim.extractor in (NAME, NAME_UNDIRECTED)


def _goes_with_bytes(claim: Claim) -> bool:
    """What a file says, by its head or its values, is copied with it: it contradicts no copy."""
    return _by_bytes(claim) or claim.extractor in embedded()
