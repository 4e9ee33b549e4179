"""One more entry in a list: drafted, linted, and only then written, with its sketches."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, Final

from modelaudit.check import blocklist, listfile
from modelaudit.check.drafting import Handles, Stated, entry, listed_already, new_id
from modelaudit.check.editing import with_entry
from modelaudit.check.lint import lint
from modelaudit.check.listfile import ListFile, Problem
from modelaudit.domain.errors import BlocklistError, UsageError
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.sketch import Sketch
from modelaudit.domain.words import Component
from modelaudit.report.clean import for_terminal
from modelaudit.report.reporter import write
from modelaudit.resolve.weights.sketchfile import dumps
from modelaudit.steps.entering import Looking
from modelaudit.steps.listed_sketches import only
from modelaudit.steps.subject import Subject

SKETCHES: Final = "sketches"
"""The folder beside a list that holds its sketches."""

_DOTS: Final = re.compile(r"\.{2,}")
"""Two of them in a path lead out of a folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """What was written."""

    id: str
    status: str
    models: int
    files: int
    sketches: tuple[str, ...]
    """By their paths from the list."""
    remarks: tuple[str, ...]
    """What could not be known, and what a person should weigh."""


def add(
    path: Path,
    targets: Sequence[str],
    looking: Looking,
    stated: Stated,
    *,
    id: str | None,
    title: str | None,
    today: date,
) -> Added:
    """Append an entry for what is named; nothing is written where lint finds an error.

    ``BlocklistError`` where the list, or the entry, is in the way; ``UsageError`` and
    ``PlatformError`` where what is named cannot be listed.
    """
    _sound(path)
    subjects = [looking.at(text) for text in targets]
    written = _sound(path)  # looking may take minutes, and others write too
    if written.head.get("private"):
        os.umask(0o077)
    entries = [listed for _, listed in written.entries()]
    known = _together(subjects)
    if told := listed_already(entries, known.models, known.files):
        raise BlocklistError(f"{path}: {told}", hint="change that entry, or name another model")
    taken = {listed["id"] for listed in entries}
    if id in taken:
        raise BlocklistError(f"{path}: there is an entry {id}", hint="an id is never used twice")
    name = title or for_terminal(subjects[0].name)[:200]
    private = bool(written.head.get("private"))
    id = id or new_id(written.head["id"], subjects[0].name, taken, private=private)
    sketches, remarks = _sketches(subjects, known.tainted, id, id.removeprefix(written.head["id"]))
    known = replace(known, sketches={ref: part for ref, (part, _) in sketches.items()})
    if not (known.models or known.files or sketches):
        why = [remark for subject in subjects for remark in subject.remarks] + remarks
        more = "download the file and name it here: its digests are computed then"
        raise UsageError(
            "; ".join(["nothing is known by which it could be recognised", *why]),
            hint="leave --tainted out, or name what it holds" if looking.tainted else more,
        )
    made = entry(written.head, id, name, stated, known, today)
    files = {ref: dumps(sketch) for ref, (_, sketch) in sketches.items()}
    weighed = _commit(path, made, files, today)
    return Added(
        id=id,
        status=str(made["status"]),
        models=len(known.models),
        files=len(known.files),
        sketches=tuple(sketches),
        remarks=(
            *(remark for subject in subjects for remark in subject.remarks),
            *remarks,
            *(_told(problem) for problem in weighed if problem.entry == id),
            *_elsewhere(path, known),
        ),
    )


def _sound(path: Path) -> ListFile:
    """The list, which must have no error of its own before anything is added to it."""
    if not os.path.isfile(path):  # noqa: PTH113 - Path.is_file raises on names too long
        if str(path) in blocklist.shipped():
            hint = "begin one of your own: modelaudit blocklist new house.yaml"
            raise BlocklistError(f"{path} is a shipped list: entries go into your own", hint=hint)
        raise BlocklistError(
            f"there is no list {path}", hint=f"begin one: modelaudit blocklist new {path}"
        )
    if errors := _errors(lint(path)):
        raise BlocklistError("\n".join(map(str, errors)), hint="mend the list first")
    return listfile.read(path)


def _errors(problems: Sequence[Problem]) -> list[Problem]:
    return [problem for problem in problems if problem.level == "error"]


def _told(problem: Problem) -> str:
    return f"{problem} ({problem.fix})" if problem.fix else str(problem)


def _together(subjects: Sequence[Subject]) -> Handles:
    """Several names of one entry: what each of them is known by."""
    files = {file.sha256: file for subject in subjects for file in subject.files}
    parts = {part for subject in subjects for part in subject.tainted}
    if any(part.main for part in parts - {Component.FULL}):
        parts.discard(Component.FULL)  # of a name alone; such files count all the same
    return Handles(
        models=tuple(dict.fromkeys(ref for subject in subjects for ref in subject.models)),
        files=tuple(files.values()),
        tainted=tuple(sorted(parts)),
        pages=tuple(dict.fromkeys(s.page for s in subjects if s.page and s.files)),
    )


def _sketches(
    subjects: Sequence[Subject], tainted: Sequence[Component], id: str, slug: str
) -> tuple[dict[str, tuple[Component, Sketch]], list[str]]:
    """Path from the list → a sketch of one main part that counts; and what there is none of."""
    stem = _DOTS.sub(".", slug.replace("/", "-")).strip("-.") or "entry"
    found: dict[str, tuple[Component, Sketch]] = {}
    remarks: list[str] = []
    for number, subject in enumerate(subjects, 1):
        if subject.sketch is None:
            continue
        held = {block.component for block in subject.sketch.blocks}
        parts = [part for part in tainted if part.main and part in held]
        if not parts:
            why = f" ({subject.sketch.notes[0]})" if subject.sketch.notes else ""
            remarks.append(f"{subject.name}: no matrix to be compared, so no sketch{why}")
        for part in parts:
            more = f"-{number}" if number > 1 else ""
            sketch = replace(only(subject.sketch, {part}), source=id)
            if not any(sketch == other for _, other in found.values()):
                found[f"{SKETCHES}/{stem}{more}.{part}.sketch"] = part, sketch
    return found, remarks


def _commit(
    path: Path, made: Mapping[str, Any], sketches: Mapping[str, bytes], today: date
) -> list[Problem]:
    """Write all of it, or nothing; returns what lint says of the list as it is now."""
    raw = path.read_bytes()
    text = with_entry(raw.decode("utf-8"), made, today)
    mode = 0o600 if listfile.read(path).head.get("private") else path.stat().st_mode & 0o777
    neighbour = path.with_name(f".{path.name}.{os.getpid()}.new")
    with _undone(path.parent, sketches, neighbour):
        for ref, data in sketches.items():
            write(path.parent / ref, [data])
        write(neighbour, [text], mode=mode)
        problems = [replace(p, path=str(path)) for p in lint(neighbour, today=today)]
        if errors := _errors(problems):
            raise BlocklistError("\n".join(map(_told, errors)), hint="nothing was written")
        if path.read_bytes() != raw:
            raise BlocklistError(f"{path} was changed meanwhile", hint="run the command again")
        write(path, [text], mode=mode)
    neighbour.unlink()
    return problems


@contextlib.contextmanager
def _undone(folder: Path, sketches: Mapping[str, bytes], neighbour: Path) -> Iterator[None]:
    """Take away what was written where the rest cannot be."""
    for ref in sketches:
        if (folder / ref).exists():
            raise UsageError(f"{folder / ref} is there already", hint="choose another --id")
    fresh = bool(sketches) and not (folder / SKETCHES).exists()
    try:
        if sketches:
            _make(folder / SKETCHES)
        yield
    except BaseException:
        with contextlib.suppress(OSError):
            for place in (*(folder / ref for ref in sketches), neighbour):
                place.unlink(missing_ok=True)
            if fresh:
                (folder / SKETCHES).rmdir()
        raise


def _make(folder: Path) -> None:
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"{folder} cannot be made a folder: {error.strerror or error}",
            hint="it holds the sketches of the list; --no-sketch takes none",
        ) from None


def _elsewhere(path: Path, known: Handles) -> Iterator[str]:
    """Which shipped lists know the same: both cannot be used at once."""
    for name, file in blocklist.shipped().items():
        if file.resolve() == path.resolve():
            continue
        entries = [listed for _, listed in listfile.read(file).entries()]
        models: tuple[ModelRef, ...] = known.models
        if told := listed_already(entries, models, known.files):
            yield f"the shipped list {name} knows it too: {told}"
