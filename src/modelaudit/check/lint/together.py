"""What lists contradict each other in, and one list in several of its entries."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from modelaudit.check.lint import digests
from modelaudit.check.lint.backtracking import explodes
from modelaudit.check.lint.item import indexed
from modelaudit.check.lint.said import Said, each
from modelaudit.check.listfile import ListFile, Problem
from modelaudit.check.remedies import closest
from modelaudit.domain import refs


def problems(lists: Sequence[ListFile]) -> Iterator[Problem]:
    """Of lists that are used together; of two with one id only that is told."""
    first: dict[str, ListFile] = {}
    used: list[ListFile] = []
    for written in lists:
        name = written.head.get("id")
        other = first.setdefault(name, written) if name else written
        if other is not written:
            yield written.problem(
                ("list", "id"), f"{other.path} is a list of the same id",
                fix="give one of them another id, or use one of them",
            )  # fmt: skip
        else:
            used.append(written)
    yield from _ids(used)
    yield from _parents(used)
    yield from _models(used)
    yield from digests.problems(used)
    yield from _patterns(used)


def _ids(lists: Sequence[ListFile]) -> Iterator[Problem]:
    first: dict[str, str] = {}
    for written in lists:
        for place, entry in written.entries():
            other = first.setdefault(entry.get("id", ""), written.path)
            if other != written.path and "id" in entry:
                yield written.problem(
                    (*place, "id"), f"{other} has an entry of the same id",
                    fix="give one of them another: an id is never used twice",
                )  # fmt: skip


def _parents(lists: Sequence[ListFile]) -> Iterator[Problem]:
    """An entry that a claim names must be there, if its list is."""
    known = {entry.get("id", "") for written in lists for _, entry in written.entries()}
    ids = tuple(f"{written.head['id']}/" for written in lists if "id" in written.head)
    for written in lists:
        for said in each(written, "claim", "of", acting=False):
            name = said.value
            here = name.startswith(ids) or "/" not in name
            if here and ":" not in name and name not in known:
                near = closest(name, known)
                yield written.problem(
                    said.place, f"there is no entry {name[:80]}", level="warning",
                    fix=f"did you mean {near}?" if near else "name an entry, or dataset:owner/name",
                )  # fmt: skip


def _models(lists: Sequence[ListFile]) -> Iterator[Problem]:
    """A model or re-host belongs to one entry, and to one side."""
    first: dict[str, Said] = {}
    for written in lists:
        for role in ("models", "rehosts"):
            for said in each(written, "match", role):
                other = first.setdefault(refs.key(refs.parse(said.value)), said)
                if (other.written.path, other.entry) == (written.path, said.entry):
                    continue
                both = {other.written.kind, written.kind} == {"block", "allow"}
                is_ = "is both blocked and allowed: it is" if both else "is"
                yield written.problem(
                    said.place, f"{said.value} {is_} also under {other.entry}",
                    fix="keep it in one entry",
                )  # fmt: skip


def _patterns(lists: Sequence[ListFile]) -> Iterator[Problem]:
    """A name pattern that fits an allowed model hints at what is known to be clean."""
    blocked = {
        refs.key(refs.parse(said.value))
        for written in lists
        if written.kind != "allow"
        for role in ("models", "rehosts")
        for said in each(written, "match", role)
    }
    allowed = [
        refs.local(refs.parse(said.value))
        for written in lists
        if written.kind == "allow"
        for role in ("models", "rehosts")
        for said in each(written, "match", role)
        if refs.key(refs.parse(said.value)) not in blocked
    ]
    for written in lists:
        if written.kind == "allow":
            continue
        for said in each(written, "match", "hints", "name_regex"):
            entry = written.document["entries"][said.place[1]]
            unless = [p for _, p in indexed((), entry["match"]["hints"].get("name_unless"))]
            if any(map(explodes, (said.value, *unless))) or re.search(said.value, ""):
                continue
            for name in allowed:
                if re.search(said.value, name) and not any(re.search(p, name) for p in unless):
                    yield written.problem(
                        said.place, f"{said.value} fits the allowed model {name}",
                        fix="make it narrower, or except that name with name_unless",
                    )  # fmt: skip
                    break
