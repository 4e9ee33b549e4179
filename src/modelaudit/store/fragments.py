"""Pieces of SQL that several queries share."""

from __future__ import annotations

from typing import Final

from modelaudit.domain.edge import FLAG_SHIFT, GRADE_BITS, GRADE_SHIFT, RELATION_BITS, Flag
from modelaudit.domain.words import Component, Relation, Status

LIVE: Final = "f.series = ? AND f.since <= ? AND (f.until IS NULL OR f.until > ?)"
"""A row ``f`` of ``finding`` or ``conflict`` as of a run; binds series, run, run."""

HOSTED: Final = ",".join(str(status.value) for status in Status if status.seen)
"""Status codes of nodes that a platform hosts, for ``status IN (…)``."""

UNWATCHED: Final = (
    "SELECT {what} FROM finding AS f CROSS JOIN node AS x ON x.id = f.node"
    " CROSS JOIN gone AS g ON g.series = f.series AND g.id = f.entry || '/' || x.ref"
    "  AND g.since = f.until"
    " WHERE f.series = ? AND f.until IS NOT NULL"
    "  AND g.until IS NULL AND g.confirmed IS NULL AND g.first_absent <= ?"
    f"  AND x.status NOT IN ({HOSTED}) AND x.same IS NULL AND ifnull(x.detailed, 0) < ?"
    "   AND EXISTS (SELECT 1 FROM member AS m JOIN source AS s ON s.id = m.source"
    "                WHERE m.node = x.id AND s.increment)"
)
"""``x.id`` or ``g.id`` of findings ``g`` that went by a time, of models ``x`` not asked for since.

No list would show that they are back: their sources were listed for what is new alone. Binds
series, the latest time of going, the time since when they were not asked for.
"""

PART: Final = (
    "ifnull((SELECT h.component FROM head AS h WHERE h.key = {file}.head"
    " AND ({file}.component IS NULL OR {file}.path LIKE '%.gguf')), {file}.component)"
)
"""What a file holds: by its place or its platform, else by what its head shows.

A name that ends in ``.gguf`` says nothing of it, though it stands for a model while unread.
"""

MAINS: Final = ",".join(str(part.value) for part in Component if part.main)
"""Codes of the parts that can stand for the whole, for ``component IN (…)``."""

STANDS: Final = (
    f"(ifnull({PART}, {MAINS[0]}) IN ({MAINS})"
    " OR {file}.sha256 IN (SELECT sha256 FROM temp.listed_main))"
)
"""A file that may stand for its model: as a main part, or because a list knows it as one.

A place says nothing against a listed digest. Needs the tables of :mod:`modelaudit.store.graph`.
"""

LATER_SHARD: Final = (
    "({file}.shard_of <> {file}.path AND EXISTS (SELECT 1 FROM file AS first"
    " WHERE first.node = {file}.node AND first.path = {file}.shard_of))"
)
"""A shard that is not its model's first: the first, where it is there, stands for all of them."""

SAME_TENSORS: Final = (
    "content AS a CROSS JOIN content AS b"
    " ON b.digest = a.digest AND b.component = a.component AND b.head <> a.head"
)
"""Pairs of equal parts in files that are not equal: the same tensors as the same part."""

HOLDER: Final = "node AS x ON x.id = g.node OR x.key = 'sha256:' || lower(hex(g.{digest}))"
"""Whoever has the file ``g``: its model, and who names it by its digest means these bytes too."""

SHARED_PART: Final = (
    f"CASE WHEN {{file}}.component NOT IN ({MAINS}) THEN {{file}}.component ELSE {{part}} END"
)
"""What a shared part is in a file: a place that says that it is no main part has the last word."""

OF_LINEAGE: Final = f"relation <> {Relation.LISTED.value}"
"""Condition on claims: about an origin. What a platform marks a model with is none."""

BY_WEIGHTS: Final = (
    "origin IN (SELECT id FROM origin WHERE extractor IN ('weights', 'weights-in-part'))"
)
"""Condition on claims: drawn from sampled weights, whole or in part."""


def relation_of(code: str) -> str:
    """The relation of an edge's code (:mod:`modelaudit.domain.edge`)."""
    return f"({code} & {RELATION_BITS})"


def grade_of(code: str) -> str:
    """The grade of an edge's code."""
    return f"({code} >> {GRADE_SHIFT} & {GRADE_BITS})"


def flagged(code: str, flag: Flag) -> str:
    """0 where an edge's code does not carry this flag."""
    return f"({code} & {flag << FLAG_SHIFT})"
