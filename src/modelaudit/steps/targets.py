"""What ``inspect`` is pointed at: a file, an address, or a model of a platform; read by itself."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from modelaudit.crawl.heads import page
from modelaudit.crawl.local import LocalReader
from modelaudit.crawl.platform import Platform
from modelaudit.crawl.ranges import HttpReader
from modelaudit.crawl.remote import model_file, open_url
from modelaudit.domain import refs
from modelaudit.domain.errors import PlatformError, UsageError
from modelaudit.domain.model import File, Record
from modelaudit.domain.reader import Reader, ReadError
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.weights import Inspection
from modelaudit.domain.words import GapReason
from modelaudit.steps.counting import Counting
from modelaudit.steps.inspecting import Inspected, inspect, unite

_INDEX = ".index.json"
_LARGEST_INDEX = 32 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One weight file, or the shards of one, not yet opened."""

    name: str
    """As it is told."""
    model: ModelRef
    paths: tuple[str, ...]
    """Files of it; several are shards."""
    open: Callable[[str], Reader]
    source: str | None = None
    local: bool = False
    sha256: str | None = None
    """As the platform tells it."""
    index: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Shard → its tensors, where an index says so."""
    others: tuple[str, ...] = ()
    """Weight files of the same model that were not chosen."""
    files: tuple[File, ...] = ()
    """All weight files of the model, where its platform lists them."""

    @property
    def sharded(self) -> bool:
        """Whether it is read from shards, as one file."""
        return bool(self.index) or len(self.paths) > 1


def find(
    text: str, platforms: Mapping[str, Platform], *, file: str | None = None, offline: bool = False
) -> Target:
    """The target that a person named; ``UsageError`` or ``PlatformError`` where there is none.

    ``file`` chooses among the weight files of a model.
    """
    if "://" in text:
        return _of_url(text, platforms, file, offline=offline)
    if os.path.lexists(text):
        _no_choice(file)
        return _of_path(Path(text))
    try:
        ref = refs.parse(text)
    except ValueError:
        raise UsageError(
            f"there is no file {text[:200]!r}",
            hint="name a weight file, its address, or a model such as hf:org/name",
        ) from None
    if refs.platform(ref) not in platforms or ref.startswith("folder:"):
        raise UsageError(f"{refs.platform(ref)}: is no platform whose files can be read")
    return _of_model(ref, platforms[refs.platform(ref)], file)


def look(target: Target, *, whole: bool) -> Inspection:
    """Read the target's head; ``whole`` computes digests as well, which shards have none of.

    Raises ``ReadError`` where its bytes cannot be had; of shards, where those of none can.
    """
    from modelaudit.resolve.extractor import extract
    from modelaudit.resolve.formats._shards import MAX_TENSORS

    at = int(time.time())
    size = read = tensors = 0
    found: dict[str, Inspected] = {}
    whole = whole and not target.sharded
    failure: ReadError | None = None
    for path in target.paths:
        try:
            opened = target.open(path)
            if whole and isinstance(opened, HttpReader):
                opened.unbounded()
            with Counting(opened) as reader:
                one = inspect(
                    reader, target.model, path,
                    at=at, source=target.source, sha256=target.sha256, whole=whole,
                )  # fmt: skip
                size += reader.size
                read += reader.bytes
        except ReadError as error:
            if not (found or target.local or error.reason is GapReason.GONE):
                raise  # a server that answers nothing is not asked for shard after shard
            failure = failure or error
            continue  # the others can still be told; one that is missing is a warning
        found[path] = one
        tensors += one.head.tensors
        if tensors > MAX_TENSORS:
            raise ReadError(f"the shards list more than {MAX_TENSORS} tensors", GapReason.TOO_LARGE)
    if failure and not found:
        raise failure
    one = next(iter(found.values()))
    if target.sharded:
        one = unite(found, target.index)
    documents = page(one.head).documents
    return Inspection(
        path=target.name,
        size=size,
        head=one.head,
        header=one.header,
        claims=tuple(claim for document in documents for claim in extract(document).claims),
        bytes_read=read,
    )


def _of_path(path: Path) -> Target:
    if path.is_dir():
        raise UsageError(
            f"{path} is a folder",
            hint=f"name a file in it, or audit all of it: modelaudit audit {path}",
        )
    folder = path.absolute().parent  # as named: in a cache each shard is a link of its own
    shards = _index_of(path) if path.name.endswith(_INDEX) else {}
    return Target(
        name=str(path),
        model=refs.folder(path.name),
        paths=tuple(shards) or (path.name,),
        index=shards,
        open=lambda name: LocalReader(os.path.realpath(folder / name)),
        local=True,
    )


def _index_of(path: Path) -> Mapping[str, tuple[str, ...]]:
    """The files that an index names, all beside it, and the tensors of each."""
    from modelaudit.resolve.formats._shards import parse_index
    from modelaudit.resolve.formats.errors import FormatError

    with LocalReader(os.path.realpath(path)) as reader:
        try:
            return parse_index(reader.read(0, _LARGEST_INDEX))
        except FormatError as error:
            raise UsageError(f"{path}: {error}") from None


def _of_url(
    url: str, platforms: Mapping[str, Platform], file: str | None, *, offline: bool
) -> Target:
    if offline:
        raise PlatformError(f"{url[:200]} cannot be asked for offline")
    served = model_file(url)
    if served is not None:
        model, revision, path = served
        platform = platforms[refs.platform(model)]
        if not path:
            return _of_model(model, platform, file)
        _no_choice(file)
        return Target(
            name=url,
            model=model,
            paths=(path,),
            open=lambda name: platform.open(model, revision, name, None),
            source=url,
        )
    _no_choice(file)
    try:
        name = unquote(urlsplit(url).path.rstrip("/").rpartition("/")[2]) or "file"
    except ValueError:
        raise UsageError(f"{url[:200]!r} is not the address of a file") from None
    return Target(
        name=url, model=refs.folder(name), paths=(name,), open=lambda _: open_url(url), source=url
    )


def _no_choice(file: str | None) -> None:
    if file is not None:
        raise UsageError(
            "--file chooses among the files of a model, and this names one file",
            hint="name a model such as hf:org/name, or leave --file out",
        )


def _of_model(ref: ModelRef, platform: Platform, wanted: str | None) -> Target:
    """The model's main file, or all shards of it, or the file that was asked for."""
    record = None
    why = "it was not shown"
    for shown in platform.details([ref]):
        why = shown.gaps[0].detail if shown.gaps else why
        record = next(iter(shown.records), record)
    if record is None:
        raise PlatformError(f"{ref} cannot be read: {why}")
    return target_of(record, platform, wanted)


def target_of(record: Record, platform: Platform, wanted: str | None = None) -> Target:
    """The main file of a model that a platform showed, or all shards of it, or the wanted file."""
    model, files = record.model, record.files or ()
    if wanted is not None:
        chosen: tuple[File, ...] = tuple(f for f in files if f.path == wanted)
        chosen = chosen or (File(path=wanted),)
    elif files:
        chosen = main_files(files)
    else:
        raise PlatformError(f"{model.ref} shows no weight file")
    sizes = {file.path: file.size for file in chosen}
    others = [file.path for file in files if file not in chosen]
    more = f" and {len(chosen) - 1} more shards" if chosen[1:] else ""
    return Target(
        name=f"{model.ref} {chosen[0].path}{more}",
        model=model.ref,
        paths=tuple(sizes),
        open=lambda path: platform.open(model.ref, model.revision, path, sizes[path]),
        source=refs.page_url(model.ref),
        sha256=chosen[0].sha256 if len(chosen) == 1 else None,
        others=tuple(others),
        files=tuple(files),
    )


def main_files(files: Sequence[File]) -> tuple[File, ...]:
    """The file that stands for a model, or the shards that do: main parts first, then the largest
    of those whose headers say most.
    """
    from modelaudit.resolve.formats._shards import shard_of

    def rank(file: File) -> tuple[bool, bool, int, int, str]:
        main = file.component is not None and file.component.main
        says = file.path.endswith((".safetensors", ".gguf"))
        return (not main, not says, file.path.count("/"), -(file.size or 0), file.path)

    first = min(files, key=rank)
    folder, _, name = first.path.rpartition("/")
    if (shard := shard_of(name)) is None:
        return (first,)
    return tuple(
        sorted(
            (
                file
                for file in files
                if file.path.rpartition("/")[0] == folder
                and (other := shard_of(file.path.rpartition("/")[2]))
                and (other.stem, other.total) == (shard.stem, shard.total)
                and file.path[-5:] == first.path[-5:]
            ),
            key=lambda file: file.path,
        )
    )
