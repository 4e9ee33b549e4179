"""Whether an exception of an entry names a model: itself, its files, names or parents."""

from __future__ import annotations

import re
import sqlite3

from modelaudit.domain import refs
from modelaudit.domain.entry import FileConfidence, Match
from modelaudit.domain.name_hints import searched
from modelaudit.store import evidence
from modelaudit.store.copies import SIZE_ROUNDING
from modelaudit.store.fragments import STANDS


def names(connection: sqlite3.Connection, match: Match, model: evidence.Node) -> bool:
    """True where any one rule fits; what a model is called is told as for a list's name patterns.

    Digests fit a model whose main files are all among them. Data sets and labels fit who names
    them itself. Marks, sketches, architectures and texts are not asked for. Needs the tables of
    :mod:`modelaudit.store.graph`.
    """
    keys = evidence.keys_of(connection, {model.id}) if match.models or match.rehosts else ()
    for named in {refs.key(ref) for ref in (*match.models, *match.rehosts)}:
        every_version = named.startswith("civitai:") and "@" not in named
        if any(key == named or (every_version and key.startswith(f"{named}@")) for key in keys):
            return True
    return (
        _by_name(match, searched(model.ref, model.title))
        or _by_parent(connection, match, model.id)
        or _by_files(connection, match, model.id)
    )


def _by_name(match: Match, name: str) -> bool:
    wanted, unless = match.name_patterns, match.name_exclusions
    return any(re.search(p, name) for p in wanted) and not any(re.search(p, name) for p in unless)


def _by_parent(connection: sqlite3.Connection, match: Match, node: int) -> bool:
    labels = {refs.key(refs.civitai_label(name)) for name in match.labels.get("civitai", ())}
    if not labels and not match.datasets:
        return False
    parents = evidence.parents(connection, node).keys()
    if labels & parents:
        return True
    created = connection.execute("SELECT created FROM node WHERE id = ?", (node,)).fetchone()[0]
    return any(
        refs.key(refs.dataset(listed.id)) in parents
        and (
            listed.published_before is None
            or (created is not None and created < listed.published_before)
        )
        for listed in match.datasets
    )


def _by_files(connection: sqlite3.Connection, match: Match, node: int) -> bool:
    """One of several is not enough: whoever uploads a model decides what lies beside it."""
    sizes = {
        bytes.fromhex(file.sha256): file.size
        for file in match.files
        if file.confidence is not FileConfidence.CANDIDATE
    }
    if not sizes:
        return False
    held = connection.execute(
        f"SELECT f.sha256, f.size FROM file AS f WHERE f.node = ? AND {STANDS.format(file='f')}",
        (node,),
    ).fetchall()
    return bool(held) and all(d in sizes and _alike(sizes[d], size) for d, size in held)


def _alike(one: int | None, other: int | None) -> bool:
    """Whether two sizes may be those of one file."""
    return one is None or other is None or abs(one - other) <= SIZE_ROUNDING
