"""References that make themselves: a listed file on a readable host, sketched by range."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

from modelaudit.domain import refs
from modelaudit.domain.errors import CredentialsError
from modelaudit.domain.reader import ReadError
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.words import GapReason
from modelaudit.steps.access import Access
from modelaudit.steps.references import References, Wanted
from modelaudit.steps.sketching import sketch_of
from modelaudit.store import heads
from modelaudit.store.weighed import Unweighed

_TRIES: Final = 3
"""Hosts that break off before a listed file is given up for this run."""
_CLOSED: Final = frozenset({GapReason.GATED, GapReason.GONE, GapReason.PRIVATE})
"""Refusals that cost one request, and say nothing of the next host."""


@dataclass(slots=True)
class Making:
    """Makes what references are still wanted."""

    access: Access
    references: References
    _failed: set[tuple[str, ModelRef, str]] = field(default_factory=set)

    def make(self, *, local: bool) -> None:
        """Sketch every listed file that somebody hosts in the open, as far as the budget goes."""
        for wanted in tuple(self.references.wanted):
            holders = heads.holders(
                self.access.intake.connection,
                wanted.sha256,
                platforms=self.access.among(local=local),
                size=wanted.size,
            )
            self._from_one_of(wanted, holders, local=local)

    def _from_one_of(self, wanted: Wanted, holders: list[heads.Unread], *, local: bool) -> None:
        tries = 0
        for holder in holders:
            place = (wanted.sha256, holder.model, holder.path)
            if self.access.ended(local=local) or tries == _TRIES:
                return
            if place in self._failed or refs.platform(holder.model) in self.access.silent:
                continue
            try:
                self._from(wanted, holder)
            except ReadError as error:
                self._failed.add(place)
                tries += error.reason not in _CLOSED
                what = f"no sketch of {wanted.entry.id} could be made of it: "
                self.access.refused(holder.model, holder.path, error, what)
            except CredentialsError as error:
                self._failed.add(place)
                self.access.give_up(refs.platform(holder.model), str(error))
            else:
                return
            finally:
                self.access.account(local=local)

    def _from(self, wanted: Wanted, holder: heads.Unread) -> None:
        self.access.progress.update(step="resolve", subject=f"a sketch of {wanted.entry.id}")
        self.access.forget(holder.model, holder.path)
        made = sketch_of([self.access.target(Unweighed.of(holder))], every=True)
        self.references.made(wanted, replace(made, sha256=wanted.sha256))
