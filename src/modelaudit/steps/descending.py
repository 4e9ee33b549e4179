"""Walking down from one model over what declares it as its parent, and what declares those."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from modelaudit.crawl.platform import Platform, Source
from modelaudit.domain import refs
from modelaudit.domain.entry import Blocklist
from modelaudit.domain.errors import IncompleteError
from modelaudit.domain.model import Page
from modelaudit.domain.refs import ModelRef
from modelaudit.store import sources as store
from modelaudit.store.db import transaction
from modelaudit.store.identity import name

if TYPE_CHECKING:
    from modelaudit.steps.listing import Lister

_WALK = "walk"
"""The cursor of a walk over descendants whose roots are known; the frontier holds the rest."""


def descend(
    lister: Lister,
    platform: Platform,
    source: Source,
    state: store.Progress,
    lists: Sequence[Blocklist],
) -> bool:
    """Breadth first over declared children; each model is asked for once."""
    connection = lister.intake.connection
    listed = state.listed
    if state.cursor is None:
        roots = [*_aliases(refs.hf(source.value), lists)]
        with transaction(connection):
            ids = name(connection, roots)
            store.extend_frontier(connection, state.id, [ids[root] for root in roots])
        for page in lister.budget.until_halted(platform.details(roots)):
            listed += lister.take(lister.cut(_without_gaps(page), listed), source, state)
        with transaction(connection):
            store.advance(connection, state.id, cursor=_WALK, nodes=())
    while (item := store.next_in_frontier(connection, state.id)) is not None:
        row, parent, cursor = item
        if lister.reached(listed):
            lister.note_rest(source, state.id, f"--limit {lister.limit}")
            return False
        if lister.budget.no_calls:
            raise IncompleteError(lister.budget.no_calls)
        try:
            for page in platform.children(parent, cursor):
                listed += lister.take(lister.cut(page, listed), source, state, row=row)
                lister.budget.spend()
                if lister.reached(listed) or lister.budget.no_calls:
                    break
        except IncompleteError:
            with transaction(connection):
                store.postpone(connection, row)
            raise
    return True


def _aliases(root: ModelRef, lists: Sequence[Blocklist]) -> Iterator[ModelRef]:
    """The root, and every model and re-host of the entries that list it."""
    yield root
    seen = {refs.key(root)}
    for blocklist in lists:
        for entry in blocklist.entries:
            listed = (*entry.match.models, *entry.match.rehosts)
            if refs.key(root) not in {refs.key(ref) for ref in listed}:
                continue
            for ref in listed:
                if ref.startswith("hf:") and refs.key(ref) not in seen:
                    seen.add(refs.key(ref))
                    yield ref


def _without_gaps(page: Page) -> Page:
    """A page about roots: one that is gone is no gap, its children are what is looked for."""
    return replace(page, gaps=())
