"""Pieces of SQL that several queries share."""

from __future__ import annotations

from typing import Final

from modelaudit.domain.words import Status

LIVE: Final = "f.series = ? AND f.since <= ? AND (f.until IS NULL OR f.until > ?)"
"""A row ``f`` of ``finding`` or ``conflict`` as of a run; binds series, run, run."""

HOSTED: Final = ",".join(str(status.value) for status in Status if status.seen)
"""Status codes of nodes that a platform hosts, for ``status IN (…)``."""

PART = "ifnull({file}.component, (SELECT h.component FROM head AS h WHERE h.key = {file}.head))"
"""What a file holds: by its place or its platform, else by what its head shows."""

SAME_TENSORS = "content AS a CROSS JOIN content AS b ON b.digest = a.digest AND b.head <> a.head"
"""Pairs of parts whose tensors are equal, in files that are not."""
