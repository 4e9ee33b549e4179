"""The only place that prints: data to stdout, talk to stderr, foreign text cleaned before."""

from __future__ import annotations

import io
import os
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, TextIO

from modelaudit.cli import jsonlog
from modelaudit.cli.errors import PipeClosedError
from modelaudit.domain.errors import UsageError
from modelaudit.domain.progress import Progress
from modelaudit.report.clean import for_terminal, shorten
from modelaudit.report.words import amount

if TYPE_CHECKING:
    from rich.live import Live
    from rich.text import Text

MINUTE = 60.0
"""Off a terminal, progress says at most one line a minute."""


def open_streams() -> None:
    """Make stdout and stderr take any text wherever they lead: UTF-8 in pipes and files.

    A terminal keeps its own encoding and shows what it does not know as an escape; a stream that
    was closed before we began leads nowhere.
    """
    sys.stderr = jsonlog.real_stderr()
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            nowhere = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - open to the end
            setattr(sys, name, nowhere)
        elif isinstance(stream, io.TextIOWrapper):
            encoding = None if stream.isatty() else "utf-8"
            stream.reconfigure(encoding=encoding, errors="backslashreplace")


class Output:
    """How one command talks; also a :class:`modelaudit.domain.progress.Watcher`."""

    current: ClassVar[Output | None] = None
    """How the command under way talks; an error that ends it is told the same way."""

    def __init__(
        self,
        *,
        quiet: bool = False,
        verbose: bool = False,
        as_json: bool = False,
        progress: bool = True,
    ) -> None:
        self.quiet = quiet
        self._verbose = verbose
        self._told = ("", "")
        self._as_json = as_json
        self._progress = progress and not quiet
        self._live: Live | None = None
        self._last_line = time.monotonic()
        self._shown: Progress | None = None
        if as_json:
            jsonlog.catch_strays()
        Output.current = self

    @property
    def on_terminal(self) -> bool:
        """True when a person reads stdout."""
        return sys.stdout.isatty()

    @property
    def colour(self) -> bool:
        """True when stdout may be coloured (https://no-color.org)."""
        wanted = self.on_terminal and os.environ.get("TERM") != "dumb"
        return wanted and not os.environ.get("NO_COLOR")

    @property
    def width(self) -> int:
        """Columns of the terminal."""
        import shutil

        return shutil.get_terminal_size((100, 24)).columns

    def data(self, chunks: Iterable[str]) -> None:
        """Write to stdout; ``PipeClosedError`` when nobody reads any more."""
        try:
            for chunk in chunks:
                sys.stdout.write(chunk)
            sys.stdout.flush()
        except BrokenPipeError:
            # Python flushes once more at exit: let that go nowhere.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise PipeClosedError from None
        except OSError as error:
            raise UsageError(f"stdout cannot be written: {error.strerror}") from None

    def say(self, line: str) -> None:
        """A line for people on stderr, unless they asked for quiet."""
        if not self.quiet:
            self._write(line, "info")

    def hint(self, line: str) -> None:
        """What to do next."""
        self.say(f"hint: {line}")

    def error(self, line: str) -> None:
        """What went wrong; never silenced."""
        self._write(line, "error")

    def start(self) -> None:
        """Show progress until :meth:`stop`, where there is somebody to watch."""
        if self._progress and not self._as_json and sys.stderr.isatty():
            from rich.console import Console
            from rich.live import Live

            console = Console(stderr=True, highlight=False)
            self._live = Live(
                console=console, refresh_per_second=4, transient=True, get_renderable=self._status
            )
            self._live.start()

    def stop(self) -> None:
        """Take the progress line away."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def changed(self, progress: Progress) -> None:
        """Progress moved; ``-v`` tells of every step and subject as it comes."""
        self._shown = progress
        if self._verbose and (progress.step, progress.subject) != self._told:
            self._told = progress.step, progress.subject
            self.say(f"{progress.step} {progress.subject}")
        if self._live is None and self._progress:
            now = time.monotonic()
            if now - self._last_line >= MINUTE:
                self._last_line = now
                self._write(status_line(progress), "progress")

    def _status(self) -> Text:
        from rich.text import Text

        return Text("" if self._shown is None else status_line(self._shown), overflow="ellipsis")

    def _write(self, line: str, level: str) -> None:
        text = "\n".join(for_terminal(part) for part in line.split("\n"))
        if self._as_json:
            text = jsonlog.line(level, line)
        _print_to(jsonlog.real_stderr(), self._live, text)


def status_line(progress: Progress) -> str:
    """``crawl hf: · 1,842 listed · 2,310 claims · 12 gaps · waiting: rate limit, 42 s``."""
    parts = [f"{progress.step:<8}{shorten(for_terminal(progress.subject), 40)}"]
    parts.append(f"{progress.listed:,} listed")
    if progress.expected:
        parts.append(f"{progress.done:,} of {progress.expected:,} read")
        if eta := progress.eta():
            parts.append(f"{eta} left")
    parts.append(amount(progress.claims, "claim"))
    if progress.findings:
        parts.append(amount(progress.findings, "finding"))
    if progress.gaps:
        parts.append(amount(progress.gaps, "gap"))
    if progress.waiting:
        parts.append(f"waiting: {progress.waiting}")
    return " · ".join(parts)


def _print_to(stream: TextIO, live: Live | None, text: str) -> None:
    if live is not None:
        from rich.text import Text

        live.console.print(Text(text))
        return
    try:
        stream.write(f"{text}\n")
        stream.flush()
    except BrokenPipeError:
        return  # nobody listens to the talk: the work goes on
