"""What was read of weight files as JSON: lines of the archive, and the body kept in the database.

A body says all that is kept of a file's head; equal bytes share one, wherever they lie. A line
adds whose file it is. :mod:`modelaudit.crawl.headers` chooses which metadata may be kept.
"""

from __future__ import annotations

from typing import Any

import msgspec

from modelaudit.domain import refs
from modelaudit.domain.model import Document, Gap, Page, Received
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.weights import UNKNOWN, Architecture, Digests, Head
from modelaudit.domain.words import Component, GapReason

KIND = "header"

_IN_PART = ("invalid_tensor:", "truncated:", "missing_shard:")
"""Warnings of a listing that does not show all."""


class _Body(msgspec.Struct, omit_defaults=True):
    format: str | None = None
    family: str = UNKNOWN
    reason: str = ""
    kind: str = UNKNOWN
    variant: str | None = None
    components: list[str] = []
    measured: bool = False
    says: str | None = None
    metadata: dict[str, Any] = {}
    tensors: int = 0
    warnings: list[str] = []
    digests: dict[str, str] = {}
    parts: dict[str, str] = {}
    key: str | None = None
    fault: str | None = None
    gap: str = GapReason.UNREADABLE.word


class _Line(_Body, omit_defaults=True):
    model: str = ""
    path: str = ""
    source: str | None = None


def body(head: Head) -> dict[str, Any]:
    """What is kept of a file, whoever holds it."""
    return dict(msgspec.to_builtins(_of(head)))


def received(head: Head) -> Received:
    """The line for the archive."""
    record = {"model": head.model, "path": head.path, "source": head.source, **body(head)}
    return Received(
        platform=refs.platform(head.model),
        kind=KIND,
        url=head.source or "",
        status=206,
        at=head.observed,
        record=record,
    )


def from_body(text: str, ref: ModelRef, path: str, *, source: str | None, at: int) -> Head:
    """The same file's head where another model holds it."""
    return _head(msgspec.json.decode(text, type=_Body), ref, path, source, at)


def replay(record: bytes, at: int) -> Page:
    """The page that an archived line stands for."""
    try:
        line = msgspec.json.decode(record, type=_Line)
        head = _head(line, refs.parse(line.model), line.path, line.source, at)
    except (ValueError, RecursionError) as error:
        detail = f"an archived header cannot be read: {error}"[:300]
        return Page(gaps=(Gap(reason=GapReason.MALFORMED, detail=detail),))
    return page(head)


def page(head: Head) -> Page:
    """What a file says: its metadata as a document, or why there is none as a gap."""
    if head.fault is not None:
        gap = Gap(reason=head.reason, detail=head.fault, model=head.model, file=head.path)
        return Page(heads=(head,), gaps=(gap,))
    document = Document(
        model=head.model,
        kind=head.format or "safetensors",
        body=head.metadata,
        observed=head.observed,
        source=head.source,
        path=head.path,
    )
    gaps = tuple(
        Gap(
            reason=GapReason.UNREADABLE, detail=f"in part: {line}", model=head.model, file=head.path
        )
        for line in head.warnings
        if line.startswith(_IN_PART)
    )
    return Page(heads=(head,), documents=(document,), gaps=gaps)


def _of(head: Head) -> _Body:
    digests = {"sha256": head.digests.sha256, "autov1": head.digests.autov1,
               "autov3": head.digests.autov3, "quick": head.digests.quick,
               "state": head.digests.state}  # fmt: skip
    what = head.architecture
    return _Body(
        format=head.format,
        family=what.family,
        reason=what.reason,
        kind=what.kind,
        variant=what.variant,
        components=[part.word for part in what.components],
        measured=what.measured,
        says=head.says,
        metadata=dict(head.metadata),
        tensors=head.tensors,
        warnings=list(head.warnings),
        digests={name: digest for name, digest in digests.items() if digest},
        parts={part.word: digest for part, digest in head.digests.parts.items()},
        key=head.key,
        fault=head.fault,
        gap=head.reason.word,
    )


def _head(body: _Body, ref: ModelRef, path: str, source: str | None, at: int) -> Head:
    sha256 = body.digests.get("sha256")
    return Head(
        model=ref,
        path=path,
        observed=at,
        source=source,
        format=body.format,
        architecture=Architecture(
            family=body.family,
            reason=body.reason,
            kind=body.kind,
            variant=body.variant,
            components=tuple(Component.parse(word) for word in body.components),
            measured=body.measured,
        ),
        says=body.says,
        metadata=body.metadata,
        tensors=body.tensors,
        warnings=tuple(body.warnings),
        digests=Digests(
            sha256=sha256,
            autov1=body.digests.get("autov1"),
            autov2=sha256[:10] if sha256 else None,
            autov3=body.digests.get("autov3"),
            quick=body.digests.get("quick"),
            state=body.digests.get("state"),
            parts={Component.parse(word): digest for word, digest in body.parts.items()},
        ),
        key=body.key,
        fault=body.fault,
        reason=GapReason.parse(body.gap),
    )
