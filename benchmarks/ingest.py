"""From a recorded catalogue to rows: the crawl step of an audit, without its later steps."""

from __future__ import annotations

import json
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks import synthetic
from benchmarks.measure import Row, Stopwatch, stopwatch

COUNT = 100_000
TITLE = f"ingest: {COUNT:,} records, zstd to SQLite (crawl, extract, store)"

_TABLES = ("node", "popularity", "file", "origin", "claim", "gap", "member")


def rows() -> Iterator[Row]:
    """How many times decompressing and decoding alone; what a second pass writes."""
    path = synthetic.catalogue(COUNT)
    with stopwatch() as floor:
        _decode(path)
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "audit.db"
        copy = Path(folder) / "catalogue.jsonl.zst"
        shutil.copy2(path, copy)
        first, _ = crawl(f"catalogue:{copy}", database)
        size = database.stat().st_size
        second, written = crawl(f"catalogue:{copy}", database)
        _alter(path, copy)
        third, changed = crawl(f"catalogue:{copy}", database)
    yield Row("decompress + decode alone", f"{floor.cpu:.2f} s CPU", "zstd")
    yield Row("crawl + extract + store", f"{first.cpu:.2f} s CPU", f"{first.wall:.2f} s")
    yield Row("multiple of decompress + decode", f"{first.cpu / floor.cpu:.1f}x", "goal: 13x")
    yield Row("records a second", f"{COUNT / first.cpu:,.0f}")
    yield Row("bytes a model in the database", f"{size / COUNT:,.0f}")
    yield Row("the same again", f"{second.cpu / first.cpu:.2f}x", f"{second.wall:.2f} s")
    yield Row("  rows written", _total(written), _spelt(written))
    yield Row("1 % changed", f"{third.cpu / first.cpu:.2f}x", f"{third.wall:.2f} s")
    yield Row("  rows written", _total(changed), _spelt(changed))


def _decode(path: Path) -> None:
    from modelaudit.crawl.hub_records import _decode as decode
    from modelaudit.crawl.lines import read_lines

    for line in read_lines(path):
        if isinstance(line.text, bytes):
            decode(line.text)


def crawl(source: str, database: Path) -> tuple[Stopwatch, dict[str, int]]:
    """The crawl step on this source, and the rows it wrote per table."""
    from modelaudit.audit import Audit
    from modelaudit.crawl.registry import open_platforms
    from modelaudit.crawl.sources import parse_sources
    from modelaudit.domain.progress import Progress
    from modelaudit.steps.budget import Budget
    from modelaudit.steps.intake import Intake
    from modelaudit.store.db import writing

    with stopwatch() as watch, writing(database) as connection:
        fresh = not connection.execute("SELECT 1 FROM node LIMIT 1").fetchone()
        if not fresh:
            _count_writes(connection)
        audit = Audit(
            connection=connection,
            platforms=open_platforms(offline=True, wait=lambda why, seconds: None),
            sources=parse_sources([source]),
            lists=(),
            budget=Budget(),
            progress=Progress(),
        )
        audit.crawl(Intake(connection, None, audit.progress))
        audit.platforms.close()
        counted = {} if fresh else dict(connection.execute("SELECT * FROM writes"))
    return watch, counted


def _count_writes(connection: sqlite3.Connection) -> None:
    connection.execute("CREATE TEMP TABLE writes(name TEXT PRIMARY KEY, rows INTEGER)")
    for table in _TABLES:
        for change in ("INSERT", "UPDATE", "DELETE"):
            connection.execute(
                f"CREATE TEMP TRIGGER {table}_{change} AFTER {change} ON main.{table} BEGIN"
                f" INSERT INTO writes VALUES ('{table}', 1)"
                " ON CONFLICT DO UPDATE SET rows = rows + 1; END"
            )


def _alter(path: Path, into: Path) -> None:
    """The catalogue with a new commit in every hundredth record."""
    import zstandard

    from modelaudit.crawl.lines import read_lines

    with into.open("wb") as file, zstandard.ZstdCompressor(3).stream_writer(file) as stream:
        for line in read_lines(path):
            text = line.text
            assert isinstance(text, bytes)
            if line.number % 100 == 0:
                record = json.loads(text)
                record |= {"sha": record["sha"][::-1], "lastModified": "2026-11-22T00:00:00.000Z"}
                text = json.dumps(record).encode()
            stream.write(text + b"\n")
    shutil.copystat(path, into)  # bare records were received when the file was written


def _total(written: dict[str, int]) -> str:
    return f"{sum(written.values()):,}"


def _spelt(written: dict[str, int]) -> str:
    tables = ", ".join(f"{name} {count:,}" for name, count in written.items())
    return tables or "besides who was met in this sweep"
