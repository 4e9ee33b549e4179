"""The lineage graph of a check: temporary tables cut from the catalogue, ready for the closure.

Only what can be reached from something listed is taken. Nodes are renumbered in the order of
their references, so that nothing downstream depends on the order in which models were crawled.
The tables ``lineage_edge`` and ``lineage_root`` must exist; edge codes are those of
:mod:`modelaudit.domain.edge`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

from modelaudit.domain import refs
from modelaudit.domain.edge import FLAG_SHIFT, Flag
from modelaudit.domain.listing import Listing
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.words import Component, Grade, Relation
from modelaudit.store import edges, identity, links
from modelaudit.store.copies import SIZE_ROUNDING
from modelaudit.store.fragments import HOSTED, PART, STANDS, flagged, grade_of, relation_of

_KEEPS_VALUES = ",".join(
    str(relation.value)
    for relation in (
        Relation.COPY, Relation.CONVERSION, Relation.QUANTIZED, Relation.PRUNED,
        Relation.FINETUNE, Relation.MERGE,
    )
)  # fmt: skip
"""Codes of relations after which weights are still those of the parent."""

_TABLES = """
CREATE TEMP TABLE listed(entry INTEGER, node INTEGER, PRIMARY KEY (entry, node)) WITHOUT ROWID;
CREATE TEMP TABLE allowed(node INTEGER PRIMARY KEY);
CREATE TEMP TABLE allowed_file(sha256 BLOB PRIMARY KEY, size INTEGER) WITHOUT ROWID;
CREATE TEMP TABLE listed_main(sha256 BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE TEMP TABLE original(entry INTEGER, node INTEGER, PRIMARY KEY (entry, node)) WITHOUT ROWID;
CREATE TEMP TABLE derived(node INTEGER PRIMARY KEY);
CREATE TEMP TABLE sketched(digest TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TEMP TABLE shield(node INTEGER PRIMARY KEY);
CREATE TEMP TABLE dated(entry INTEGER, node INTEGER, before INTEGER,
  PRIMARY KEY (entry, node)) WITHOUT ROWID;
CREATE TEMP TABLE link(parent INTEGER, child INTEGER, entry INTEGER, code INTEGER,
  PRIMARY KEY (parent, child, entry, code)) WITHOUT ROWID;
CREATE INDEX temp.link_child ON link(child);
CREATE TEMP TABLE touched(node INTEGER PRIMARY KEY, level INTEGER);
CREATE INDEX temp.touched_level ON touched(level);
CREATE TEMP TABLE lineage_node(rank INTEGER PRIMARY KEY, node INTEGER UNIQUE);
CREATE TEMP TABLE contradicted(parent INTEGER, child INTEGER, strong INTEGER,
  PRIMARY KEY (parent, child, strong)) WITHOUT ROWID;
CREATE TEMP TABLE shaped(node INTEGER PRIMARY KEY, relation INTEGER);
CREATE TEMP TABLE weak_edge(parent INTEGER, child INTEGER, entry INTEGER, code INTEGER);
"""


def build(connection: sqlite3.Connection, listing: Listing) -> None:
    """Fill the tables for these lists; conflicts and cycles are marked afterwards."""
    _create(connection)
    _name_listed(connection, listing)
    _shape(connection)
    links.add(connection, listing)
    _clear_components(connection, listing)
    connection.execute(  # a name shields nobody from bytes that a list knows
        "DELETE FROM shield WHERE node IN (SELECT x.child FROM link AS x"
        "  JOIN node AS p ON p.id = x.parent WHERE x.entry <> 0 AND p.ref LIKE 'sha256:%'"
        f"   AND {relation_of('x.code')} = {Relation.COPY.value})"
    )
    connection.execute(  # where a list names no model, whoever holds its files is what it means
        "INSERT OR IGNORE INTO original SELECT DISTINCT l.entry, x.child FROM listed AS l"
        "  CROSS JOIN link AS x ON x.parent = l.node AND x.entry = l.entry"
        f" WHERE {relation_of('x.code')} = {Relation.COPY.value}"
        "   AND l.entry NOT IN (SELECT entry FROM original)"
    )
    _touch(connection)
    connection.execute(
        "INSERT INTO lineage_node(rank, node)"
        " SELECT row_number() OVER (ORDER BY n.ref), n.id FROM touched AS t"
        " JOIN node AS n ON n.id = t.node"
    )
    connection.execute(
        "INSERT INTO lineage_root SELECT l.entry, r.rank FROM listed AS l"
        " JOIN lineage_node AS r ON r.node = l.node"
    )
    edges.add(connection)


def contradict(connection: sqlite3.Connection, pairs: Iterable[tuple[int, int, int]]) -> None:
    """Take edges out that stronger claims contradict: (parent, child, stronger parent)."""
    connection.executemany("INSERT OR IGNORE INTO contradicted VALUES (?, ?, ?)", pairs)
    ranked = (
        "SELECT p.rank, c.rank FROM contradicted AS x"
        " JOIN lineage_node AS p ON p.node = x.parent JOIN lineage_node AS c ON c.node = x.child"
    )
    connection.execute(  # words are contradicted, never weights
        f"INSERT INTO weak_edge SELECT * FROM lineage_edge"
        f" WHERE (parent, child) IN ({ranked}) AND {grade_of('code')} < {Grade.MEASURED.value}"
        f"   AND {flagged('code', Flag.UNDIRECTED)} = 0"
    )
    connection.execute(
        "DELETE FROM lineage_edge WHERE (parent, child, entry, code) IN (SELECT * FROM weak_edge)"
    )


def restore_contradicted(connection: sqlite3.Connection) -> None:
    """Put them back, capped unless the stronger side leads to the same entry.

    Expects ``lineage_walk`` to hold what every entry reaches without them.
    """
    connection.execute(
        f"INSERT OR IGNORE INTO lineage_edge"
        f" SELECT parent, child, entry, code | {Flag.CONFLICT << FLAG_SHIFT} FROM weak_edge"
    )
    connection.execute(
        "INSERT OR IGNORE INTO lineage_edge"
        " SELECT w.parent, w.child, r.entry, w.code FROM weak_edge AS w"
        "  JOIN lineage_node AS p ON p.rank = w.parent"
        "  JOIN lineage_node AS c ON c.rank = w.child"
        "  JOIN contradicted AS x ON x.parent = p.node AND x.child = c.node"
        "  JOIN lineage_node AS s ON s.node = x.strong"
        "  JOIN lineage_walk AS r ON r.node = s.rank"
        " WHERE w.entry IN (0, r.entry)"
    )


def inner_edges(connection: sqlite3.Connection) -> list[tuple[int, int]]:
    """Directed edges whose child is a parent itself: the only ones that can lie in a cycle.

    A listed digest and the model that holds the file are each the other's copy: no cycle. Nor is
    a listed model that names its own descendant: paths end there.
    """
    digests = "SELECT r.rank FROM lineage_node AS r JOIN node AS n ON n.id = r.node"
    return connection.execute(
        "SELECT DISTINCT parent, child FROM lineage_edge AS e"
        f" WHERE {flagged('code', Flag.UNDIRECTED)} = 0"
        "   AND child IN (SELECT parent FROM lineage_edge)"
        "   AND child NOT IN (SELECT node FROM lineage_root)"
        f"   AND NOT (child IN ({digests} WHERE n.ref LIKE 'sha256:%')"
        "     AND EXISTS (SELECT 1 FROM lineage_edge AS b"
        "                  WHERE b.parent = e.child AND b.child = e.parent))"
    ).fetchall()


def mark_cycles(connection: sqlite3.Connection, found: Iterable[tuple[int, int]]) -> None:
    """Flag edges that lie in a cycle."""
    connection.executemany(
        f"UPDATE OR REPLACE lineage_edge SET code = code | {Flag.CYCLE << FLAG_SHIFT}"
        f" WHERE parent = ? AND child = ? AND {flagged('code', Flag.UNDIRECTED)} = 0",
        found,
    )


def _create(connection: sqlite3.Connection) -> None:
    for statement in _TABLES.split(";"):
        if not statement.strip():
            continue
        if "TABLE" in statement:
            name = statement.split("TABLE ")[1].partition("(")[0].strip()
            connection.execute(f"DROP TABLE IF EXISTS temp.{name}")
        connection.execute(statement)


def _name_listed(connection: sqlite3.Connection, listing: Listing) -> None:
    """Every listed thing becomes a node, even one that no platform shows any more."""
    wanted = {ref for _, ref in listing.roots} | listing.allowed
    wanted |= {refs.sha256(digest.sha256) for digest in listing.digests}
    wanted |= {refs.sha256(digest) for digest in listing.allowed_digests}
    ids = identity.name(connection, sorted(wanted))
    connection.executemany(  # what is not hosted is spelled as its list spells it
        f"UPDATE node SET ref = ?1 WHERE key = ?2 AND ref <> ?1 AND status NOT IN ({HOSTED})",
        [(ref, refs.key(ref)) for ref in sorted(wanted)],
    )
    connection.executemany(
        "INSERT OR IGNORE INTO listed VALUES (?, ?)",
        [(entry, ids[ref]) for entry, ref in listing.roots]
        + [(d.entry, ids[refs.sha256(d.sha256)]) for d in listing.digests],
    )
    for entry, ref in listing.roots:
        _every_version(connection, ref, "INSERT OR IGNORE INTO listed SELECT ?, {node}", (entry,))
    connection.executemany(
        "INSERT OR IGNORE INTO allowed VALUES (?)",
        [(ids[ref],) for ref in listing.allowed]
        + [(ids[refs.sha256(digest)],) for digest in listing.allowed_digests],
    )
    for ref in listing.allowed:
        _every_version(connection, ref, "INSERT OR IGNORE INTO allowed SELECT {node}", ())
    _allow_holders(connection, listing)
    connection.execute(  # what is allowed and not listed shields those who descend through it
        "INSERT INTO shield SELECT node FROM allowed WHERE node NOT IN (SELECT node FROM listed)"
    )
    connection.executemany(
        "INSERT OR IGNORE INTO dated VALUES (?, ?, ?)",
        [(d.entry, ids[d.ref], d.before) for d in listing.dated],
    )
    connection.executemany(
        "INSERT OR IGNORE INTO original VALUES (?, ?)",
        [(entry, ids[ref]) for entry, ref in listing.originals],
    )
    connection.executemany(
        "INSERT OR IGNORE INTO sketched VALUES (?)", [("",), *((d,) for d in listing.sketches)]
    )
    _mark_derived(connection, listing)


def _every_version(
    connection: sqlite3.Connection, ref: ModelRef, insert: str, bound: tuple[int, ...]
) -> None:
    """A Civitai model without a version means all of them; nothing else has versions."""
    if ref.startswith("civitai:") and "@" not in ref:
        connection.execute(
            f"{insert.format(node='ifnull(same, id)')} FROM node"
            " WHERE key >= ? || '@' AND key < ? || 'A'",
            (*bound, ref, ref),
        )


def _allow_holders(connection: sqlite3.Connection, listing: Listing) -> None:
    """Models all of whose main files are allowed ones.

    One of several is not enough: whoever uploads a model decides what lies beside it, and where.
    """
    connection.executemany(
        "INSERT OR IGNORE INTO listed_main VALUES (?)",
        [(bytes.fromhex(d.sha256),) for d in listing.digests if d.component.main],
    )
    sizes = sorted(listing.allowed_digests.items())
    if not sizes:
        return
    connection.executemany(
        "INSERT OR IGNORE INTO allowed_file VALUES (?, ?)",
        [(bytes.fromhex(digest), size) for digest, size in sizes],
    )
    fits = f"ifnull(abs({{file}}.size - a.size), 0) <= {SIZE_ROUNDING}"
    connection.execute(
        "INSERT OR IGNORE INTO allowed SELECT DISTINCT f.node FROM allowed_file AS a"
        " CROSS JOIN file AS f ON f.sha256 = a.sha256"
        f" WHERE {STANDS.format(file='f')} AND {fits.format(file='f')}"
        f"  AND NOT EXISTS (SELECT 1 FROM file AS g LEFT JOIN allowed_file AS a"
        f"    ON a.sha256 = g.sha256 AND {fits.format(file='g')}"
        f"    WHERE g.node = f.node AND {STANDS.format(file='g')} AND a.sha256 IS NULL)"
    )


def _clear_components(connection: sqlite3.Connection, listing: Listing) -> None:
    """Parts that an allow list names are no finding, whoever else lists them."""
    connection.executemany(
        "DELETE FROM link WHERE parent = (SELECT id FROM node WHERE key = ?)"
        f" AND {relation_of('code')} = {Relation.COMPONENT.value}",
        [(refs.key(refs.sha256(digest)),) for digest in sorted(listing.cleared)],
    )


def _mark_derived(connection: sqlite3.Connection, listing: Listing) -> None:
    """What entries list that is itself derived: its relatives are no descendants for that.

    Their lists say so, or the listed models themselves, of a parent that is there and not younger;
    of re-hosts anybody may say anything. A parent that is listed as severely changes nothing: what
    descends from it alone is found all the same.
    """
    entries = {*listing.derived}
    policies = {number: entry.policy for number, entry in listing.entries.items()}
    rows = connection.execute(
        "SELECT DISTINCT o.entry, c.parent FROM original AS o JOIN claim AS c ON c.child = o.node"
        "  JOIN node AS p ON p.id = c.parent JOIN node AS n ON n.id = o.node"
        f" WHERE c.grade BETWEEN {Grade.DECLARED.value} AND {Grade.RECORDED.value}"
        f"   AND c.relation IN ({_KEEPS_VALUES}) AND ifnull(p.created <= n.created, 1)"
        f"   AND (p.status IN ({HOSTED}) OR p.ref LIKE 'civitai-base:%')"
    ).fetchall()
    for entry, parent in rows:
        beside = connection.execute("SELECT entry FROM listed WHERE node = ?", (parent,))
        if not any(policies[other] >= policies[entry] for (other,) in beside):
            entries.add(entry)
    connection.executemany(
        "INSERT OR IGNORE INTO derived SELECT node FROM listed WHERE entry = ?",
        [(entry,) for entry in sorted(entries)],
    )


def _shape(connection: sqlite3.Connection) -> None:
    """Models that hold a delta, or a VAE alone, by shapes; all their files are known parts.

    A place or a tag says too little to make a delta of what shapes show to be whole.
    """
    part = PART.format(file="f")
    whole = ",".join(str(p.value) for p in (Component.FULL, Component.UNET, Component.TRANSFORMER))
    delta, vae = Component.ADAPTER.value, Component.VAE.value
    connection.execute(
        "INSERT INTO shaped SELECT f.node,"
        f"   CASE WHEN sum({part} = {delta}) THEN {Relation.ADAPTER.value}"
        f"        ELSE {Relation.COMPONENT.value} END"
        "  FROM file AS f WHERE f.node IN"
        "   (SELECT g.node FROM head AS h JOIN file AS g ON g.head = h.key"
        f"     WHERE h.component IN ({delta}, {vae}))"
        f" GROUP BY f.node HAVING count({part}) = count(*) AND NOT sum({part} IN ({whole}))"
        f"    AND NOT sum(EXISTS (SELECT 1 FROM head AS h WHERE h.key = f.head"
        f"                         AND h.component IN ({whole})))"
        f"    AND (sum({part} = {delta}) OR sum({part} = {vae}) = count(*))"
    )


def _touch(connection: sqlite3.Connection) -> None:
    """Everything that any path from something listed can lead to."""
    connection.execute("INSERT OR IGNORE INTO touched SELECT node, 0 FROM listed")
    level = 0
    while True:
        found = connection.execute(
            "INSERT OR IGNORE INTO touched(node, level)"
            " SELECT c.child, ?2 FROM touched AS t CROSS JOIN claim AS c ON c.parent = t.node"
            "  WHERE t.level = ?1"
            " UNION"
            " SELECT l.child, ?2 FROM touched AS t CROSS JOIN link AS l ON l.parent = t.node"
            "  WHERE t.level = ?1",
            (level, level + 1),
        ).rowcount
        if not found:
            return
        level += 1


def roots_of(connection: sqlite3.Connection, entries: Sequence[int]) -> dict[int, set[str]]:
    """Entry → keys of all that it lists."""
    found: dict[int, set[str]] = {entry: set() for entry in entries}
    for entry, key in connection.execute(
        "SELECT l.entry, n.key FROM listed AS l JOIN node AS n ON n.id = l.node"
    ):
        found[entry].add(key)
    return found
