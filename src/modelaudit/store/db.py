"""Opening an audit database: one writer behind a lock, any number of readers that create nothing.

SQLite in WAL mode; the pragmas are those of the measurements in ``docs/reference/performance.md``.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from modelaudit.domain.errors import LockedError, StoreError

APPLICATION_ID = 0x6D61756C
"""``PRAGMA application_id`` of a database of ours."""

VERSION = 5
"""Newest layout this program knows, ``PRAGMA user_version``."""


_WEATHER = frozenset(
    {
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
    }
)
"""Result codes (sqlite.org/rescode.html) that are the machine's fault, not ours."""


@contextmanager
def writing(path: Path) -> Iterator[sqlite3.Connection]:
    """The only writer: takes ``<db>.lock``, creates or migrates, and leaves one plain file.

    Raises ``LockedError`` when another run holds the lock, ``StoreError`` when the file is not a
    database of ours or is newer than this program.
    """
    from filelock import FileLock, Timeout

    if not path.parent.is_dir():
        raise StoreError(f"{path.parent} is not a folder", hint="create it, or name another --db")
    lock = FileLock(f"{path}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        if not Path(lock.lock_file).exists():  # where no file can be made, none is held
            raise StoreError(
                f"cannot lock {path}: {path.parent} takes no new file", hint="name another --db"
            ) from None
        raise LockedError(
            f"another run holds {path}.lock", hint="wait for it, or use another --db"
        ) from None
    except OSError as error:
        raise StoreError(f"cannot lock {path}: {error.strerror or error}") from None
    try:
        connection = _connect(path)
        try:
            yield connection
        except sqlite3.DatabaseError as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF not in _WEATHER:
                raise
            raise StoreError(
                f"{path}: {error}", hint="make room or mend the disk, then run the command again"
            ) from None
        finally:
            _settle(connection)
            connection.close()
    finally:
        lock.release()


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """A reader: takes no lock and never creates a database."""
    if not path.is_file():
        raise StoreError(
            f"there is no database {path}", hint="run `modelaudit audit SOURCE` first, or set --db"
        )
    connection = _open_read_only(path)
    try:
        if connection.execute("PRAGMA user_version").fetchone()[0] < VERSION:
            raise StoreError(
                f"{path} was written by an older version",
                hint="a command that writes, such as `modelaudit check`, brings it up to date",
            )
        _tune(connection)
        yield connection
    finally:
        connection.close()


@contextmanager
def scratch() -> Iterator[sqlite3.Connection]:
    """An empty database in memory, gone when it is left."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    try:
        connection.deserialize(_empty())
        connection.execute("PRAGMA temp_store = MEMORY")
        yield connection
    finally:
        connection.close()


@cache
def _empty() -> bytes:
    """The layout alone: to copy it takes a millisecond, to make it hundreds."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    try:
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        _migrate(connection)
        return connection.serialize()
    finally:
        connection.close()


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All or nothing."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        if connection.in_transaction:  # a full disk has ended it already
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _open_read_only(path: Path) -> sqlite3.Connection:
    """A connection that changes nothing, even in a folder where nothing may be created.

    SQLite wants a shared-memory file beside a WAL database. Where it cannot have one and no log is
    left to fold in, the file is opened as what it is: unchanging.
    """
    uri = f"{path.absolute().as_uri()}?mode=ro"
    log = path.with_name(f"{path.name}-wal")
    for address in (uri, f"{uri}&immutable=1"):
        try:
            connection = sqlite3.connect(address, uri=True)
        except sqlite3.Error as error:
            raise StoreError(f"cannot open {path}: {error}") from None
        try:
            _check_ours(connection, path)
        except StoreError:
            connection.close()
            if address != uri or (log.exists() and log.stat().st_size):
                raise
            continue
        except BaseException:
            connection.close()
            raise
        return connection
    raise StoreError(f"{path} cannot be opened")


def _connect(path: Path) -> sqlite3.Connection:
    fresh = not path.exists() or path.stat().st_size == 0
    try:
        connection = sqlite3.connect(path, isolation_level=None)
    except sqlite3.Error as error:
        raise StoreError(f"cannot open {path}: {error}") from None
    try:
        if fresh:  # first of all, so that one that is cut short here is still known as ours
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        else:
            _check_ours(connection, path)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        # The log may grow to 64 MB: folded in more often, the same pages are written many times.
        connection.execute("PRAGMA wal_autocheckpoint = 16000")
        _tune(connection)
        if connection.execute("PRAGMA user_version").fetchone()[0] < VERSION:
            _migrate(connection)
    except sqlite3.Error as error:
        connection.close()
        raise StoreError(f"cannot write {path}: {error}") from None
    except BaseException:
        connection.close()
        raise
    return connection


def _tune(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA cache_size = -64000")
    # What a check works on grows with what it finds: beyond 32 MB it spills to a file.
    connection.execute("PRAGMA temp_store = FILE")
    connection.execute("PRAGMA temp.cache_size = -32000")


def _check_ours(connection: sqlite3.Connection, path: Path) -> None:
    try:
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        version = connection.execute("PRAGMA user_version").fetchone()[0]
    except sqlite3.DatabaseError as error:
        raise StoreError(f"{path} cannot be read as a database: {error}") from None
    if application != APPLICATION_ID:
        raise StoreError(f"{path} is not an audit database", hint="name another file with --db")
    if version > VERSION:
        raise StoreError(
            f"{path} was written by a newer version (layout {version}, this one knows {VERSION})",
            hint="update modelaudit, or use another --db",
        )


def _migrate(connection: sqlite3.Connection) -> None:
    from sqlite_utils import Database

    from modelaudit.store.migrations import migrations

    migrations.apply(Database(connection))
    connection.execute(f"PRAGMA user_version = {VERSION}")


def _settle(connection: sqlite3.Connection) -> None:
    """Fold the write-ahead log in, so that a copy of the one file opens read-only."""
    try:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.Error:
        return  # a full disk: the log stays beside the file and is folded in by the next writer
