"""What ``compare`` and ``sketch`` are pointed at: every part of one model, file by file."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from modelaudit.crawl.folder import Folder
from modelaudit.crawl.platform import Platform, Source
from modelaudit.domain import refs
from modelaudit.domain.errors import PlatformError, UsageError
from modelaudit.domain.model import File, Record
from modelaudit.domain.words import Component
from modelaudit.steps.targets import Target, find, main_files


def find_parts(
    text: str, platforms: Mapping[str, Platform], *, offline: bool = False
) -> tuple[Target, ...]:
    """A target for each part of the model that a person named; one, for a file or an address.

    ``UsageError`` or ``PlatformError`` where there is none.
    """
    if not text:
        raise UsageError("an empty name is no model")
    if "://" in text:
        return (find(text, platforms, offline=offline),)
    if Path(text).is_dir():
        return _of_folder(text)
    if os.path.lexists(text):
        return (find(text, platforms),)
    first = find(text, platforms, offline=offline)
    chosen = {*first.paths}
    return (first, *(
        replace(first, name=f"{first.model} {paths[0]}", paths=paths, sha256=None, others=())
        for component, paths in _by_part(first.files).items()
        if not component.main and not chosen & {*paths}
    ))  # fmt: skip


def _of_folder(path: str) -> tuple[Target, ...]:
    """The one model that a folder holds, a target for each part."""
    folder = Folder()
    source = Source(text=path, platform="folder", kind="folder", value=path)
    records: list[Record] = []
    for page in folder.list(source, None):
        records += page.records
        if len(records) > 1:
            raise UsageError(
                f"{path} holds several models, such as {refs.local(records[0].model.ref)}",
                hint="name one of its files",
            )
    if not records:
        raise PlatformError(f"no weight file lies in {path}")
    model, files = records[0].model, records[0].files or ()
    return tuple(
        Target(
            name=f"{path.rstrip('/')}/{paths[0]}",
            model=model.ref,
            paths=paths,
            open=lambda name: folder.open(model.ref, None, name, None),
            local=True,
            files=tuple(files),
        )
        for paths in _by_part(files).values()
    )


def _by_part(files: Sequence[File]) -> dict[Component, tuple[str, ...]]:
    """The file that stands for each part, or its shards; main parts first.

    Where one file is all of the model, its other files only repeat parts of it.
    """
    groups: defaultdict[Component, list[File]] = defaultdict(list)
    for file in files:
        groups[file.component or Component.FULL].append(file)
    if Component.OTHER in groups and len(groups) > 1:
        del groups[Component.OTHER]
    return {
        component: tuple(file.path for file in main_files(groups[component]))
        for component in sorted(groups)
    }
