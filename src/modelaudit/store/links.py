"""Edges that no stored claim states: listed digests, any-version links, names, shapes, copies back.

They go into the temporary table ``link(parent, child, entry, code)`` of
:mod:`modelaudit.store.graph`.
"""

from __future__ import annotations

import json
import sqlite3

from modelaudit.domain import refs
from modelaudit.domain.digests import NEVER_MATCH
from modelaudit.domain.edge import GRADE_SHIFT, UNKNOWN_WEIGHT, WEIGHT_SHIFT, Edge, Flag, pack
from modelaudit.domain.listing import Listing
from modelaudit.domain.name_hints import NameHints, searched
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.words import Component, Grade, Relation
from modelaudit.store import tensors
from modelaudit.store.copies import SIZE_ROUNDING
from modelaudit.store.fragments import HOLDER, PART

BY_BYTES = (
    "origin IN (SELECT id FROM origin WHERE extractor IN ('same-bytes', 'same-bytes-undirected'))"
)
"""Condition on claims: drawn from equal files, with a direction or without."""


def add(connection: sqlite3.Connection, listing: Listing) -> None:
    """All of them; expects ``listed`` to be filled."""
    _link_digests(connection, listing)
    _link_copies_of_listed(connection, listing)
    tensors.add(connection, listing)
    _link_versions(connection)
    _link_names(connection, listing)
    _link_shapes(connection, listing)
    _link_copies_back(connection)


def _link_digests(connection: sqlite3.Connection, listing: Listing) -> None:
    """Files with a listed digest: copies where a main, tainted part matches, else components."""
    rows: list[tuple[int, int, int, int]] = []
    for listed in listing.digests:
        tainted = listing.entries[listed.entry].tainted
        digest_node = connection.execute(
            "SELECT id FROM node WHERE key = ?", (refs.key(refs.sha256(listed.sha256)),)
        ).fetchone()[0]
        # A list knows better than a header what its own bytes are, where it says so.
        known = listed.component is not Component.OTHER
        stated = "f.component" if known else PART.format(file="f")
        for child, place in connection.execute(
            f"SELECT DISTINCT f.node, {stated} FROM file AS f WHERE f.sha256 = ?1"
            # a platform may store a digest that is not the file's: then the size gives it away
            f" AND ifnull(abs(f.size - ?2), 0) <= {SIZE_ROUNDING}",
            (bytes.fromhex(listed.sha256), listed.size),
        ):
            component = listed.component if place is None else Component(place)
            if component.main and listed.component.main:
                component = listed.component  # between main parts, bytes outrank names
            whole = (
                component.main
                and (listed.component.main or listed.component is Component.OTHER)
                and (not tainted or component in tainted or component is Component.FULL)
            )
            edge = Edge(
                Relation.COPY if whole else Relation.COMPONENT,
                Grade.EXACT,
                Flag.SINGLE_SOURCE if listed.single_source else Flag.NONE,
            )
            rows.append((digest_node, child, listed.entry, pack(edge)))
    connection.executemany("INSERT OR IGNORE INTO link VALUES (?, ?, ?, ?)", rows)


def _link_copies_of_listed(connection: sqlite3.Connection, listing: Listing) -> None:
    """Main files that a listed model holds as well, whichever came first.

    Re-hosts of a deleted base are younger than its copies: there the list knows what dates hide.
    Files whose digest is listed itself need no such detour.
    """
    mine, theirs = PART.format(file="f"), PART.format(file="g")
    for number, entry in listing.entries.items():
        parts = {part for part in Component if part.main}
        parts &= {*entry.tainted, Component.FULL} if entry.tainted else parts
        words = ",".join(str(part.value) for part in sorted(parts))
        known = [*NEVER_MATCH, *(file.sha256 for file in entry.match.files)]
        connection.execute(
            "INSERT OR IGNORE INTO link SELECT DISTINCT l.node, x.id, l.entry, ?1"
            "  FROM listed AS l CROSS JOIN file AS f ON f.node = l.node"
            "  CROSS JOIN file AS g ON g.sha256 = f.sha256 AND g.node <> f.node"
            f"  CROSS JOIN {HOLDER.format(digest='sha256')}"
            f" WHERE l.entry = ?2 AND ifnull(abs(f.size - g.size), 0) <= {SIZE_ROUNDING}"
            f"   AND ifnull({mine}, {theirs}) IN ({words})"
            f"   AND ifnull({theirs}, {mine}) IN ({words})"
            "   AND lower(hex(f.sha256)) NOT IN (SELECT value FROM json_each(?3))"
            "   AND x.id NOT IN (SELECT node FROM listed WHERE entry = ?2)",
            (pack(Edge(Relation.COPY, Grade.EXACT)), number, json.dumps(known)),
        )


def _link_versions(connection: sqlite3.Connection) -> None:
    """A link to a Civitai model without a version means the newest one older than the child.

    It is a hint where the versions are of different families.
    """
    agree = (
        "(SELECT count(DISTINCT v.id) = 1 OR (count(DISTINCT b.parent) = 1"
        "        AND count(DISTINCT b.child) = count(DISTINCT v.id))"
        "   FROM node AS v LEFT JOIN claim AS b ON b.child = v.id AND b.origin IN"
        "        (SELECT id FROM origin WHERE extractor = 'civitai-label')"
        "  WHERE v.key >= m.key || '@' AND v.key < m.key || 'A')"
    )
    connection.execute(
        "INSERT OR IGNORE INTO link"
        " SELECT (SELECT v.id FROM node AS v"
        "          WHERE v.key >= m.key || '@' AND v.key < m.key || 'A' AND v.status > 0"
        "            AND v.created <= ifnull(n.created, 1 << 40)"
        "          ORDER BY v.created DESC, v.ref LIMIT 1) AS version,"
        f"       c.child, 0, c.relation | {UNKNOWN_WEIGHT << WEIGHT_SHIFT}"
        f"       | (CASE WHEN {agree} THEN c.grade ELSE {Grade.HINTED.value} END"
        f"         << {GRADE_SHIFT})"
        "  FROM node AS m JOIN claim AS c ON c.parent = m.id JOIN node AS n ON n.id = c.child"
        " WHERE m.key >= 'civitai:' AND m.key < 'civitai;' AND instr(m.ref, '@') = 0"
        "   AND version IS NOT NULL AND version <> c.child"
    )


def _link_names(connection: sqlite3.Connection, listing: Listing) -> None:
    """Names that look like a listed model, or hold listed words: a hint, where a list asks."""
    if not listing.names:
        return
    hints = NameHints(listing)
    like, named = (pack(Edge(r, Grade.HINTED)) for r in (Relation.FINETUNE, Relation.LISTED))
    parents = {entry: (root, like) for entry, root in _first_models(connection, listing).items()}
    for entry in listing.names.keys() - parents.keys():
        ref = refs.words(listing.entries[entry].id)
        root = connection.execute("SELECT id FROM node WHERE key = ?", (refs.key(ref),)).fetchone()
        parents[entry] = root[0], named
    rows = [
        (parents[entry][0], node, entry, parents[entry][1])
        for node, ref, title in connection.execute(
            "SELECT id, ref, title FROM node WHERE status > 0"
        )
        for entry in hints.find(searched(ModelRef(ref), title))
    ]
    connection.executemany("INSERT OR IGNORE INTO link VALUES (?, ?, ?, ?)", rows)


def _link_shapes(connection: sqlite3.Connection, listing: Listing) -> None:
    """Files with the architecture of a listed model: a hint, for lists that ask for it."""
    roots = _first_models(connection, listing) if listing.architectures else {}
    connection.executemany(
        "INSERT OR IGNORE INTO link SELECT ?1, f.node, ?2, ?3 FROM head AS h"
        "  JOIN file AS f ON f.head = h.key WHERE h.family = ?4 AND f.node <> ?1",
        [
            (roots[entry], entry, pack(Edge(Relation.FINETUNE, Grade.HINTED)), family)
            for entry, family in listing.architectures
            if entry in roots
        ],
    )


def _first_models(connection: sqlite3.Connection, listing: Listing) -> dict[int, int]:
    found = {}
    for number, entry in listing.entries.items():
        for ref in entry.match.models[:1]:
            row = connection.execute(
                "SELECT ifnull(same, id) FROM node WHERE key = ?", (refs.key(ref),)
            ).fetchone()
            found[number] = row[0]
    return found


def _link_copies_back(connection: sqlite3.Connection) -> None:
    """Same bytes lead backwards as well, but to a note at most."""
    for extractor, flags in (
        ("same-bytes", Flag.UNDIRECTED | Flag.BACKWARD),
        ("same-bytes-undirected", Flag.UNDIRECTED),
    ):
        connection.execute(
            "INSERT OR IGNORE INTO link SELECT child, parent, 0, ? FROM claim"
            " WHERE origin IN (SELECT id FROM origin WHERE extractor = ?)",
            (pack(Edge(Relation.COPY, Grade.EXACT, flags)), extractor),
        )
