"""Findings of an old report that no longer stand, as TSV."""

from __future__ import annotations

from modelaudit.domain.recheck import Fallen
from modelaudit.report.clean import for_tsv

HEADER = "id\tthen\tnow\twhy\n"


def row(fallen: Fallen) -> str:
    """``now`` is the most that the finding can be; ``unknown`` where its list was not given."""
    now = "unknown" if fallen.now is None else fallen.now.word
    cells = (fallen.finding.id, fallen.finding.verdict.word, now, fallen.why)
    return "\t".join(map(for_tsv, cells)) + "\n"
