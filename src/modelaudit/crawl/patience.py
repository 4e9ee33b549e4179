"""How long a server may take: a ceiling in wall-clock seconds that no drip of bytes outlives.

The timeout of a socket bounds one silence; a byte every few seconds never trips it. Nor is a
server believed for ever that asks us to come back later.
"""

from __future__ import annotations

import math
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

from modelaudit.domain.errors import IncompleteError

_AGAIN: Final = 0.1
"""Seconds until sockets that were opened too late are looked for again."""


class ThrottledError(IncompleteError):
    """The server only puts us off: HTTP 429 to every try, or longer waits than we have."""


class Patience:
    """What servers may cost over many requests, in seconds: of answers, and of waits between."""

    def __init__(
        self,
        seconds: float = math.inf,
        *,
        waits: float = math.inf,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.left = seconds
        """For servers to answer in."""
        self._waits = self._waits_left = waits
        self._clock = clock

    def wait(self, wait: Callable[[str, float], None], why: str, seconds: float) -> None:
        """Wait as long as a server asks; ``ThrottledError`` where all waits would be too long."""
        if seconds > self._waits_left:
            raise ThrottledError(f"more than {self._waits:g} s to wait in all ({why})")
        self._waits_left -= seconds
        wait(why, seconds)

    @contextmanager
    def exchange(self, ceiling: float, sockets: list[socket.socket]) -> Iterator[threading.Event]:
        """One request and its answer: past ``ceiling``, or what is left, the ``sockets`` are shut.

        The event that it gives is set from then on.
        """
        late, over = threading.Event(), threading.Event()

        def watch() -> None:
            pause = max(min(ceiling, self.left), 0)
            while not over.wait(pause):
                late.set()
                pause = _AGAIN
                for opened in list(sockets):
                    with suppress(OSError):  # already closed by either side
                        socket.socket.shutdown(opened, socket.SHUT_RDWR)

        begun = self._clock()
        threading.Thread(target=watch, daemon=True).start()
        try:
            yield late
        finally:
            over.set()
            self.left -= self._clock() - begun


def note(opened: socket.socket, sockets: list[socket.socket]) -> None:
    """Keep a socket among those to shut, and forget those that are closed."""
    sockets[:] = [*(known for known in sockets if known.fileno() != -1), opened]
