"""How much an audit may still spend: requests, bytes, time; and whether it was asked to stop."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from modelaudit.domain.errors import IncompleteError
from modelaudit.domain.progress import Progress

T = TypeVar("T")


@dataclass(slots=True)
class Budget:
    """Limits of one run.

    ``halted``, ``no_calls`` and ``no_reading`` say why work, calls about single models, and the
    reading of files end; empty while they may go on. The last two include the first.
    """

    requests: int | None = None
    """Per-model calls that may still be made."""
    bytes: int | None = None
    """Bytes of weight files that may still be read."""
    deadline: float | None = None
    """``time.monotonic()`` after which nothing new is begun."""
    stopped: str = ""
    """Why somebody asked for an end, such as a signal."""

    @property
    def halted(self) -> str:
        """Why nothing at all is begun any more."""
        if self.stopped:
            return self.stopped
        if self.deadline is not None and time.monotonic() >= self.deadline:
            return "the deadline has come"
        return ""

    @property
    def no_calls(self) -> str:
        """Why no call about a single model is made any more."""
        if self.requests is not None and self.requests <= 0:
            return self.halted or "the request budget is used up"
        return self.halted

    @property
    def no_reading(self) -> str:
        """Why no file is read any more."""
        if self.bytes is not None and self.bytes <= 0:
            return self.halted or "the byte budget is used up"
        return self.halted

    def afford(self, wanted: Sequence[T]) -> Sequence[T]:
        """As many as there are calls for; they are spent at once."""
        if self.requests is not None:
            wanted = wanted[: max(self.requests, 0)]
        self.spend(requests=len(wanted))
        return wanted

    def until_halted(self, pages: Iterable[T]) -> Iterator[T]:
        """The same, ending with ``IncompleteError`` when somebody or the clock asks for it."""
        self._demand()
        for page in pages:
            yield page
            self._demand()

    def spend(self, *, requests: int = 1, read: int = 0) -> None:
        """Note what was used."""
        if self.requests is not None:
            self.requests -= requests
        if self.bytes is not None:
            self.bytes -= read

    def _demand(self) -> None:
        if self.halted:
            raise IncompleteError(self.halted)


def waiting(progress: Progress, budget: Budget) -> Callable[[str, float], None]:
    """A way to sleep that shows itself and ends early when somebody asks for an end."""

    def wait(why: str, seconds: float) -> None:
        end = time.monotonic() + seconds
        progress.update(waiting=f"{why}, {seconds:.0f} s")
        try:
            while (left := end - time.monotonic()) > 0:
                if budget.halted:
                    raise IncompleteError(budget.halted)
                time.sleep(min(left, 0.5))
        finally:
            progress.update(waiting="")

    return wait
