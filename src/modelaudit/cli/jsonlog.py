"""``--log-format json``: one object a line on stderr, whoever writes there."""

from __future__ import annotations

import io
import json
import re
import sys
import time
from collections.abc import Sequence
from typing import TextIO

from modelaudit.domain.times import format_time

_END = re.compile(r"[\r\n]+")


def line(level: str, message: str) -> str:
    """A line of the log; ASCII, so that nothing in a message can break it."""
    return json.dumps({"at": format_time(int(time.time())), "level": level, "message": message})


class Stray(io.TextIOBase):
    """Stands for stderr: what libraries and the interpreter write becomes lines of the log."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self._begun = ""

    def writable(self) -> bool:
        """True, as of any log."""
        return True

    def fileno(self) -> int:
        """That of the stream behind."""
        return self.stream.fileno()

    def write(self, text: str) -> int:
        """Write whole lines as warnings, and keep the rest for later."""
        *whole, self._begun = _END.split(self._begun + text)
        try:
            for one in filter(str.strip, whole):
                self.stream.write(f"{line('warning', one)}\n")
            self.stream.flush()
        except BrokenPipeError:
            pass  # nobody listens to the talk: the work goes on
        return len(text)


def catch_strays() -> None:
    """From here on, stderr holds nothing but lines of the log."""
    if not isinstance(sys.stderr, Stray):
        sys.stderr = Stray(sys.stderr)


def real_stderr() -> TextIO:
    """The stream itself."""
    return sys.stderr.stream if isinstance(sys.stderr, Stray) else sys.stderr


def asked_for(words: Sequence[str]) -> bool:
    """Whether a command line that could not be understood asks for a log in JSON."""
    pairs = zip(words, (*words[1:], ""), strict=True)
    return "--log-format=json" in words or ("--log-format", "json") in pairs
