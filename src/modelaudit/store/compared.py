"""What comparing weights showed, read back for reports."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Final

import msgspec

from modelaudit.domain.refs import ModelRef
from modelaudit.domain.sketch import Weighed
from modelaudit.domain.weighed import parse
from modelaudit.domain.words import Grade, Kinship
from modelaudit.store.fragments import HOSTED, LATER_SHARD, MAINS, PART

_COMPARED: Final = (
    "weighed AS w JOIN file AS f ON f.weighed = w.key JOIN node AS n ON n.id = f.node"
)


def compared(
    connection: sqlite3.Connection,
    sources: Collection[str],
    *,
    library: str | None = None,
    until: int | None = None,
    closest_first: bool = False,
    limit: int | None = None,
) -> Iterator[Weighed]:
    """Files of these sources' models (none: of all) that were compared, by model and path.

    ``library``: only with these references, or, where it is empty, as an archive tells it.
    ``until``: nothing that was found later, UTC seconds.
    """
    score = "abs(ifnull(json_extract(w.body, '$.kin[0].comparison.overall.score'), 0))"
    order = f"w.kinship DESC, {score} DESC, " if closest_first else ""
    rows = connection.execute(  # bodies are looked up one by one: sorting would hold all of them
        f"SELECT n.ref, f.path, w.key {_in_report(sources, library)}"
        f" ORDER BY {order}n.ref, f.path LIMIT ?",
        (*sources, until, *_bound(library), -1 if limit is None else limit),
    )
    body = "SELECT body FROM weighed WHERE key = ?"
    return (
        of_file(ref, path, connection.execute(body, (key,)).fetchone()[0])
        for ref, path, key in rows
    )


def kinships(
    connection: sqlite3.Connection,
    sources: Collection[str],
    *,
    library: str | None = None,
    until: int | None = None,
) -> dict[Kinship, int]:
    """How many files were compared, by the closest kinship that was found; closest first."""
    rows = connection.execute(
        f"SELECT w.kinship, count(*) {_in_report(sources, library)} GROUP BY 1 ORDER BY 1 DESC",
        (*sources, until, *_bound(library)),
    )
    return {Kinship(kinship): count for kinship, count in rows}


def compared_of(connection: sqlite3.Connection, node: int) -> list[Weighed]:
    """What was found of one model's files, by path."""
    rows = connection.execute(
        f"SELECT n.ref, f.path, w.body FROM {_COMPARED} WHERE n.id = ? ORDER BY f.path", (node,)
    )
    return [of_file(ref, path, body) for ref, path, body in rows]


@dataclass(frozen=True, slots=True)
class Denial:
    """A node whose main files show no trace of another, channels in another order included."""

    node: int
    parent: int
    path: str
    """One of the files."""
    reference: str
    score: float
    tensors: int
    floor: float
    observed: int
    source: str | None


def denials(connection: sqlite3.Connection) -> Iterator[Denial]:
    """What weights rule out of models that somebody says something of, by model.

    One file that was not compared, or that leaves a doubt, could be what was said to descend. So
    could one of several sketches of the same model, where they do not agree.
    """
    main = (
        f"ifnull({PART.format(file='f')}, {MAINS[0]}) IN ({MAINS})"
        f" AND NOT {LATER_SHARD.format(file='f')}"
    )
    mains = f"SELECT count(*) FROM file AS f WHERE f.node = ? AND {main}"
    told = {
        name: f"json_extract(k.value, '$.comparison.{name}')"
        for name in (
            "reference", "permuted", "overall.grade", "overall.score", "overall.tensors",
            "overall.floor", "anchor.excludes",
        )
    }  # fmt: skip
    parent = "json_extract(k.value, '$.parent')"
    files = (
        "SELECT f.node, (SELECT ifnull(p.same, p.id) FROM node AS p WHERE p.key ="
        f"       iif(substr({parent}, 1, 7) = 'folder:', {parent}, lower({parent}))) AS named,"
        f"      f.path, {told['reference']} AS reference, {told['overall.score']} AS score,"
        f"      {told['overall.tensors']} AS tensors, {told['overall.floor']} AS floor, w.observed,"
        "       json_extract(w.body, '$.source') AS source,"
        f"      min(ifnull({told['overall.grade']} = ?1 AND NOT {told['permuted']}"
        f"                 AND {told['anchor.excludes']}, 0)) AS denies"
        f"  FROM {_COMPARED} CROSS JOIN json_each(w.body, '$.kin') AS k"
        f" WHERE instr(w.body, ?1) AND {main}"
        "   AND f.node IN (SELECT child FROM claim"
        f"                  WHERE grade BETWEEN {Grade.DECLARED.value} AND {Grade.RECORDED.value})"
        " GROUP BY f.node, named, f.path HAVING named IS NOT NULL AND denies"
    )
    rows = connection.execute(
        "SELECT node, named, count(*), min(path), reference, score, tensors, floor, observed,"
        f"      source FROM ({files}) GROUP BY node, named ORDER BY node, named",
        (Kinship.SAME_ARCHITECTURE_ONLY.word,),
    ).fetchall()
    for node, parent, count, *numbers in rows:
        if count == connection.execute(mains, (node,)).fetchone()[0]:
            yield Denial(node, parent, *numbers)


def _bound(library: str | None) -> tuple[bytes, ...]:
    return () if library is None else (bytes.fromhex(library),)


def _in_report(sources: Collection[str], library: str | None) -> str:
    members = (
        "n.id IN (SELECT m.node FROM member AS m JOIN source AS s ON s.id = m.source"
        f" WHERE s.text IN ({','.join('?' * len(sources))}))"
    )
    return (
        f"FROM {_COMPARED} WHERE {members if sources else '1'} AND n.same IS NULL"
        f" AND n.status IN ({HOSTED}) AND w.observed <= ifnull(?, w.observed)"
        f"{'' if library is None else ' AND f.library = ?'}"
    )


def of_file(ref: str, path: str, body: str) -> Weighed:
    """What is kept of some bytes, as one of the files that hold them."""
    return replace(parse(msgspec.json.decode(body)), model=ModelRef(ref), path=path)
