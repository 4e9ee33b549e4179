"""Words in names that entries look for: which entry, and which word."""

from __future__ import annotations

import re
from collections.abc import Iterator

from modelaudit.domain.listing import Listing
from modelaudit.domain.refs import ModelRef, local


def searched(ref: ModelRef, title: str | None) -> str:
    """What patterns see of a model: its id, and what people call it."""
    return f"{local(ref)} {title or ''}"


class NameHints:
    """The name patterns of the lists of a run."""

    def __init__(self, listing: Listing) -> None:
        self._wanted = {number: _compiled(names.wanted) for number, names in listing.names.items()}
        self._unless = {number: _compiled(names.unless) for number, names in listing.names.items()}

    def find(self, name: str) -> Iterator[int]:
        """The entries that have a pattern which fits, and none that speaks against it."""
        for entry in self._wanted:
            if self.word(entry, name) is not None:
                yield entry

    def word(self, entry: int, name: str) -> str | None:
        """The words of a name that an entry looks for, and nothing else of it."""
        for pattern in self._wanted.get(entry, ()):
            if found := pattern.search(name):
                against = any(other.search(name) for other in self._unless[entry])
                return None if against else found[0]
        return None


def _compiled(patterns: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
    return tuple(map(re.compile, patterns))
