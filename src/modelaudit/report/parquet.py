"""A table as the bytes of a Parquet file (https://parquet.apache.org/docs/file-format/).

Times are UTC without saying so: readers that know time zones would want a data base of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from modelaudit.domain.errors import extra_missing
from modelaudit.domain.table import Table, Type

if TYPE_CHECKING:
    from pyarrow import Schema

ROWS_PER_GROUP: Final = 100_000
_ROWS_AT_ONCE: Final = 10_000
"""Rows that are Python objects at any one time; the rest of a row group is packed."""


def render(table: Table) -> Iterator[bytes]:
    """The file in pieces, each at most about a row group long; ``UsageError`` without pyarrow."""
    demand()
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = _schema(table)
    sink = _Drain()
    with pq.ParquetWriter(sink, schema, compression="zstd") as writer:
        group: list[Any] = []
        while rows := [*islice(table.rows, _ROWS_AT_ONCE)]:
            columns = zip(*rows, strict=True)
            arrays = [pa.array(c, f.type) for c, f in zip(columns, schema, strict=True)]
            group.append(pa.record_batch(arrays, schema=schema))
            if len(group) * _ROWS_AT_ONCE >= ROWS_PER_GROUP:
                writer.write_table(pa.Table.from_batches(group), row_group_size=ROWS_PER_GROUP)
                group = []
                yield sink.drain()
        if group:
            writer.write_table(pa.Table.from_batches(group), row_group_size=ROWS_PER_GROUP)
    yield sink.drain()


def demand() -> None:
    """Raise ``UsageError`` where pyarrow is not installed."""
    try:
        import pyarrow.parquet  # noqa: F401 - only whether it is there
    except ImportError:
        raise extra_missing("a Parquet file", "analysis", "pyarrow") from None


def _schema(table: Table) -> Schema:
    import pyarrow as pa

    types = {
        Type.TEXT: pa.string(),
        Type.INTEGER: pa.int64(),
        Type.NUMBER: pa.float64(),
        Type.TIME: pa.timestamp("s"),
        Type.TEXTS: pa.list_(pa.string()),
    }
    return pa.schema([(name, types[kind]) for name, kind in table.columns.items()])


class _Drain:
    """A file that gives away what was written to it and keeps nothing."""

    closed = False

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._length = 0

    def write(self, data: Any) -> int:
        """Take bytes, or a buffer of Arrow's that is gone afterwards."""
        piece = bytes(data)
        self._pieces.append(piece)
        self._length += len(piece)
        return len(piece)

    def tell(self) -> int:
        """Bytes written so far, drained ones included."""
        return self._length

    def flush(self) -> None:
        """Nothing waits."""

    def close(self) -> None:
        """Nothing is open."""

    def readable(self) -> bool:
        """Never."""
        return False

    def writable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Never: what was written may be on the disk already."""
        return False

    def drain(self) -> bytes:
        """What was written since the last time."""
        data = b"".join(self._pieces)
        self._pieces.clear()
        return data
