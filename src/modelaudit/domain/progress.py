"""What an audit is doing, for people who watch and for logs; whoever shows it subscribes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol


class Watcher(Protocol):
    """Somebody who is told."""

    def changed(self, progress: Progress) -> None:
        """Called after each step; must be quick."""

    def say(self, line: str) -> None:
        """A remark worth keeping: a warning, a summary of a step."""


class Nobody:
    """Watches nothing."""

    def changed(self, progress: Progress) -> None:
        """Ignore it."""

    def say(self, line: str) -> None:
        """Ignore it."""


@dataclass(slots=True)
class Progress:
    """Counters of the run under way."""

    watcher: Watcher = field(default_factory=Nobody)
    step: str = ""
    """``crawl``, ``resolve``, ``check`` or ``report``."""
    subject: str = ""
    """The source or the model it is at."""
    listed: int = 0
    expected: int | None = None
    """How many models or calls the step will have at its end, where that is known."""
    done: int = 0
    """Of ``expected``."""
    claims: int = 0
    findings: int = 0
    gaps: int = 0
    requests: int = 0
    waiting: str = ""
    """Why nothing moves, such as ``rate limit, 42 s``."""

    def update(self, **changes: int | str | None) -> None:
        """Set counters and tell the watcher."""
        for name, value in changes.items():
            setattr(self, name, value)
        self.watcher.changed(self)

    def wait(self, why: str, seconds: float) -> None:
        """Sleep and say so; fits :data:`modelaudit.crawl.pacing.Wait`."""
        import time

        self.update(waiting=f"{why}, {seconds:.0f} s")
        time.sleep(seconds)
        self.update(waiting="")
