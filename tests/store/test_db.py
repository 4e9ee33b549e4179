"""The database file: one writer, readers that create nothing, and nobody else's files."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from modelaudit.domain.errors import LockedError, StoreError
from modelaudit.store.db import APPLICATION_ID, VERSION, reading, transaction, writing
from tests.steps.catalogue import ROOT, Catalogue, model, says


def fill(path: Path) -> None:
    with writing(path) as connection:
        Catalogue(connection).add(model("hf:a/one", says(ROOT)))


def models(path: Path) -> list[str]:
    with reading(path) as connection:
        return [row[0] for row in connection.execute("SELECT ref FROM models ORDER BY ref")]


def test_a_second_writer_is_told_to_wait(tmp_path: Path) -> None:
    path = tmp_path / "audit.db"
    with writing(path), pytest.raises(LockedError, match="another run holds"), writing(path):
        pass
    with writing(path):
        pass  # the lock was given back


def test_a_reader_needs_no_lock_and_sees_what_is_committed(tmp_path: Path) -> None:
    path = tmp_path / "audit.db"
    fill(path)
    with writing(path) as connection:
        assert models(path) == ["hf:a/one", ROOT]
        with transaction(connection):
            connection.execute("DELETE FROM claim")
            with reading(path) as other:
                assert other.execute("SELECT count(*) FROM claim").fetchone()[0] == 1


def test_a_reader_cannot_write(tmp_path: Path) -> None:
    path = tmp_path / "audit.db"
    fill(path)
    with reading(path) as connection, pytest.raises(sqlite3.OperationalError, match="readonly"):
        connection.execute("DELETE FROM claim")


def test_a_reader_never_creates_a_database(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no database"), reading(tmp_path / "no.db"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_no_database(tmp_path: Path) -> None:
    for opened in (reading, writing):
        with pytest.raises(StoreError, match=str(tmp_path)), opened(tmp_path):
            pass


def test_a_missing_folder_is_said_in_words(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="is not a folder"), writing(tmp_path / "no" / "a.db"):
        pass


@pytest.mark.parametrize("kind", ["a text", "somebody's database"])
def test_a_file_that_is_not_ours_is_refused_and_left_alone(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "theirs.db"
    if kind == "a text":
        path.write_text("dear diary, " * 100)
    else:
        other = sqlite3.connect(path)
        other.execute("CREATE TABLE diary(day, entry)")
        other.commit()
        other.close()
    before = path.read_bytes()
    for opened in (reading, writing):
        with pytest.raises(StoreError, match=r"not an audit database|cannot be read"), opened(path):
            pass
    assert path.read_bytes() == before


def set_version(path: Path, version: int) -> None:
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {version}")
    connection.close()


def test_a_newer_layout_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "audit.db"
    fill(path)
    set_version(path, VERSION + 1)
    for opened in (reading, writing):
        with pytest.raises(StoreError, match="written by a newer version"), opened(path):
            pass


def test_an_older_layout_is_brought_up_to_date_by_a_writer_only(tmp_path: Path) -> None:
    path = tmp_path / "audit.db"
    fill(path)
    set_version(path, 0)
    with pytest.raises(StoreError, match="written by an older version"), reading(path):
        pass
    with writing(path):
        pass
    assert models(path) == ["hf:a/one", ROOT]


def test_a_writer_leaves_one_plain_file(tmp_path: Path) -> None:
    path = tmp_path / "audit.db"
    fill(path)
    assert {p.name for p in tmp_path.iterdir()} <= {"audit.db", "audit.db.lock"}
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID
    assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    connection.close()


@pytest.mark.parametrize("name", ["odd ?#%20 name.db", "ünïcode.db"])
def test_any_file_name_will_do(tmp_path: Path, name: str) -> None:
    fill(tmp_path / name)
    assert models(tmp_path / name) == ["hf:a/one", ROOT]


@pytest.mark.skipif(os.geteuid() == 0, reason="permissions mean nothing to root")
def test_a_read_only_copy_in_a_read_only_folder_opens(tmp_path: Path) -> None:
    fill(tmp_path / "audit.db")
    folder = tmp_path / "shelf"
    folder.mkdir()
    copy = folder / "copy.db"
    copy.write_bytes((tmp_path / "audit.db").read_bytes())
    copy.chmod(0o444)
    folder.chmod(0o555)
    try:
        assert models(copy) == ["hf:a/one", ROOT]
    finally:
        folder.chmod(0o755)


def test_an_error_undoes_the_whole_transaction(tmp_path: Path) -> None:
    path = tmp_path / "audit.db"
    fill(path)
    with writing(path) as connection:
        with pytest.raises(KeyError), transaction(connection):
            connection.execute("DELETE FROM claim")
            raise KeyError
        assert connection.execute("SELECT count(*) FROM claim").fetchone()[0] == 1


def test_a_writer_that_is_killed_leaves_whole_transactions_only(tmp_path: Path) -> None:
    path = tmp_path / "audit.db"
    script = """
        import sys
        from pathlib import Path
        from modelaudit.store.db import transaction, writing
        with writing(Path(sys.argv[1])) as connection:
            with transaction(connection):
                connection.execute("INSERT INTO node(ref) VALUES ('hf:a/kept')")
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(
                "INSERT INTO node(ref) VALUES (?)", [(f"hf:b/{n}",) for n in range(50_000)]
            )
            connection.execute("PRAGMA cache_size = 1")
            print("half done", flush=True)
            sys.stdin.read()
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script), str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"half done\n"
        child.send_signal(signal.SIGKILL)
    assert models(path) == ["hf:a/kept"]
    with writing(path) as connection:  # the dead writer's lock is free, too
        assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"


def test_a_database_whose_creation_was_cut_short_is_gone_on_with(tmp_path: Path) -> None:
    path = tmp_path / "audit.db"
    script = """
        import os, sys
        from pathlib import Path
        from modelaudit.store import migrations
        from modelaudit.store.db import writing
        migrations._statements = lambda sql: os._exit(9)
        with writing(Path(sys.argv[1])):
            pass
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), str(path)], check=False, timeout=30
    )
    assert done.returncode == 9
    assert path.exists()
    fill(path)
    assert models(path) == ["hf:a/one", ROOT]
