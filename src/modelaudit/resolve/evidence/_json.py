"""JSON inside strings, as strangers write it."""

from __future__ import annotations

import json
from typing import Any

MAX_LENGTH = 4_000_000
"""Longest text parsed, in characters."""


def json_object(text: object) -> dict[str, Any] | None:
    """The object that ``text`` holds, or is; ``None`` when it is anything else."""
    if isinstance(text, str) and len(text) <= MAX_LENGTH:
        try:
            text = json.loads(text)
        except (ValueError, RecursionError):
            return None
    return text if isinstance(text, dict) else None
