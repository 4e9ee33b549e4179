"""Parquet dumps of the Hub as others publish them, made from records of its API."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

WRITTEN = 1_790_000_000
"""2026-09-21."""

NOT_IN_A_DUMP = ("sha", "gated", "private", "disabled", "modelId")


def row(record: Mapping[str, Any]) -> dict[str, Any]:
    """A row of the dump: cards as JSON text, files as names, no revision, no gating."""
    found = {name: value for name, value in record.items() if name not in NOT_IN_A_DUMP}
    found["cardData"] = json.dumps(record.get("cardData"))
    found["siblings"] = [sibling["rfilename"] for sibling in record.get("siblings", ())]
    return found


def write(
    path: Path, columns: Mapping[str, Any], *, rows_per_group: int = 1000, written: int = WRITTEN
) -> Path:
    """A Parquet file of these columns, each a list of values or an Arrow array."""
    pq.write_table(pa.table(dict(columns)), path, row_group_size=rows_per_group)
    os.utime(path, (written, written))
    return path


def dump(
    path: Path, records: Sequence[Mapping[str, Any]], *, rows_per_group: int = 1000,
    written: int = WRITTEN,
) -> Path:  # fmt: skip
    """A dump of records of the Hub's API."""
    rows = [row(record) for record in records]
    names = dict.fromkeys(name for r in rows for name in r)
    columns = {name: [r.get(name) for r in rows] for name in names}
    return write(path, columns, rows_per_group=rows_per_group, written=written)
