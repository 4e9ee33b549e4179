"""What heads said, kept by content."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from modelaudit.crawl.heads import body
from modelaudit.domain.model import File
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.weights import Architecture, Digests, Head
from modelaudit.domain.words import Component
from modelaudit.store import heads
from modelaudit.store.db import VERSION, reading, transaction, writing
from modelaudit.store.ingest import Ingest
from tests.steps.catalogue import Catalogue, file, model, says, sha

REF = "hf:a/one"
HEAD = Head(
    model=ModelRef(REF),
    path="model.safetensors",
    observed=5,
    format="safetensors",
    architecture=Architecture(
        family="sd1", reason="a [1]", kind="checkpoint", components=(Component.UNET,), measured=True
    ),
    digests=Digests(sha256=sha("one"), parts={Component.UNET: sha("tensors")}),
)


def keep(catalogue: Catalogue, head: Head) -> None:
    with transaction(catalogue.connection):
        heads.write(catalogue.connection, head, json.dumps(body(head)))


def test_a_head_is_joined_with_its_file(catalogue: Catalogue) -> None:
    catalogue.add(model(REF, files=[replace(file("one"), component=None)]))
    keep(catalogue, HEAD)
    row = catalogue.connection.execute("SELECT component, format, family FROM files").fetchone()
    assert tuple(row) == ("unet", "safetensors", "sd1")
    assert heads.body(catalogue.connection, sha("one")) == json.dumps(body(HEAD))
    assert heads.body(catalogue.connection, sha("two")) is None
    (shaped,) = heads.shaped(catalogue.connection)
    assert (shaped.ref, shaped.family, shaped.component) == (REF, "sd1", Component.UNET)


def test_the_place_of_a_file_outranks_its_head(catalogue: Catalogue) -> None:
    catalogue.add(model(REF, files=[file("one", "vae")]))
    keep(catalogue, HEAD)
    assert catalogue.refs("SELECT component FROM files") == ["vae"]


def test_listing_again_keeps_what_was_read(catalogue: Catalogue) -> None:
    files = [replace(file("one"), component=None)]
    catalogue.add(model(REF, files=files))
    keep(catalogue, HEAD)
    catalogue.add(model(REF, files=files, title="again"))
    assert catalogue.refs("SELECT component FROM files") == ["unet"]
    catalogue.add(model(REF, files=[file("other")], title="other bytes"))
    assert catalogue.refs("SELECT header IS NULL AND head IS NULL FROM file") == [1]


def test_a_digest_that_was_computed_stays_while_the_file_does(catalogue: Catalogue) -> None:
    local = File(path="a.pt", size=3, etag="1")
    catalogue.add(model("folder:a.pt", files=[local]))
    head = replace(HEAD, model=ModelRef("folder:a.pt"), path="a.pt")
    keep(catalogue, head)
    catalogue.add(model("folder:a.pt", files=[local], title="again"))
    assert catalogue.refs("SELECT sha256 FROM files") == [sha("one")]
    catalogue.add(model("folder:a.pt", files=[replace(local, etag="2")], title="changed"))
    assert catalogue.refs("SELECT sha256 FROM files") == [""]


def test_a_family_that_was_only_declared_is_no_measured_one(catalogue: Catalogue) -> None:
    catalogue.add(model(REF, files=[file("one")]))
    keep(catalogue, replace(HEAD, architecture=replace(HEAD.architecture, measured=False)))
    assert list(heads.shaped(catalogue.connection)) == []


def test_the_families_of_a_model_are_those_of_its_main_files_by_any_of_its_names(
    catalogue: Catalogue,
) -> None:
    catalogue.add(model(REF, files=[file("one")]))
    keep(catalogue, HEAD)
    with transaction(catalogue.connection):
        Ingest(catalogue.connection).rename({ModelRef("hf:a/was"): ModelRef(REF)})
    for name in (REF, "hf:A/One", "hf:a/was"):
        assert heads.families(catalogue.connection, ModelRef(name)) == {"sd1"}
    catalogue.add(model(REF, files=[file("one"), file("two", path="b.bin")], title="two"))
    assert heads.families(catalogue.connection, ModelRef(REF)) == set()  # one is still unread
    catalogue.add(model(REF, files=[file("one", "vae")], title="a part"))
    assert heads.families(catalogue.connection, ModelRef(REF)) == set()
    assert heads.families(catalogue.connection, ModelRef("hf:no/body")) == set()


def test_a_file_that_leaves_takes_along_what_it_said(catalogue: Catalogue) -> None:
    claim = replace(says("hf:a/root", by="kohya"), path="model.safetensors")
    catalogue.add(model(REF, claim, files=[file("one")]))
    assert catalogue.refs("SELECT parent FROM claims") == ["hf:a/root"]
    catalogue.add(model(REF, files=[], covered=(), title="now empty"))
    assert catalogue.refs("SELECT parent FROM claims") == []


OLD = """
CREATE TABLE file (
  sha256 BLOB NOT NULL, node INTEGER NOT NULL REFERENCES node(id), path TEXT NOT NULL,
  size INTEGER, component INTEGER, autov1 TEXT, autov3 TEXT, blake3 TEXT, crc32 TEXT,
  observed INTEGER NOT NULL, header INTEGER, PRIMARY KEY (sha256, node, path)) WITHOUT ROWID;
CREATE INDEX file_node ON file(node);
CREATE VIEW files AS SELECT 1;
"""


COLUMNS_2 = (
    "node, path, sha256, size, component, autov1, autov3, blake3, crc32, etag, observed, header,"
    " head"
)
OLD_2 = """
CREATE TABLE file (
  node INTEGER NOT NULL REFERENCES node(id), path TEXT NOT NULL, sha256 BLOB, size INTEGER,
  component INTEGER, autov1 TEXT, autov3 TEXT, blake3 TEXT, crc32 TEXT, etag TEXT,
  observed INTEGER NOT NULL, header INTEGER, head BLOB REFERENCES head(key),
  PRIMARY KEY (node, path)) WITHOUT ROWID;
CREATE INDEX file_sha256 ON file(sha256) WHERE sha256 IS NOT NULL;
CREATE INDEX file_head ON file(head) WHERE head IS NOT NULL;
CREATE VIEW files AS SELECT 1;
"""


def test_a_database_of_the_first_layout_is_brought_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "audit.db"
    with writing(path) as connection:
        Catalogue(connection).add(model(REF, files=[file("one"), file("two", "vae", "b.bin")]))
        rows = connection.execute("SELECT sha256, node, path, size, observed FROM file").fetchall()
        layout = schema_of(connection)
    old = sqlite3.connect(path)
    for view in ("files", "compared"):
        old.execute(f"DROP VIEW {view}")
    for name in ("weighed", "content", "file", "head"):
        old.execute(f"DROP TABLE {name}")
    old.execute("ALTER TABLE claim DROP COLUMN sample")
    old.executescript(OLD)
    old.executemany(
        "INSERT INTO file(sha256, node, path, size, observed) VALUES (?, ?, ?, ?, ?)", rows
    )
    old.execute("DELETE FROM _sqlite_migrations WHERE name > 'm002'")
    old.execute("PRAGMA user_version = 1")
    old.commit()
    old.close()
    with pytest.raises(Exception, match="older version"), reading(path):
        pass
    with writing(path) as connection:
        assert connection.execute("PRAGMA user_version").fetchone()[0] == VERSION
        assert schema_of(connection) == layout
        found = connection.execute("SELECT path, sha256 FROM files ORDER BY path").fetchall()
        assert [tuple(row) for row in found] == [
            ("b.bin", sha("two")),
            ("model.safetensors", sha("one")),
        ]
        Catalogue(connection).add(model(REF, files=[file("three")], title="new"))


def test_a_database_of_the_second_layout_is_brought_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "audit.db"
    with writing(path) as connection:
        catalogue = Catalogue(connection)
        catalogue.add(model(REF, says("hf:a/root"), files=[file("one")]))
        keep(catalogue, HEAD)
        layout = schema_of(connection)
    old = sqlite3.connect(path)
    for view in ("files", "compared"):
        old.execute(f"DROP VIEW {view}")
    rows = old.execute(f"SELECT {COLUMNS_2} FROM file").fetchall()
    for name in ("weighed", "file"):
        old.execute(f"DROP TABLE {name}")
    old.execute("ALTER TABLE claim DROP COLUMN sample")
    old.executescript(OLD_2)
    old.executemany(f"INSERT INTO file({COLUMNS_2}) VALUES ({','.join('?' * 13)})", rows)
    old.execute("DELETE FROM word WHERE kind = 'kinship'")
    old.execute("DELETE FROM _sqlite_migrations WHERE name > 'm003'")
    old.execute("PRAGMA user_version = 2")
    old.commit()
    old.close()
    with pytest.raises(Exception, match="older version"), reading(path):
        pass
    with writing(path) as connection:
        assert connection.execute("PRAGMA user_version").fetchone()[0] == VERSION
        assert schema_of(connection) == layout
        catalogue = Catalogue(connection)
        assert catalogue.refs("SELECT parent FROM claims") == ["hf:a/root"]
        assert catalogue.refs("SELECT family FROM files") == ["sd1"]
        assert catalogue.refs("SELECT header FROM file") == [5]
        assert len(catalogue.refs("SELECT word FROM word WHERE kind = 'kinship'")) == 8
        assert catalogue.refs("SELECT count(*) FROM compared") == [0]


def schema_of(connection: sqlite3.Connection) -> dict[str, set[str]]:
    """Tables, views, indexes and triggers, with the names of their columns."""
    names = connection.execute(
        "SELECT name FROM sqlite_master WHERE name NOT LIKE '%sqlite%'"
    ).fetchall()
    return {
        name: {row[1] for row in connection.execute(f"PRAGMA table_xinfo('{name}')")}
        for (name,) in names
    }
