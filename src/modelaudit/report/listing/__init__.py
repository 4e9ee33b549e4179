"""A blocklist as text that a lawyer can read: what is listed, why, what follows, how one knows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from modelaudit.domain.entry import Blocklist, Entry
from modelaudit.domain.words import Verdict
from modelaudit.report.layout import PIPE, bold, room, wrapped
from modelaudit.report.listing import entry as one
from modelaudit.report.words import amount

Limits = Mapping[str, tuple[Verdict, str]]
"""Entry → the most that it can lead to, and what decides that."""

KINDS = {
    "block": "A block list: what is looked for",
    "allow": "An allow list: what looks alike and is spared",
    "signals": "A list of signals: what a person may want to look at, and no lineage",
}

_CLOSING = (
    "A listing says where something comes from and how that is known. It does not say that a "
    "model is illegal, and it says nothing about a person. take-down: recommended for take-down. "
    "review: a person decides. note: for information, no action. What rests on a name, an old "
    "label or an architecture alone is never more than a note."
)


def render(
    blocklist: Blocklist,
    limits: Limits,
    *,
    entries: Iterable[Entry] | None = None,
    width: int = PIPE,
    colour: bool = False,
) -> Iterator[str]:
    """Lines of text, cleaned for a terminal, of all entries or of some.

    Of a private list only the entries' ids. Colour (bold) only repeats what the words say.
    """
    width = room(width)
    if entries is None:
        yield from _head(blocklist, width, colour=colour)
        yield "\n"
    titles = {} if blocklist.private else {e.id: e.title for e in blocklist.entries}
    for entry in blocklist.entries if entries is None else entries:
        if blocklist.private:
            yield f"{bold(entry.id, colour=colour)}\n"
            continue
        yield from one.render(
            entry, limits[entry.id], titles, width=width, colour=colour,
            spares=blocklist.kind == "allow",
        )  # fmt: skip
        yield "\n"
    if not blocklist.private:
        yield from wrapped(_CLOSING, width)


def statuses(entries: Iterable[Entry]) -> str:
    """``5 active, 1 draft``."""
    counts = Counter(entry.status for entry in entries)
    return ", ".join(f"{count:,} {status}" for status, count in sorted(counts.items()))


def _head(blocklist: Blocklist, width: int, *, colour: bool) -> Iterator[str]:
    yield f"{bold(blocklist.id, colour=colour)}\n"
    yield from wrapped(blocklist.title, width)
    yield from wrapped(f"{KINDS[blocklist.kind]}.", width, first="  ")
    private = " Private: only ids are shown." if blocklist.private else ""
    kept = f", kept by {blocklist.maintainer}" if blocklist.maintainer else ""
    terms = f", {blocklist.license}" if blocklist.license else ""
    of = f" of {blocklist.updated}" if blocklist.updated else ""
    yield from wrapped(f"Version {blocklist.version}{of}{kept}{terms}.{private}", width, first="  ")
    if blocklist.supersedes:
        yield from wrapped(f"Takes the place of {', '.join(blocklist.supersedes)}.", width, "  ")
    total = amount(len(blocklist.entries), "entry", "entries")
    yield from wrapped(f"{total}: {statuses(blocklist.entries)}.", width, first="  ")
    yield from wrapped(f"sha256 {blocklist.sha256}", width, first="  ")
    if blocklist.description and not blocklist.private:
        yield "\n"
        yield from wrapped(" ".join(blocklist.description.split()), width, first="  ")
