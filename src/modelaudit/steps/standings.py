"""Answers of platforms beside what lists say, line by line; pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from modelaudit.domain import refs
from modelaudit.domain.entry import Blocklist, Entry, EntryStatus, ListedFile
from modelaudit.domain.model import File, Page
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.verified import Standing
from modelaudit.domain.words import Component, Status
from modelaudit.store.copies import SIZE_ROUNDING

_BY_STATUS = {
    Status.LIVE: (Standing.OK, ""),
    Status.ARCHIVED: (Standing.OK, "its publisher withdrew the files"),
    Status.GATED: (Standing.GATED, "the publisher asks for consent"),
    Status.DISABLED: (Standing.DISABLED, "taken down by the platform"),
    Status.PRIVATE: (Standing.GONE, "private, or gone: the platform does not tell which"),
    Status.GONE: (Standing.GONE, ""),
    Status.BLOCKED: (Standing.UNREACHABLE, "withheld where we stand"),
}

Names = Mapping[str, Collection[str]]
"""Key of what lists name → the ids of the entries that do."""


class Holder(NamedTuple):
    """A model that shows a file."""

    model: ModelRef
    file: File


class Answer(NamedTuple):
    """What was answered about one id."""

    standing: Standing
    detail: str = ""
    now: ModelRef | None = None
    """The name it goes by today, where that is another."""


def references(entry: Entry) -> Iterator[ModelRef]:
    """What an entry names: models, re-hosts, data sets."""
    yield from entry.match.models
    yield from entry.match.rehosts
    for listed in entry.match.datasets:
        yield refs.dataset(listed.id)


def names_of(lists: Iterable[Blocklist]) -> Names:
    """Everything that entries name, but for those withdrawn."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for used in lists:
        for entry in used.entries:
            if entry.status is not EntryStatus.WITHDRAWN:
                for ref in references(entry):
                    found[refs.key(ref)].add(entry.id)
    return found


def answer(ref: ModelRef, page: Page) -> Answer:
    """What a page says about the id that was asked for."""
    statuses = {record.model.status for record in page.records} | set(page.missing.values())
    known = [_BY_STATUS[status] for status in sorted(statuses) if status in _BY_STATUS]
    why = page.gaps[0].detail if page.gaps else ""
    if not known:
        return Answer(Standing.UNREACHABLE, why or "the answer says nothing about it")
    standing, detail = known[0]
    if not page.records:
        detail = detail or why
    if len(page.records) > 1:
        detail = "; ".join(filter(None, (f"{len(page.records)} versions", detail)))
    now = next((new for old, new in page.renamed.items() if refs.key(old) == refs.key(ref)), None)
    return Answer(standing, detail, now)


def of_id(entry: Entry, told: Answer, names: Names) -> tuple[Standing, str]:
    """An id of an entry, by its answer: a new name is right where the entry has it as well."""
    if told.now is None:
        return told.standing, told.detail
    owners = names.get(refs.key(told.now), ())
    detail = "; ".join(filter(None, (f"now {told.now}", told.detail)))
    if entry.id in owners:
        return told.standing, f"{detail}, which the entry names as well"
    return Standing.RENAMED, detail + "".join(f", which {name} names" for name in sorted(owners))


def of_file(
    entry: Entry, file: ListedFile, holders: Sequence[Holder], names: Names
) -> tuple[Standing, str]:
    """A digest of an entry, by all that show it."""
    owners = {held.model: _owners(held.model, names) for held in holders}
    mine = [held for held in holders if entry.id in owners[held.model]]
    wrong = [_difference(file, held) for held in mine or holders]
    if wrong and all(wrong):
        return next(filter(None, wrong))
    shared = bool(mine) and file.component is not Component.OTHER and not file.component.main
    for model, named in owners.items() if not shared else ():
        if others := sorted(named - {entry.id}):
            return Standing.OTHER_ENTRY, f"at {model}, which {', '.join(others)} names"
    if not holders:
        return Standing.UNSEEN, "no model of the lists shows it, and no search by hash finds it"
    models = sorted({held.model for held in mine or holders})
    more = f" and {len(models) - 1} more" if len(models) > 1 else ""
    stranger = "" if mine else ", which the entry does not name"
    return Standing.OK, f"at {models[0]}{more}{stranger}"


def _owners(model: ModelRef, names: Names) -> set[str]:
    """The entries that name a model, or all versions of it."""
    key = refs.key(model)
    return {*names.get(key, ()), *names.get(key.partition("@")[0], ())}


def _difference(listed: ListedFile, held: Holder) -> tuple[Standing, str] | None:
    """How a file that has the digest is not what the list says; ``None`` where it is."""
    size, part = held.file.size, held.file.component
    if listed.size and size is not None and abs(size - listed.size) > SIZE_ROUNDING:
        return Standing.SIZE_DIFFERS, f"{listed.size} bytes listed, {size} at {held.model}"
    if part is None or Component.OTHER in (part, listed.component) or part is listed.component:
        return None
    if part.main and listed.component.main:
        return None  # between main parts, a list knows better than a name
    told = f"{listed.component} listed, {part} at {held.model}"
    return Standing.COMPONENT_DIFFERS, told
