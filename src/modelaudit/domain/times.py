"""UTC, everywhere: seconds inside, RFC 3339 with a ``Z`` outside."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

_YEAR_10000: Final = 253_402_300_800


def parse_time(text: object) -> int | None:
    """UTC seconds of an ISO 8601 date or time; ``None`` for anything else."""
    if not isinstance(text, str) or not 10 <= len(text) <= 40:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    try:
        seconds = int(moment.timestamp())
    except (OverflowError, ValueError):
        return None
    return seconds if 0 <= seconds < _YEAR_10000 else None


def format_time(seconds: int | None) -> str | None:
    """``2026-11-22T01:02:03Z``, or ``None``."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
