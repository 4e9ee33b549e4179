"""``python -m tests.quality.zoo [--write]``: train the zoo, compare, print the rates, and judge."""

from __future__ import annotations

import argparse
import json
import sys
import time
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

from tests.quality.zoo import real, table
from tests.quality.zoo.families import Zoo
from tests.quality.zoo.gate import failures
from tests.quality.zoo.merges import baked, mixtures
from tests.quality.zoo.outcomes import outcome, rates
from tests.quality.zoo.plan import FULL, Bases, all_jobs, independent, related

RECORDED = Path(__file__).parents[3] / "src/modelaudit/report/data/error_rates.json"


def main() -> int:
    """1 where something does not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="record the rates")
    chosen = parser.parse_args()
    begun = time.perf_counter()

    zoo = Zoo()
    zoo.grow(all_jobs(FULL))
    trained = time.perf_counter() - begun
    bases = Bases(zoo, FULL)
    cases = chain(independent(bases), related(zoo, bases, FULL), real.pairs())
    outcomes = [outcome(case) for case in cases]
    merges = [
        baked(mixture)
        for family in FULL.families
        for seed in range(FULL.edited)
        for mixture in mixtures(zoo, family, seed)
    ]

    print(*table.lines(outcomes, merges), sep="\n")
    print(f"\n{trained:.0f} s of training, {time.perf_counter() - begun:.0f} s in all")
    recorded = json.loads(RECORDED.read_text("utf-8")) if RECORDED.exists() else None
    faults = failures(outcomes, merges, recorded)
    print(*faults, sep="\n")
    if chosen.write:
        found = rates(outcomes, len(bases.references))
        found["generated"] = datetime.now(UTC).date().isoformat()
        RECORDED.parent.mkdir(exist_ok=True)
        text = json.dumps(found, indent=1, sort_keys=True) + "\n"
        RECORDED.write_text(text, encoding="utf-8", newline="\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
