"""From the bytes of one weight file to what is kept of it: header, architecture, digests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from modelaudit.crawl import headers
from modelaudit.domain.reader import Reader, ReadError
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.weights import Architecture, Digests, Head, Header
from modelaudit.resolve.formats.errors import FormatError


@dataclass(frozen=True, slots=True)
class Inspected:
    """One file that was looked at."""

    head: Head
    header: Header | None
    """``None`` where there is none that can be read; ``head.fault`` says why."""


def inspect(
    reader: Reader,
    ref: ModelRef,
    path: str,
    *,
    at: int,
    source: str | None = None,
    sha256: str | None = None,
    whole: bool = False,
) -> Inspected:
    """Read a file's head; ``whole`` computes digests as well, which takes all of its bytes.

    ``sha256`` is what the platform tells. Raises ``ReadError`` where bytes cannot be had; bytes
    that make no sense are a ``fault`` of the head.
    """
    from modelaudit.resolve.architecture import detect, parts
    from modelaudit.resolve.formats import read_header
    from modelaudit.resolve.hashing import file_digests

    header, what = None, Architecture()
    fault: FormatError | None = None
    try:
        header = read_header(reader, path)
    except FormatError as error:
        fault = error
    else:
        what = detect(header.tensors, header.metadata)
    digests = Digests(sha256=sha256, autov2=sha256[:10] if sha256 else None)
    if whole:
        digests = file_digests(reader, header, parts(header.tensors, what) if header else None)
    says, warnings = _held_against(header, what) if header else (None, ())
    head = Head(
        model=ref,
        path=path,
        observed=at,
        source=source,
        format=header.format if header else None,
        architecture=what,
        says=says,
        metadata=headers.kept(header.metadata) if header else {},
        tensors=len(header.tensors) if header else 0,
        warnings=warnings,
        digests=digests,
        fault=None if fault is None else str(fault),
        reason=ReadError("").reason if fault is None else fault.reason,
    )
    return Inspected(head, header)


def _held_against(header: Header, what: Architecture) -> tuple[str | None, tuple[str, ...]]:
    """What a file's own metadata says of its family where its shapes tell another; and warnings.

    What a tool writes whatever the base was is worth a warning, and contradicts nothing.
    """
    from modelaudit.resolve.architecture import contradiction

    said = contradiction(header.metadata, what)
    if said is None:
        return None, header.warnings
    told = f"{said.family}, by {said.key}"
    if not said.default:
        return told, header.warnings
    line = f"metadata_contradicts_shapes: {told}, which its tool writes for every base"
    return None, (*header.warnings, line)


def unite(shards: Mapping[str, Inspected], index: Mapping[str, tuple[str, ...]]) -> Inspected:
    """The shards of one model as one file: what it is follows from all of them.

    ``index`` says which tensors each shard holds; it is empty where there is none. A shard without
    a header is as one that is missing.
    """
    from modelaudit.resolve.architecture import detect
    from modelaudit.resolve.formats._shards import union

    listed = {path: one.header for path, one in shards.items() if one.header is not None}
    first = shards[next(iter(listed or shards))].head
    try:
        header = union(listed, index)
    except FormatError as error:
        return Inspected(replace(first, fault=str(error), reason=error.reason), None)
    what = detect(header.tensors, header.metadata)
    says, warnings = _held_against(header, what)
    head = replace(
        first,
        architecture=what,
        says=says,
        tensors=len(header.tensors),
        warnings=warnings,
        digests=Digests(),
    )
    return Inspected(head, header)
