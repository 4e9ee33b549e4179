"""``modelaudit export parquet``: the tables for an analysis at scale."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from modelaudit.cli import options as opt

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from modelaudit.domain.table import Table
    from modelaudit.store.report import StoredReport

SCHEMA = "modelaudit.export/1"


def parquet(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Where the files go; made if it is not there.")
    ],
    db: opt.Database = opt.DATABASE,
    run: opt.RunId = None,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = False,
    log_format: opt.LogFormatOption = opt.LogFormat.text,
    no_progress: opt.NoProgress = False,
    offline: opt.Offline = False,
) -> None:
    """Write models, claims, files and a run's findings as Parquet files, for DuckDB and others.

    Example: modelaudit export parquet out/
    """
    import json

    from modelaudit.audit import TOOL
    from modelaudit.cli.output import Output
    from modelaudit.report.parquet import demand, render
    from modelaudit.report.reporter import write
    from modelaudit.report.words import amount
    from modelaudit.store.db import VERSION, reading
    from modelaudit.store.export import tables

    out = Output(quiet=quiet, verbose=verbose, as_json=log_format is opt.LogFormat.json)
    demand()
    with reading(db) as connection:
        connection.execute("BEGIN")  # one state for all tables, whatever is written meanwhile
        report = _report(connection, run)
        if report and any(entry.title is None for entry in report.run.entries):
            os.umask(0o077)  # a private list was used: what comes of it is the user's alone
        _make(folder)
        manifest: dict[str, Any] = {
            "schema": SCHEMA,
            "tool": TOOL,
            "database": VERSION,
            "run": report.run.id if report else None,
            "tables": {},
        }
        for table in tables(connection, report):
            path = folder / f"{table.name}.parquet"
            counted = _Counted(table)
            write(path, render(counted.table))
            size = path.stat().st_size
            manifest["tables"][table.name] = {
                "file": path.name,
                "rows": counted.rows,
                "bytes": size,
                "columns": {name: kind.value for name, kind in table.columns.items()},
            }
            out.say(f"{path}: {amount(counted.rows, 'row')}, {size:,} bytes")
    write(folder / "manifest.json", [json.dumps(manifest, indent=2), "\n"])


class _Counted:
    """A table that counts its rows as they pass."""

    def __init__(self, table: Table) -> None:
        from dataclasses import replace

        self.rows = 0
        self.table = replace(table, rows=self._pass(table.rows))

    def _pass(self, rows: Iterator[tuple[object, ...]]) -> Iterator[tuple[object, ...]]:
        for row in rows:
            self.rows += 1
            yield row


def _report(connection: sqlite3.Connection, run: str | None) -> StoredReport | None:
    """The run asked for, or the latest; a database that was only crawled has none."""
    from modelaudit.store.report import StoredReport
    from modelaudit.store.runs import finished, latest

    if run is None and not finished(connection):
        return None
    return StoredReport(connection, latest(connection, run))


def _make(folder: Path) -> None:
    """The folder, without the manifest of an export before: a torn export has none."""
    from modelaudit.domain.errors import UsageError

    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "manifest.json").unlink(missing_ok=True)
    except OSError as error:
        raise UsageError(
            f"{folder} cannot be written: {error.strerror or error}", hint="name another folder"
        ) from None
