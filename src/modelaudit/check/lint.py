"""Lint: what a list may say by its schema and still should not, alone or beside other lists."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from modelaudit.check import listfile
from modelaudit.check.listfile import BOOLEANS, FLOATS, INTEGERS, ListFile, Problem
from modelaudit.check.strict_yaml import Place
from modelaudit.domain import refs
from modelaudit.domain.digests import NEVER_MATCH

HASHES = frozenset({"sha256", "autov1", "autov3", "data_sha256", "quick_hash", "blake3", "xet"})
"""Keys whose values are hexadecimal, and now and then look like numbers."""

_EXPONENT = re.compile(r"[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+")
"""A float to YAML 1.2 readers only; one real short hash is ``925997e9``."""


def lint(path: str | Path, *, today: date | None = None) -> list[Problem]:
    """Everything wrong with one list, by line."""
    return lint_many([path], today=today)


def lint_many(paths: Iterable[str | Path], *, today: date | None = None) -> list[Problem]:
    """Everything wrong with lists that are used together, list by list, then by line.

    Raises ``BlocklistError`` only for a file that cannot be read at all. A list with errors of
    form is not looked into further.
    """
    day = (today or datetime.now(UTC).date()).isoformat()
    lists = [listfile.read(path) for path in paths]
    problems = [problem for written in lists for problem in written.problems]
    sound = [written for written in lists if not written.problems]
    for written in sound:
        problems += _quotes(written)
        for place, entry in written.entries():
            problems += _reach(written, place, entry)
            problems += _files(written, place, entry)
            problems += _sketches(written, place, entry)
            problems += _dates(written, place, entry, day)
    problems += _shared_ids(sound)
    problems += _shared_models(sound)
    problems += _shared_digests(sound)
    problems += _patterns(sound)
    order = {written.path: number for number, written in enumerate(lists)}
    return sorted(problems, key=lambda problem: (order[problem.path], problem.line))


def _quotes(written: ListFile) -> Iterator[Problem]:
    """Bare scalars that other YAML readers turn into numbers, days or booleans."""
    import yaml

    resolver = yaml.SafeLoader("")
    for place, text in written.tree.plain.items():
        key = place[-1] if place else None
        if key in INTEGERS | FLOATS | BOOLEANS:
            continue
        tag = resolver.resolve(yaml.ScalarNode, text, (True, False))  # type: ignore[no-untyped-call]  # PyYAML's stubs leave it untyped
        if key in HASHES or tag != "tag:yaml.org,2002:str" or _EXPONENT.fullmatch(text):
            yield written.problem(
                place,
                f"{key} {text[:64]} has no quotes: other YAML readers may change it",
                level="warning",
                fix=f'write "{text[:64]}"',
            )


def _reach(written: ListFile, place: Place, entry: dict[str, Any]) -> Iterator[Problem]:
    """A take-down must stand on more than a hint, and say which part is tainted."""
    if entry.get("policy") == "take-down":
        if entry["status"] != "active":
            yield written.problem(
                (*place, "status"), "only an active entry may take down", fix="set policy: review"
            )
        if set(entry["match"]) == {"hints"}:
            yield written.problem(
                (*place, "match"), "a take-down cannot rest on hints", fix="set policy: note"
            )
    if written.kind == "block" and entry["kind"] == "model" and not entry["claim"].get("tainted"):
        yield written.problem(
            (*place, "claim"), "no tainted component: no bytes would ever match", fix="add tainted"
        )


def _sketches(written: ListFile, place: Place, entry: dict[str, Any]) -> Iterator[Problem]:
    """A sketch must be there, and that of a derived model should come with its base's."""
    folder = Path(written.path).parent
    for index, sketch in enumerate(entry["match"].get("sketches", ())):
        here = (*place, "match", "sketches", index)
        for key in ("ref", "base"):
            if key in sketch and not (folder / sketch[key]).is_file():
                yield written.problem(
                    here,
                    f"there is no file {sketch[key]} beside the list",
                    fix="make it with: modelaudit sketch FILE -o PATH",
                )
        if entry["claim"]["relation"] == "derived-from" and "base" not in sketch:
            yield written.problem(
                here,
                "kinship with a derived model alone never passes review",
                level="warning",
                fix="add base: a sketch of what it was derived from",
            )


def _files(written: ListFile, place: Place, entry: dict[str, Any]) -> Iterator[Problem]:
    tainted = {"full", *entry["claim"].get("tainted", ())}
    for index, file in enumerate(entry["match"].get("files", ())):
        here = (*place, "match", "files", index)
        component = file.get("component", "other")
        if written.kind == "block" and component not in tainted:
            yield written.problem(
                here,
                f"component {component} is not tainted, so this digest never counts",
                fix="remove the file, or correct component or claim.tainted",
            )
        if entry["status"] == "active" and file.get("confidence") == "candidate":
            yield written.problem(
                here,
                "a candidate digest in an active entry",
                fix="confirm it, or set status: draft",
            )
        for kind, length in (("sha256", 64), ("autov1", 8), ("autov3", 12)):
            if any(digest[:length] == file.get(kind) for digest in NEVER_MATCH):
                yield written.problem(
                    (*here, kind), "the digest of an empty or zeroed file", fix="remove it"
                )


def _dates(written: ListFile, place: Place, entry: dict[str, Any], day: str) -> Iterator[Problem]:
    if entry.get("review_by", day) < day and entry["status"] != "withdrawn":
        yield written.problem(
            (*place, "review_by"),
            f"was to be reviewed by {entry['review_by']}",
            level="warning",
            fix="review the entry and set a new day",
        )
    for index, exception in enumerate(entry.get("exceptions", ())):
        if exception["expires"] <= day:
            yield written.problem(
                (*place, "exceptions", index, "expires"),
                f"the exception expired on {exception['expires']}",
                level="warning",
                fix="decide again, or remove it",
            )


def _shared_ids(lists: Sequence[ListFile]) -> Iterator[Problem]:
    first: dict[str, str] = {}
    for written in lists:
        for place, entry in written.entries():
            other = first.setdefault(entry["id"], written.path)
            if other != written.path:
                yield written.problem((*place, "id"), f"{other} has an entry of the same id")


def _shared_models(lists: Sequence[ListFile]) -> Iterator[Problem]:
    """A model or re-host belongs to one entry, and to one side."""
    first: dict[str, tuple[str, str]] = {}
    for written in lists:
        for place, entry in written.entries():
            for role in ("models", "rehosts"):
                for index, text in enumerate(entry["match"].get(role, ())):
                    mine = (written.path, entry["id"])
                    other = first.setdefault(refs.key(refs.parse(text)), mine)
                    if other != mine:
                        yield written.problem(
                            (*place, "match", role, index), f"{text} is also under {other[1]}"
                        )


def _shared_digests(lists: Sequence[ListFile]) -> Iterator[Problem]:
    """One digest has one component within a list, and is never both blocked and allowed."""
    allowed: dict[str, str] = {}
    for written in lists:
        if written.kind == "allow":
            for _, entry, file in _each_file(written):
                allowed.setdefault(file["sha256"], entry["id"])
    for written in lists:
        components: dict[str, str] = {}
        for place, _, file in _each_file(written):
            digest, component = file["sha256"], file.get("component", "other")
            if written.kind == "block" and digest in allowed:
                yield written.problem(place, f"{allowed[digest]} allows the same digest")
            if components.setdefault(digest, component) != component:
                yield written.problem(
                    place, f"{digest} is component {components[digest]} further up"
                )


def _each_file(written: ListFile) -> Iterator[tuple[Place, dict[str, Any], dict[str, Any]]]:
    for place, entry in written.entries():
        for index, file in enumerate(entry["match"].get("files", ())):
            yield (*place, "match", "files", index), entry, file


def _patterns(lists: Sequence[ListFile]) -> Iterator[Problem]:
    """A name pattern that fits an allowed model hints at what is known to be clean."""
    allowed = [
        refs.local(refs.parse(text))
        for written in lists
        if written.kind == "allow"
        for _, entry in written.entries()
        for text in entry["match"].get("models", ())
    ]
    for written in lists:
        if written.kind == "allow":
            continue
        for place, entry in written.entries():
            hints = entry["match"].get("hints", {})
            for index, pattern in enumerate(hints.get("name_regex", ())):
                fits = next((name for name in allowed if re.search(pattern, name)), None)
                if fits:
                    yield written.problem(
                        (*place, "match", "hints", "name_regex", index),
                        f"{pattern} fits the allowed model {fits}",
                    )
