"""Comparing the weights of an audit's models with the references: sketches first, then answers."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from modelaudit.crawl import weighed as lines
from modelaudit.crawl.platform import Platform
from modelaudit.domain import refs
from modelaudit.domain.errors import CredentialsError
from modelaudit.domain.model import Gap, Page
from modelaudit.domain.progress import Progress
from modelaudit.domain.reader import ReadError
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.sketch import Kin, Sketch, Weighed
from modelaudit.domain.words import GapReason, Kinship
from modelaudit.resolve.weights import sketchfile
from modelaudit.resolve.weights.compare import confirm
from modelaudit.steps.budget import Budget
from modelaudit.steps.checking import Checker
from modelaudit.steps.heads import LOCAL, file_url, is_served
from modelaudit.steps.intake import Intake
from modelaudit.steps.judging import decided, judge
from modelaudit.steps.listing import DETAILS
from modelaudit.steps.mixing import find_recipes
from modelaudit.steps.references import References, Wanted
from modelaudit.steps.sketching import sketch_of, wholes_of
from modelaudit.steps.targets import Target
from modelaudit.store import heads, runs
from modelaudit.store import weighed as store
from modelaudit.store.cache import Cache
from modelaudit.store.candidates import forget_gaps
from modelaudit.store.db import transaction

WEIGHTS = f"{DETAILS} of weights"
"""What gaps of weights are filed under: they stay until the file is read again."""

_MOST = 10_000
"""Files drawn at once."""
_TRIES = 3
"""Hosts asked for one listed file."""


@dataclass(slots=True)
class Weighing:
    """Sketches the models in scope that something can be compared with, each content once."""

    platforms: Mapping[str, Platform]
    intake: Intake
    progress: Progress
    budget: Budget
    run: runs.OpenRun
    references: References
    checker: Checker
    cache: Cache
    live: frozenset[str]
    """Platforms whose files count: those that may be asked, or all of a catalogue."""
    silent: dict[str, str] = field(default_factory=dict)
    """Platforms that ended the work before its time, and why."""
    _failed: set[tuple[ModelRef, str]] = field(default_factory=set)

    def read(self, *, local: bool) -> int:
        """Weigh what was not weighed, of folders (``local``) or of platforms.

        Returns how many claims that changed.
        """
        self._make_references(local=local)
        if not len(self.references):
            return 0
        self.checker.reach()
        changed = 0
        while batch := self._batch(local=local):
            for item in batch:
                if self.budget.halted or (self.budget.no_reading and not local):
                    return changed
                if refs.platform(item.model) in self.silent:
                    self._failed.add((item.model, item.path))
                    continue
                self.progress.update(step="resolve", subject=f"weights of {item.model}")
                changed += self._one(item, local=local)
        return changed

    def conclude(self, asked: Collection[str]) -> None:
        """Look for merges among all that was compared, and tell what was not.

        ``asked`` are the platforms of the run's sources.
        """
        find_recipes(self)
        self.checker.referenced = self.references.entries
        if LOCAL & {*asked}:
            self.note_unread(local=True)
        if not LOCAL.issuperset(asked):
            self.note_unread(local=False)

    def note_unread(self, *, local: bool) -> None:
        """What stays unread, and what nothing can be compared with: a row with a count each."""
        waiting, strange = store.count_unweighed(
            self.intake.connection,
            platforms=LOCAL if local else self.live,
            library=self.references.digest,
            families=self._families(),
        )
        gaps = []
        if (left := waiting - len(self._failed)) > 0:
            why = self.budget.halted or self.budget.no_reading or "their platform is not asked"
            detail = f"the weights of {left} models were not read: {why}"
            gaps.append(Gap(reason=GapReason.OUT_OF_BUDGET, detail=detail, count=left))
        if strange:
            detail = f"{strange} models are of architectures of which no listed model has a sketch"
            gaps.append(Gap(reason=GapReason.INCONCLUSIVE, detail=detail, count=strange))
        if gaps:
            self.intake.take(Page(gaps=tuple(gaps)), self.run.run.sources[0])

    def _batch(self, *, local: bool) -> list[store.Unweighed]:
        found = store.unweighed(
            self.intake.connection,
            _MOST + len(self._failed),
            platforms=LOCAL if local else self.live,
            library=self.references.digest,
            families=self._families(),
        )
        return [item for item in found if (item.model, item.path) not in self._failed]

    def _families(self) -> frozenset[str]:
        """Families on record that some reference can be compared with."""
        from modelaudit.resolve.architecture import comparable

        return frozenset(
            family
            for family in store.families(self.intake.connection)
            if any(comparable(family, other) for other in self.references.families)
        )

    def _one(self, item: store.Unweighed, *, local: bool) -> int:
        connection = self.intake.connection
        with transaction(connection):
            forget_gaps(connection, item.model, WEIGHTS, item.path)
        try:
            sketch = self._sketch(item, local=local)
            weighed = self._weigh(item, sketch, local=local)
        except ReadError as error:
            if not self.budget.halted:
                self._refused(item, error)
            return 0
        except CredentialsError as error:
            self._give_up(refs.platform(item.model), str(error))
            self._failed.add((item.model, item.path))
            return 0
        return self.take(item, weighed)

    def take(self, item: store.Unweighed, weighed: Weighed) -> int:
        """Keep an answer, and archive it where the file came from elsewhere; claims changed."""
        page = lines.page(weighed)
        if refs.platform(item.model) not in LOCAL:
            page = replace(page, received=(lines.received(weighed),))
        changed = self.intake.take(page, WEIGHTS).claims
        with transaction(self.intake.connection):
            store.write(self.intake.connection, weighed, item.head, self.references.digest)
            for head in item.others:
                store.write_shard(self.intake.connection, head, self.references.digest)
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

    def _sketch(self, item: store.Unweighed, *, local: bool) -> Sketch:
        """From the cache, else from the file; shards as one."""
        found = self.sketch_at_hand(item.key)
        if found is not None:
            return found
        made = sketch_of([self._target(item)])
        self._count(1, made.bytes_read, local=local)
        self.cache.put(item.key, sketchfile.dumps(made))
        return made

    def _target(self, item: store.Unweighed) -> Target:
        platform = self.platforms[refs.platform(item.model)]
        if not is_served(self.intake.connection, item.unread):
            raise ReadError(
                "the platform serves one of several files of its size", GapReason.INCONCLUSIVE
            )
        sizes = dict(zip(item.paths, item.sizes, strict=True))
        return Target(
            name=f"{item.model} {item.path}",
            model=item.model,
            paths=item.paths,
            open=lambda path: platform.open(item.model, item.revision, path, sizes[path]),
            source=file_url(item.unread),
            sha256=item.sha256,
            local=refs.platform(item.model) in LOCAL,
        )

    def _weigh(self, item: store.Unweighed, sketch: Sketch, *, local: bool) -> Weighed:
        reached = store.entries_of(self.intake.connection, item.model)
        named = {self.checker.listing.entries[number].id for number in reached}
        kin, count = judge(sketch, self.references, named)
        kin = tuple(self._confirmed(item, one, local=local) for one in kin)
        return Weighed(
            model=item.model,
            path=item.path,
            observed=self.intake.now,
            source=file_url(item.unread),
            family=sketch.architecture.family,
            component=decided(kin),
            bytes_read=sketch.bytes_read,
            references=count,
            kin=kin,
            dtypes=tuple(sorted({block.dtype for block in sketch.blocks})),
            notes=sketch.notes,
        )

    def _confirmed(self, item: store.Unweighed, kin: Kin, *, local: bool) -> Kin:
        """Sampled values that are all equal are checked by whole matrices."""
        overall = kin.comparison.overall
        if overall.grade is not Kinship.IDENTICAL or overall.recast:
            return kin
        wanted = self.references[kin.comparison.reference].sketch.wholes
        own, read = wholes_of([self._target(item)], wanted.keys())
        self._count(0, read, local=local)
        shared = own.keys() & wanted.keys()
        same = all(own[key] == wanted[key] for key in shared) if shared else None
        return replace(kin, comparison=confirm(kin.comparison, same))

    def _make_references(self, *, local: bool) -> None:
        """Sketch listed files by range where somebody hosts them in the open."""
        for wanted in tuple(self.references.wanted):
            holders = heads.holders(
                self.intake.connection, wanted.sha256, platforms=LOCAL if local else self.live
            )
            for holder in holders[:_TRIES]:
                if self.budget.halted or (self.budget.no_reading and not local):
                    return
                if self._make_reference(wanted, holder, local=local):
                    break

    def _make_reference(self, wanted: Wanted, holder: heads.Unread, *, local: bool) -> bool:
        if refs.platform(holder.model) in self.silent:
            return False
        self.progress.update(step="resolve", subject=f"a sketch of {wanted.entry.id}")
        item = store.Unweighed.of(holder)
        try:
            made = sketch_of([self._target(item)], every=True)
        except ReadError:
            return False  # its head has a gap, and the entry is told to have no reference
        except CredentialsError as error:
            self._give_up(refs.platform(holder.model), str(error))
            return False
        self._count(0, made.bytes_read, local=local)
        self.references.made(wanted, replace(made, sha256=wanted.sha256))
        return True

    def _give_up(self, platform: str, why: str) -> None:
        self.progress.watcher.say(f"{platform} – {why}")
        self.silent[platform] = why

    def _refused(self, item: store.Unweighed, error: ReadError) -> None:
        gap = Gap(reason=error.reason, detail=str(error), model=item.model, file=item.path)
        self.intake.take(Page(gaps=(gap,)), WEIGHTS)
        if error.reason is GapReason.RATE_LIMITED:
            self._give_up(refs.platform(item.model), str(error))
        self._failed.add((item.model, item.path))

    def _count(self, weights_read: int, read: int, *, local: bool) -> None:
        if not local:
            self.budget.spend(requests=0, read=read)
        with transaction(self.intake.connection):
            runs.count(
                self.intake.connection, self.run.seq, weights_read=weights_read, bytes_read=read
            )
