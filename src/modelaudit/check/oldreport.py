"""Reading a JSON report, ``modelaudit.report/1``, that somebody hands us: hostile as any file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from modelaudit.domain.errors import UsageError
from modelaudit.domain.finding import ListUsed
from modelaudit.domain.recheck import OldClaim, OldFinding, OldReport
from modelaudit.domain.words import Grade, Relation, Verdict

SCHEMA = "modelaudit.report/1"

MAX_SIZE = 2 << 30
"""Largest report read, in bytes; a million findings take half of it."""

_HINT = "name a report that was written with -o json=PATH"


class _List(msgspec.Struct):
    id: str
    version: str
    sha256: str


class _Run(msgspec.Struct):
    id: str
    standard: str
    blocklists: list[_List]


class _Head(msgspec.Struct):
    schema: str
    run: _Run


class _Report(_Head):
    findings: list[msgspec.Raw]


class _Claim(msgspec.Struct):
    child: str
    relation: str
    grade: str
    extractor: str = ""
    excerpt: str | None = None


class _File(msgspec.Struct):
    sha256: str


class _Finding(msgspec.Struct):
    id: str
    entry: str
    model: str
    verdict: str
    grade: str
    relation: str
    path: list[str]
    claims: list[_Claim]
    files: list[_File] = []


def read(path: Path) -> OldReport:
    """The report in a file; raises ``UsageError``, for a finding when that is asked for."""
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_SIZE + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise UsageError(f"{path}: cannot be read: {reason or error}", hint=_HINT) from None
    if len(raw) > MAX_SIZE:
        raise UsageError(f"{path}: larger than {MAX_SIZE >> 30} GiB")
    return parse(raw, str(path))


def parse(raw: bytes, path: str) -> OldReport:
    """The same from the bytes of a file."""
    try:
        head, findings = _opened(raw)
        if head.schema != SCHEMA:
            raise ValueError(f"its schema is {head.schema[:60]!r}, not {SCHEMA}")
        standard = Grade.parse(head.run.standard)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path}: not a report: {_why(error)}", hint=_HINT) from None
    used = (ListUsed(id=x.id, version=x.version, sha256=x.sha256) for x in head.run.blocklists)
    return OldReport(
        run=head.run.id,
        standard=standard,
        lists=tuple(used),
        total=len(findings),
        findings=_findings(findings, path),
    )


def _opened(raw: bytes) -> tuple[_Head, Sequence[Any]]:
    """What stands above the findings, and these, as text where that can be."""
    try:
        found = msgspec.json.decode(raw, type=_Report)
    except msgspec.ValidationError:
        raise
    except ValueError:  # half a surrogate pair in a file's name: only json takes that
        value = json.loads(raw)
        head = msgspec.convert(value, _Head)
        return head, msgspec.convert(value.get("findings"), list[Any])
    return found, found.findings


def _findings(found: Sequence[Any], path: str) -> Iterator[OldFinding]:
    for number, item in enumerate(found, 1):
        try:
            yield _finding(
                msgspec.json.decode(item, type=_Finding)
                if isinstance(item, msgspec.Raw)
                else msgspec.convert(item, _Finding)
            )
        except (ValueError, RecursionError) as error:
            raise UsageError(f"{path}: finding {number}: {_why(error)}", hint=_HINT) from None


def _finding(found: _Finding) -> OldFinding:
    if not found.path:
        raise ValueError("its path is empty")
    return OldFinding(
        id=found.id,
        entry=found.entry,
        model=found.model,
        verdict=Verdict.parse(found.verdict),
        grade=Grade.parse(found.grade),
        relation=Relation.parse(found.relation),
        path=tuple(found.path),
        claims=tuple(
            OldClaim(
                child=c.child,
                relation=Relation.parse(c.relation),
                grade=Grade.parse(c.grade),
                label=c.excerpt if c.extractor == "civitai-label" else None,
            )
            for c in found.claims
        ),
        files=tuple(file.sha256 for file in found.files),
    )


def _why(error: Exception) -> str:
    return "nested too deep" if isinstance(error, RecursionError) else str(error)[:200]
