"""How an audit database came to be what it is: named steps, each in a transaction of its own."""

from __future__ import annotations

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
}


@migrations()
def m001_create(db: Database) -> None:
    """The first layout."""
    sql = resources.files("modelaudit.store").joinpath("schema.sql").read_text("utf-8")
    for statement in _statements(sql):
        db.execute(statement)
    db.table("word").insert_all(
        {"kind": kind, "code": member.value, "word": member.word}
        for kind, enum in _WORDS.items()
        for member in enum
    )


def _statements(sql: str) -> list[str]:
    """The script cut into statements; ``executescript`` would commit the transaction around it."""
    bare = "\n".join(line.partition("--")[0] for line in sql.splitlines())
    return [statement for part in bare.split(";") if (statement := part.strip())]
