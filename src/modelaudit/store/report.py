"""A finished run read back as a report; rows are streamed from the database."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

from modelaudit.domain import refs
from modelaudit.domain.claim import Conflict
from modelaudit.domain.finding import (
    Closeness,
    Coverage,
    Finding,
    Gone,
    Order,
    Reach,
    Run,
    Summary,
)
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.sketch import Weighed
from modelaudit.domain.waiver import Waiver, WaiverUse
from modelaudit.domain.words import ConflictKind, Grade, Kinship, Relation, State, Verdict
from modelaudit.store import waivers as decisions
from modelaudit.store.bodies import read_body, read_sides
from modelaudit.store.compared import compared, kinships
from modelaudit.store.coverage import loads
from modelaudit.store.fragments import LIVE
from modelaudit.store.runs import OpenRun, baseline

_WINDOWS = {"hf": "30d", "civitai": "all"}
"""What a platform's download counter spans."""


class StoredReport:
    """Implements :class:`modelaudit.domain.finding.Report` over an audit database.

    ``waivers`` stand for the decisions that the database holds, where they are given.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        opened: OpenRun,
        waivers: Sequence[Waiver] | None = None,
    ) -> None:
        self._db = connection
        self._opened = opened
        self._bound = (opened.series, opened.seq, opened.seq)
        self._before = baseline(connection, opened)
        if waivers is None:
            waivers = decisions.known(connection, opened)
        self._uses = decisions.mark(connection, opened, waivers)
        self._state = _state(None if self._before is None else self._before.seq)

    @property
    def run(self) -> Run:
        """The run reported on."""
        return self._opened.run

    @cached_property
    def coverage(self) -> Coverage:
        """What was examined, and what was not."""
        row = self._db.execute(
            "SELECT coverage FROM run WHERE seq = ?", (self._opened.seq,)
        ).fetchone()
        return loads(row[0]) if row and row[0] else Coverage()

    @cached_property
    def summary(self) -> Summary:
        """The numbers."""
        findings = dict.fromkeys((Verdict.TAKE_DOWN, Verdict.REVIEW, Verdict.NOTE), 0)
        models = dict(findings)
        by_grade: dict[Verdict, dict[Grade, int]] = {verdict: {} for verdict in findings}
        by_entry: defaultdict[str, int] = defaultdict(int)
        for entry, verdict, grade, count in self._db.execute(
            f"SELECT entry, verdict, grade, count(*) FROM finding AS f WHERE {self._acted_on}"
            " GROUP BY entry, verdict, grade ORDER BY entry",
            self._bound,
        ):
            findings[Verdict(verdict)] += count
            grades = by_grade[Verdict(verdict)]
            grades[Grade(grade)] = grades.get(Grade(grade), 0) + count
            by_entry[entry] += count
        for verdict, count in self._db.execute(
            "SELECT strongest, count(*) FROM (SELECT max(verdict) AS strongest"
            f" FROM finding AS f WHERE {self._acted_on} GROUP BY node) GROUP BY strongest",
            self._bound,
        ):
            models[Verdict(verdict)] = count
        states = dict.fromkeys(State, 0)
        for state, count in self._db.execute(
            f"SELECT {self._state} AS state, count(*) FROM finding AS f"
            f" WHERE {self._acted_on} GROUP BY state",
            self._bound,
        ):
            states[State(state)] = count
        return Summary(
            findings=findings,
            models=models,
            verdict_by_grade=by_grade,
            by_entry=dict(by_entry),
            waived=self._db.execute(
                "SELECT count(*) FROM temp.waived WHERE run = ?", (self._opened.seq,)
            ).fetchone()[0],
            downloads_affected=self._reach(),
            states=states,
        )

    def findings(
        self, *, order: Order = "id", limit: int | None = None, waived: bool | None = None
    ) -> Iterator[Finding]:
        """The live findings; with ``waived`` only those that are, or are not."""
        by = (
            "f.entry || '/' || n.ref"
            if order == "id"
            else "w.rule IS NOT NULL, f.verdict DESC, ifnull(p.downloads, -1) DESC,"
            " f.entry || '/' || n.ref"
        )
        only = "" if waived is None else f"AND w.rule IS {'NOT ' if waived else ''}NULL"
        return self._select(f"{only} ORDER BY {by} LIMIT {-1 if limit is None else int(limit)}", ())

    def findings_of(self, node: int) -> Iterator[Finding]:
        """The live findings on one model, strongest first."""
        return self._select("AND f.node = ? ORDER BY f.verdict DESC, f.entry", (node,))

    def conflicts(self) -> Iterator[Conflict]:
        """Contradictions, whether or not anything is listed."""
        return self._conflicts("", ())

    def conflicts_of(self, node: int) -> Iterator[Conflict]:
        """Contradictions about one model."""
        return self._conflicts("AND f.node = ?", (node,))

    def gone(self) -> Iterator[Gone]:
        """Findings that are no more."""
        rows = self._db.execute(
            "SELECT f.id, f.reason, f.first_absent,"
            "       iif(f.confirmed > r.finished, NULL, f.confirmed)"
            "  FROM gone AS f JOIN run AS r ON r.seq = ?"
            f" WHERE {LIVE} ORDER BY f.id",
            (self._opened.seq, *self._bound),
        )
        for name, reason, first_absent, confirmed in rows:
            yield Gone(id=name, reason=reason, first_absent=first_absent, confirmed=confirmed)

    def waivers(self) -> Sequence[WaiverUse]:
        """Every decision in force, and every one that has expired."""
        return sorted(self._uses, key=lambda use: (use.waiver.rule, use.waiver.until))

    def compared(self, *, order: Closeness = "id", limit: int | None = None) -> Iterator[Weighed]:
        """Files whose weights were compared, whatever was found."""
        run = self._opened.run
        return compared(
            self._db,
            run.sources,
            library=self._library,
            until=run.finished,
            closest_first=order == "closest",
            limit=limit,
        )

    def kinships(self) -> dict[Kinship, int]:
        """How many files were compared, by the closest kinship that was found."""
        run = self._opened.run
        return kinships(self._db, run.sources, library=self._library, until=run.finished)

    @property
    def _acted_on(self) -> str:
        """SQL for a live finding that nobody waived; binds as ``LIVE``."""
        waived = any(use.state == "active" for use in self._uses)
        return f"{LIVE} AND {_unwaived(self._opened.seq)}" if waived else LIVE

    @property
    def _library(self) -> str:
        """What this run compared with; what others did is none of its business."""
        return self.coverage.library

    def _select(self, rest: str, bound: tuple[object, ...]) -> Iterator[Finding]:
        rows = self._db.execute(
            f"SELECT f.entry, n.ref, f.verdict, f.decided_by, f.grade, f.relation, f.body,"
            f"       {self._state}, lower(hex(n.revision)), n.author, n.created,"
            "       p.downloads, p.likes, w.rule"
            "  FROM finding AS f JOIN node AS n ON n.id = f.node"
            "  LEFT JOIN popularity AS p ON p.node = n.id"
            f"  LEFT JOIN temp.waived AS w ON w.run = {self._opened.seq} AND w.entry = f.entry"
            "        AND w.node = f.node"
            f" WHERE {LIVE} {rest}",
            (*self._bound, *bound),
        )
        return (
            _finding(row, None if rule is None else self._uses[rule].waiver) for *row, rule in rows
        )

    def _conflicts(self, where: str, bound: tuple[object, ...]) -> Iterator[Conflict]:
        rows = self._db.execute(
            "SELECT n.ref, f.kind, f.entry, f.body FROM conflict AS f"
            f" JOIN node AS n ON n.id = f.node WHERE {LIVE} {where}"
            " ORDER BY n.ref, f.kind, f.entry, f.body",
            (*self._bound, *bound),
        )
        for ref, kind, entry, body in rows:
            sides = read_sides(body)
            yield Conflict(
                model=ModelRef(ref),
                kind=ConflictKind(kind),
                claims=sides.claims,
                entry=entry,
                measured=sides.measured,
            )

    def raised(self) -> int:
        """Findings at review or above that are new, or whose verdict rose since the baseline.

        What was waived there and is not any more counts as new: its waiver expired or was ended.
        """
        earlier = "NULL"
        if self._before is not None:
            before = self._before.seq
            decisions.mark(self._db, self._before, decisions.as_of(self._db, self._before))
            earlier = (
                "(SELECT max(e.verdict) FROM finding AS e"
                "  WHERE e.series = f.series AND e.entry = f.entry AND e.node = f.node"
                f"   AND e.since <= {before} AND ifnull(e.until, 1 << 60) > {before}"
                f"   AND {_unwaived(before, 'e')})"
            )
        return int(
            self._db.execute(
                f"SELECT count(*) FROM finding AS f WHERE {self._acted_on} AND f.verdict >= ?"
                f" AND f.verdict > ifnull({earlier}, -1)",
                (*self._bound, Verdict.REVIEW.value),
            ).fetchone()[0]
        )

    def _reach(self) -> dict[str, Reach]:
        """Downloads of the distinct models to take down, by platform."""
        rows = self._db.execute(
            "SELECT substr(n.ref, 1, instr(n.ref, ':') - 1) AS platform,"
            "       sum(p.downloads)"
            "  FROM node AS n LEFT JOIN popularity AS p ON p.node = n.id WHERE n.id IN"
            f" (SELECT f.node FROM finding AS f WHERE {self._acted_on} AND f.verdict = ?)"
            " GROUP BY platform",
            (*self._bound, Verdict.TAKE_DOWN.value),
        )
        counted: dict[str, int | None] = dict(rows.fetchall())
        return {
            platform: Reach(
                count=counted.get(platform) or 0,
                window=_WINDOWS.get(platform, "all"),
                known=counted.get(platform) is not None,
            )
            for platform in sorted({*_WINDOWS, *counted})
        }


def _unwaived(run: int, finding: str = "f") -> str:
    """SQL for a finding that no decision covers as of a run."""
    return (
        f"NOT EXISTS (SELECT 1 FROM temp.waived AS w WHERE w.run = {run}"
        f" AND w.entry = {finding}.entry AND w.node = {finding}.node)"
    )


def _state(before: int | None) -> str:
    """SQL for the state of finding ``f`` against the run it is compared with."""
    if before is None:
        return str(State.NEW.value)
    earlier = (
        "EXISTS (SELECT 1 FROM finding AS e WHERE e.series = f.series AND e.entry = f.entry"
        f" AND e.node = f.node AND e.since <= {before} AND e.until > {before})"
    )
    return (
        f"CASE WHEN f.since <= {before} THEN {State.UNCHANGED.value}"
        f" WHEN {earlier} THEN {State.CHANGED.value} ELSE {State.NEW.value} END"
    )


def _finding(row: Sequence[Any], waiver: Waiver | None) -> Finding:
    (entry, ref, verdict, decided_by, grade, relation, text, state, revision, author, created,
     downloads, likes) = row  # fmt: skip
    body = read_body(text)
    model = ModelRef(ref)
    owner, slash, _ = refs.local(model).partition("/")
    return Finding(
        entry=entry,
        model=model,
        verdict=Verdict(verdict),
        decided_by=decided_by,
        grade=Grade(grade),
        relation=Relation(relation),
        path=body.path,
        claims=body.claims,
        conflicts=body.conflicts,
        files=body.files,
        state=State(state),
        waiver=waiver,
        revision=revision or None,
        url=refs.page_url(model),
        author=author or (owner if slash and model.startswith("hf:") else None),
        created=created,
        downloads=downloads,
        likes=likes,
    )
