"""Clocks and the table that every measurement is printed in."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple


class Row(NamedTuple):
    """One line of a table."""

    what: str
    value: str
    remark: str = ""


@dataclass
class Stopwatch:
    """Processor seconds of this process and seconds by the clock."""

    cpu: float = 0.0
    wall: float = 0.0


@contextmanager
def stopwatch() -> Iterator[Stopwatch]:
    """Times its block."""
    watch = Stopwatch()
    cpu, wall = time.process_time(), time.perf_counter()
    yield watch
    watch.cpu, watch.wall = time.process_time() - cpu, time.perf_counter() - wall


def best(function: Callable[[], object], times: int = 5) -> float:
    """The least processor seconds of several calls."""
    seconds = []
    for _ in range(times):
        with stopwatch() as watch:
            function()
        seconds.append(watch.cpu)
    return min(seconds)


def peak_memory() -> float:
    """Most memory this process has held, in MB of 10⁶ bytes.

    Linux' own count of this program image: ``ru_maxrss`` would include the parent's.
    """
    status = Path("/proc/self/status")
    if status.exists():
        line = next(x for x in status.read_text().splitlines() if x.startswith("VmHWM"))
        return int(line.split()[1]) * 1024 / 1e6
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6  # bytes on macOS


def show(title: str, rows: Iterable[Row]) -> None:
    """Print one table."""
    print(f"\n{title}")
    for what, value, remark in rows:
        print(f"  {what:<52}{value:>14}  {remark}".rstrip(), flush=True)
