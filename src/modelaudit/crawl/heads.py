"""What was read of weight files as JSON: lines of the archive, and the body kept in the database.

A body says all that is kept of a file's head; equal bytes share one, wherever they lie. A line
adds whose file it is, and anybody may have written it: it says nothing that its reader cannot know.
:mod:`modelaudit.crawl.headers` chooses which metadata may be kept.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

import msgspec

from modelaudit.crawl.headers import kept
from modelaudit.domain import refs
from modelaudit.domain.model import Document, Gap, Page, Received
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.weights import FORMATS, UNKNOWN, Architecture, Digests, Head
from modelaudit.domain.words import Component, GapReason

KIND = "header"

_IN_PART = ("invalid_tensor:", "truncated:", "missing_shard:")
"""Warnings of a listing that does not show all."""

_Sha256 = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{64}\Z")]
_Short = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{8}\Z")]


class _Digests(msgspec.Struct, omit_defaults=True):
    sha256: _Sha256 | None = None
    autov1: _Short | None = None
    autov3: _Sha256 | None = None
    quick: _Sha256 | None = None
    state: _Sha256 | None = None


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
    digests: _Digests = msgspec.field(default_factory=_Digests)
    parts: dict[str, _Sha256] = {}
    key: _Sha256 | None = None
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
    own = replace(head.digests, state=None, parts={})
    told = body(replace(head, digests=own))
    record = {"model": head.model, "path": head.path, "source": head.source, **told}
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


def replay(record: bytes, at: int, platform: str) -> Page:
    """The page that an archived line stands for; ``platform`` is the one it came from.

    Digests of parts are not taken from it: they take all bytes, and nobody reads those from a
    distance.
    """
    try:
        line = msgspec.json.decode(record, type=_Line)
        ref = refs.parse(line.model)
        if platform != refs.platform(ref):
            raise ValueError(f"{refs.platform(ref)}: is not the platform that it came from")
        if line.format is None and line.fault is None:
            line.format = "safetensors"  # older archives know no other
        if line.format not in (None, *FORMATS):
            raise ValueError(f"{line.format[:40]!a} is no format of weight files")
        head = _head(line, ref, line.path, line.source, at)
        own = replace(head.digests, state=None, parts={})
        head = replace(head, digests=own, metadata=kept(head.metadata))
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
    own, what = head.digests, head.architecture
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
        digests=_Digests(own.sha256, own.autov1, own.autov3, own.quick, own.state),
        parts={part.word: digest for part, digest in own.parts.items()},
        key=head.key,
        fault=head.fault,
        gap=head.reason.word,
    )


def _head(body: _Body, ref: ModelRef, path: str, source: str | None, at: int) -> Head:
    own = body.digests
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
            sha256=own.sha256,
            autov1=own.autov1,
            autov2=own.sha256[:10] if own.sha256 else None,
            autov3=own.autov3,
            quick=own.quick,
            state=own.state,
            parts={Component.parse(word): digest for word, digest in body.parts.items()},
        ),
        key=body.key,
        fault=body.fault,
        reason=GapReason.parse(body.gap),
    )
