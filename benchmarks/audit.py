"""A catalogue audited end to end in a process of its own: seconds by step, and peak memory."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from benchmarks import synthetic
from benchmarks.measure import Row, peak_memory

COUNT = 100_000
ROOTS = 300
TITLE = f"audit: {COUNT:,} records and {ROOTS} listed roots, all steps and a JSON report"


def rows() -> Iterator[Row]:
    """One audit from nothing, and the same again on the database it left."""
    return audit(COUNT)


def audit(count: int) -> Iterator[Row]:
    """Measure both audits of a catalogue of this size."""
    catalogue = synthetic.catalogue(count)
    with tempfile.TemporaryDirectory() as folder:
        blocklist = Path(folder) / "roots.yaml"
        blocklist.write_text(_blocklist(count), encoding="utf-8")
        command = [sys.executable, "-m", "benchmarks.audit", str(catalogue), str(blocklist), folder]
        for what in ("first audit", "the same again"):
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
            told = json.loads(done.stdout)
            found = f"{told['findings']:,} findings"
            yield Row(what, f"{sum(told['seconds'].values()):.1f} s", found)
            for step, seconds in told["seconds"].items():
                yield Row(f"  {step}", f"{seconds:.1f} s")
            yield Row("  peak memory", f"{told['memory']:.0f} MB", "goal: less than 300 MB")


def _blocklist(count: int) -> str:
    """Every tenth of the oldest models, in three entries."""
    names = [model.name for model in islice(synthetic.models(count), 0, ROOTS * 10, 10)]
    entries = [
        {
            "id": f"synthetic/roots-{part}",
            "title": f"Listed models, part {part}",
            "status": "active",
            "kind": "model",
            "policy": "take-down",
            "review_by": "2027-11-22",
            "added": "2026-11-22",
            "claim": {"relation": "trained-on", "of": ["dataset:nobody/set"],
                      "confidence": "documented", "tainted": ["full"]},
            "match": {"models": [f"hf:{name}" for name in names[part::3]]},
            "evidence": [{"url": "https://example.org/card", "kind": "primary",
                          "retrieved": "2026-11-22", "supports": ["claim", "models"],
                          "where": "Training Data", "summary": "The card says so."}],
        }
        for part in range(3)
    ]  # fmt: skip
    about = {
        "id": "synthetic", "title": "Invented roots", "version": "2026.11.22",
        "updated": "2026-11-22", "maintainer": "nobody", "license": "CC0-1.0",
        "defaults": {"policy": "review", "review_by": "2027-11-22",
                     "scope": {"finetune": "take-down", "merge": "take-down",
                               "quantized": "take-down", "adapter": "review"}},
    }  # fmt: skip
    # JSON is YAML.
    return json.dumps({"schema": "modelaudit.blocklist/1", "list": about, "entries": entries})


class _Steps:
    """A watcher that times the steps."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._step, self._since = "start", time.perf_counter()

    def changed(self, progress: object) -> None:
        self.enter(getattr(progress, "step", ""))

    def say(self, line: str) -> None:
        print(line, file=sys.stderr)

    def enter(self, step: str) -> None:
        if step != self._step:
            now = time.perf_counter()
            self.seconds[self._step] = self.seconds.get(self._step, 0.0) + now - self._since
            self._step, self._since = step, now


def _child(catalogue: str, blocklist: str, folder: str) -> None:
    steps = _Steps()
    from modelaudit.audit import Audit
    from modelaudit.check.blocklist import load
    from modelaudit.crawl.registry import open_platforms
    from modelaudit.crawl.sources import parse_sources
    from modelaudit.domain.progress import Progress
    from modelaudit.report import reporter
    from modelaudit.steps.budget import Budget
    from modelaudit.store.db import writing
    from modelaudit.store.report import StoredReport

    with writing(Path(folder) / "audit.db") as connection:
        platforms = open_platforms(offline=True, wait=lambda why, seconds: None)
        audit = Audit(
            connection=connection,
            platforms=platforms,
            sources=parse_sources([f"catalogue:{catalogue}"]),
            lists=[load(blocklist)],
            budget=Budget(),
            progress=Progress(watcher=steps),
        )
        run, _ = audit.run()
        steps.enter("report")
        report = StoredReport(connection, run)
        reporter.write(Path(folder) / "report.json", reporter.render("json", report))
        findings = sum(report.summary.findings.values())
        platforms.close()
    steps.enter("end")
    told = {"seconds": steps.seconds, "memory": peak_memory(), "findings": findings}
    print(json.dumps(told))


if __name__ == "__main__":
    _child(*sys.argv[1:])
