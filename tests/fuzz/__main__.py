"""``make fuzz``: coverage-guided inputs at every parser, each for some seconds.

    python -m tests.fuzz [--seconds 60] [TARGET...]

Needs atheris (the extra ``fuzz``). Ends with 1 at the first input that breaks a promise, and keeps
that input. Each target runs in a process of its own, with a limit of memory and of time per input.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

MEMORY_MB = 600
"""The interpreter, the fuzzer's own tables, and at most 300 MB for a file."""
SECONDS_PER_INPUT = 5
"""Coverage makes everything about twice as slow."""
LONGEST = 1 << 16


def one(name: str, arguments: list[str]) -> None:
    """Fuzz a target in this process; does not return."""
    import atheris

    with atheris.instrument_imports(include=["modelaudit"]):
        from tests.fuzz.targets import TARGETS

    atheris.Setup([sys.argv[0], *arguments], TARGETS[name])
    atheris.Fuzz()


def main() -> int:
    """Fuzz the named targets, or all, and print how many inputs each was given."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("targets", nargs="*")
    asked, rest = parser.parse_known_args()
    if asked.one:
        one(asked.one, rest)
    from tests.fuzz.targets import TARGETS, seeds

    total = 0
    for name in asked.targets or TARGETS:
        with tempfile.TemporaryDirectory() as folder:
            corpus = Path(folder)
            for number, seed in enumerate(seeds(name)):
                (corpus / str(number)).write_bytes(seed)
            done = subprocess.run(
                [
                    sys.executable, "-m", "tests.fuzz", "--one", name,
                    f"-max_total_time={asked.seconds}",
                    f"-rss_limit_mb={MEMORY_MB}", f"-timeout={SECONDS_PER_INPUT}",
                    f"-max_len={LONGEST}", "-print_final_stats=1", "-use_value_profile=1",
                    f"-artifact_prefix={name}-", folder,
                ],
                capture_output=True, text=True, check=False,
            )  # fmt: skip
        runs = re.findall(r"stat::number_of_executed_units:\s*(\d+)", done.stderr)
        count = int(runs[-1]) if runs else 0
        memory = re.findall(r"stat::peak_rss_mb:\s*(\d+)", done.stderr)
        total += count
        print(f"{name:<14}{count:>12,} inputs, peak {memory[-1] if memory else '?'} MB", flush=True)
        if done.returncode:
            print(done.stdout[-2000:], done.stderr[-4000:], sep="\n")
            return 1
    print(f"{'all':<14}{total:>12,} inputs, no promise broken")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
