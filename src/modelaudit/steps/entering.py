"""What can be found out about a model that is to be listed: names, digests, parts, a sketch.

Of what is local all bytes are read, of what is remote only ranges; what cannot be known is said.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import time
from typing import Final

from modelaudit.crawl.platform import Platform
from modelaudit.crawl.remote import model_file
from modelaudit.crawl.sources import parse_source
from modelaudit.domain import refs
from modelaudit.domain.errors import PlatformError, UsageError
from modelaudit.domain.model import File, Record
from modelaudit.domain.reader import ReadError
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.sketch import Sketch
from modelaudit.domain.weights import Architecture
from modelaudit.domain.words import Component, Status
from modelaudit.resolve.weights.sketchfile import is_sketch
from modelaudit.steps.counting import Counting, Tally
from modelaudit.steps.inspecting import inspect
from modelaudit.steps.parts import find_parts
from modelaudit.steps.sketching import sketch_of
from modelaudit.steps.subject import Subject, subject
from modelaudit.steps.targets import Target, find, look, target_of

_NO_MODELS: Final = frozenset({"civitai-base", "dataset", "folder", "sha256", "sketch"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Looking:
    """How to find out about what is named."""

    platforms: Mapping[str, Platform]
    tally: Tally
    """Counts what is read of remote files, and ends it."""
    offline: bool = False
    file: str | None = None
    """The one file of a model that is meant, and nothing else of it."""
    sketch: bool = True
    tainted: tuple[Component, ...] = ()
    """The parts that count, where a person said so."""

    def at(self, text: str) -> Subject:
        """What a person named; ``UsageError`` where that is nothing which can be listed."""
        if "://" not in text:
            return self._of_disk(text) if os.path.lexists(text) else self._of_model(_ref(text))
        served = model_file(text)
        page = _page(text) if served is None else served[0] if not served[2] else None
        return self._of_address(text, served) if page is None else self._of_model(page)

    def _of_disk(self, text: str) -> Subject:
        """A local file or folder: whole digests, for a disk is quick."""
        if self.file is not None:
            raise UsageError("--file chooses among the files of a hosted model")
        parts = find_parts(text, self.platforms, offline=True)
        first = parts[0]
        path = Path(text).resolve()
        name = path.name if path.is_dir() else path.stem
        if _is_sketch(first):
            made = sketch_of(parts, as_it_is=True)
            known = subject(name, made.architecture, (), made, self.tainted)
            return replace(known, remarks=(f"{text} is a sketch, and is taken as one",))
        sketch, what, remarks = self._sketched(parts)
        files = []
        held = first.files or [File(path=path) for path in first.paths]
        for file in [file for file in held if self._counts(file)] or held:
            read, shape = _digested(first, file)
            what = what if what.component else shape
            files.append(read)
        known = subject(name, what, files, sketch, self.tainted)
        return replace(known, remarks=(*remarks, *known.remarks))

    def _of_address(self, url: str, served: tuple[ModelRef, str | None, str] | None) -> Subject:
        """One file at an address: of a platform's, the digest it tells; else a sketch alone."""
        target = find(url, self.platforms, file=self.file, offline=self.offline)
        files: list[File] = []
        page = None
        if served:
            ref, revision, path = served
            record = next(iter(self._shown(ref)[0]), None)
            if record and revision in ("main", record.model.revision):
                files = [file for file in record.files or () if file.path == path and file.sha256]
                page = refs.page_url(ref)
        sketch, what, remarks = self._sketched([target], files)
        if not files:
            remarks.append(f"{url}: nobody tells the digest of this file")
        known = subject(Path(target.paths[0]).stem, what, files, sketch, self.tainted)
        return replace(known, page=page, remarks=(*remarks, *known.remarks))

    def _of_model(self, ref: ModelRef) -> Subject:
        records, names, why = self._shown(ref)
        if not records:
            if self.file is not None:
                raise PlatformError(f"{ref} cannot be read: {why}")
            return Subject(
                name=refs.local(ref).rpartition("/")[2],
                models=(ref,),
                tainted=self.tainted or (Component.FULL,),
                remarks=(f"{ref} is listed by its name alone: {why}",),
            )
        first, remarks = records[0], []
        if refs.platform(ref) == "civitai" and "@" not in ref:
            names = (ref,)
            if records[1:]:
                remarks.append(f"{ref} is every version; the sketch is of {first.model.ref} alone")
        files = [file for record in records for file in record.files or () if file.sha256]
        name = first.model.title or refs.local(first.model.ref).rpartition("/")[2]
        if self.file is not None:
            files = [file for file in files if file.path == self.file]
            names, name = (), f"{name} {Path(self.file).stem}"
        sketch, what = None, Architecture()
        if first.files or self.file is not None:
            target = target_of(first, self.platforms[refs.platform(ref)], self.file)
            sketch, what, said = self._sketched([target], first.files or ())
            remarks += said
        known = subject(name, what, files, sketch, self.tainted)
        if not known.files:
            remarks.append(f"{ref}: no digest of a part that counts is told ({_why(first)})")
        elif left := len(files) - len(known.files):
            remarks.append(f"{ref}: {left} other files are left out, as copies or other parts")
        page = refs.page_url(first.model.ref)
        return replace(known, models=names, page=page, remarks=(*remarks, *known.remarks))

    def _counts(self, file: File) -> bool:
        part = file.component
        return part is None or part.main or part in self.tainted

    def _shown(self, ref: ModelRef) -> tuple[list[Record], tuple[ModelRef, ...], str]:
        """What a platform shows of a model, its names, and why that is nothing."""
        name = refs.platform(ref)
        if self.offline:
            return [], (ref,), "nobody was asked, offline"
        if name not in self.platforms:
            return [], (ref,), f"{name}: is no platform that is read here"
        records: list[Record] = []
        why = "it was not shown"
        for page in self.platforms[name].details([ref]):
            records += page.records
            why = page.gaps[0].detail if page.gaps else why
            why = next((f"it is {status}" for status in page.missing.values()), why)
        found = dict.fromkeys(record.model.ref for record in records)
        known = {refs.key(one) for one in found}
        return records, (*found, *(() if refs.key(ref) in known else (ref,))), why

    def _sketched(
        self, parts: Sequence[Target], files: Sequence[File] = ()
    ) -> tuple[Sketch | None, Architecture, list[str]]:
        """A sketch of a model, what it is, and what prevented that.

        ``files`` are those that its platform lists.
        """
        first = parts[0]
        size = next((file.size for file in files if file.path in first.paths), None)
        if first.model.startswith("civitai:") and [f.size for f in files].count(size) > 1:
            why = "the platform serves one of several files of its size"
            return None, Architecture(), [f"no sketch of {first.name}: {why}"]
        if not first.local:
            parts = [replace(part, open=self.tally.through(part.open)) for part in parts]
        try:
            if not self.sketch:
                return None, look(parts[0], whole=False).head.architecture, []
            sketch = sketch_of(parts, every=True)
        except ReadError as error:
            what = "sketch of" if self.sketch else "look at"
            return None, Architecture(), [f"no {what} {first.name}: {error}"]
        return sketch, sketch.architecture, []


def _digested(target: Target, file: File) -> tuple[File, Architecture]:
    """A local file with its digests, and what it is."""
    with Counting(target.open(file.path)) as reader:
        found = inspect(reader, target.model, file.path, at=int(time()), whole=True)
        size = reader.size
    digests, what = found.head.digests, found.head.architecture
    read = replace(
        file,
        size=size,
        sha256=digests.sha256,
        autov1=digests.autov1,
        autov3=digests.autov3[:12] if digests.autov3 else None,
        component=file.component or what.component,
    )
    return read, what


def _is_sketch(target: Target) -> bool:
    with Counting(target.open(target.paths[0])) as reader:
        return is_sketch(reader.read(0, 64))


def _page(url: str) -> ModelRef | None:
    """The model whose page an address is."""
    try:
        (source,) = parse_source(url)
    except UsageError:
        return None
    return ModelRef(source.text) if source.kind == "model" else None


def _ref(text: str) -> ModelRef:
    try:
        ref = refs.parse(text)
    except ValueError:
        ref = ModelRef("folder:")
    if refs.platform(ref) in _NO_MODELS:
        raise UsageError(
            f"{text[:200]!r} is no model, and there is no such file",
            hint="name a model such as hf:org/name, its page, or a weight file",
        )
    return ref


def _why(record: Record) -> str:
    status = record.model.status
    return "the platform gives none" if status is Status.LIVE else f"it is {status}"
