"""What a weight file's header cannot be read for."""

from __future__ import annotations

from modelaudit.domain.words import GapReason


class FormatError(Exception):
    """The header cannot be read: the text is one line fit for a gap."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        """A stable word for the kind of fault, such as ``header_past_eof``."""

    @property
    def reason(self) -> GapReason:
        """How a gap calls it."""
        too_large = self.code in ("header_too_large", "too_many_tensors")
        return GapReason.TOO_LARGE if too_large else GapReason.UNREADABLE
