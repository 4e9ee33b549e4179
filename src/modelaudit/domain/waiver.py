"""A person's decision not to act on a finding: what it covers, why, by whom, and until when."""

from __future__ import annotations

import fnmatch
import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final

from modelaudit.domain import refs

WILD: Final = re.compile(r"[*?\[]")
"""What makes a model's reference a pattern, as a shell reads it."""


class Decision(StrEnum):
    """Why nothing is done."""

    FALSE_POSITIVE = "false_positive"
    ACCEPTED = "accepted"
    ALREADY_REMOVED = "already_removed"
    APPEAL_PENDING = "appeal_pending"

    @property
    def words(self) -> str:
        """As people say it: ``false positive``."""
        return self.value.replace("_", " ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """One decision; everything it names must fit a finding."""

    decision: Decision
    reason: str
    by: str
    """Who decided."""
    on: str
    """The day of the decision; this and the next: ``YYYY-MM-DD``."""
    until: str
    """The first day on which it no longer holds."""
    finding: str | None = None
    """The id of one finding; then the next two are empty."""
    entry: str | None = None
    """The id of an entry."""
    model: str | None = None
    """A reference (``civitai:4384`` means every version), or a pattern with ``* ? [abc]``."""

    @property
    def rule(self) -> str:
        """What it covers, in words: ``entry laion-5b/sd-1.5, model hf:example-archive/*``."""
        named = (("finding", self.finding), ("entry", self.entry), ("model", self.model))
        return ", ".join(f"{name} {value}" for name, value in named if value is not None)

    @property
    def precision(self) -> int:
        """How narrow it is; of several that cover a finding the narrowest is named."""
        if self.finding is not None:
            return 5
        exact = self.model is not None and not WILD.search(self.model)
        return 2 * exact + (self.entry is not None) + (self.model is not None)

    @property
    def where(self) -> tuple[str | None, str | None]:
        """(entry, model or pattern) that a finding must have; ``None`` where any will do."""
        if self.finding is not None:
            return split_finding(self.finding)
        return self.entry, self.model

    def holds(self, day: str) -> bool:
        """Whether it has not expired on this day, ``YYYY-MM-DD``."""
        return day < self.until

    def covers(self, entry: str, model: str) -> bool:
        """Whether all that it names fits the finding of this entry on this model."""
        wanted, pattern = self.where
        if wanted not in (None, entry):
            return False
        if pattern is None:
            return True
        key, name = refs.key(pattern), refs.key(model)
        if self.finding is None and WILD.search(pattern):
            return _expression(key).match(name) is not None
        every_version = self.finding is None and key.startswith("civitai:") and "@" not in key
        return name == key or (every_version and name.startswith(f"{key}@"))


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiverUse:
    """A decision and what it does in one run."""

    waiver: Waiver
    findings: int
    """How many findings of the run it covers; once expired, how many it would cover."""
    expired: bool

    @property
    def state(self) -> str:
        """``active``, ``unused`` or ``expired``."""
        return "expired" if self.expired else "active" if self.findings else "unused"


def split_finding(finding: str) -> tuple[str, str]:
    """(entry, model) of a finding's id: it parts at the last slash before the first colon.

    ``ValueError`` where there is no such place.
    """
    before, colon, after = finding.partition(":")
    entry, slash, platform = before.rpartition("/")
    if not (colon and slash and entry and platform and after):
        raise ValueError(f"{finding[:200]!r} is not a finding's id (entry/platform:model)")
    return entry, f"{platform}:{after}"


@lru_cache(maxsize=1024)
def _expression(pattern: str) -> re.Pattern[str]:
    return re.compile(fnmatch.translate(pattern))
