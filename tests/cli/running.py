"""The command line as people run it: the installed script, its streams and its exit code."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SCRIPT = str(Path(sys.executable).with_name("modelaudit"))
EXAMPLE = Path(__file__).parents[2] / "examples" / "catalogue.jsonl"
HEADER = [
    "id", "verdict", "grade", "relation", "hops", "downloads", "state", "entry", "model", "url",
    "decided_by",
]  # fmt: skip

_OURS = (
    "HF_",
    "HUGGING",
    "CIVITAI_",
    "XDG_",
    "NO_COLOR",
    "COLUMNS",
    "LINES",
    "FORCE_COLOR",
    "TERM",
)


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Stdout as JSON."""
        return json.loads(self.out)

    @property
    def rows(self) -> list[dict[str, str]]:
        """Stdout as TSV with a header."""
        header, *rows = [line.split("\t") for line in self.out.splitlines()]
        return [dict(zip(header, row, strict=True)) for row in rows]


def environment(home: Path, **extra: str) -> dict[str, str]:
    """The environment of a person without tokens, settings or colours."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    return kept | {"HOME": str(home), "HF_HOME": str(home), "TERM": "xterm-256color"} | extra


@dataclass(frozen=True, slots=True)
class Shell:
    """Runs commands in a folder of their own."""

    folder: Path

    def run(self, *args: str | Path, program: Sequence[str] = (SCRIPT,), **env: str) -> Ran:
        """A command to its end, in a process of its own."""
        done = subprocess.run(
            [*program, *map(str, args)], cwd=self.folder, env=environment(self.folder, **env),
            stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False,
        )  # fmt: skip
        return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())

    def start(self, *args: str | Path, **env: str) -> subprocess.Popen[bytes]:
        """A command that is still running; use it as a context manager.

        It hears Ctrl-C even where the tests run under ``nohup``: an ignored signal is inherited.
        """
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            return subprocess.Popen(
                [SCRIPT, *map(str, args)], cwd=self.folder, env=environment(self.folder, **env),
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            )  # fmt: skip
        finally:
            signal.signal(signal.SIGINT, before)


def hub_record(repo: str, base: str | None = None, **fields: Any) -> dict[str, Any]:
    """A line of a catalogue: a Hub repository that names its parent."""
    tags = [f"base_model:{base}", f"base_model:finetune:{base}"] if base else []
    record = {"id": repo, "tags": tags, "cardData": {"base_model": base} if base else {}} | fields
    return {"platform": "hf", "kind": "list", "status": 200,
            "at": "2026-11-22T00:00:00Z", "record": record}  # fmt: skip


def write_catalogue(path: Path, *lines: dict[str, Any]) -> str:
    """Writes a recorded catalogue; returns the SOURCE that names it."""
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    return f"catalogue:{path}"
