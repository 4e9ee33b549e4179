"""Cases: models that a list is tried on, and what it ought to say of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from modelaudit.domain.finding import Finding
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.words import Grade, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldFile:
    """A weight file of a case's model."""

    path: str
    sha256: str
    size: int | None = None
    """Bytes."""
    type: str = "Model"
    """Civitai's word for what the file is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A model as its platform shows it, and the strongest finding that is expected on it."""

    name: str
    model: ModelRef
    expect: Verdict
    entry: str | None = None
    """The entry that gives the finding; with ``Verdict.NONE`` the one that gives none."""
    standard: Grade = Grade.DECLARED
    base: tuple[str, ...] = ()
    """Parents as the card names them."""
    relation: str | None = None
    datasets: tuple[str, ...] = ()
    label: str | None = None
    """Civitai's family label; with it and the next two the model is a Civitai version."""
    type: str = "Checkpoint"
    title: str | None = None
    flags: tuple[str, ...] = ()
    files: tuple[HeldFile, ...] = ()
    created: str | None = None
    """``YYYY-MM-DD``, or a time of such a day."""
    record: Mapping[str, Any] | None = None
    """The platform's own record, instead of all that describes the model above."""
    catalogue: str | None = None
    """A file of recorded lines, relative to the cases, instead of a record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cases:
    """A file of them."""

    path: str
    cases: tuple[Case, ...]
    beside: tuple[str, ...] = ()
    """Lists that are used together with the one that is tried: names, or relative paths."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a case."""

    case: Case
    findings: tuple[Finding, ...] = ()
    """Strongest first."""
    odd: str = ""
    """Why the model was not read as the case means it, the first reason."""
    shown: bool = True
    """False where it was not read at all, so that nothing was tried."""

    @property
    def misread(self) -> bool:
        """True where nothing is expected of a model that was not read as the case describes it.

        What is given as it was recorded may be as odd as it was.
        """
        case = self.case
        recorded = case.record is not None or case.catalogue is not None
        return bool(self.odd) and case.expect is Verdict.NONE and not recorded

    @property
    def as_expected(self) -> bool:
        """True when the lists say what they ought to."""
        case = self.case
        if not self.shown or self.misread:
            return False
        if case.expect is Verdict.NONE:
            return not [f for f in self.findings if case.entry in (None, f.entry)]
        strongest = max((f.verdict for f in self.findings), default=Verdict.NONE)
        return strongest is case.expect and any(
            f.verdict is strongest and case.entry in (None, f.entry) for f in self.findings
        )
