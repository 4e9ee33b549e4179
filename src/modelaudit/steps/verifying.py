"""Lists against the live platforms: is what they name still there, and is it what they say?

Each id is asked once, with one request. Digests are looked for among the files of the models that
answered, and by hash where a platform can be asked so.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from modelaudit.crawl.platform import Platform
from modelaudit.domain import refs
from modelaudit.domain.entry import Blocklist, Entry, EntryStatus, ListedFile
from modelaudit.domain.errors import IncompleteError
from modelaudit.domain.model import Page
from modelaudit.domain.progress import Progress
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.verified import Standing, Verified
from modelaudit.steps import standings
from modelaudit.steps.budget import Budget
from modelaudit.steps.standings import Answer, Holder, Names

_ASKED_AT = {"hf": "hf", "dataset": "hf", "civitai": "civitai"}
"""Platform of a reference → the platform that is asked about it."""

_SILENCES = 3
"""So many ids in a row without an answer mean that the platform is gone."""


@dataclass(slots=True)
class Verifier:
    """Asks about each id once; ``rows`` puts the answers beside the lists."""

    lists: Sequence[Blocklist]
    beside: Sequence[Blocklist]
    """Lists that are not verified, and whose models may show a listed file all the same."""
    platforms: Mapping[str, Platform]
    budget: Budget
    progress: Progress
    limit: int | None = None
    """Most ids and most digests of each list."""
    _answers: dict[str, Answer] = field(default_factory=dict)
    _holders: defaultdict[str, list[Holder]] = field(default_factory=lambda: defaultdict(list))
    _silent: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    _unsearched: str = ""
    """Why the search by hash did not come to its end."""

    def rows(self) -> list[Verified]:
        """Every id and every digest of the lists, sorted."""
        named = [(used, entry, ref) for used in self.lists for entry, ref in self._ids(used)]
        listed = [(used, entry, file) for used in self.lists for entry, file in self._files(used)]
        self.progress.update(step="verify", expected=len({refs.key(ref) for *_, ref in named}))
        for _, _, ref in named:
            self._ask(ref)
        self._search({file.sha256 for _, _, file in listed})
        names = standings.names_of((*self.lists, *self.beside))
        rows = [self._id_row(used, entry, ref, names) for used, entry, ref in named]
        rows += [self._file_row(used, entry, file, names) for used, entry, file in listed]
        return sorted(rows)

    def _ids(self, used: Blocklist) -> list[tuple[Entry, ModelRef]]:
        ids = [(entry, ref) for entry in _standing(used) for ref in standings.references(entry)]
        return ids[: self.limit]

    def _files(self, used: Blocklist) -> list[tuple[Entry, ListedFile]]:
        files = [(entry, file) for entry in _standing(used) for file in entry.match.files]
        return files[: self.limit]

    def _ask(self, ref: ModelRef) -> None:
        if refs.key(ref) not in self._answers:
            self.progress.update(subject=ref)
            self._answers[refs.key(ref)] = self._answer(ref, _ASKED_AT.get(refs.platform(ref)))
            self.progress.update(done=len(self._answers))

    def _answer(self, ref: ModelRef, name: str | None) -> Answer:
        if name is None:
            return Answer(Standing.UNSEEN, "a platform that cannot be asked from here")
        if self._silent[name] >= _SILENCES:
            return Answer(Standing.UNREACHABLE, "not asked: the platform had stopped answering")
        if self.budget.no_calls:
            return Answer(Standing.UNREACHABLE, f"not asked: {self.budget.no_calls}")
        self.budget.spend()
        try:
            page = self.platforms[name].look_up(ref)
        except IncompleteError as error:
            self._silent[name] += 1
            return Answer(Standing.UNREACHABLE, str(error))
        self._silent[name] = 0
        self._keep(page)
        return standings.answer(ref, page)

    def _search(self, digests: set[str]) -> None:
        """Who else holds them, on the one platform that tells."""
        if not digests:
            return
        self.progress.update(subject="digests, by hash")
        self._unsearched = self.budget.no_calls
        if self._unsearched:
            return
        self.budget.spend()
        try:
            for page in self.platforms["civitai"].by_digest(sorted(digests)):
                self._keep(page)
                if page.gaps and not page.records:
                    self._unsearched = page.gaps[0].detail
                if self.budget.no_calls:
                    self._unsearched = self.budget.no_calls
                    return
                self.budget.spend()
        except IncompleteError as error:
            self._unsearched = str(error)

    def _keep(self, page: Page) -> None:
        for record in page.records:
            for file in (record.files or ()) if record.model.status.seen else ():
                holder = Holder(record.model.ref, file)
                if file.sha256 and holder not in self._holders[file.sha256]:
                    self._holders[file.sha256].append(holder)

    def _id_row(self, used: Blocklist, entry: Entry, ref: ModelRef, names: Names) -> Verified:
        standing, detail = standings.of_id(entry, self._answers[refs.key(ref)], names)
        return Verified(list=used.id, entry=entry.id, what=ref, standing=standing, detail=detail)

    def _file_row(self, used: Blocklist, entry: Entry, file: ListedFile, names: Names) -> Verified:
        holders = sorted(self._holders.get(file.sha256, ()), key=lambda held: held.model)
        standing, detail = standings.of_file(entry, file, holders, names)
        if standing is Standing.UNSEEN and self._unsearched:
            standing, detail = Standing.UNREACHABLE, f"not sought by hash: {self._unsearched}"
        what = refs.sha256(file.sha256)
        return Verified(list=used.id, entry=entry.id, what=what, standing=standing, detail=detail)


def _standing(used: Blocklist) -> list[Entry]:
    """Entries that act, or may one day."""
    return [entry for entry in used.entries if entry.status is not EntryStatus.WITHDRAWN]
