"""Comparing the weights of an audit's models with the references: sketches first, then answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Final

from modelaudit.crawl import weighed as lines
from modelaudit.domain import refs
from modelaudit.domain.errors import CredentialsError
from modelaudit.domain.model import Gap, Page
from modelaudit.domain.reader import ReadError
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.sketch import Kin, Sketch, Weighed
from modelaudit.domain.words import GapReason, Kinship
from modelaudit.resolve.weights import sketchfile
from modelaudit.resolve.weights.compare import confirm
from modelaudit.steps.access import WEIGHTS, Access
from modelaudit.steps.checking import Checker
from modelaudit.steps.heads import LOCAL, file_url
from modelaudit.steps.judging import decided, judge
from modelaudit.steps.making import Making
from modelaudit.steps.mixing import find_recipes
from modelaudit.steps.references import References
from modelaudit.steps.sketching import sketch_of, wholes_of
from modelaudit.store import weighed as store
from modelaudit.store.cache import Cache
from modelaudit.store.db import transaction

_MOST: Final = 10_000
"""Files drawn at once."""


@dataclass(slots=True)
class Weighing:
    """Sketches the models in scope that something can be compared with, each content once."""

    access: Access
    references: References
    checker: Checker
    cache: Cache
    _making: Making = field(init=False)
    _failed: set[tuple[ModelRef, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._making = Making(self.access, self.references)

    def read(self, *, local: bool) -> int:
        """Weigh what was not weighed, of folders (``local``) or of platforms.

        Returns how many claims that changed.
        """
        self._making.make(local=local)
        if not len(self.references):
            return 0
        self.checker.reach()
        changed = 0
        while batch := self._batch(local=local):
            for item in batch:
                if self.access.ended(local=local):
                    return changed
                if refs.platform(item.model) in self.access.silent:
                    self._failed.add((item.model, item.path))
                    continue
                self.access.progress.update(step="resolve", subject=f"weights of {item.model}")
                changed += self._one(item, local=local)
        return changed

    def conclude(self, asked: Collection[str]) -> None:
        """Look for merges among all that was compared, and tell what was not.

        ``asked`` are the platforms of the run's sources.
        """
        find_recipes(self)
        self.checker.compared_with(self.references.entries, self.references.digest)
        if LOCAL & {*asked}:
            self.note_unread(local=True)
        if not LOCAL.issuperset(asked):
            self.note_unread(local=False)

    def note_unread(self, *, local: bool) -> None:
        """What stays unread, and what nothing can be compared with: a row with a count each."""
        platforms = self.access.among(local=local)
        waiting, strange = store.count_unweighed(
            self.access.intake.connection,
            platforms=platforms,
            library=self.references.digest,
            families=self._families(),
        )
        failed = [refs.platform(ref) for ref, _ in self._failed]
        failed = [platform for platform in failed if platform in platforms]
        unread = Counter(self.access.silent[p] for p in failed if p in self.access.silent)
        if (left := waiting - len(failed)) > 0:  # the others that failed have gaps of their own
            unread[self.access.ended(local=local) or "nobody asked their platform"] += left
        gaps = [
            _counted(GapReason.OUT_OF_BUDGET, count, f"whose weights were not read: {why}")
            for why, count in unread.items()
        ]
        if strange:
            what = "of architectures of which no listed model could be sketched"
            gaps.append(_counted(GapReason.INCONCLUSIVE, strange, what))
        misplaced = store.count_misplaced(
            self.access.intake.connection, platforms=platforms, families=self._families()
        )
        if misplaced:
            what = "by their shapes, in a place where another part of a model belongs"
            gaps.append(_counted(GapReason.INCONCLUSIVE, misplaced, what))
        if gaps:
            self.access.intake.take(Page(gaps=tuple(gaps)), self.access.run.run.sources[0])

    def take(self, item: store.Unweighed, weighed: Weighed) -> int:
        """Keep an answer, and archive it where the file came from elsewhere; claims changed."""
        connection = self.access.intake.connection
        page = lines.page(weighed)
        if refs.platform(item.model) not in LOCAL:
            page = replace(page, received=(lines.received(weighed),))
        changed = self.access.intake.take(page, WEIGHTS).claims
        with transaction(connection):
            store.write(connection, weighed, item.head, self.references.digest)
        return changed

    def sketch_at_hand(self, key: str) -> Sketch | None:
        """What was kept of a file that was read before."""
        data = self.cache.get(key)
        if data is None:
            return None
        try:
            return sketchfile.loads(data)
        except ValueError:
            self.cache.drop(key)
            return None

    def _batch(self, *, local: bool) -> list[store.Unweighed]:
        found = store.unweighed(
            self.access.intake.connection,
            _MOST + len(self._failed),
            platforms=self.access.among(local=local),
            library=self.references.digest,
            families=self._families(),
        )
        return [item for item in found if (item.model, item.path) not in self._failed]

    def _families(self) -> frozenset[str]:
        """Families on record that some reference can be compared with."""
        from modelaudit.resolve.architecture import comparable

        return frozenset(
            family
            for family in store.families(self.access.intake.connection)
            if any(comparable(family, other) for other in self.references.families)
        )

    def _one(self, item: store.Unweighed, *, local: bool) -> int:
        self.access.forget(item.model, item.path)
        fresh = 0
        try:
            sketch = self.sketch_at_hand(item.key)
            if sketch is None:
                sketch = sketch_of([self.access.target(item)])
                self.cache.put(item.key, sketchfile.dumps(sketch))
                fresh = 1
            weighed = self._weigh(item, sketch)
        except ReadError as error:
            self.access.refused(item.model, item.path, error)
            self._failed.add((item.model, item.path))
            return 0
        except CredentialsError as error:
            self.access.give_up(refs.platform(item.model), str(error))
            self._failed.add((item.model, item.path))
            return 0
        finally:
            self.access.account(local=local, weights_read=fresh)
        return self.take(item, weighed)

    def _weigh(self, item: store.Unweighed, sketch: Sketch) -> Weighed:
        reached = store.entries_of(self.access.intake.connection, item.model)
        named = {self.checker.listing.entries[number].id for number in reached}
        kin, count = judge(sketch, self.references, named)
        kin = tuple(self._confirmed(item, one) for one in kin)
        part = decided(kin)
        return Weighed(
            model=item.model,
            path=item.path,
            observed=self.access.intake.now,
            source=file_url(item.unread),
            family=sketch.architecture.family,
            component=part,
            bytes_read=sketch.bytes_read,
            references=count,
            kin=kin,
            dtypes=tuple(sorted({b.dtype for b in sketch.blocks if b.component is part})),
            notes=sketch.notes,
        )

    def _confirmed(self, item: store.Unweighed, kin: Kin) -> Kin:
        """Sampled values that are all equal are checked by whole matrices."""
        overall = kin.comparison.overall
        reference = self.references[kin.comparison.reference].sketch
        if overall.grade is not Kinship.IDENTICAL or overall.recast:
            return kin
        if item.sha256 is not None and item.sha256 == reference.sha256:
            return kin  # it is the file itself
        own = wholes_of([self.access.target(item)], reference.wholes.keys())
        shared = own.keys() & reference.wholes.keys()
        same = all(own[key] == reference.wholes[key] for key in shared) if shared else None
        return replace(kin, comparison=confirm(kin.comparison, same))


def _counted(reason: GapReason, count: int, what: str) -> Gap:
    models = "1 model" if count == 1 else f"{count:,} models"
    return Gap(reason=reason, detail=f"{models} {what}", count=count)
