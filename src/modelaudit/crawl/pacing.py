"""When to wait: a platform's own rate-limit headers, and a polite backoff where it has none.

Header forms (huggingface.co/docs/hub/rate-limits):
``RateLimit: "api";r=<remaining>;t=<seconds to reset>`` and
``RateLimit-Policy: "fixed window";"api";q=<quota>;w=300``; both may be absent.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime

from modelaudit.crawl.patience import Patience

RETRY_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524})
"""Answers that another try may better."""

MAX_WAIT = 300.0
"""Longest single wait in seconds: one rate-limit window of the Hub."""

_FIELD = re.compile(r"\b([rtqw])\s*=\s*(\d{1,9})")

Wait = Callable[[str, float], None]
"""Called with (why, seconds) instead of a bare sleep, so that progress can show it."""


def sleep(why: str, seconds: float) -> None:
    """The plain way to wait."""
    time.sleep(seconds)


@dataclass(slots=True)
class Pace:
    """One rate budget, shared by all who talk to one platform with one account."""

    wait: Wait = sleep
    reserve: float = 0.05
    """Share of the quota that is left to others."""
    interval: float = 0.0
    """Least seconds between two requests, for platforms without headers."""
    _remaining: int | None = field(default=None, init=False)
    _quota: int | None = field(default=None, init=False)
    _reset: float = field(default=0.0, init=False)
    _last: float = field(default=0.0, init=False)

    def before(self, patience: Patience) -> None:
        """Wait until the next request is within the budget; ``ThrottledError`` without patience."""
        now = time.monotonic()
        if self._remaining is not None and now < self._reset:
            floor = int((self._quota or 0) * self.reserve)
            if self._remaining <= floor:
                pause = min(self._reset - now + random.uniform(0, 1), MAX_WAIT)
                patience.wait(self.wait, "rate limit", pause)
                self._remaining = None
        if self.interval:
            pause = self._last + self.interval - time.monotonic()
            if pause > 0:
                patience.wait(self.wait, "pacing", pause)
            self._last = time.monotonic()

    def after(self, headers: Mapping[str, str]) -> None:
        """Learn from an answer's headers."""
        limit = {k: int(v) for k, v in _FIELD.findall(headers.get("ratelimit", ""))}
        policy = {k: int(v) for k, v in _FIELD.findall(headers.get("ratelimit-policy", ""))}
        if "r" in limit:
            self._remaining = limit["r"]
            self._reset = time.monotonic() + limit.get("t", 0)
        if "q" in policy:
            self._quota = policy["q"]


def retry_delay(attempt: int, headers: Mapping[str, str]) -> float:
    """Seconds before try ``attempt`` + 1 (the first try is 0): the server's word, else backoff.

    A 429 that says when the window ends is believed; so is ``Retry-After`` as seconds or as a
    date. Otherwise 1 s doubling to 30 s, with jitter.
    """
    limit = {k: int(v) for k, v in _FIELD.findall(headers.get("ratelimit", ""))}
    if limit.get("r") == 0 and "t" in limit:
        return min(limit["t"] + random.uniform(0, 1), MAX_WAIT)
    stated = headers.get("retry-after", "").strip()
    if stated.isascii() and stated.isdigit():
        return min(float(stated), MAX_WAIT)
    if stated:
        try:
            return min(max(parsedate_to_datetime(stated).timestamp() - time.time(), 0.0), MAX_WAIT)
        except (ValueError, TypeError, OverflowError):
            pass  # an unreadable date says nothing: back off as if it were absent
    return min(2.0**attempt, 30.0) * random.uniform(0.8, 1.2)
