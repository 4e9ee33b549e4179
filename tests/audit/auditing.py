"""An audit as the command line would run it, without the command line."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from modelaudit.audit import Audit
from modelaudit.check.blocklist import default_lists
from modelaudit.crawl.archive import ArchiveWriter
from modelaudit.crawl.registry import open_platforms
from modelaudit.crawl.sources import parse_sources
from modelaudit.domain.entry import Blocklist
from modelaudit.domain.progress import Progress
from modelaudit.domain.words import Read
from modelaudit.report.formats import json as json_format
from modelaudit.steps.budget import Budget
from modelaudit.store.cache import Cache
from modelaudit.store.db import reading, writing
from modelaudit.store.report import StoredReport

Json = dict[str, Any]

NOW = 1_790_000_000


class Remarks:
    """A watcher that keeps what is said."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def changed(self, progress: Progress) -> None:
        """Ignore it."""

    def say(self, line: str) -> None:
        """Keep it."""
        self.said.append(line)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an audit came to."""

    report: Json
    complete: bool
    said: list[str]

    @property
    def found(self) -> dict[str, tuple[str, str, str, int]]:
        """Model → (verdict, grade, relation, hops)."""
        return {
            f["model"]: (f["verdict"], f["grade"], f["relation"], f["hops"])
            for f in self.report["findings"]
        }

    @property
    def states(self) -> dict[str, str]:
        """Model → state of its finding."""
        return {f["model"]: f["state"] for f in self.report["findings"]}

    @property
    def gaps(self) -> set[tuple[str | None, str]]:
        """(model, reason) of every gap."""
        return {(gap["model"], gap["reason"]) for gap in self.report["coverage"]["gaps"]}

    def finding(self, ref: str) -> Json:
        """The one finding on a model."""
        (found,) = [f for f in self.report["findings"] if f["model"] == ref]
        return dict(found)


@dataclass(slots=True)
class Auditor:
    """Runs audits into one database."""

    database: Path
    waits: list[tuple[str, float]] = field(default_factory=list)

    @property
    def archive(self) -> Path:
        """The folder where what was received is kept."""
        return Path(f"{self.database}.archive")

    def run(
        self,
        *sources: str,
        read: Read = Read.METADATA,
        requests: int | None = None,
        bytes_left: int | None = None,
        deadline: float | None = None,
        limit: int | None = None,
        sweep: int = 7,
        offline: bool = False,
        lists: Sequence[Blocklist] = (),
        read_folders: bool = True,
        now: int = NOW,
        watch: Callable[[sqlite3.Connection], object] = lambda connection: None,
    ) -> Outcome:
        """One audit; waits are noted and not slept through."""
        platforms = open_platforms(
            offline=offline, wait=lambda why, seconds: self.waits.append((why, seconds))
        )
        remarks = Remarks()
        archive = None if offline else ArchiveWriter(self.archive)
        try:
            with writing(self.database) as connection:
                watch(connection)
                audit = Audit(
                    connection=connection,
                    platforms=platforms,
                    sources=parse_sources(sources),
                    lists=(*default_lists(), *lists),
                    read=read,
                    read_folders=read_folders,
                    budget=Budget(requests=requests, bytes=bytes_left, deadline=deadline),
                    limit=limit,
                    sweep=sweep,
                    archive=archive,
                    sketches=Cache(self.database.with_suffix(".sketches"), ".sketch"),
                    progress=Progress(watcher=remarks),
                    clock=lambda: now,
                )
                run, complete = audit.run()
                rendered = "".join(json_format.render(StoredReport(connection, run)))
        finally:
            platforms.close()
            if archive is not None:
                archive.close()
        return Outcome(json.loads(rendered), complete, remarks.said)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """What the database holds."""
        with reading(self.database) as connection:
            return connection.execute(sql).fetchall()


def settled(report: Json, *, without: Sequence[str] = ("observed", "state")) -> str:
    """The report's findings and conflicts as text, without what depends on when they were made."""
    said = {part: report[part] for part in ("findings", "conflicts")}

    def strip(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: strip(item) for name, item in value.items() if name not in without}
        return [strip(item) for item in value] if isinstance(value, list) else value

    return re.sub(r"http://127\.0\.0\.1:\d+", "http://platform", json.dumps(strip(said), indent=1))
