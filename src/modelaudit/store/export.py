"""What an export holds, table by table: words instead of codes, names instead of numbers."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Final

from modelaudit.domain.table import Table, Type
from modelaudit.domain.words import Component, Grade, Relation, Status, Trait
from modelaudit.store.report import StoredReport

_MODEL: Final = {
    "ref": Type.TEXT, "platform": Type.TEXT, "status": Type.TEXT, "author": Type.TEXT,
    "title": Type.TEXT, "kind": Type.TEXT, "created": Type.TIME, "modified": Type.TIME,
    "revision": Type.TEXT, "parameters": Type.INTEGER, "downloads": Type.INTEGER,
    "likes": Type.INTEGER, "traits": Type.TEXTS, "stable_id": Type.TEXT, "same_as": Type.TEXT,
    "detailed": Type.TIME,
}  # fmt: skip
_EDGE: Final = {
    "child": Type.TEXT, "relation": Type.TEXT, "parent": Type.TEXT, "grade": Type.TEXT,
    "extractor": Type.TEXT, "component": Type.TEXT, "weight": Type.NUMBER, "source": Type.TEXT,
    "path": Type.TEXT, "locator": Type.TEXT, "excerpt": Type.TEXT, "observed": Type.TIME,
}  # fmt: skip
_FILE: Final = {
    "model": Type.TEXT, "path": Type.TEXT, "size": Type.INTEGER, "sha256": Type.TEXT,
    "component": Type.TEXT, "autov1": Type.TEXT, "autov3": Type.TEXT, "blake3": Type.TEXT,
    "crc32": Type.TEXT, "format": Type.TEXT, "family": Type.TEXT, "observed": Type.TIME,
}  # fmt: skip
_FINDING: Final = {
    "id": Type.TEXT, "entry": Type.TEXT, "model": Type.TEXT, "verdict": Type.TEXT,
    "grade": Type.TEXT, "relation": Type.TEXT, "hops": Type.INTEGER, "state": Type.TEXT,
    "waived": Type.TEXT, "downloads": Type.INTEGER, "url": Type.TEXT, "decided_by": Type.TEXT,
    "listed": Type.TEXT, "path": Type.TEXTS,
}  # fmt: skip

_NAMED: Final = (
    f"(n.status <> {Status.GHOST.value} OR n.same IS NOT NULL"
    " OR EXISTS (SELECT 1 FROM claim WHERE parent = n.id)"
    " OR EXISTS (SELECT 1 FROM claim WHERE child = n.id)"
    " OR EXISTS (SELECT 1 FROM node AS other WHERE other.same = n.id))"
)
"""Seen, or named by what was crawled: what lists alone name is theirs, and may be private."""


def tables(connection: sqlite3.Connection, report: StoredReport | None) -> Iterator[Table]:
    """``model``, ``edge``, ``file`` and, of a run, ``finding``; each is read before the next."""
    yield Table("model", _MODEL, _models(connection))
    yield Table("edge", _EDGE, _edges(connection))
    yield Table("file", _FILE, _files(connection))
    yield Table("finding", _FINDING, _findings(report) if report is not None else iter(()))


def _models(connection: sqlite3.Connection) -> Iterator[tuple[object, ...]]:
    words = {int(status): status.word for status in Status}
    traits = _Traits()
    for ref, status, author, title, kind, created, modified, revision, *rest in connection.execute(
        "SELECT n.ref, n.status, n.author, n.title, n.kind, n.created, n.modified, n.revision,"
        "       n.parameters, p.downloads, p.likes, n.traits, n.stable_id, s.ref, n.detailed"
        "  FROM node AS n LEFT JOIN popularity AS p ON p.node = n.id"
        f"  LEFT JOIN node AS s ON s.id = n.same WHERE {_NAMED} ORDER BY n.id"
    ):
        host, _, name = ref.partition(":")
        if author is None and host == "hf" and "/" in name:
            author = name.partition("/")[0]
        parameters, downloads, likes, bits, *last = rest
        yield (
            ref, host, words.get(status), author, title, kind, created, modified,
            revision.hex() if revision else None, parameters, downloads, likes, traits[bits], *last,
        )  # fmt: skip


class _Traits(dict[int, list[str]]):
    """Bits → their words, worked out once."""

    def __missing__(self, bits: int) -> list[str]:
        words = [str(t.name).lower().replace("_", "-") for t in Trait if t and t & bits]
        self[bits] = words
        return words


def _edges(connection: sqlite3.Connection) -> Iterator[tuple[object, ...]]:
    relations = {int(relation): relation.word for relation in Relation}
    grades = {int(grade): grade.word for grade in Grade}
    parts = {int(part): part.word for part in Component}
    for child, relation, parent, grade, extractor, component, *rest in connection.execute(
        "SELECT c.ref, e.relation, p.ref, e.grade, o.extractor, e.component, e.weight, e.source,"
        "       nullif(o.path, ''), o.locator, e.excerpt, e.observed"
        "  FROM claim AS e JOIN node AS p ON p.id = e.parent JOIN node AS c ON c.id = e.child"
        "  JOIN origin AS o ON o.id = e.origin ORDER BY e.parent, e.child, e.origin"
    ):
        yield (
            child, relations.get(relation), parent, grades.get(grade), extractor,
            parts.get(component), *rest,
        )  # fmt: skip


def _files(connection: sqlite3.Connection) -> Iterator[tuple[object, ...]]:
    parts = {int(part): part.word for part in Component}
    for model, path, size, sha256, component, *rest in connection.execute(
        "SELECT n.ref, f.path, f.size, f.sha256, ifnull(f.component, h.component), f.autov1,"
        "       f.autov3, f.blake3, f.crc32, h.format, h.family, f.observed"
        "  FROM file AS f JOIN node AS n ON n.id = f.node LEFT JOIN head AS h ON h.key = f.head"
        " ORDER BY f.node, f.path"
    ):
        yield model, path, size, sha256.hex() if sha256 else None, parts.get(component), *rest


def _findings(report: StoredReport) -> Iterator[tuple[object, ...]]:
    """Of a private list's entries nothing but ids and words: paths would tell what it names."""
    private = {entry.id for entry in report.run.entries if entry.title is None}
    for found in report.findings():
        hidden = found.entry in private
        yield (
            found.id, found.entry, found.model, found.verdict.word, found.grade.word,
            found.relation.word, found.hops, found.state.word,
            found.waiver.decision.value if found.waiver else None, found.downloads, found.url,
            None if hidden else found.decided_by,
            None if hidden else found.path[-1],
            None if hidden else found.path,
        )  # fmt: skip
