"""What an audit is doing, for people who watch and for logs; whoever shows it subscribes."""

from __future__ import annotations

import time
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
    """How many calls the step will have made at its end, where that is known."""
    done: int = 0
    """Of ``expected``."""
    claims: int = 0
    findings: int = 0
    gaps: int = 0
    waiting: str = ""
    """Why nothing moves, such as ``rate limit, 42 s``."""
    _begun: float = 0.0

    def update(self, **changes: int | str | None) -> None:
        """Set counters and tell the watcher."""
        if changes.get("expected"):
            self._begun = time.monotonic()
        for name, value in changes.items():
            setattr(self, name, value)
        self.watcher.changed(self)

    def eta(self) -> str:
        """Time left in the step, such as ``3 min``; empty while nothing can be said."""
        if not self.expected or self.done < 3:
            return ""
        left = (time.monotonic() - self._begun) / self.done * (self.expected - self.done)
        return f"{left / 60:.0f} min" if left >= 90 else f"{left:.0f} s"
