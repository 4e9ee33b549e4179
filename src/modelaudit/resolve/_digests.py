"""Digests that can identify a file, and those that never do."""

from __future__ import annotations

import hashlib
import re

from modelaudit.domain.digests import NEVER_MATCH

_SHA256 = re.compile(r"(?:0x)?([0-9a-f]{64})\Z", re.IGNORECASE)
_FEWEST_DIGITS = 6


def usable(text: object) -> str | None:
    """The sha256 in lower case; ``None`` for sentinels, empty files and made-up patterns."""
    found = _SHA256.match(text) if isinstance(text, str) else None
    if found is None:
        return None
    digest = found[1].lower()
    # 64 random digits practically always use more than five of the sixteen; "dead…" does not.
    return None if digest in NEVER_MATCH or len(set(digest)) < _FEWEST_DIGITS else digest


def is_of_name(digest: str, name: object) -> bool:
    """True when ``digest`` is that of a file's *name*, as Forge fakes it (modules/hashes.py)."""
    if not isinstance(name, str):
        return False
    base = re.split(r"[/\\]", name)[-1].encode("utf-8", "replace")
    return hashlib.sha256(base).hexdigest() == digest
