"""A folder of weight files as a platform: a host's own store, or a researcher's disk.

The weight files that a folder's configuration speaks of are one model (``folder_models``); every
other one is a model of its own. References are paths relative to the folder audited. Digests are
computed by whoever reads the files; here nothing but small texts is opened.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Final

from modelaudit.crawl.folder_models import Group, group_of
from modelaudit.crawl.folder_texts import KINDS, beside, read_texts
from modelaudit.crawl.folder_tree import LEADS_OUT, Contents, Entry, Tree, join
from modelaudit.crawl.hub_files import component_of, traits_of
from modelaudit.crawl.local import LocalReader
from modelaudit.crawl.platform import Source
from modelaudit.domain.errors import PlatformError
from modelaudit.domain.model import File, Gap, Model, Page, Record
from modelaudit.domain.reader import Reader, ReadError
from modelaudit.domain.refs import ModelRef, folder, local
from modelaudit.domain.words import GapReason, Status, Trait

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

MODELS_PER_PAGE: Final = 1000


class Folder:
    """The weight files of one folder; never touches the network."""

    name = "folder"

    def __init__(self, fs: AbstractFileSystem | None = None) -> None:
        self.requests = 0
        self._fs = fs
        self._entered: Tree | None = None
        self._looks: dict[str, tuple[Group, int]] = {}
        """Folder → the model that it is, and how many weight files lie in it."""

    def list(self, source: Source, cursor: str | None) -> Iterator[Page]:
        """Every model of the folder, a thousand a page; it always begins at the beginning."""
        self.enter(source.value)
        if not self._tree.is_there():
            raise PlatformError(f"there is no folder {source.value[:200]!r}")
        records: list[Record] = []
        gaps: list[Gap] = []
        met = 0
        for found in self._models():
            if isinstance(found, Gap):
                gaps.append(found)
                continue
            records.append(found)
            met += 1
            if len(records) == MODELS_PER_PAGE:
                yield Page(records=tuple(records), gaps=tuple(gaps), cursor=str(met))
                records, gaps = [], []
        if not met:
            detail = "no weight file lies in the folder"
            gaps.append(Gap(reason=GapReason.INCONCLUSIVE, detail=detail))
        yield Page(records=tuple(records), gaps=tuple(gaps))

    def enter(self, root: str) -> None:
        """Make references mean paths below this folder."""
        if self._fs is None:
            from fsspec.implementations.local import LocalFileSystem

            self._fs = LocalFileSystem()
        self._entered = Tree(self._fs, root)
        self._looks.clear()

    def children(self, parent: ModelRef, cursor: str | None) -> Iterator[Page]:
        """Nothing: what lies here is listed."""
        return iter(())

    def details(self, refs: Sequence[ModelRef]) -> Iterator[Page]:
        """One page per model: the small files beside its weights."""
        for ref in refs:
            path = posixpath.normpath(local(ref))
            try:
                yield self._detail(ref, "" if path == "." else path)
            except ReadError as error:
                if error.reason is GapReason.GONE:
                    yield Page(missing={ref: Status.GONE})
                else:
                    yield Page(gaps=(Gap(reason=error.reason, detail=str(error), model=ref),))

    def look_up(self, ref: ModelRef) -> Page:
        """Nothing: a folder is not asked by name."""
        return Page()

    def by_digest(self, digests: Sequence[str]) -> Iterator[Page]:
        """Nothing: digests are computed when the files are read."""
        return iter(())

    def open(self, ref: ModelRef, revision: str | None, path: str, size: int | None) -> Reader:
        """One weight file; raises ``ReadError`` where it is none, or leads out of the folder."""
        whole = self._tree.is_folder(local(ref))
        return LocalReader(self._tree.real(f"{local(ref)}/{path}" if whole else local(ref)))

    def replay(self, kind: str, record: bytes, *, url: str | None, status: int, at: int) -> Page:
        """A folder is not archived: what it holds is there to be read again."""
        detail = "a file of a folder, which a catalogue does not hold"
        return Page(gaps=(Gap(reason=GapReason.MALFORMED, detail=detail),))

    def close(self) -> None:
        """Nothing is held open."""

    @property
    def _tree(self) -> Tree:
        if self._entered is None:
            raise PlatformError("no folder was named that this could lie in")
        return self._entered

    def _models(self) -> Iterator[Record | Gap]:
        """All that lies in the tree, folder by folder."""
        waiting = [""]
        while waiting:
            below = waiting.pop()
            try:
                contents = self._tree.look(below)
            except ReadError as error:
                yield Gap(reason=error.reason, detail=f"{below[:200] or '.'}: {error}")
                continue
            group = self._group(below, contents)
            yield from self._whole(below, contents, group)
            yield from _singles(below, contents, group)
            others = [name for name in contents.folders if name not in group.folders]
            waiting += [join(below, name) for name in reversed(others)]

    def _group(self, below: str, contents: Contents) -> Group:
        def read(name: str, longest: int) -> bytes | None:
            try:
                return self._tree.text(join(below, name), longest)
            except ReadError:
                return None

        folders = chain(contents.folders, contents.away)
        return group_of(contents.names, contents.weights.keys(), folders, read)

    def _whole(self, below: str, contents: Contents, group: Group) -> Iterator[Record | Gap]:
        """The model that the folder itself is, if it is one."""
        weights: dict[str, Entry] = {}
        for path, found in self._parts(below, contents, group):
            if isinstance(found, str):
                yield _unreadable(below or ".", path, found)
            else:
                weights[path] = found
        if weights:
            traits = traits_of([*weights, *(KINDS.keys() & contents.names)])
            yield _record(below or ".", dict(sorted(weights.items())), Trait(traits), group)

    def _parts(
        self, below: str, contents: Contents, group: Group
    ) -> Iterator[tuple[str, Entry | str]]:
        """The files of the folder's model by their path in it, or why one cannot be read."""
        yield from ((name, contents.weights[name]) for name in sorted(group.files))
        yield from ((name, LEADS_OUT) for name in contents.away if name in group.folders)
        waiting = [name for name in reversed(contents.folders) if name in group.folders]
        while waiting:
            path = waiting.pop()
            try:
                inner = self._tree.look(join(below, path))
            except ReadError as error:
                yield path, str(error)
                continue
            yield from ((join(path, name), found) for name, found in inner.weights.items())
            yield from ((join(path, name), LEADS_OUT) for name in inner.away)
            waiting += [join(path, name) for name in reversed(inner.folders)]

    def _detail(self, ref: ModelRef, path: str) -> Page:
        whole = self._tree.is_folder(path)
        parent, name = (path, "") if whole else posixpath.split(path)
        if parent not in self._looks:
            contents = self._tree.look(parent)
            self._looks[parent] = self._group(parent, contents), len(contents.weights)
        group, count = self._looks[parent]
        if name in group.files or (whole and not group):
            raise ReadError("no model of its own", GapReason.GONE)
        wanted = KINDS if whole else beside(name, alone=count == 1 and not group)
        return read_texts(self._tree, ref, parent, wanted)


def _singles(below: str, contents: Contents, group: Group) -> Iterator[Record | Gap]:
    """Every weight file of a folder that is a model of its own, and what leads out of it."""
    for name, found in contents.weights.items():
        if name in group.files:
            continue
        path = join(below, name)
        if isinstance(found, str):
            yield _unreadable(path, name, found)
        else:
            yield _record(path, {name: found}, Trait(traits_of([name])), None)
    for name in contents.away:
        if name not in group.folders:
            path = join(below, name)
            yield Gap(reason=GapReason.UNREADABLE, detail=f"{path}: {LEADS_OUT}")


def _record(path: str, weights: Mapping[str, Entry], traits: Trait, group: Group | None) -> Record:
    """A model of these files; ``group`` is ``None`` for a single one."""
    kind = group.kind if group else None
    files = tuple(
        File(
            path=name,
            size=int(entry["size"]),
            component=component_of(name if group else path, kind, traits),
            etag=f"{entry['mtime']}-{entry['created']}-{entry['ino']}",
        )
        for name, entry in weights.items()
    )
    modified = int(max(float(entry["mtime"]) for entry in weights.values()))
    model = Model(ref=folder(path), kind=kind, modified=max(modified, 0), traits=traits)
    return Record(model=model, files=files)


def _unreadable(path: str, file: str, why: str) -> Gap:
    return Gap(reason=GapReason.UNREADABLE, detail=why, model=folder(path), file=file)
