"""How long a server may take: a ceiling in wall-clock seconds that no drip of bytes outlives.

The timeout of a socket bounds one silence; a byte every few seconds never trips it.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

_AGAIN: Final = 0.1
"""Seconds until sockets that were opened too late are looked for again."""


class Patience:
    """Seconds left for servers to answer in, over many requests; polite waits do not count."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.left = seconds
        self._clock = clock

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
