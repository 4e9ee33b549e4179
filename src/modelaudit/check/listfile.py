"""A blocklist as written: read strictly, checked against its schema, every problem on its line.

The schema is applied twice: to the file as it stands, and again after the entries have inherited
the list's defaults, for a schema sees only the literal entry and a default could otherwise raise
one to a take-down it has no right to.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from modelaudit.check import form, strict_yaml
from modelaudit.check.form import BOOLEANS, FLOATS, INTEGERS, Fault
from modelaudit.check.strict_yaml import Place, Tree, YamlError
from modelaudit.check.validator import dataset_ref
from modelaudit.domain.errors import BlocklistError

__all__ = ["BOOLEANS", "FLOATS", "INTEGERS", "ListFile", "Problem", "dataset_ref", "parse", "read"]

MAX_SIZE = 5_000_000
"""Largest list read, in bytes."""

MAX_PROBLEMS = 100

INHERITED = ("severity", "policy", "scope", "review_by")

Level = Literal["error", "warning"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something wrong with a list; an error must be mended, a warning is for a person to weigh."""

    path: str
    line: int
    text: str
    entry: str | None = None
    level: Level = "error"
    fix: str = ""
    """What to do about it; empty where the text says so."""
    place: Place = field(default=(), compare=False, repr=False)

    def __str__(self) -> str:
        entry = f"entry {self.entry}: " if self.entry else ""
        return f"{self.path}:{self.line}: {entry}{self.text}"


@dataclass(slots=True)
class ListFile:
    """One file: what was written, what it means once defaults are inherited, what is wrong."""

    path: str
    sha256: str
    tree: Tree
    document: dict[str, Any] = field(default_factory=dict)
    """With numbers converted, defaults inherited, and without what has the wrong form."""
    problems: list[Problem] = field(default_factory=list)

    @property
    def kind(self) -> str:
        """``block``, ``allow`` or ``signals``; empty where another word stands there."""
        if any(problem.place == ("list", "kind") for problem in self.problems):
            return ""
        return str(self.head.get("kind", "block"))

    @property
    def head(self) -> dict[str, Any]:
        """What the list says of itself."""
        head: dict[str, Any] = self.document.get("list") or {}
        return head

    def entries(self) -> Iterator[tuple[Place, dict[str, Any]]]:
        """Each entry with its place."""
        for index, entry in enumerate(self.document.get("entries") or ()):
            if entry is not None:
                yield ("entries", index), entry

    def problem(self, place: Place, text: str, *, level: Level = "error", fix: str = "") -> Problem:
        """A problem at a place of this file."""
        return Problem(
            path=self.path,
            line=self.tree.line(place),
            entry=_entry_id(self.tree.data, place),
            level=level,
            text=text,
            fix=fix,
            place=place,
        )

    def is_told(self, place: Place) -> bool:
        """Whether a problem of form stands at a place or below it: what follows is not judged."""
        return any(problem.place[: len(place)] == place for problem in self.problems)


def read(path: str | Path) -> ListFile:
    """A list from a file; raises ``BlocklistError`` when the file cannot be read at all."""
    try:
        with Path(path).open("rb") as file:
            raw = file.read(MAX_SIZE + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise BlocklistError(f"{path}: cannot be read: {reason or error}") from None
    return parse(raw, str(path))


def parse(raw: bytes, path: str) -> ListFile:
    """A list from the bytes of a file; everything wrong with its form is in ``problems``."""
    written = ListFile(path, hashlib.sha256(raw).hexdigest(), Tree())
    if len(raw) > MAX_SIZE:
        written.problems.append(written.problem((), f"larger than {MAX_SIZE:,} bytes"))
        return written
    try:
        written.tree = strict_yaml.parse(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        written.problems.append(Problem(path=path, line=line, text="not UTF-8 text"))
        return written
    except YamlError as error:
        written.problems.append(Problem(path=path, line=error.line, text=str(error)))
        return written
    written.problems = sorted(
        islice(_examine(written), MAX_PROBLEMS), key=lambda problem: problem.line
    )
    return written


def _examine(written: ListFile) -> Iterator[Problem]:
    for place in written.tree.repeated:
        fix = "keep one of them: the first counts"
        yield written.problem(place, f"the key {form.shown(place[-1])} is given twice", fix=fix)
    literal = form.typed(written.tree.data)
    found = form.faults(literal)
    renamed: set[Place] = set()
    if unknown := [fault for fault in found if fault.text.startswith("unknown key")]:
        data, meant = form.respelled(written.tree.data)
        literal = form.typed(data)
        renamed = _renamed(written.tree, meant)
        found = [*unknown, *(f for f in form.faults(literal) if f not in unknown)]
    if plain := [fault for fault in found if not fault.hangs]:
        literal = form.without(literal, plain)
        found = [*plain, *form.beyond(form.faults(literal), plain)]
    yield from (
        written.problem(f.place, f.text, fix=f.fix) for f in found if f.place not in renamed
    )
    if isinstance(literal, dict):
        yield from _ids_twice(written, literal)
        written.document = _inherit(literal)
        for fault in form.beyond(form.faults(written.document), found):
            text = f"{fault.text}{_by_default(literal, fault)}"
            yield written.problem(fault.place, text, fix=fault.fix)


def _ids_twice(written: ListFile, literal: dict[str, Any]) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, entry in enumerate(literal.get("entries") or ()):
        name = entry.get("id") if entry else None
        if name in seen:
            fix = "give it another: an id is never used twice"
            yield written.problem(
                ("entries", index, "id"), "an entry above has the same id", fix=fix
            )
        elif name:
            seen.add(name)


def _renamed(tree: Tree, meant: dict[Place, str]) -> set[Place]:
    """Gives what stands below a misspelled key its line under the right one as well."""
    renamed: set[Place] = set()
    for place, name in meant.items():
        right = (*place[:-1], name)
        renamed.add(right)
        below = {p: line for p, line in tree.lines.items() if p[: len(place)] == place}
        tree.lines |= {(*right, *p[len(place) :]): line for p, line in below.items()}
    return renamed


def _by_default(literal: dict[str, Any], fault: Fault) -> str:
    """Where a rule comes from that the entry itself does not bring upon it."""
    if fault.place[:1] != ("entries",) or len(fault.place) < 2:
        return ""
    entry = literal["entries"][fault.place[1]]
    return "" if "policy" in entry else " (its policy is inherited from list.defaults)"


def _inherit(document: dict[str, Any]) -> dict[str, Any]:
    """The document with the list's defaults in every entry that lacks the field."""
    defaults = (document.get("list") or {}).get("defaults") or {}
    inherited = {name: defaults[name] for name in INHERITED if name in defaults}
    return {
        **document,
        "entries": [
            entry if entry is None else {**inherited, **entry}
            for entry in document.get("entries") or ()
        ],
    }


def _entry_id(data: Any, place: Place) -> str | None:
    if len(place) < 2 or place[0] != "entries" or not isinstance(data, dict):
        return None
    entries, index = data.get("entries"), place[1]
    if not isinstance(entries, list) or not isinstance(index, int) or index >= len(entries):
        return None
    entry = entries[index]
    name = entry.get("id") if isinstance(entry, dict) else None
    return name[:80] if isinstance(name, str) and name.isprintable() else f"#{index + 1}"
