"""One file's head for people and for programs: what it is, what it says, what it claims."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

from modelaudit.domain.weights import UNKNOWN, Architecture, Inspection, Tensor
from modelaudit.report import words
from modelaudit.report.clean import for_terminal, shorten
from modelaudit.report.record import claim_record

_VALUE: Final = 100
"""Characters shown of one value of metadata."""
_MOST_LINES: Final = 40
"""Claims, keys or warnings shown to people; programs get all."""


def record(inspection: Inspection, metadata: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """As published: see ``docs/reference/inspect.md``.

    ``metadata`` replaces what may be kept of the file's own words, to show all of them.
    """
    head, header = inspection.head, inspection.header
    what, own = head.architecture, head.digests
    shown = head.metadata if metadata is None else metadata
    stated = header.metadata if header else {}
    return {
        "path": inspection.path,
        "size": inspection.size,
        "format": head.format,
        "kind": what.kind,
        "architecture": {
            "family": what.family,
            "variant": what.variant,
            "measured": what.measured,
            "reason": what.reason,
            "declared": head.says,
        },
        "components": [part.word for part in what.components],
        "tensors": [_tensor(tensor) for tensor in header.tensors] if header else [],
        "metadata": dict(shown),
        "metadata_left_out": sorted(stated.keys() - shown.keys()),
        "claims": [claim_record(claim) for claim in inspection.claims],
        "digests": {
            "sha256": own.sha256,
            "autov1": own.autov1,
            "autov2": own.autov2,
            "autov3": own.autov3,
            "quick": own.quick,
            "state": own.state,
            "parts": {part.word: digest for part, digest in own.parts.items()},
        },
        "warnings": list(head.warnings) + _contradiction(inspection),
        "error": None if head.fault is None else {"reason": head.reason.word, "detail": head.fault},
        "bytes_read": inspection.bytes_read,
    }


def render_json(inspection: Inspection, metadata: Mapping[str, Any] | None = None) -> Iterator[str]:
    """One JSON object, a field or an item of a list a line; all ASCII, whatever names hold."""
    between = "{"
    for name, value in record(inspection, metadata).items():
        yield f"{between}{json.dumps(name)}: "
        if isinstance(value, list) and value:
            yield "[\n" + ",\n".join(map(json.dumps, value)) + "]"
        else:
            yield json.dumps(value)
        between = ",\n"
    yield "}\n"


def render(inspection: Inspection, metadata: Mapping[str, Any] | None = None) -> Iterator[str]:
    """Lines of text, cleaned for a terminal."""
    told = record(inspection, metadata)
    head = inspection.head
    yield _line(0, f"{inspection.path}")
    what = head.architecture
    if head.fault is not None:
        yield _line(1, f"not readable: {head.fault}")
    else:
        yield _line(1, f"{_what(what)}, {head.format}, {inspection.size:,} bytes")
        yield _line(1, f"because {what.reason}")
        if told["components"]:
            yield _line(1, f"holds {', '.join(told['components'])}")
        yield _line(1, _tensors(inspection))
    yield from _section("Claims", [_claim(claim) for claim in told["claims"]])
    digests = told["digests"]
    parts = [f"{part:<12} {digest}" for part, digest in digests.pop("parts").items()]
    known = [f"{name:<12} {digest}" for name, digest in digests.items() if digest]
    yield from _section("Digests", known + [f"state of {line}" for line in parts])
    lines = [_metadata(*pair) for pair in told["metadata"].items()]
    left = told["metadata_left_out"]
    names = ", ".join(shorten(name, 40) for name in left[:8]) + (" …" if len(left) > 8 else "")
    yield from _section("Metadata", lines, f"left out: {names}" if left else "")
    yield from _section("Warnings", told["warnings"])
    if inspection.bytes_read < inspection.size:
        yield _line(0, "")
        yield _line(0, f"{words.amount(inspection.bytes_read, 'byte')} of the file were read")


def _what(found: Architecture) -> str:
    """``adapter (lora) of sd1``, ``checkpoint of unknown architecture``, ``unknown``."""
    if found.kind == found.family == UNKNOWN:
        return "of unknown kind and architecture"
    kind = "file of unknown kind" if found.kind == UNKNOWN else found.kind
    variant = f" ({found.variant})" if found.variant else ""
    family = "unknown architecture" if found.family == UNKNOWN else found.family
    return f"{kind}{variant} of {family}"


def _contradiction(inspection: Inspection) -> list[str]:
    says = inspection.head.says
    if says is None:
        return []
    family = inspection.head.architecture.family
    return [f"metadata_contradicts_shapes: its metadata says {says}; its shapes say {family}"]


def _tensor(tensor: Tensor) -> dict[str, Any]:
    told: dict[str, Any] = {
        "name": tensor.name,
        "dtype": tensor.dtype,
        "shape": list(tensor.shape),
        "offset": tensor.offset,
        "bytes": tensor.bytes,
    }
    return told if tensor.file is None else {**told, "file": tensor.file}


def _tensors(inspection: Inspection) -> str:
    header = inspection.header
    tensors = header.tensors if header else ()
    types = Counter(tensor.dtype for tensor in tensors).most_common(5)
    told = ", ".join(f"{count:,} {dtype}" for dtype, count in types)
    return words.amount(len(tensors), "tensor") + (f": {told}" if told else "")


def _claim(claim: Mapping[str, Any]) -> str:
    return (
        f"{claim['relation']} of {claim['parent']}"
        f"  ({claim['grade']}: {claim['extractor']} at {claim['locator']})"
    )


def _metadata(key: str, value: object) -> str:
    return f"{shorten(key, 60)} = {shorten(str(value), _VALUE)}"


def _section(title: str, lines: list[str], last: str = "") -> Iterator[str]:
    if not lines and not last:
        return
    yield _line(0, "")
    yield _line(0, title)
    for line in lines[:_MOST_LINES]:
        yield _line(1, line)
    if len(lines) > _MOST_LINES:
        yield _line(1, f"and {len(lines) - _MOST_LINES:,} more; --format json shows all")
    if last:
        yield _line(1, last)


def _line(depth: int, text: str) -> str:
    return f"{'  ' * depth}{for_terminal(text)}\n"
