"""Which models deserve calls of their own, and in which order; pure.

A platform has millions of models and allows thousands of calls: those that a verdict is likely to
turn on come first.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from modelaudit.domain.refs import ModelRef


class Why(IntEnum):
    """Why a model is worth a call; smaller comes first."""

    LISTED = 0
    """It is listed, and hosted: its weights are what others are compared with."""
    LIVE_FINDING = 1
    """It has a finding: is it still there, and still so?"""
    DESCENDANT = 2
    """Claims lead from it to something listed."""
    NAMED_PARENT = 3
    """Others name it as their parent, and nobody has listed it."""
    NO_PARENT = 4
    """A diffusion or adapter repository that declares no parent."""
    LIKE_A_ROOT = 5
    """As many parameters as a listed model."""
    PUBLISHER = 6
    """Its publisher has findings elsewhere."""
    NAMED_SOURCE = 7
    """Somebody asked for it, or for its publisher, by name."""
    SILENT = 8
    """It names no parent, and its weights may tell one."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A model that could be read."""

    ref: ModelRef
    why: Why
    downloads: int = 0


def choose(candidates: Iterable[Candidate]) -> list[ModelRef]:
    """The models to read, each once, most telling first; ties by downloads, then by name."""
    ordered = sorted(candidates, key=lambda c: (c.why, -c.downloads, c.ref))
    return list(dict.fromkeys(candidate.ref for candidate in ordered))
