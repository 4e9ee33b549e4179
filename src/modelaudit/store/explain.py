"""What the database knows about one model, gathered for `explain`."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence

from modelaudit.domain import refs
from modelaudit.domain.claim import Claim
from modelaudit.domain.errors import UsageError
from modelaudit.domain.finding import Finding
from modelaudit.domain.lineage import Explanation
from modelaudit.domain.model import Gap
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.words import GapReason, Grade, Relation, Status
from modelaudit.store import heads
from modelaudit.store.claims import claims_of
from modelaudit.store.compared import compared_of
from modelaudit.store.fragments import OF_LINEAGE
from modelaudit.store.report import StoredReport

_OF_PERSONS = frozenset(map(refs.civitai_flag, ("poi", "minor")))
"""Marks of models whose title is often somebody's name."""

ANCESTORS = 60
"""Most ancestors shown; the rest is in the database."""


def explain(connection: sqlite3.Connection, ref: ModelRef, report: StoredReport) -> Explanation:
    """The explanation of a model; ``UsageError`` when the database does not know it."""
    row = connection.execute(
        "SELECT id, ifnull(same, id) FROM node WHERE key = ?", (refs.key(ref),)
    ).fetchone()
    if row is None:
        raise UsageError(
            f"the database does not know {ref}{_near(connection, ref)}",
            hint=f"modelaudit audit {ref}   asks the platform",
        )
    node = row[1]
    name, title, status, revision = connection.execute(
        "SELECT ref, title, status, lower(hex(revision)) FROM node WHERE id = ?", (node,)
    ).fetchone()
    findings = tuple(report.findings_of(node))
    marks = tuple(c for c in claims_of(connection, node) if c.relation is Relation.LISTED)
    withheld = title is not None and _may_name_a_person(marks, findings)
    listed = _listed(findings) or _listed_as(connection, node, ModelRef(name), report)
    return Explanation(
        model=ModelRef(name),
        title=None if withheld else title,
        withheld=withheld,
        status=Status(status),
        revision=revision or None,
        claims=_with_bytes(_upwards(connection, node), findings),
        marks=marks,
        listed=listed,
        findings=findings,
        conflicts=tuple(report.conflicts_of(node)),
        gaps=tuple(_gaps(connection, node)),
        children=connection.execute(
            "SELECT count(DISTINCT child) FROM claim WHERE parent = ?", (node,)
        ).fetchone()[0],
        shapes=tuple(file.measured for file in heads.shaped(connection, node)),
        remarks=tuple(heads.remarks(connection, node)),
        weighed=tuple(compared_of(connection, node)),
        also=tuple(
            ModelRef(other)
            for (other,) in connection.execute(
                "SELECT ref FROM node WHERE same = ? ORDER BY ref", (node,)
            )
        ),
    )


def _may_name_a_person(marks: Sequence[Claim], findings: Sequence[Finding]) -> bool:
    """By a mark of the platform, or by what a list of signals found in the name."""
    return any(mark.parent in _OF_PERSONS for mark in marks) or any(
        refs.is_signal(finding.path[-1]) for finding in findings
    )


def _listed(findings: Sequence[Finding]) -> dict[ModelRef, str]:
    """What the findings' paths end at, and the platform labels that mean the same."""
    found = {finding.path[-1]: finding.entry for finding in findings}
    for finding in findings:
        for claim in finding.claims:
            if claim.extractor == "civitai-label" and claim.excerpt:
                found[refs.civitai_label(claim.excerpt)] = finding.entry
    return found


def _listed_as(
    connection: sqlite3.Connection, node: int, ref: ModelRef, report: StoredReport
) -> dict[ModelRef, str]:
    """The entry that lists a model outside the audit, as the findings on its children tell."""
    children = connection.execute(
        "SELECT DISTINCT child FROM claim WHERE parent = ? ORDER BY child LIMIT 100", (node,)
    ).fetchall()
    for (child,) in children:
        for finding in report.findings_of(child):
            if finding.path[-1] == ref:
                return {ref: finding.entry}
    return {}


def _with_bytes(
    claims: Mapping[ModelRef, tuple[Claim, ...]], findings: Sequence[Finding]
) -> dict[ModelRef, tuple[Claim, ...]]:
    """The stored claims, and those of files that match what is listed: only a check makes them."""
    merged = dict(claims)
    for finding in findings:
        for claim in finding.claims if finding.relation is not Relation.LISTED else ():
            stored = {c.parent for c in claims.get(claim.child, ()) if c.grade is Grade.EXACT}
            known = merged.get(claim.child, ())
            if claim.grade is Grade.EXACT and claim.parent not in stored and claim not in known:
                merged[claim.child] = (claim, *known)
    return merged


def _upwards(connection: sqlite3.Connection, node: int) -> dict[ModelRef, tuple[Claim, ...]]:
    """Breadth first over parents; an equal file of unknown age is none."""
    found: dict[ModelRef, tuple[Claim, ...]] = {}
    waiting = [node]
    met = {node}
    while waiting and len(found) < ANCESTORS:
        number = waiting.pop(0)
        claims = tuple(
            c for c in claims_of(connection, number) if c.relation is not Relation.LISTED
        )
        ref = connection.execute("SELECT ref FROM node WHERE id = ?", (number,)).fetchone()[0]
        found[ModelRef(ref)] = claims
        for (parent,) in connection.execute(
            f"SELECT DISTINCT parent FROM claim WHERE child = ? AND {OF_LINEAGE} AND origin NOT IN"
            " (SELECT id FROM origin WHERE extractor = 'same-bytes-undirected') ORDER BY parent",
            (number,),
        ):
            if parent not in met:
                met.add(parent)
                waiting.append(parent)
    return found


def _gaps(connection: sqlite3.Connection, node: int) -> list[Gap]:
    rows = connection.execute(
        "SELECT reason, detail, file, count FROM gap WHERE node = ? ORDER BY reason, detail",
        (node,),
    )
    return [
        Gap(reason=GapReason(reason), detail=detail, file=file, count=count)
        for reason, detail, file, count in rows
    ]


def _near(connection: sqlite3.Connection, ref: ModelRef) -> str:
    """A name that may have been meant."""
    if ref.startswith("civitai:") and "@" not in ref:
        rows = connection.execute(
            "SELECT ref FROM node WHERE key >= ? AND key < ? ORDER BY ref LIMIT 5",
            (f"{ref}@", f"{ref}A"),
        ).fetchall()
        return f"; its versions are {', '.join(row[0] for row in rows)}" if rows else ""
    name = refs.local(ref).rpartition("/")[2]
    row = connection.execute(
        "SELECT ref FROM node WHERE status > 0 AND key LIKE ? ESCAPE '!' ORDER BY ref LIMIT 1",
        (f"%/{name.lower().replace('!', '!!').replace('_', '!_').replace('%', '!%')}",),
    ).fetchone()
    return f"; there is {row[0]}" if row else ""
