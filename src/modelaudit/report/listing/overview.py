"""The lists that there are: a table for people, TSV for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from modelaudit.domain.entry import Blocklist
from modelaudit.domain.words import Verdict
from modelaudit.report.clean import for_tsv
from modelaudit.report.layout import bold, cells, padded, room, wrapped
from modelaudit.report.listing import statuses

_COLUMNS = ("name", "kind", "version", "entries", "sha256", "title", "strongest", "use", "status")
"""Of the TSV."""
_TITLES = ("LIST", "AT MOST", "ENTRIES", "USED", "VERSION")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One list among others."""

    name: str
    """What ``--blocklist`` takes."""
    blocklist: Blocklist
    strongest: Verdict
    """The most that any of its entries can lead to."""
    by_default: bool


def tsv(lists: Sequence[Listed]) -> Iterator[str]:
    """A header and a line each; of a digest the first 12 digits."""
    yield "\t".join(_COLUMNS) + "\n"
    for one in lists:
        used = one.blocklist
        row = (
            one.name, used.kind.value, used.version, str(len(used.entries)), used.sha256[:12],
            used.title, str(one.strongest), _use(one), statuses(used.entries),
        )  # fmt: skip
        yield "\t".join(for_tsv(cell) for cell in row) + "\n"


def table(lists: Sequence[Listed], *, width: int, colour: bool = False) -> Iterator[str]:
    """Two lines a list: its name with the facts, and below what it lists."""
    width = room(width)
    rows = [_cells(one) for one in lists]
    wide = [max(map(cells, column)) for column in zip(_TITLES, *rows, strict=True)]
    fits = sum(wide) + 2 * len(wide) <= width
    if fits:
        yield "  ".join(map(padded, _TITLES, wide)).rstrip() + "\n"
    for one, (name, *facts) in zip(lists, rows, strict=True):
        shown = bold(name, colour=colour)
        if fits:
            filled = " " * (wide[0] - cells(name))
            yield "  ".join([shown + filled, *map(padded, facts, wide[1:])]).rstrip() + "\n"
        else:
            yield f"{shown}\n"
            yield from wrapped(", ".join(facts), width, first="    ")
        yield from wrapped(one.blocklist.title, width, first="    ")


def _cells(one: Listed) -> tuple[str, ...]:
    strongest = "spares" if one.blocklist.kind == "allow" else str(one.strongest)
    return (one.name, strongest, statuses(one.blocklist.entries), _use(one), one.blocklist.version)


def _use(one: Listed) -> str:
    return "by default" if one.by_default else "on request"
