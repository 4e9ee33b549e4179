"""From a node that an entry reaches to a finding that carries its evidence, hop by hop."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

from modelaudit.check.closure import path_of
from modelaudit.check.verdict import Cap, lowest, path_cap
from modelaudit.domain import refs
from modelaudit.domain.claim import EXCERPT_LENGTH, Claim, Conflict
from modelaudit.domain.edge import Edge, Flag, unpack
from modelaudit.domain.entry import Entry
from modelaudit.domain.finding import Finding
from modelaudit.domain.listing import Listing
from modelaudit.domain.name_hints import NameHints, searched
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.times import parse_time
from modelaudit.domain.words import Grade, Relation, Verdict
from modelaudit.store import evidence, exceptions, heads
from modelaudit.store.claims import claims_between, claims_of, digest_claims, shared_claims
from modelaudit.store.copies import main_files

EXCEPTION = "exception"
"""How ``decided_by`` begins where an exception of the entry decided."""

_CLAIMS_PER_HOP = 10
"""Strongest first; a hop claimed a hundred times is not claimed any better."""


class Evidencing:
    """Assembles findings for one check."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        listing: Listing,
        standard: Grade,
        conflicts: Mapping[int, Sequence[Conflict]],
        today: str,
    ) -> None:
        self._db = connection
        self._listing = listing
        self._names = NameHints(listing)
        self._standard = standard
        self._conflicts = conflicts
        self._today = today
        self._node_of_rank = lru_cache(maxsize=65_536)(
            lambda rank: evidence.node_of_rank(connection, rank)
        )

    def listed(self, number: int, node: int) -> Finding:
        """The finding on a listed model itself."""
        entry = self._listing.entries[number]
        ref = evidence.node(self._db, node).ref
        digests = evidence.listed_digests_of(self._db, node, number)
        bytes_match = [c for d in digests for c in digest_claims(self._db, d, node)]
        grade = Grade.EXACT if bytes_match else Grade.DECLARED
        cap = path_cap(entry, (), self._standard, listed=grade)
        cap = self._excepted(entry, evidence.node(self._db, node), cap)
        return Finding(
            entry=entry.id,
            model=ref,
            verdict=cap.verdict,
            decided_by=cap.reason,
            grade=grade,
            relation=Relation.LISTED,
            path=(ref,),
            claims=(
                _listing_claim(entry, ref, private=entry.id in self._listing.private),
                *bytes_match[:_CLAIMS_PER_HOP],
            ),
            conflicts=tuple(self._conflicts.get(node, ())),
            files=tuple(f for d in digests for f in evidence.files_like(self._db, node, d)),
        )

    def descendant(
        self, number: int, rank: int, tier: int, verdict: Verdict
    ) -> tuple[Finding, int]:
        """The finding on a model that the entry reaches, and its node."""
        entry = self._listing.entries[number]
        model = self._node_of_rank(rank)
        hops = path_of(self._db, tier, number, rank)
        edges = [unpack(code) for _, code in hops]
        chain = [model, *(self._node_of_rank(parent) for parent, _ in hops)]
        claims: list[Claim] = []
        for child, parent, edge in zip(chain, chain[1:], edges, strict=False):
            claims += self._claims(number, child, parent, edge)
        path = [node.ref for node in chain]
        path[-1], claims = _name_label(entry, path[-1], claims)
        files = self._files(model, chain[1], edges[0])
        cap = self._excepted(entry, model, path_cap(entry, edges, self._standard))
        reason = cap.reason
        if files:
            total = max(main_files(self._db, model.id), len(files))
            reason += f"; {len(files)} of {total} weight files match"
        elif edges[0].grade >= Grade.MEASURED:
            kin, total = evidence.kin_files(self._db, model.id, chain[1].id)
            reason += f"; by the weights of {kin} of {total} files" if kin else ""
        if entry.kind == "signal":  # people are often what such files are named after
            files, claims = [], [_without_names(claim) for claim in claims]
        return Finding(
            entry=entry.id,
            model=model.ref,
            verdict=min(cap.verdict, verdict),
            decided_by=reason,
            grade=min(edge.grade for edge in edges),
            relation=edges[0].relation,
            path=tuple(path),
            claims=tuple(claims),
            conflicts=tuple(c for node in chain for c in self._conflicts.get(node.id, ())),
            files=tuple(files),
        ), model.id

    def _claims(
        self, number: int, child: evidence.Node, parent: evidence.Node, edge: Edge
    ) -> list[Claim]:
        """What is claimed about one hop; there is always something."""
        claims: list[Claim] = []
        if parent.ref.startswith("sha256:"):
            claims += digest_claims(self._db, refs.local(parent.ref), child.id)
        claims += claims_between(self._db, parent.id, child.id)
        if not claims and edge.grade is Grade.EXACT and not edge.flags & Flag.UNDIRECTED:
            claims = shared_claims(self._db, parent.id, child.id)
        if not claims and edge.flags & Flag.UNDIRECTED:
            # Equal bytes are equal both ways: the claim is told in the direction of the path.
            claims = [
                replace(claim, child=child.ref, parent=parent.ref)
                for claim in claims_between(self._db, child.id, parent.id)
                if claim.extractor.startswith("same-bytes")
            ]
        if not claims:
            claims = self._by_model_page(child, parent) or [self._hint(number, child, parent, edge)]
        return claims[:_CLAIMS_PER_HOP]

    def _by_model_page(self, child: evidence.Node, parent: evidence.Node) -> list[Claim]:
        """Links to a Civitai model without a version."""
        page = refs.key(parent.ref).partition("@")[0]
        return [c for c in claims_of(self._db, child.id) if refs.key(c.parent) == page]

    def _hint(self, number: int, child: evidence.Node, parent: evidence.Node, edge: Edge) -> Claim:
        """What a list looks for beyond claims: a name, or an architecture."""
        word = self._names.word(number, searched(child.ref, child.title))
        shape = next(heads.shaped(self._db, child.id), None) if word is None else None
        if shape is None:
            return _name_hint(child, parent, edge, word)
        return Claim(
            child=child.ref,
            parent=parent.ref,
            relation=edge.relation,
            grade=Grade.HINTED,
            extractor="architecture",
            locator=shape.path,
            observed=shape.observed,
            source=refs.page_url(child.ref),
            excerpt=f"{shape.family}: {shape.reason}"[:EXCERPT_LENGTH],
        )

    def _files(
        self, model: evidence.Node, parent: evidence.Node, edge: Edge
    ) -> list[tuple[str, str]]:
        if edge.grade is not Grade.EXACT:
            return []
        if parent.ref.startswith("sha256:"):
            return evidence.files_like(self._db, model.id, refs.local(parent.ref))
        return evidence.shared_files_of(self._db, model.id, parent.id)

    def _excepted(self, entry: Entry, model: evidence.Node, cap: Cap) -> Cap:
        """The cap, or that of an exception of the entry which names the model and is lower."""
        caps = [cap]
        for exception in entry.exceptions:
            if self._today < exception.expires and exceptions.names(
                self._db, exception.match, model
            ):
                reason = f"{EXCEPTION} until {exception.expires}"
                if entry.id not in self._listing.private:
                    reason += f": {exception.reason}"
                caps.append(Cap(exception.effect, reason))
        return lowest(caps)


def _listing_claim(entry: Entry, ref: ModelRef, *, private: bool) -> Claim:
    """The list's own word for a listed model, with where its evidence can be read.

    Of a ``private`` list's entry it tells nothing but the id.
    """
    rehost = refs.key(ref) in {refs.key(r) for r in entry.match.rehosts}
    citations = (
        []
        if private
        else sorted(entry.evidence, key=lambda c: ("models" not in c.supports, c.kind))
    )
    return Claim(
        child=ref,
        parent=ref,
        relation=Relation.LISTED,
        grade=Grade.DECLARED,
        extractor="blocklist",
        locator=entry.id,
        observed=parse_time(citations[0].retrieved) or 0 if citations else 0,
        source=citations[0].url if citations else None,
        excerpt=None
        if private
        else f"listed as {'a re-host' if rehost else 'a model'} of {entry.title}",
    )


def _name_label(entry: Entry, end: ModelRef, claims: list[Claim]) -> tuple[ModelRef, list[Claim]]:
    """A path that ends at a platform's label ends at the model that the entry means by it."""
    if not end.startswith("civitai-base:") or not entry.match.models:
        return end, claims
    meant = entry.match.models[0]
    named = [
        replace(c, parent=meant, excerpt=c.excerpt or refs.local(end)) if c.parent == end else c
        for c in claims
    ]
    return meant, named


def _without_names(claim: Claim) -> Claim:
    """The claim without names of files."""
    if claim.grade is not Grade.EXACT:
        return claim
    return replace(claim, path="", locator="sha256", excerpt="the same bytes")


def _name_hint(child: evidence.Node, parent: evidence.Node, edge: Edge, word: str | None) -> Claim:
    """Of the name it tells what fits, and no more: a title may be somebody's name."""
    return Claim(
        child=child.ref,
        parent=parent.ref,
        relation=edge.relation,
        grade=Grade.HINTED,
        extractor="name-pattern",
        locator="/id",
        observed=0,
        source=refs.record_url(child.ref),
        excerpt=(word or refs.local(child.ref))[:EXCERPT_LENGTH],
    )
