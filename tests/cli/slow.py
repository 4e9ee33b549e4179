"""A loopback Hub that does not get past its first page until it is told to."""

from __future__ import annotations

import signal
import subprocess
import threading
from types import TracebackType
from typing import Any

from tests.cli.running import hub_record
from tests.servers.base import Reply, Request
from tests.servers.hub import Hub


def record(number: int, repo: str, base: str | None = None) -> dict[str, Any]:
    """A record as the Hub's own API shows it."""
    return {
        "_id": f"{0x63000000 + number:08x}{number:016x}",
        "author": repo.partition("/")[0],
        "sha": f"{number:040x}",
        "createdAt": "2023-05-01T12:00:00.000Z",
        "siblings": [],
    } | hub_record(repo, base)["record"]


class SlowHub(Hub):
    """Four models on two pages; the second page waits for ``release``."""

    def __init__(self) -> None:
        listed = "stable-diffusion-v1-5/stable-diffusion-v1-5"
        bases = (listed, "acme/m0", None, listed)
        super().__init__(
            records=[record(n, f"acme/m{n}", base) for n, base in enumerate(bases)], page_size=2
        )
        self.held = threading.Event()
        self.release = threading.Event()

    def answer(self, request: Request) -> Reply:
        if "cursor=" in request.target:
            self.held.set()
            self.release.wait(20)
        return super().answer(request)

    def interrupt(self, process: subprocess.Popen[bytes], number: signal.Signals) -> str:
        """Send a signal while the second page is awaited; returns what was said on stderr."""
        with process:
            assert self.held.wait(20)
            process.send_signal(number)
            self.release.set()
            return process.communicate(timeout=20)[1].decode()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release.set()
        super().__exit__(kind, error, trace)
