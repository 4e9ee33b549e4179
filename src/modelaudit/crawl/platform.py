"""The questions that every platform answers; a new platform is one new file beside this.

A platform turns hostile JSON into domain values at the edge, record by record: one bad record
is a :class:`~modelaudit.domain.model.Gap`, never the end of a crawl.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from modelaudit.domain.model import Page
from modelaudit.domain.reader import Reader
from modelaudit.domain.refs import ModelRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One SOURCE of the command line, parsed."""

    text: str
    """As normalised for runs and cursors: two spellings of one source share it."""
    platform: str
    kind: str
    """``all``, ``author``, ``model``, ``descendants``, ``catalogue``, ``dump`` or ``folder``."""
    value: str = ""
    """The author, the model id, the path."""


class Platform(Protocol):
    """A host that lists models."""

    name: str
    """``hf``, ``civitai``, ``catalogue`` …"""

    @property
    def requests(self) -> int:
        """Requests made so far, for coverage and progress."""

    def list(self, source: Source, cursor: str | None) -> Iterator[Page]:
        """Page after page of the source, from ``cursor`` on; each page carries the next cursor.

        Raises ``IncompleteError`` when the platform stops answering, ``CredentialsError`` when
        it refuses the token or the whole source.
        """

    def children(self, parent: ModelRef, cursor: str | None) -> Iterator[Page]:
        """Models that declare ``parent`` (any relation); ends at once where unsupported."""

    def details(self, refs: Sequence[ModelRef]) -> Iterator[Page]:
        """Per-repository calls: file digests, and the small files that speak of lineage.

        ``refs`` may be lazy-loaded in batches; one page answers one or more of them, and a
        model that would not answer is in ``missing`` or ``gaps``, never silently left out.
        """

    def look_up(self, ref: ModelRef) -> Page:
        """What one request tells of a model or a data set; no text of it is read.

        A data set that answers is a record without files. An empty page means: cannot be asked.
        Raises ``IncompleteError`` where nobody answers.
        """

    def by_digest(self, digests: Sequence[str]) -> Iterator[Page]:
        """Models that hold a file with one of these sha256; ends at once where unsupported."""

    def open(self, ref: ModelRef, revision: str | None, path: str, size: int | None) -> Reader:
        """One file of a model for reading by ranges; raises ``ReadError`` with a plain reason."""

    def replay(self, kind: str, record: bytes, *, url: str | None, status: int, at: int) -> Page:
        """The page that an archived line stands for; pure, never touches the network.

        ``record`` is the JSON text as received. Live crawling goes through here as well, so that
        an archive replayed gives what the crawl gave.
        """

    def close(self) -> None:
        """Let go of connections."""


class Live(Platform, Protocol):
    """A platform on the network, whose lists go on from where they ended.

    The last page of a list carries ``onward``: listing from there shows what came since.
    """

    def changed(self, source: Source, cursor: str | None, since: int) -> Iterator[Page]:
        """Models of a list that were changed at or after ``since``, UTC seconds, latest first.

        Ends at once where the platform cannot be asked, or its list shows them as new.
        """
