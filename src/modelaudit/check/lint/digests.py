"""Digests of several entries: one digest is one file, of one part, and not both good and bad."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from modelaudit.check.lint.said import Said, each
from modelaudit.check.listfile import ListFile, Problem
from modelaudit.domain.words import Component

_MAIN = frozenset(component.word for component in Component if component.main)


def problems(lists: Sequence[ListFile]) -> Iterator[Problem]:
    """Of files, then of sketches."""
    yield from _digests(lists)
    yield from _sketches(lists)


def _digests(lists: Sequence[ListFile]) -> Iterator[Problem]:
    """A digest is one file: of one part, one size, and never both blocked and allowed."""
    first: dict[str, Said] = {}
    named: dict[tuple[str, str], Said] = {}
    for written in lists:
        for said in each(written, "match", "files"):
            file = said.value
            against = {"block": "allow", "allow": "block"}.get(written.kind, "")
            keys = list(_keys(file))
            for key in keys:
                named.setdefault((written.kind, key), said)
            other = next((named[against, key] for key in keys if (against, key) in named), None)
            if other is not None:
                yield written.problem(
                    (*said.place, "sha256"),
                    f"this digest is both blocked and allowed: it is also under {other.entry}",
                    fix="find out what the file is, and keep it in one list",
                )
            elif digest := file.get("sha256"):
                yield from _alike(first.setdefault(digest, said), said)


def _keys(file: dict[str, Any]) -> Iterator[str]:
    """What two files of the same content share; autov3 is how data_sha256 begins."""
    if "sha256" in file:
        yield file["sha256"]
    data = file.get("data_sha256", file.get("autov3"))
    if data:
        yield f"data {data[:12]}"


def _alike(first: Said, said: Said) -> Iterator[Problem]:
    """Two mentions of one digest."""
    if first is said:
        return
    one, other = first.value, said.value
    where = "further up" if first.written is said.written else f"in {first.entry}"
    same_entry = first.written is said.written and first.entry == said.entry
    parts = one.get("component", "other"), other.get("component", "other")
    both_main = {*parts} <= _MAIN
    told = False
    if parts[0] != parts[1] and (first.written is said.written or not both_main):
        told = True
        yield said.written.problem(
            (*said.place, "component"),
            f"{other['sha256']} is component {parts[0]} {where}",
            fix="find out which part it is: one digest is one file",
        )
    for key in ("size", "autov1", "autov3", "data_sha256"):
        if one.get(key) and other.get(key) and one[key] != other[key]:
            told = True
            yield said.written.problem(
                (*said.place, key),
                f"{other['sha256']} has {key} {one[key]} {where}",
                fix="correct one of them: one digest is one file",
            )
    if same_entry and not told:
        yield said.written.problem(
            (*said.place, "sha256"),
            f"{other['sha256']} is listed twice",
            level="warning",
            fix="keep one of them",
        )


def _sketches(lists: Sequence[ListFile]) -> Iterator[Problem]:
    """One sketch cannot stand both for what is blocked and for what is allowed."""
    first: dict[str, Said] = {}
    for written in lists:
        for said in each(written, "match", "sketches"):
            path = Path(written.path).parent / said.value.get("ref", "")
            if not path.is_file():
                continue
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            other = first.setdefault(digest, said)
            if {other.written.kind, written.kind} == {"block", "allow"}:
                yield written.problem(
                    (*said.place, "ref"),
                    f"this sketch is both blocked and allowed: it is also under {other.entry}",
                    fix="find out what it is of, and keep it in one list",
                )
