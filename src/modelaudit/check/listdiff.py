"""Two versions of lists: which list is which, and where each entry went. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from modelaudit.check.entrydiff import compared, words_of
from modelaudit.domain.entry import Blocklist, Entry, ListKind
from modelaudit.domain.listdiff import Detail, EntryChange, Fate, ListChange, ListVersion

_HEAD = frozenset({"id", "kind", "private", "version", "updated", "sha256", "entries", "path"})
"""Fields of a list that are told one by one; the others are words."""

_Places = dict[str, tuple[Blocklist, Entry]]
"""Where each entry stands."""


def diff(old: Sequence[Blocklist], new: Sequence[Blocklist]) -> tuple[ListChange, ...]:
    """The changes, by list; one list against one is compared whatever they are called."""
    before, after = (
        {entry.id: (one, entry) for one in lists for entry in one.entries} for lists in (old, new)
    )
    if len(old) == len(new) == 1:
        return (_list(old[0], new[0], before, after),)
    olds, news = ({one.id: one for one in lists} for lists in (old, new))
    return tuple(
        _list(olds.get(name), news.get(name), before, after) for name in sorted({*olds, *news})
    )


def _list(
    old: Blocklist | None, new: Blocklist | None, before: _Places, after: _Places
) -> ListChange:
    either = [one for one in (old, new) if one is not None]
    names = sorted({entry.id for one in either for entry in one.entries})
    changes = [c for name in names if (c := _entry(name, old, new, before, after))]
    order = list(Fate)
    came = [before[name][0] for name in names if name in before]
    return ListChange(
        old=_version(old),
        new=_version(new),
        head=tuple(_head(old, new)) if old and new else (),
        entries=tuple(sorted(changes, key=lambda change: (order.index(change.fate), change.entry))),
        private=any(one.private for one in (*either, *came)),
    )


def _entry(
    name: str, old: Blocklist | None, new: Blocklist | None, before: _Places, after: _Places
) -> EntryChange | None:
    """What became of an entry that stands in one of these lists, or in both."""
    was, earlier = before.get(name, (None, None))
    now, later = after.get(name, (None, None))
    directed = all(one.kind is not ListKind.ALLOW for one in (was, now) if one)
    change = compared(earlier, later, directed=directed)
    if was is None or now is None or (was is old and now is new):
        return change
    if now is not new:
        return EntryChange(fate=Fate.MOVED, entry=name, text=f"to {now.id}", matters=False)
    moved = change or EntryChange(fate=Fate.MOVED, entry=name, matters=False)
    told = f"from {was.id}{moved.text and f'; {moved.fate} {moved.text}'}"
    return replace(moved, fate=Fate.MOVED, text=told)


def _version(one: Blocklist | None) -> ListVersion | None:
    if one is None:
        return None
    return ListVersion(id=one.id, version=one.version, sha256=one.sha256)


def _head(old: Blocklist, new: Blocklist) -> Iterator[Detail]:
    for name, matters in (("id", True), ("kind", True), ("private", False)):
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            yield Detail(name, f"now {after}, was {before}".lower(), matters)
    if words := words_of(old, new, _HEAD):
        yield Detail("words", words, matters=False)
