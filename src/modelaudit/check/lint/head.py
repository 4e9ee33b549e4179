"""What a list says of itself."""

from __future__ import annotations

from collections.abc import Iterator

from modelaudit.check.listfile import ListFile, Problem


def problems(written: ListFile, today: str) -> Iterator[Problem]:
    """Its version and its days."""
    head = written.head
    updated, version = head.get("updated", ""), head.get("version", "")
    if updated > today:
        yield written.problem(
            ("list", "updated"), f"updated {updated} is in the future",
            level="warning", fix="write the day of the last change",
        )  # fmt: skip
    elif updated and version and version[:10] != updated.replace("-", "."):
        yield written.problem(
            ("list", "version"), f"version {version} is not of the day it was updated, {updated}",
            level="warning", fix="write one day in both: the version says when the list changed",
        )  # fmt: skip
    if head.get("id") and head["id"] in head.get("supersedes", ()):
        yield written.problem(
            ("list", "supersedes"), "a list does not supersede itself",
            fix="name the older list, or remove it",
        )  # fmt: skip
    last = max(updated, version[:10].replace(".", "-"))
    for place, entry in written.entries():
        for key in ("added", "modified"):
            if last < entry.get(key, "") <= today and updated and version:
                yield written.problem(
                    (*place, key), f"{key} {entry[key]}, after the list was last updated",
                    level="warning", fix="set version and updated of the list to that day",
                )  # fmt: skip
