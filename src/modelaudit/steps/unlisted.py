"""What lists do not show: models that platforms hide, and those that a list dropped."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from modelaudit.crawl.platform import Platform, Source
from modelaudit.domain.entry import Blocklist
from modelaudit.steps.intake import DETAILS
from modelaudit.store import sources as store
from modelaudit.store.db import transaction

if TYPE_CHECKING:
    from modelaudit.steps.listing import Lister


def find_listed_files(
    lister: Lister,
    platform: Platform,
    source: Source,
    state: store.Progress,
    lists: Sequence[Blocklist],
) -> None:
    """Ask for listed digests by name: platforms hide models from lists, not from look-ups."""
    digests = sorted(
        {
            file.sha256
            for blocklist in lists
            for entry in blocklist.entries
            for file in entry.match.files
        }
    )
    pages = lister.budget.until_halted(platform.by_digest(digests) if digests else ())
    while not lister.budget.no_calls:
        page = next(pages, None)
        if page is None:
            return
        lister.take(page, source, state)
        lister.budget.spend()
    lister.note(source, 1, f"not every listed file was looked up: {lister.budget.no_calls}")


def probe_unseen(lister: Lister, platform: Platform, source: Source, number: int) -> None:
    """What a whole sweep did not meet is asked for by its own address."""
    connection = lister.intake.connection
    if source.kind == "dump":
        return  # somebody's old copy of the Hub: what it lacks is not missing there
    vanished = store.unseen(connection, number)
    if source.platform == "catalogue":
        with transaction(connection):
            store.forget_unseen(connection, number)
        return
    asked = lister.budget.afford(vanished)
    for page in lister.budget.until_halted(platform.details(asked)):
        lister.intake.take(page, DETAILS)
    if left := len(vanished) - len(asked):
        why = lister.budget.no_calls
        lister.note(source, left, f"{left} models that the list dropped were not sought: {why}")
