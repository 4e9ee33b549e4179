"""Parquet at both ends: a dump of the Hub into the store, the store into files, a question."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks import synthetic
from benchmarks.ingest import crawl
from benchmarks.measure import Row, stopwatch

COUNT = 100_000
TITLE = f"parquet: a dump of {COUNT:,} models to SQLite, SQLite to Parquet"

_CLOSURE = """
WITH RECURSIVE down(ref, hops) AS (
  SELECT (SELECT parent FROM '{0}/edge.parquet' GROUP BY parent ORDER BY count(*) DESC LIMIT 1), 0
  UNION
  SELECT e.child, d.hops + 1 FROM down AS d JOIN '{0}/edge.parquet' AS e ON e.parent = d.ref
   WHERE d.hops < 20)
SELECT count(DISTINCT ref) FROM down
"""


def rows() -> Iterator[Row]:
    """Seconds, and bytes a row."""
    import duckdb

    from modelaudit.report.parquet import render
    from modelaudit.report.reporter import write
    from modelaudit.store.db import reading
    from modelaudit.store.export import tables

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        dump = folder / "models.parquet"
        _write_dump(dump)
        yield Row("dump", f"{dump.stat().st_size / COUNT:,.0f} bytes a model")
        watch, _ = crawl(f"hub-stats:{dump}", folder / "audit.db")
        yield Row(
            "dump to SQLite", f"{watch.cpu:.1f} s CPU", f"{COUNT / watch.cpu:,.0f} models a second"
        )
        size = (folder / "audit.db").stat().st_size
        yield Row("  database", f"{size / 1e6:.1f} MB", f"{size / COUNT:,.0f} bytes a model")
        with stopwatch() as out, reading(folder / "audit.db") as connection:
            for table in tables(connection, None):
                write(folder / f"{table.name}.parquet", render(table))
        yield Row("SQLite to Parquet", f"{out.cpu:.1f} s CPU", f"{out.wall:.1f} s")
        for table_name in ("model", "edge"):
            file = folder / f"{table_name}.parquet"
            (count,) = duckdb.sql(f"SELECT count(*) FROM '{file}'").fetchall()[0]
            per_row = f"{file.stat().st_size / count:.0f} bytes a row"
            yield Row(f"  {file.name}", f"{count:,} rows", per_row)
        with stopwatch() as asked:
            (reached,) = duckdb.sql(_CLOSURE.format(folder)).fetchall()[0]
        yield Row("closure in DuckDB", f"{asked.wall:.2f} s", f"{reached:,} descendants")


def _write_dump(path: Path) -> None:
    """The synthetic catalogue as others would publish it."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    records = list(synthetic.records(COUNT))
    names = ("_id", "id", "author", "createdAt", "lastModified", "downloads", "likes",
             "pipeline_tag", "library_name", "tags")  # fmt: skip
    columns = {name: [record[name] for record in records] for name in names}
    columns["cardData"] = [json.dumps(record["cardData"]) for record in records]
    columns["siblings"] = [[s["rfilename"] for s in r["siblings"]] for r in records]
    pq.write_table(pa.table(columns), path, compression="zstd", row_group_size=COUNT // 2)
