"""Seeds: readings from somebody's copy of a catalogue, older than what the platform says itself."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence

from modelaudit.domain import refs
from modelaudit.domain.words import Status
from modelaudit.store.rows import Reading

_CHUNK = 500
"""Bound variables per look-up, well below SQLite's limit."""

_ANSWERED = f"(n.status > {Status.LIVE.value} OR n.revision IS NOT NULL OR n.detailed IS NOT NULL)"
"""The platform itself spoke of the node: no seed tells a revision, or that a model is closed."""


def without_answered(
    connection: sqlite3.Connection, readings: Sequence[Reading]
) -> tuple[list[Reading], list[int]]:
    """The readings without the seeds about models that the platform showed itself; their nodes.

    A model is known by its name, by a name it had before, and by its stable id.
    """
    seeds = [reading for reading in readings if reading.seed]
    by_key = _look_up(
        connection,
        "SELECT k.key, n.id FROM node AS k JOIN node AS n ON n.id = ifnull(k.same, k.id)"
        f" WHERE {_ANSWERED} AND k.key IN",
        (refs.key(seed.ref) for seed in seeds),
    )
    by_stable_id = _look_up(
        connection,
        f"SELECT n.stable_id, n.id FROM node AS n WHERE n.same IS NULL AND {_ANSWERED}"
        " AND n.stable_id IN",
        (seed.model.stable_id for seed in seeds if seed.model and seed.model.stable_id),
    )
    left: list[Reading] = []
    nodes: list[int] = []
    for reading in readings:
        stable_id = reading.model.stable_id if reading.model else None
        node = by_key.get(refs.key(reading.ref)) or by_stable_id.get(stable_id or "")
        if reading.seed and node is not None:
            nodes.append(node)
        else:
            left.append(reading)
    return left, nodes


def _look_up(connection: sqlite3.Connection, sql: str, wanted: Iterable[str]) -> dict[str, int]:
    return {
        name: node
        for part in _parts([*wanted])
        for name, node in connection.execute(f"{sql} ({','.join('?' * len(part))})", part)
    }


def _parts(items: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(items), _CHUNK):
        yield items[start : start + _CHUNK]
