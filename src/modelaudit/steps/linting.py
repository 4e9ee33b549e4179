"""Lint with all that the program knows: a platform's own labels, and how to read a sketch."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path

from modelaudit.check.lint import Known, lint_many
from modelaudit.check.listfile import Problem


def lint(paths: Iterable[str | Path], *, today: date | None = None) -> list[Problem]:
    """Everything wrong with lists that are used together, list by list, then by line."""
    from modelaudit.resolve.evidence._civitai import known_labels
    from modelaudit.resolve.evidence._civitai_family import SAYS_NOTHING

    known = Known(
        labels={"civitai": known_labels()}, mute=SAYS_NOTHING & known_labels(), sketch=_held
    )
    return lint_many(paths, today=today, known=known)


def _held(path: Path) -> frozenset[str]:
    """The components of a sketch file; ``ValueError`` where it cannot stand for a model."""
    from modelaudit.resolve.weights.sketchfile import LARGEST, loads

    try:
        with path.open("rb") as file:
            sketch = loads(file.read(LARGEST + 1))
    except OSError as error:
        raise ValueError(error.strerror or "it cannot be read") from None
    if not sketch.every:
        raise ValueError("it holds only a part of the model's matrices")
    return frozenset(block.component.word for block in sketch.blocks)
