"""Tables as Parquet: types, row groups, and memory that does not grow with the rows."""

from __future__ import annotations

import io
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest

from modelaudit.domain.table import Table, Type

pytest.importorskip("pyarrow")

import pyarrow.parquet as pq

from modelaudit.report.parquet import ROWS_PER_GROUP, render

COLUMNS = {
    "text": Type.TEXT, "integer": Type.INTEGER, "number": Type.NUMBER, "time": Type.TIME,
    "texts": Type.TEXTS,
}  # fmt: skip


def read(rows: Iterator[tuple[object, ...]]) -> Any:
    return pq.ParquetFile(io.BytesIO(b"".join(render(Table("some", COLUMNS, rows)))))


def test_every_type_comes_back_and_any_value_may_be_missing() -> None:
    row = ("\U0001f600\0\u202e", -(2**63), 0.5, 1_790_000_000, ("a", "b"))
    table = read(iter([row, (None,) * 5, ("", 2**63 - 1, float("inf"), 0, [])])).read()
    first, missing, last = table.to_pylist()
    assert first | {"time": str(first["time"])} == {
        "text": row[0], "integer": row[1], "number": 0.5, "time": "2026-09-21 14:13:20",
        "texts": ["a", "b"],
    }  # fmt: skip
    assert set(missing.values()) == {None}
    assert (last["integer"], last["texts"], str(last["time"])) == (
        2**63 - 1, [], "1970-01-01 00:00:00"
    )  # fmt: skip
    assert table.schema.field("time").type.tz is None


def test_no_rows_make_a_file_with_columns() -> None:
    file = read(iter(()))
    assert file.metadata.num_rows == 0
    assert file.schema_arrow.names == list(COLUMNS)


def test_rows_come_in_groups_and_pieces() -> None:
    count = 2 * ROWS_PER_GROUP + 5
    rows = ((f"row {n}", n, n / 2, n, ()) for n in range(count))
    tracemalloc.start()
    pieces = [len(piece) for piece in render(Table("some", COLUMNS, rows))]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(pieces) == 3
    assert all(pieces)
    assert peak < 30e6  # what 200,000 rows as objects take is over 60 MB
    file = read((f"row {n}", n, n / 2, n, ()) for n in range(count))
    groups = [file.metadata.row_group(i).num_rows for i in range(file.metadata.num_row_groups)]
    assert groups == [ROWS_PER_GROUP, ROWS_PER_GROUP, 5]
    assert file.read(["integer"]).column("integer").to_pylist() == list(range(count))
