"""How an audit database came to be what it is: named steps, each in a transaction of its own."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources
from typing import TYPE_CHECKING

from sqlite_utils import Migrations

from modelaudit.domain import words

if TYPE_CHECKING:
    from sqlite_utils.db import Database


migrations = Migrations("modelaudit")

_WORDS = {
    "status": words.Status,
    "relation": words.Relation,
    "grade": words.Grade,
    "verdict": words.Verdict,
    "component": words.Component,
    "gap": words.GapReason,
    "conflict": words.ConflictKind,
    "kinship": words.Kinship,
}


@migrations()
def m001_create(db: Database) -> None:
    """The layout of today; what follows brings older ones to it."""
    for statement in _schema():
        db.execute(statement)
    db.table("word").insert_all(_words(*_WORDS))


@migrations()
def m002_heads(db: Database) -> None:
    """Files are known by their place, with or without a digest; what their heads say is kept."""
    if db.table("head").exists():
        return
    db.execute("DROP VIEW files")
    db.execute("DROP INDEX file_node")
    db.execute("ALTER TABLE file RENAME TO file_1")
    for statement in _schema():
        words = statement.split()
        if words[2].partition("(")[0] in ("file", "head", "content", "files") or (
            words[1] == "INDEX" and words[2].startswith(("file_", "content_"))
        ):
            db.execute(statement)
    db.execute(
        "INSERT OR IGNORE INTO file(node, path, sha256, size, component, autov1, autov3, blake3,"
        " crc32, observed, header) SELECT node, path, sha256, size, component, autov1, autov3,"
        " blake3, crc32, observed, NULL FROM file_1 ORDER BY observed DESC"
    )
    db.execute("DROP TABLE file_1")


@migrations()
def m003_weights(db: Database) -> None:
    """Claims keep the numbers of sampled weights; what was compared is kept by content."""
    if db.table("weighed").exists():
        return
    for statement in _schema():
        if statement.split()[1:3] in (["TABLE", "weighed"], ["VIEW", "compared"]):
            db.execute(statement)
    for table, column in (("claim", "sample TEXT"), ("file", "weighed BLOB")):
        if column.split()[0] not in db.table(table).columns_dict:
            db.execute(f"ALTER TABLE {table} ADD COLUMN {column}")
    db.table("word").insert_all(_words("kinship"), ignore=True)


def _words(*kinds: str) -> Iterator[dict[str, object]]:
    for kind in kinds:
        for member in _WORDS[kind]:
            yield {"kind": kind, "code": member.value, "word": member.word}


def _schema() -> list[str]:
    return _statements(
        resources.files("modelaudit.store").joinpath("schema.sql").read_text("utf-8")
    )


def _statements(sql: str) -> list[str]:
    """The script cut into statements; ``executescript`` would commit the transaction around it."""
    bare = "\n".join(line.partition("--")[0] for line in sql.splitlines())
    return [statement for part in bare.split(";") if (statement := part.strip())]
