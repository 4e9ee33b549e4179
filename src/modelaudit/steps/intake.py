"""From a page that a platform sent to rows of the catalogue: extract, archive and store in one go.

The archive's end, the cursor and the rows are committed together, so that a run killed anywhere
goes on without loss and without duplicates.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from modelaudit.crawl.heads import body as kept
from modelaudit.domain.claim import Claim
from modelaudit.domain.model import Document, Gap, Page, Record
from modelaudit.domain.progress import Progress
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.sketch import Weighed
from modelaudit.domain.weights import Head
from modelaudit.domain.words import GapReason, Status
from modelaudit.resolve.extractor import extract
from modelaudit.store import heads, weighed
from modelaudit.store.db import transaction
from modelaudit.store.ingest import Ingest, Written
from modelaudit.store.rows import Reading
from modelaudit.store.sources import archive_end, note_archive_end

if TYPE_CHECKING:
    from modelaudit.crawl.archive import ArchiveWriter

DETAILS = "details"
"""What gaps of per-model calls are filed under."""


class Intake:
    """Takes pages in through the one writing connection."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        archive: ArchiveWriter | None,
        progress: Progress,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.connection = connection
        self._archive = archive
        self._progress = progress
        self._clock = clock
        self._ingest = Ingest(connection)
        if archive is not None:
            archive.truncate(archive_end(connection))
            with transaction(connection):
                note_archive_end(connection, archive.offset)

    @property
    def now(self) -> int:
        """UTC seconds."""
        return int(self._clock())

    def take(
        self,
        page: Page,
        origin: str,
        also: Callable[[Sequence[int]], object] | None = None,
    ) -> Written:
        """Store one page; ``also`` runs in the same transaction with the nodes of its records.

        ``origin`` is what the page's gaps are filed under: a source, or ``details``.
        """
        readings, gaps = read(page.records, page.documents, (*page.heads, *page.weighed))
        with transaction(self.connection):
            self._ingest.rename(page.renamed)
            self._ingest.mark(page.missing, now=self.now)
            written = self._ingest.write(readings, now=self.now)
            for head in page.heads:
                body = json.dumps(kept(head), ensure_ascii=False)
                heads.write(self.connection, head, body.encode("utf-8", "replace").decode())
            for item in page.weighed:
                weighed.write_replayed(self.connection, item)
            self._ingest.gaps([*page.gaps, *gaps], origin)
            if also is not None:
                also([*dict.fromkeys(written.nodes[: len(page.records)])])
            if self._archive is not None and page.received:
                self._archive.append(page.received)
                note_archive_end(self.connection, self._archive.offset)
        self._progress.update(
            claims=self._progress.claims + written.claims,
            gaps=self._progress.gaps + len(page.gaps) + len(gaps),
        )
        return written


def read(
    records: Iterable[Record], documents: Iterable[Document], files: Iterable[Head | Weighed] = ()
) -> tuple[list[Reading], list[Gap]]:
    """Records and documents with their claims drawn out; pure.

    A document that comes with what was read of a weight file says nothing about its model's own
    pages.
    """
    of_files = {(file.model, file.path) for file in files}
    gaps: list[Gap] = []
    readings = [_reading(record, gaps) for record in records]
    by_model: dict[ModelRef, list[Document]] = {}
    for document in documents:
        by_model.setdefault(document.model, []).append(document)
    for ref, group in by_model.items():
        claims, covered = _claims(group, gaps)
        detailed = any((document.model, document.path) not in of_files for document in group)
        readings.append(Reading(ref=ref, claims=claims, covered=covered, detailed=detailed))
    return readings, gaps


def _reading(record: Record, gaps: list[Gap]) -> Reading:
    claims, covered = _claims(record.documents, gaps)
    if record.model.status is Status.DISABLED:
        detail = "the platform has taken it down"
        gaps.append(Gap(reason=GapReason.DISABLED, detail=detail, model=record.model.ref))
    return Reading(
        ref=record.model.ref,
        model=record.model,
        files=record.files,
        claims=claims,
        covered=covered,
        detailed=record.detailed,
        seed=record.seed,
        observed=max((document.observed for document in record.documents), default=None),
    )


def _claims(
    documents: Sequence[Document], gaps: list[Gap]
) -> tuple[list[Claim], frozenset[tuple[str, str]]]:
    claims: list[Claim] = []
    covered: list[tuple[str, str]] = []
    for document in documents:
        extracted = extract(document)
        claims += extracted.claims
        gaps += extracted.gaps
        covered += [(name, document.path or "") for name in extracted.covered]
    return claims, frozenset(covered)
