"""What changed between two runs."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from modelaudit.domain.words import Verdict
from modelaudit.store.fragments import LIVE
from modelaudit.store.runs import OpenRun

Change = Literal["new", "verdict", "evidence", "gone"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One finding that is not the same in both runs."""

    change: Change
    id: str
    before: Verdict | None
    after: Verdict | None
    decided_by: str
    """Of the later run; of the earlier one for what is gone."""


def compare(
    connection: sqlite3.Connection, earlier: OpenRun, later: OpenRun
) -> Iterator[Difference]:
    """Findings that are new, changed or gone, sorted by id."""
    select = f"SELECT entry, node, verdict, decided_by, digest FROM finding AS f WHERE {LIVE}"
    bound = [*_bound(earlier), *_bound(later)]
    rows = connection.execute(
        f"WITH a AS ({select}), b AS ({select})"
        " SELECT b.entry || '/' || n.ref AS id, a.verdict, b.verdict, b.decided_by"
        "   FROM b LEFT JOIN a USING (entry, node) JOIN node AS n ON n.id = b.node"
        "  WHERE a.digest IS NOT b.digest"
        " UNION ALL"
        " SELECT a.entry || '/' || n.ref, a.verdict, NULL, a.decided_by"
        "   FROM a LEFT JOIN b USING (entry, node) JOIN node AS n ON n.id = a.node"
        "  WHERE b.entry IS NULL ORDER BY 1",
        bound,
    )
    for name, before, after, decided_by in rows:
        yield Difference(
            change=_change(before, after),
            id=name,
            before=None if before is None else Verdict(before),
            after=None if after is None else Verdict(after),
            decided_by=decided_by,
        )


def changed_lists(earlier: OpenRun, later: OpenRun) -> list[tuple[str, str | None, str | None]]:
    """(list, before, after) of lists whose bytes differ: versions, else the digests' beginnings."""
    before = {used.id: used for used in earlier.run.blocklists}
    after = {used.id: used for used in later.run.blocklists}
    changed: list[tuple[str, str | None, str | None]] = []
    for name in sorted({*before, *after}):
        old, new = before.get(name), after.get(name)
        if old and new and old.version == new.version and old != new:
            changed.append((name, f"sha256 {old.sha256[:12]}", f"sha256 {new.sha256[:12]}"))
        elif old != new:
            changed.append((name, old.version if old else None, new.version if new else None))
    return changed


def _bound(run: OpenRun) -> tuple[str, int, int]:
    return run.series, run.seq, run.seq


def _change(before: int | None, after: int | None) -> Change:
    if before is None:
        return "new"
    if after is None:
        return "gone"
    return "evidence" if before == after else "verdict"
