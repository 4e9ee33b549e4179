"""What an audit will ask of its platforms, at most: requests, hours, bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

WINDOW: Final = 300
"""Seconds of the Hub's quota windows."""

CIVITAI_PACE: Final = 1.0
"""Seconds between requests; Civitai publishes no quota."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What one kind of token may ask of the Hub in five minutes."""

    name: str
    calls: int
    """Of its API."""
    files: int
    """Of its resolvers, which serve files."""


PLANS: Final = (
    Plan(name="anonymous", calls=500, files=3_000),
    Plan(name="free", calls=1_000, files=5_000),
    Plan(name="PRO", calls=2_500, files=12_000),
    Plan(name="Team", calls=3_000, files=20_000),
    Plan(name="Enterprise", calls=6_000, files=50_000),
    Plan(name="Enterprise Plus", calls=10_000, files=100_000),
)
"""https://huggingface.co/docs/hub/rate-limits, as of 2026-08; the Hub may change them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What listing one source takes."""

    source: str
    platform: str
    models: int | None
    """``None`` where nobody has counted."""
    told: str
    """Who counted."""
    requests: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """All of an audit, at most."""

    listings: tuple[Listing, ...]
    calls: int
    """About single models, of the Hub's API or of Civitai's."""
    files: int
    """Small files and heads of weight files."""
    bytes: int
    """Of weight files."""

    def listing(self, platform: str) -> int:
        """Requests that list what is known of this platform's sources."""
        return sum(one.requests or 0 for one in self.listings if one.platform == platform)

    def hours(self, plan: Plan) -> tuple[float, float]:
        """(to list, in all) on the Hub under a token's quota; a bucket fills while another does."""
        listed = self.listing("hf")
        to_list = listed / plan.calls
        in_all = max((listed + self.calls) / plan.calls, self.files / plan.files)
        return to_list * WINDOW / 3600, max(in_all, to_list) * WINDOW / 3600

    @property
    def civitai_hours(self) -> float:
        """To list what is known of Civitai's sources."""
        return self.listing("civitai") * CIVITAI_PACE / 3600
