"""The Hub's public Parquet dump as a platform: one file instead of thousands of list pages.

The data set ``cfahlgren1/hub-stats`` on the Hub holds ``models.parquet``: a row a model, with most
fields of ``GET /api/models`` (https://huggingface.co/docs/hub/api). The file is read where it
lies and never fetched. It is a copy of unknown age without revisions and without gating: its
records are seeds, which never overrule what the Hub itself said.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from modelaudit.crawl.dump_columns import COLUMNS, faults, values
from modelaudit.crawl.hub_records import read_values
from modelaudit.crawl.platform import Source
from modelaudit.domain.errors import IncompleteError, PlatformError, extra_missing
from modelaudit.domain.model import Gap, Page, Record
from modelaudit.domain.reader import Reader, ReadError
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.times import format_time
from modelaudit.domain.words import GapReason

if TYPE_CHECKING:
    from pyarrow import RecordBatch
    from pyarrow.parquet import ParquetFile

ROWS_PER_PAGE: Final = 1000
_BUFFER: Final = 2**20
"""Bytes of a column read at a time: row groups may be larger than memory."""
_CURSOR = re.compile(r"(\d{1,12})/(\d{1,9})/(\d{1,12})\Z", re.ASCII)


class _Position(NamedTuple):
    """``WRITTEN/GROUP/ROW``: rows of a row group that are read, of the file as it was then."""

    written: int
    group: int = 0
    row: int = 0

    def __str__(self) -> str:
        return "/".join(map(str, self))


class HubStats:
    """The rows of one dump; never touches the network."""

    name = "hub-stats"

    def __init__(self) -> None:
        self.requests = 0

    def list(self, source: Source, cursor: str | None) -> Iterator[Page]:
        """A page per thousand rows; a cursor of a file that changed since begins anew."""
        path = Path(source.value)
        written, file = _open(path)
        try:
            present, lacking = _checked(path, file)
            start = _position(cursor, written)
            yield Page(gaps=_shortcomings(file, written, lacking), cursor=str(start))
            yield from _pages(path, file, present, start)
        finally:
            file.close()
        yield Page()

    def children(self, parent: ModelRef, cursor: str | None) -> Iterator[Page]:
        """Nothing: what is in the dump is listed."""
        return iter(())

    def details(self, refs: Sequence[ModelRef]) -> Iterator[Page]:
        """Nothing: what is in the dump is listed."""
        return iter(())

    def look_up(self, ref: ModelRef) -> Page:
        """Nothing: what is in the dump is listed."""
        return Page()

    def by_digest(self, digests: Sequence[str]) -> Iterator[Page]:
        """Nothing: a dump tells no digest."""
        return iter(())

    def open(self, ref: ModelRef, revision: str | None, path: str, size: int | None) -> Reader:
        """Always refused: a dump holds rows, not files."""
        raise ReadError("a dump holds no files")

    def replay(self, kind: str, record: bytes, *, url: str | None, status: int, at: int) -> Page:
        """A dump is not archived: it is there to be read again."""
        detail = "a row of a dump, which a catalogue does not hold"
        return Page(gaps=(Gap(reason=GapReason.MALFORMED, detail=detail),))

    def close(self) -> None:
        """Nothing is held open."""


def _open(path: Path) -> tuple[int, ParquetFile]:
    """When the file was written, and what is in it."""
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise extra_missing("a Parquet file", "analysis", "pyarrow") from None
    try:
        return int(path.stat().st_mtime), pq.ParquetFile(
            path, buffer_size=_BUFFER, pre_buffer=False
        )
    except (pa.ArrowException, OSError) as error:
        raise PlatformError(
            f"{path} cannot be read as Parquet: {_reason(error)}",
            hint="was it downloaded whole?",
        ) from None


def _checked(path: Path, file: ParquetFile) -> tuple[list[str], list[str]]:
    """The columns to read, and those that are not there; every one that cannot be used is told."""
    try:
        schema = file.schema_arrow
    except Exception as error:  # noqa: BLE001 - whatever a type that Arrow does not know ends in
        raise PlatformError(f"{path} has columns that cannot be read: {_reason(error)}") from None
    if wrong := faults(schema):
        raise PlatformError(
            f"{path} is no dump of models as it is read here: {'; '.join(wrong)}",
            hint="it is models.parquet of the data set cfahlgren1/hub-stats",
        )
    names = set(schema.names)
    return [n for n in COLUMNS if n in names], [n for n in COLUMNS if n not in names]


def _shortcomings(file: ParquetFile, written: int, lacking: Sequence[str]) -> tuple[Gap, ...]:
    """What the dump as a whole does not tell."""
    rows = max(file.metadata.num_rows, 0)
    if not rows:
        return (Gap(reason=GapReason.INCONCLUSIVE, detail="the dump holds no row"),)
    day = str(format_time(written))[:10]
    detail = f"from a dump of {day}: revision and gating unknown"
    seeded = Gap(reason=GapReason.INCONCLUSIVE, detail=detail, count=rows)
    if not lacking:
        return (seeded,)
    detail = f"the dump has no column {', '.join(lacking)}"
    return seeded, Gap(reason=GapReason.UNMAPPED, detail=detail)


def _position(cursor: str | None, written: int) -> _Position:
    match = _CURSOR.match(cursor or "")
    position = _Position(*map(int, match.groups())) if match else _Position(written)
    return position if position.written == written else _Position(written)


def _pages(
    path: Path, file: ParquetFile, columns: Sequence[str], start: _Position
) -> Iterator[Page]:
    import pyarrow as pa

    for group in range(start.group, file.metadata.num_row_groups):
        done, skip = 0, start.row if group == start.group else 0
        try:
            for batch in file.iter_batches(ROWS_PER_PAGE, row_groups=[group], columns=columns):
                done += batch.num_rows
                if done > skip:
                    at = _Position(start.written, group, done)
                    fresh = batch.slice(max(batch.num_rows - (done - skip), 0))
                    yield replace(_page(fresh, start.written), cursor=str(at))
        except (pa.ArrowException, OSError) as error:
            raise IncompleteError(
                f"{path.name}: not readable after row {done} of row group {group}: {_reason(error)}"
            ) from None


def _page(batch: RecordBatch, at: int) -> Page:
    records: list[Record] = []
    gaps: list[Gap] = []
    spoilt: dict[str, int] = {}
    columns: dict[str, list[Any]] = {}
    for name in batch.schema.names:
        columns[name], bad = values(batch.column(name), COLUMNS[name])
        if bad:
            spoilt[name] = bad
    for row in range(batch.num_rows):
        found = read_values({name: column[row] for name, column in columns.items()}, at)
        if isinstance(found, Record):
            records.append(replace(found, seed=True))
        else:
            gaps.append(found)
    for name, count in spoilt.items():
        near = records[0].model.ref if records else "no usable row"
        detail = f"{count} values of {name} cannot be read, in the thousand rows from {near}"
        gaps.append(Gap(reason=GapReason.MALFORMED, detail=detail, count=count))
    return Page(records=tuple(records), gaps=tuple(gaps))


def _reason(error: Exception) -> str:
    said = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return " ".join(said.split())[:300] or type(error).__name__
