"""What platforms say today about what lists name: as TSV for programs, as lines for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby

from modelaudit.domain.verified import Standing, Verified
from modelaudit.report.clean import for_terminal, for_tsv
from modelaudit.report.words import amount

COLUMNS = ("list", "entry", "what", "status", "detail")


def rows(verified: Sequence[Verified]) -> Iterator[str]:
    """Every line, with a header."""
    yield "\t".join(COLUMNS) + "\n"
    for row in verified:
        cells = (row.list, row.entry, row.what, row.standing, row.detail)
        yield "\t".join(map(for_tsv, cells)) + "\n"


def lines(verified: Sequence[Verified], *, everything: bool = False) -> Iterator[str]:
    """By list: what is not as it should be, the worst first; the rest is counted."""
    order = list(Standing)
    for name, group in groupby(verified, lambda row: row.list):
        told = sorted(group, key=lambda row: order.index(row.standing))
        yield f"{for_terminal(name)}\n"
        fine = [row for row in told if row.standing is Standing.OK]
        for row in told if everything else told[: len(told) - len(fine)]:
            yield f"  {row.standing:<18}{for_terminal(row.what)}\n"
            said = ": ".join(filter(None, (row.entry, row.detail)))
            yield f"  {'':<18}{for_terminal(said)}\n"
        if fine and not everything:
            yield f"  {Standing.OK:<18}{amount(len(fine), 'line')}; -v tells of each\n"


def summary(verified: Sequence[Verified], requests: int) -> str:
    """``42 lines verified with 51 requests: 3 renamed, 39 ok``."""
    counted = Counter(row.standing for row in verified)
    told = ", ".join(f"{counted[word]:,} {word}" for word in Standing if counted[word])
    asked = f"{amount(len(verified), 'line')} verified with {amount(requests, 'request')}"
    return f"{asked}: {told}" if told else asked
