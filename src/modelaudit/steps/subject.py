"""One thing that is to be listed: how it can be recognised, and which of its parts count."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from modelaudit.domain.digests import NEVER_MATCH
from modelaudit.domain.model import File
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.sketch import Sketch
from modelaudit.domain.weights import Architecture
from modelaudit.domain.words import Component


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One thing that is to be listed, as far as it is known."""

    name: str
    """What people call it."""
    models: tuple[ModelRef, ...] = ()
    files: tuple[File, ...] = ()
    """Those that count, each with its digest and component."""
    tainted: tuple[Component, ...] = ()
    sketch: Sketch | None = None
    page: str | None = None
    """Where its platform shows the digests."""
    remarks: tuple[str, ...] = ()
    """What could not be known, and why; one line each."""


def subject(
    name: str,
    what: Architecture,
    files: Sequence[File],
    sketch: Sketch | None,
    stated: tuple[Component, ...] = (),
) -> Subject:
    """What is known, once it is clear which parts count.

    A file whose part nobody tells is what the only one that was looked at is, else nothing.
    ``stated``: the parts that count, where a person said so.
    """
    remarks: tuple[str, ...] = ()
    if len(files) == 1 and files[0].component is None:
        whole = stated[0] if len(stated) == 1 else Component.FULL
        files = [replace(files[0], component=what.component or whole)]
        if what.component is None and len(stated) != 1:
            remarks = (f"{name}: component {whole} is a guess; --tainted says what it is",)
    tainted = stated or _parts(what, files)
    counted = {*tainted, Component.FULL}
    parts = {file.component for file in files if file.component}
    if stated and parts and counted.isdisjoint(parts):
        said, held = (", ".join(map(str, sorted(some))) for some in (stated, parts))
        remarks = (f"{name}: {said} is none of its parts: {held}",)
    own = {file.sha256: file for file in files if file.component in counted}
    return Subject(
        name=name,
        files=tuple(file for digest, file in own.items() if digest not in NEVER_MATCH),
        tainted=tainted,
        sketch=sketch,
        remarks=remarks,
    )


def _parts(what: Architecture, files: Collection[File]) -> tuple[Component, ...]:
    """The parts that stand for a model: its main ones, else whatever it holds."""
    held = [*what.components, *(file.component for file in files if file.component)]
    mains = sorted({part for part in held if part.main and part is not Component.FULL})
    if mains or Component.FULL in held or not held:
        return tuple(mains) or (Component.FULL,)
    return tuple(sorted({*held}))
