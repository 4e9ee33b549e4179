"""How an audit database came to be what it is: named steps, each in a transaction of its own."""

from __future__ import annotations

import re
import sqlite3
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
    _create(db, "head", "content", "content_head")
    _renew_files(db)
    db.execute("UPDATE file SET header = NULL")


@migrations()
def m003_weights(db: Database) -> None:
    """Claims keep the numbers of sampled weights; what was compared is kept by content."""
    if db.table("weighed").exists():
        return
    if "weighed" not in db.table("file").columns_dict:
        _renew_files(db)
    if "sample" not in db.table("claim").columns_dict:
        db.execute("ALTER TABLE claim ADD COLUMN sample TEXT")
    _create(db, "weighed", "compared")
    db.table("word").insert_all(_words("kinship"), ignore=True)


@migrations()
def m004_waivers(db: Database) -> None:
    """Decisions of people are kept."""
    if db.table("waiver").exists():
        return
    _create(db, "waiver", "waivers")


@migrations()
def m005_increments(db: Database) -> None:
    """Sources are listed from where they ended."""
    if "increment" in db.table("source").columns_dict:
        return
    db.execute('ALTER TABLE source ADD COLUMN "increment" INTEGER NOT NULL DEFAULT 0')
    for column in (
        "changes TEXT", "onward TEXT", "listed_from INTEGER", "swept_from INTEGER",
        "pages INTEGER NOT NULL DEFAULT 0",
    ):  # fmt: skip
        db.execute(f"ALTER TABLE source ADD COLUMN {column}")


def _renew_files(db: Database) -> None:
    """Make the table of files anew, as it is today, and keep its rows."""
    db.execute("DROP VIEW files")
    old = db.table("file")
    for index in old.indexes:
        if index.origin == "c":
            db.execute(f"DROP INDEX {index.name}")
    columns = ", ".join(old.columns_dict)
    db.execute("ALTER TABLE file RENAME TO file_old")
    _create(db, "file", "files")
    db.execute(
        f"INSERT OR IGNORE INTO file({columns}) SELECT {columns} FROM file_old"
        " ORDER BY observed DESC"
    )
    db.execute("DROP TABLE file_old")
    _create(db, *(name for name in _names() if name.startswith("file_")))


def _create(db: Database, *names: str) -> None:
    """Tables, views, indexes and triggers of these names, in the order of the schema."""
    for name, statement in _names().items():
        if name in names:
            db.execute(statement)


def _words(*kinds: str) -> Iterator[dict[str, object]]:
    for kind in kinds:
        for member in _WORDS[kind]:
            yield {"kind": kind, "code": member.value, "word": member.word}


def _names() -> dict[str, str]:
    """What each statement of the schema creates → the statement."""
    found = ((re.match(r"CREATE (?:UNIQUE )?\w+ (\w+)", one), one) for one in _schema())
    return {match[1]: one for match, one in found if match}


def _schema() -> list[str]:
    return _statements(
        resources.files("modelaudit.store").joinpath("schema.sql").read_text("utf-8")
    )


def _statements(sql: str) -> list[str]:
    """The script cut into statements; ``executescript`` would commit the transaction around it."""
    found, lines = list[str](), list[str]()
    for line in sql.splitlines():
        lines.append(line.partition("--")[0])
        statement = "\n".join(lines).strip()
        if sqlite3.complete_statement(statement):  # a trigger's has some within
            found.append(statement)
            lines.clear()
    return found
