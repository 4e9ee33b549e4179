"""A recorded catalogue as a platform: archived or bare API records, line by line, offline.

Every line is handed to the ``replay`` of the platform that it came from, so that an archive gives
what the crawl gave. Lines are those of :mod:`modelaudit.crawl.archive`, ``{"platform": …,
"record": …}``, one Hugging Face ``/api/models`` object, or one Civitai model object.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec

from modelaudit.crawl.archive import mended
from modelaudit.crawl.lines import Line, catalogue_files, read_lines
from modelaudit.crawl.platform import Platform, Source
from modelaudit.domain.errors import IncompleteError, PlatformError
from modelaudit.domain.model import Document, Gap, Page, Record
from modelaudit.domain.reader import Reader, ReadError
from modelaudit.domain.refs import ModelRef, key
from modelaudit.domain.sketch import Weighed
from modelaudit.domain.times import parse_time
from modelaudit.domain.weights import Head
from modelaudit.domain.words import GapReason, Status

LINES_PER_PAGE = 1000


class _Envelope(msgspec.Struct, gc=False):
    """What tells the forms of a line apart; records stay text until their platform reads them."""

    platform: Any = None
    kind: Any = None
    url: Any = None
    status: Any = None
    at: Any = None
    record: msgspec.Raw = msgspec.Raw()
    id: Any = None
    modelVersions: msgspec.Raw = msgspec.Raw()


class Catalogue:
    """Recorded lines of any platform; never touches the network."""

    name = "catalogue"

    def __init__(self, platforms: Mapping[str, Platform]) -> None:
        self.requests = 0
        self._platforms = platforms
        self._replays: dict[str, Callable[..., Page]] = {}
        self._decode = msgspec.json.Decoder(_Envelope).decode

    def list(self, source: Source, cursor: str | None) -> Iterator[Page]:
        """A page per thousand lines; the cursor is ``FILE#LINE`` of the last line read."""
        path = Path(source.value)
        try:
            files = catalogue_files(path)
        except OSError as error:
            raise PlatformError(f"{path} cannot be read: {error.strerror}") from None
        if not files:
            raise PlatformError(
                f"the folder {path} holds no catalogue",
                hint="a catalogue's name ends with .jsonl, .jsonl.gz or .jsonl.zst",
            )
        batch = _Batch()
        torn: Gap | None = None
        for line in read_lines(path, _position(cursor)):
            page = self._line(line)
            if batch.lines == LINES_PER_PAGE or batch.clashes(page):
                yield batch.page(batch.cursor)
                batch = _Batch()
            batch.add(line, page)
            if isinstance(line.text, Gap) and line.text.reason is GapReason.UNREADABLE:
                torn = line.text
        yield batch.page(batch.cursor if torn else None)
        if torn:
            raise IncompleteError(torn.detail)

    def children(self, parent: ModelRef, cursor: str | None) -> Iterator[Page]:
        """Nothing: what is recorded is listed."""
        return iter(())

    def details(self, refs: Sequence[ModelRef]) -> Iterator[Page]:
        """Nothing: what is recorded is listed."""
        return iter(())

    def look_up(self, ref: ModelRef) -> Page:
        """Nothing: what is recorded is listed."""
        return Page()

    def by_digest(self, digests: Sequence[str]) -> Iterator[Page]:
        """Nothing: what is recorded is listed."""
        return iter(())

    def open(self, ref: ModelRef, revision: str | None, path: str, size: int | None) -> Reader:
        """Always refused: a catalogue holds records, not files."""
        raise ReadError("a recorded catalogue holds no files")

    def replay(self, kind: str, record: bytes, *, url: str | None, status: int, at: int) -> Page:
        """The page that one line of a catalogue stands for."""
        return self._replay(record, at)

    def close(self) -> None:
        """Nothing is held open."""

    def _line(self, line: Line) -> Page:
        if isinstance(line.text, Gap):
            return Page(gaps=(line.text,))
        where = f"{line.file.name}:{line.number}"
        try:
            page = self._replay(line.text, line.written)
        except _UnreadableError as error:
            detail = f"{where}: {error}"[:512]
            gap = Gap(reason=GapReason.MALFORMED, detail=detail, file=where)
            return Page(gaps=(gap,))
        if page.gaps:
            gaps = (g if g.model or g.file else replace(g, file=where) for g in page.gaps)
            return replace(page, gaps=tuple(gaps))
        return page

    def _replay(self, text: bytes, at: int) -> Page:
        line, text = self._envelope(text)
        if isinstance(line.platform, str):
            platform, record = line.platform, bytes(line.record)
            if not record:
                raise _UnreadableError("it has no record")
        elif line.modelVersions:
            platform, record = "civitai", text
        elif isinstance(line.id, str):
            platform, record = "hf", text
        else:
            raise _UnreadableError("it is no record of a platform known here")
        replay = self._replays.get(platform) or self._replay_of(platform)
        return replay(
            line.kind if isinstance(line.kind, str) else "list",
            record,
            url=line.url if isinstance(line.url, str) else None,
            status=line.status if isinstance(line.status, int) else 200,
            at=(_seconds(line.at) if isinstance(line.at, str) else None) or at,
        )

    def _replay_of(self, platform: str) -> Callable[..., Page]:
        if platform == self.name or platform not in self._platforms:
            raise _UnreadableError(f"it comes from {platform[:40]!r}, a platform not known here")
        self._replays[platform] = self._platforms[platform].replay
        return self._replays[platform]

    def _envelope(self, text: bytes) -> tuple[_Envelope, bytes]:
        try:
            return self._decode(text), text
        except (ValueError, RecursionError) as error:
            reason = error
        try:
            text = mended(text)
            return self._decode(text), text
        except ValueError:
            raise _UnreadableError(f"it is no JSON object: {reason}") from None


class _Batch:
    """Lines gathered into one page, in which the order of lines does not matter."""

    def __init__(self) -> None:
        self.lines = 0
        self.cursor: str | None = None
        self._records: list[Record] = []
        self._documents: list[Document] = []
        self._heads: list[Head] = []
        self._weighed: list[Weighed] = []
        self._gaps: list[Gap] = []
        self._renamed: dict[ModelRef, ModelRef] = {}
        self._missing: dict[ModelRef, Status] = {}
        self._met: set[str] = set()
        self._told: set[tuple[str, str, str | None]] = set()

    def clashes(self, page: Page) -> bool:
        """True when a line renames, misses or shows again what another line of the batch shows."""
        moved = {key(ref) for ref in (*page.renamed, *page.renamed.values(), *page.missing)}
        if moved & self._met:
            return True
        return any(key(r.model.ref) in self._met for r in page.records) or any(
            _named(document) in self._told for document in page.documents
        )

    def add(self, line: Line, page: Page) -> None:
        """Take a line's page in."""
        self.lines += 1
        self.cursor = f"{line.file.name}#{line.number}"
        self._records += page.records
        self._documents += page.documents
        self._heads += page.heads
        self._weighed += page.weighed
        self._gaps += page.gaps
        self._met.update(key(record.model.ref) for record in page.records)
        self._met.update(key(document.model) for document in page.documents)
        self._told.update(map(_named, page.documents))
        if page.renamed or page.missing:
            self._renamed.update(page.renamed)
            self._missing.update(page.missing)
            moved = (*page.renamed, *page.renamed.values(), *page.missing)
            self._met.update(map(key, moved))

    def page(self, cursor: str | None) -> Page:
        """All of it."""
        return Page(
            records=tuple(self._records),
            documents=tuple(self._documents),
            heads=tuple(self._heads),
            weighed=tuple(self._weighed),
            gaps=tuple(self._gaps),
            renamed=self._renamed,
            missing=self._missing,
            cursor=cursor,
        )


def _named(document: Document) -> tuple[str, str, str | None]:
    return key(document.model), document.kind, document.path


class _UnreadableError(Exception):
    """A line that stands for nothing; the text says why."""


_seconds = lru_cache(maxsize=1024)(parse_time)


def _position(cursor: str | None) -> tuple[str, int]:
    name, _, number = (cursor or "").rpartition("#")
    return (name, int(number)) if number.isdecimal() else ("", 0)
