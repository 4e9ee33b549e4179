"""What a weight file's header cannot be read for."""

from __future__ import annotations

from typing import Final

from modelaudit.domain.words import GapReason

_REASONS: Final = {
    "header_too_large": GapReason.TOO_LARGE,
    "too_many_tensors": GapReason.TOO_LARGE,
    "pickle_limit": GapReason.PICKLE_REFUSED,
    "unknown_format": GapReason.INCONCLUSIVE,
}
"""All other codes are ``unreadable``."""


class FormatError(Exception):
    """The header cannot be read: the text is one line fit for a gap."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        """A stable word for the kind of fault, such as ``header_past_eof``."""

    @property
    def reason(self) -> GapReason:
        """How a gap calls it."""
        return _REASONS.get(self.code, GapReason.UNREADABLE)
