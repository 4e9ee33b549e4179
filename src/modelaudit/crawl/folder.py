"""A folder of weight files as a platform: a host's own store, or a researcher's disk.

A folder with a ``model_index.json`` is one model with all that lies below it; one that holds
weights beside a ``config.json`` or a shard index is one model; every other weight file is a model
of its own. References are paths relative to the folder audited. Digests are computed by whoever
reads the files; here nothing but small texts is opened.

The walk goes through fsspec (https://filesystem-spec.readthedocs.io), so that another file system
is another argument.
"""

from __future__ import annotations

import json
import posixpath
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from modelaudit.crawl.hub_files import component_of, is_weights, traits_of
from modelaudit.crawl.hub_replay import TEXTS
from modelaudit.crawl.local import LocalReader
from modelaudit.crawl.platform import Source
from modelaudit.domain.errors import PlatformError
from modelaudit.domain.model import Document, File, Gap, Model, Page, Record
from modelaudit.domain.reader import Reader, ReadError
from modelaudit.domain.refs import ModelRef, folder, local
from modelaudit.domain.words import GapReason, Status, Trait

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

MODELS_PER_PAGE: Final = 1000
LONGEST_TEXT: Final = 1 << 20
"""Bytes of a sidecar; what is longer is a gap."""

_PIPELINE = "model_index.json"
_CONFIG = "config.json"
_ADAPTER = "adapter_config.json"
_INDEX_ENDINGS = (".safetensors.index.json", ".bin.index.json")
_CLASS_KEYS = ("architectures", "_class_name")
_DEEPEST = 100

KINDS: Final = {path: kind for path, (_, kind) in TEXTS.items()} | {_CONFIG: "config"}
"""Small files that speak of the models in their folder → Document kind."""

SIDECARS: Final = (".civitai.info", ".cm-info.json", ".metadata.json", ".json")
"""Endings of small files that speak of the weight file with the same stem (A1111's Civitai helper,
ComfyUI's and StabilityMatrix' managers)."""

_Entry = Mapping[str, Any]


class Folder:
    """The weight files of one folder; never touches the network."""

    name = "folder"

    def __init__(self, fs: AbstractFileSystem | None = None) -> None:
        self.requests = 0
        self._given = fs
        self._root = ""
        self._odd: dict[str, str] = {}
        """Names that are no text, as told → as they are."""

    @property
    def _fs(self) -> AbstractFileSystem:
        if self._given is None:
            from fsspec.implementations.local import LocalFileSystem

            self._given = LocalFileSystem()
        return self._given

    def list(self, source: Source, cursor: str | None) -> Iterator[Page]:
        """Every model of the folder, a thousand a page; it always begins at the beginning."""
        self.enter(source.value)
        if not self._fs.isdir(self._root):
            raise PlatformError(f"there is no folder {source.value[:200]!r}")
        records: list[Record] = []
        gaps: list[Gap] = []
        met = 0
        for found in self._models("", 0):
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
        self._root = posixpath.realpath(root)
        self._odd.clear()

    def children(self, parent: ModelRef, cursor: str | None) -> Iterator[Page]:
        """Nothing: what lies here is listed."""
        return iter(())

    def details(self, refs: Sequence[ModelRef]) -> Iterator[Page]:
        """One page per model: the small files beside its weights."""
        held: dict[str, int] = {}
        for ref in refs:
            path = self._path(local(ref))
            try:
                is_folder = self._fs.info(path)["type"] == "directory"
            except (FileNotFoundError, NotADirectoryError):
                yield Page(missing={ref: Status.GONE})
                continue
            except OSError as error:
                yield Page(gaps=(_gap(GapReason.UNREADABLE, _reason(error), ref),))
                continue
            parent = posixpath.dirname(path)
            if not is_folder and parent not in held:
                held = {parent: self._count_weights(parent)}
            alone = not is_folder and held[parent] == 1
            yield self._sidecars(ref, path, is_folder=is_folder, alone=alone)

    def by_digest(self, digests: Sequence[str]) -> Iterator[Page]:
        """Nothing: digests are computed when the files are read."""
        return iter(())

    def open(self, ref: ModelRef, revision: str | None, path: str, size: int | None) -> Reader:
        """One weight file; raises ``ReadError`` where it is none, or leads out of the folder."""
        place = self._path(local(ref) if self._is_file(ref) else f"{local(ref)}/{path}")
        real = posixpath.realpath(place)
        if not _is_below(real, self._root):
            raise ReadError("it leads out of the folder")
        return LocalReader(Path(real))

    def replay(self, kind: str, record: bytes, *, url: str | None, status: int, at: int) -> Page:
        """A folder is not archived: what it holds is there to be read again."""
        detail = "a file of a folder, which a catalogue does not hold"
        return Page(gaps=(Gap(reason=GapReason.MALFORMED, detail=detail),))

    def close(self) -> None:
        """Nothing is held open."""

    def _models(self, below: str, depth: int) -> Iterator[Record | Gap]:
        """What lies in a folder, by name; ``below`` is its path from the root."""
        try:
            entries = self._fs.ls(self._path(below), detail=True)
        except OSError as error:
            yield _gap(GapReason.UNREADABLE, f"{below or '.'}: {_reason(error)}")
            return
        named = {self._told(entry): entry for entry in entries}
        weights: dict[str, _Entry] = {}
        folders: list[str] = []
        for name in sorted(named):
            path = f"{below}/{name}" if below else name
            if self._is_folder(named[name]):
                if not named[name]["islink"]:  # what a link inside leads to is met in its place
                    folders.append(path)
                elif not _is_below(posixpath.realpath(self._path(path)), self._root):
                    yield _gap(GapReason.UNREADABLE, f"{path}: a link out of the folder")
            elif is_weights(name):
                found = self._weights(path, named[name])
                if isinstance(found, Gap):
                    yield found
                else:
                    weights[name] = found
        pipeline = _PIPELINE in named
        if pipeline:
            for path in folders:
                for part in self._all_weights(path, depth + 1):
                    if isinstance(part, Gap):
                        yield part
                    else:
                        weights |= {name.removeprefix(f"{below}/" if below else ""): entry
                                    for name, entry in part.items()}  # fmt: skip
        if weights and (pipeline or _is_model(named)):
            yield self._record(below or ".", weights, set(named), whole=True)
        else:
            for name, entry in weights.items():
                path = f"{below}/{name}" if below else name
                yield self._record(path, {name: entry}, set(named), whole=False)
        if pipeline:
            return
        for path in folders:
            if depth < _DEEPEST:
                yield from self._models(path, depth + 1)
            else:
                yield _gap(GapReason.UNREADABLE, f"{path[:200]}: nested too deeply")

    def _all_weights(self, below: str, depth: int) -> Iterator[dict[str, _Entry] | Gap]:
        """Weight files in and below a folder, by their path from the root."""
        try:
            entries = self._fs.ls(self._path(below), detail=True)
        except OSError as error:
            yield _gap(GapReason.UNREADABLE, f"{below}: {_reason(error)}")
            return
        for entry in sorted(entries, key=self._told):
            path = f"{below}/{self._told(entry)}"
            if self._is_folder(entry):
                if depth < _DEEPEST and not entry["islink"]:
                    yield from self._all_weights(path, depth + 1)
                else:
                    yield _gap(GapReason.UNREADABLE, f"{path[:200]}: a link, or nested too deeply")
            elif is_weights(path):
                found = self._weights(path, entry)
                yield found if isinstance(found, Gap) else {path: found}

    def _weights(self, path: str, entry: _Entry) -> _Entry | Gap:
        """A weight file that may be read, with the size of what a link leads to."""
        name = posixpath.basename(path)
        if not entry["islink"]:
            if entry["type"] == "file":
                return entry
            return _gap(GapReason.UNREADABLE, "no regular file", folder(path), name)
        real = posixpath.realpath(self._path(path))
        if not _is_below(real, self._root):
            return _gap(GapReason.UNREADABLE, "a link out of the folder", folder(path), name)
        try:
            return {**self._fs.info(real), "islink": True}
        except OSError as error:
            return _gap(GapReason.UNREADABLE, _reason(error), folder(path), name)

    def _record(
        self, path: str, weights: Mapping[str, _Entry], beside: set[str], *, whole: bool
    ) -> Record:
        traits = Trait(traits_of([*weights, *(beside if whole else ())]))
        kind = self._class_of(path, beside) if whole else None
        files = tuple(
            File(
                path=name,
                size=int(entry["size"]),
                component=component_of(name if whole else path, kind, traits),
                etag=f"{entry['mtime']}-{entry['created']}-{entry['ino']}",
            )
            for name, entry in weights.items()
        )
        modified = int(max(float(entry["mtime"]) for entry in weights.values()))
        model = Model(ref=folder(path), kind=kind, modified=max(modified, 0), traits=traits)
        return Record(model=model, files=files)

    def _class_of(self, path: str, beside: set[str]) -> str | None:
        """The pipeline or architecture class that the folder's own configuration names."""
        for name in (_PIPELINE, _CONFIG):
            if name not in beside:
                continue
            text = self._text(f"{path}/{name}")
            try:
                config: object = json.loads(text) if isinstance(text, str) else None
            except (ValueError, RecursionError):
                continue
            if not isinstance(config, dict):
                continue
            for key in _CLASS_KEYS:
                value = config.get(key)
                value = value[0] if isinstance(value, list) and value else value
                if isinstance(value, str):
                    return value[:512]
        return None

    def _sidecars(self, ref: ModelRef, path: str, *, is_folder: bool, alone: bool) -> Page:
        """``alone``: no other weight file lies there, so that the texts speak of this one."""
        parent = path if is_folder else posixpath.dirname(path)
        wanted = dict(KINDS) if is_folder or alone else {}
        if not is_folder:
            name = posixpath.basename(path)
            wanted.pop(_CONFIG, None)
            wanted.pop(_PIPELINE, None)
            if name.startswith("adapter_model."):
                wanted[_ADAPTER] = KINDS[_ADAPTER]
            stem = posixpath.splitext(name)[0]
            wanted |= {f"{stem}{ending}": "civitai_info" for ending in SIDECARS}
        documents: list[Document] = []
        gaps: list[Gap] = []
        for name, kind in wanted.items():
            text = self._text(f"{parent}/{name}")
            if isinstance(text, Gap):
                gaps.append(Gap(reason=text.reason, detail=text.detail, model=ref, file=name))
            elif text is not None:
                documents.append(
                    Document(model=ref, kind=kind, body=text, observed=int(time.time()), path=name)
                )
        return Page(documents=tuple(documents), gaps=tuple(gaps))

    def _count_weights(self, folder: str) -> int:
        try:
            return sum(map(is_weights, self._fs.ls(folder, detail=False)))
        except OSError:
            return 0

    def _text(self, place: str) -> str | Gap | None:
        """A small text; ``None`` where there is none."""
        real = posixpath.realpath(self._path(place))
        if not self._fs.isfile(real):
            return None
        if not _is_below(real, self._root):
            return _gap(GapReason.UNREADABLE, "a link out of the folder")
        try:
            raw = self._fs.cat_file(real, start=0, end=LONGEST_TEXT + 1)
        except OSError as error:
            return _gap(GapReason.UNREADABLE, _reason(error))
        if len(raw) > LONGEST_TEXT:
            return _gap(GapReason.TOO_LARGE, f"longer than {LONGEST_TEXT} bytes")
        return str(raw, "utf-8", "replace")

    def _is_folder(self, entry: _Entry) -> bool:
        if entry["islink"]:
            return bool(self._fs.isdir(posixpath.realpath(entry["name"])))
        return bool(entry["type"] == "directory")

    def _is_file(self, ref: ModelRef) -> bool:
        return not self._fs.isdir(self._path(local(ref)))

    def _told(self, entry: _Entry) -> str:
        """The last part of an entry's path, as text that can be stored."""
        name = str(entry["name"]).rpartition("/")[2]
        if name.isascii():
            return name
        raw = name.encode("utf-8", "surrogateescape")
        told = raw.decode("utf-8", "backslashreplace")
        if told != name:
            self._odd[told] = name
        return told

    def _path(self, below: str) -> str:
        """Where a path from the root lies; an absolute one stays."""
        if not self._root:
            raise PlatformError("no folder was named that this could lie in")
        if self._odd:
            below = "/".join(self._odd.get(part, part) for part in below.split("/"))
        return posixpath.normpath(posixpath.join(self._root, below))


def _is_model(names: Mapping[str, object]) -> bool:
    return _CONFIG in names or any(name.endswith(_INDEX_ENDINGS) for name in names)


def _is_below(path: str, root: str) -> bool:
    return path == root or path.startswith(root.rstrip("/") + "/")


def _gap(
    reason: GapReason, detail: str, model: ModelRef | None = None, file: str | None = None
) -> Gap:
    return Gap(reason=reason, detail=detail, model=model, file=file)


def _reason(error: OSError) -> str:
    return error.strerror or type(error).__name__
