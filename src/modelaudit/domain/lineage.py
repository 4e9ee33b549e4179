"""Everything that is known about one model's origin, as `explain` shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from modelaudit.domain.claim import Claim, Conflict, Measured
from modelaudit.domain.finding import Finding
from modelaudit.domain.model import Gap
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.sketch import Weighed
from modelaudit.domain.words import Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """One model with its ancestors, its findings and what was not examined."""

    model: ModelRef
    title: str | None
    status: Status
    revision: str | None
    claims: Mapping[ModelRef, tuple[Claim, ...]]
    """What is claimed about the model and about each of its ancestors."""
    marks: tuple[Claim, ...] = ()
    """What its platform marks it with; no lineage."""
    withheld: bool = False
    """The title is left out: a mark or a word says that it may be somebody's name."""
    listed: Mapping[ModelRef, str]
    """Nodes that are on a list → the entry's id, as far as findings name them."""
    findings: tuple[Finding, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    gaps: tuple[Gap, ...] = ()
    children: int = 0
    """How many models name this one as their parent."""
    shapes: tuple[Measured, ...] = ()
    """What the files that were read are, by names and shapes of their tensors."""
    remarks: tuple[tuple[str, str], ...] = ()
    """(file, what is odd about it)."""
    weighed: tuple[Weighed, ...] = ()
    """What comparing the weights of its files showed, whatever that was."""
    also: tuple[ModelRef, ...] = field(default=())
    """Other names of the same node."""
