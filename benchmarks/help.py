"""``modelaudit --help`` against an empty Typer program with as many commands, in turns."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import Row

PAIRS = 15
TITLE = f"help: start to end of --help, {PAIRS} pairs in turns"

_EMPTY = """
import typer
app = typer.Typer(help="Empty.")
def command():
    "Do nothing."
for number in range({commands}):
    app.command(f"command-{{number}}")(command)
app()
"""


def rows() -> Iterator[Row]:
    """Milliseconds of both programs, and the median of the ratios."""
    from typer.main import get_command

    from modelaudit.cli.main import app

    commands = len(getattr(get_command(app), "commands", {}))
    ours = [str(Path(sys.executable).with_name("modelaudit")), "--help"]
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "empty.py"
        script.write_text(_EMPTY.format(commands=commands))
        empty = [sys.executable, str(script), "--help"]
        pairs = [(_seconds(empty), _seconds(ours)) for _ in range(PAIRS + 1)][1:]
    least = [min(column) * 1e3 for column in zip(*pairs, strict=True)]
    ratios = [taken / floor for floor, taken in pairs]
    yield Row(f"empty program of {commands} commands, least", f"{least[0]:.0f} ms")
    yield Row("modelaudit, least", f"{least[1]:.0f} ms")
    spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
    yield Row("median ratio", f"{statistics.median(ratios):.2f}x", f"goal: 1.6x; {spread}")


def _seconds(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began
