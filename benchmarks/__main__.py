"""``python -m benchmarks [NAME...]``: each measurement is a module with a title and its rows."""

from __future__ import annotations

import importlib
import subprocess
import sys

from benchmarks.measure import show

NAMES = (
    "parse", "headers", "ingest", "audit", "help", "closure", "weights", "parquet",
)  # fmt: skip


def main(names: list[str]) -> int:
    """Run the named measurements, or all."""
    if unknown := [name for name in names if name not in NAMES]:
        print(f"no measurement is named {unknown[0]!r}; there are: {', '.join(NAMES)}")
        return 2
    if len(names) != 1:  # each in a process of its own: a heap full of others' objects is slower
        for name in names or NAMES:
            subprocess.run([sys.executable, "-m", "benchmarks", name], check=True)
        return 0
    module = importlib.import_module(f"benchmarks.{names[0]}")
    show(module.TITLE, module.rows())
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
