"""What is odd about a header, counted: a file with a million oddities has a few lines to show."""

from __future__ import annotations

from collections import Counter


class Warnings:
    """Counts by code, with the first detail of each."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._details: dict[str, str] = {}

    def add(self, code: str, detail: str, count: int = 1) -> None:
        """Note an oddity; ``detail`` is already harmless text (``ascii()`` of a name)."""
        self._counts[code] += count
        self._details.setdefault(code, detail[:200])

    def lines(self) -> tuple[str, ...]:
        """``code: first detail (and n more)``, one line each."""
        return tuple(
            f"{code}: {self._details[code]}" + (f" (and {n - 1} more)" if n > 1 else "")
            for code, n in self._counts.items()
        )
