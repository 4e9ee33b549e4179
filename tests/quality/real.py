"""``python -m tests.quality.real [--db PATH]``: audit the recorded data, and print the numbers."""

from __future__ import annotations

import argparse
import resource
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from modelaudit.audit import Audit
from modelaudit.check.blocklist import default_lists
from modelaudit.crawl.pacing import sleep
from modelaudit.crawl.registry import open_platforms
from modelaudit.crawl.sources import parse_sources
from modelaudit.domain.entry import Blocklist
from modelaudit.domain.finding import Report
from modelaudit.domain.progress import Progress
from modelaudit.steps.budget import Budget
from modelaudit.store.db import writing
from modelaudit.store.report import StoredReport
from tests.quality.convert import convert


@contextmanager
def audited(
    catalogue: Path, database: Path, lists: Sequence[Blocklist] | None = None
) -> Iterator[tuple[StoredReport, sqlite3.Connection]]:
    """The finished audit of a catalogue; without ``lists`` by the default ones."""
    platforms = open_platforms(offline=True, wait=sleep)
    try:
        with writing(database) as connection:
            audit = Audit(
                connection=connection,
                platforms=platforms,
                sources=parse_sources([f"catalogue:{catalogue}"]),
                lists=default_lists() if lists is None else lists,
                budget=Budget(),
                progress=Progress(),
            )
            run, _ = audit.run()
            yield StoredReport(connection, run), connection
    finally:
        platforms.close()


def counts(report: Report, connection: sqlite3.Connection) -> dict[str, object]:
    """What the recorded data gives."""

    def by(sql: str) -> dict[str, int]:
        return dict(connection.execute(sql).fetchall())

    gaps: Counter[str] = Counter()
    for gap in report.coverage.gaps:
        gaps[str(gap.reason)] += gap.count
    summary = report.summary
    return {
        "nodes listed": report.coverage.models,
        "hub repositories": by(_NODES.format("hf:")),
        "civitai versions": by(_NODES.format("civitai:")),
        "files with a digest": report.coverage.files,
        "claims by grade": by("SELECT grade, count(*) FROM claims GROUP BY grade"),
        "claims by extractor": by("SELECT extractor, count(*) FROM claims GROUP BY extractor"),
        "findings by verdict": {str(v): n for v, n in summary.findings.items()},
        "models by verdict": {str(v): n for v, n in summary.models.items()},
        "verdicts by grade": {
            str(v): {str(grade): n for grade, n in grades.items()}
            for v, grades in summary.verdict_by_grade.items()
        },
        "findings by entry": dict(summary.by_entry),
        "conflicts": dict(Counter(str(conflict.kind) for conflict in report.conflicts())),
        "lineage known": report.coverage.lineage_known,
        "lineage unknown": report.coverage.never_examined + report.coverage.no_evidence,
        "gaps by reason": dict(gaps),
    }


_NODES = "SELECT status, count(*) FROM models WHERE ref LIKE '{}%' GROUP BY status"


def main() -> None:
    """Convert, audit, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--db", type=Path, help="keep the database here")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        catalogue = Path(folder) / "recorded.jsonl"
        lines = sum(convert(catalogue).values())
        begun = time.perf_counter()
        with audited(catalogue, chosen.db or Path(folder) / "audit.db") as (report, connection):
            seconds = time.perf_counter() - begun
            for name, value in counts(report, connection).items():
                print(f"{name:20} {value}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    mebibytes = peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)
    print(f"{'lines':20} {lines}\n{'seconds':20} {seconds:.1f}\n{'peak MiB':20} {mebibytes:.0f}")


if __name__ == "__main__":
    main()
