"""What a report format is: a module under ``formats/`` that turns a report into text.

A new format is one new file there with three names, nothing to register:

    name = "tsv"                          # what -o calls it
    suffix = ".tsv"                       # of a file that holds it
    def render(report): ...               # yields text; findings are streamed, never gathered

Formats are pure: no I/O, no clock; the same report gives the same bytes.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import pkgutil
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Protocol, cast

from modelaudit.domain.errors import UsageError
from modelaudit.domain.finding import Report


class Reporter(Protocol):
    """One report format."""

    name: str
    suffix: str

    def render(self, report: Report) -> Iterator[str]:
        """The report as pieces of text."""


@cache
def formats() -> tuple[Reporter, ...]:
    """Every report format, sorted by name."""
    from modelaudit.report import formats as package

    found = [
        cast(Reporter, importlib.import_module(f"{package.__name__}.{module.name}"))
        for module in pkgutil.iter_modules(package.__path__)
        if not module.name.startswith("_")
    ]
    return tuple(sorted(found, key=lambda reporter: reporter.name))


def named(name: str) -> Reporter:
    """The format of this name; ``UsageError`` lists those there are."""
    for reporter in formats():
        if reporter.name == name:
            return reporter
    known = ", ".join(reporter.name for reporter in formats())
    raise UsageError(f"there is no report format {name!r}", hint=f"choose from: {known}")


def render(name: str, report: Report) -> Iterator[str]:
    """The report in the named format, as pieces of text."""
    return named(name).render(report)


def write(path: Path, chunks: Iterable[str | bytes], *, mode: int | None = None) -> None:
    """Write a file whole or not at all; devices and pipes are written straight through.

    Text is written as UTF-8. All goes to a hidden neighbour, is flushed to disk, and takes the name
    in one step. ``mode``: its permissions, where they are not those of any new file.
    ``UsageError`` when the place cannot be written.
    """
    target = path.resolve()  # a link is followed, not replaced
    try:
        if target.exists() and not target.is_file() and not target.is_dir():
            _fill(target, "wb", chunks)
            return
        part = target.with_name(f".{target.name}.{os.getpid()}.part")
        try:
            _fill(part, "xb", chunks)
            if mode is not None:
                part.chmod(mode)
            part.replace(target)
        except BaseException:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise UsageError(
            f"{path} cannot be written: {error.strerror or error}",
            hint="the folder must exist and be writable",
        ) from error


def _fill(path: Path, mode: str, chunks: Iterable[str | bytes]) -> None:
    with path.open(mode) as file:
        file.writelines(c.encode() if isinstance(c, str) else c for c in chunks)
        file.flush()
        if path.is_file():
            os.fsync(file.fileno())
