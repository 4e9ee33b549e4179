"""How much an audit may still spend: requests, bytes, time; and whether it was asked to stop."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from modelaudit.domain.errors import IncompleteError
from modelaudit.domain.progress import Progress


@dataclass(slots=True)
class Budget:
    """Limits of one run; ``over`` says whether any is reached, ``reason`` which."""

    requests: int | None = None
    """Per-model calls that may still be made."""
    bytes: int | None = None
    """Bytes of weight files that may still be read."""
    deadline: float | None = None
    """``time.monotonic()`` after which nothing new is begun."""
    stopped: str = ""
    """Why somebody asked for an end, such as a signal."""

    @property
    def reason(self) -> str:
        """Why nothing more may be spent; empty while something may."""
        if self.stopped:
            return self.stopped
        if self.requests is not None and self.requests <= 0:
            return "the request budget is used up"
        if self.bytes is not None and self.bytes <= 0:
            return "the byte budget is used up"
        if self.deadline is not None and time.monotonic() >= self.deadline:
            return "the deadline has come"
        return ""

    def over(self) -> bool:
        """True when nothing more may be spent."""
        return bool(self.reason)

    def spend(self, *, requests: int = 1, read: int = 0) -> None:
        """Note what was used."""
        if self.requests is not None:
            self.requests -= requests
        if self.bytes is not None:
            self.bytes -= read


def waiting(progress: Progress, budget: Budget) -> Callable[[str, float], None]:
    """A way to sleep that shows itself and ends early when somebody asks for an end."""

    def wait(why: str, seconds: float) -> None:
        end = time.monotonic() + seconds
        progress.update(waiting=f"{why}, {seconds:.0f} s")
        try:
            while (left := end - time.monotonic()) > 0:
                if budget.stopped:
                    raise IncompleteError(budget.stopped)
                time.sleep(min(left, 0.5))
        finally:
            progress.update(waiting="")

    return wait
