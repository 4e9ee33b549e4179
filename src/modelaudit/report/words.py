"""The sentences that more than one format says: measured wording, in one place.

A declaration is *described*, bytes *match*, sampled weights *resemble*; nothing here says that a
model is illegal or speaks about a person.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final

from modelaudit.domain import refs
from modelaudit.domain.claim import Claim, Measured
from modelaudit.domain.finding import (
    Coverage,
    Finding,
    ListedEntry,
    Reach,
    Report,
    Run,
    Summary,
)
from modelaudit.domain.model import Gap
from modelaudit.domain.times import format_time
from modelaudit.domain.waiver import Waiver, WaiverUse
from modelaudit.domain.words import ConflictKind, GapReason, Grade, Relation, Verdict

STATEMENT: Final = (
    "This report says which models, by their lineage, descend from something that is listed, "
    "what documents each step, and what is recommended. It does not say that a model is "
    "illegal, and it says nothing about a person. Before anything is removed, a person checks "
    "the evidence and states the ground."
)
NOT_CLEAN: Final = (
    "What was not examined is not clean, and a model without known lineage is not clean either: "
    "it has only not been shown to descend from anything listed."
)

WAIVED: Final = (
    "A person decided not to act on these. Each keeps its verdict and its evidence, and comes back "
    "when the decision ends. They are in none of the other numbers."
)

GRADE: Final = {
    Grade.EXACT: "The same bytes: the digest of a file or of its tensors matches.",
    Grade.MEASURED: "Sampled weights resemble those of the parent.",
    Grade.RECORDED: "A training tool or the platform wrote it down.",
    Grade.DECLARED: "The publisher says so, on the page or in its metadata.",
    Grade.HINTED: "A name, an old label, prose or an architecture suggests it.",
}

VERDICT: Final = {
    Verdict.TAKE_DOWN: "recommended for take-down",
    Verdict.REVIEW: "for a person to review",
    Verdict.NOTE: "for information, no action",
}

GAP: Final = {
    GapReason.GATED: "the publisher asks for consent before files can be read",
    GapReason.GONE: "no longer there",
    GapReason.DISABLED: "disabled by the platform",
    GapReason.PRIVATE: "private, or gone: the platform does not tell which",
    GapReason.TOO_LARGE: "larger than the limit for reading",
    GapReason.UNREADABLE: "could not be read",
    GapReason.PICKLE_REFUSED: "pickle, which is never executed",
    GapReason.RATE_LIMITED: "the platform asked us to stop",
    GapReason.MALFORMED: "the record made no sense",
    GapReason.OUT_OF_BUDGET: "left unread when the budget ended",
    GapReason.UNMAPPED: "a label or name that leads to no known model",
    GapReason.INCONCLUSIVE: "looked at, without a clear result",
}

CONFLICT: Final = {
    ConflictKind.PARENT: "different parents",
    ConflictKind.RELATION: "different relations",
    ConflictKind.FAMILY: "different model families",
    ConflictKind.COMPONENT: "different components",
}

RELATION: Final = {
    Relation.LISTED: "itself listed as",
    Relation.COPY: "a copy of",
    Relation.CONVERSION: "a conversion of",
    Relation.QUANTIZED: "a quantized version of",
    Relation.PRUNED: "a pruned version of",
    Relation.FINETUNE: "a fine-tune of",
    Relation.MERGE: "a merge that includes",
    Relation.ADAPTER: "an adapter for",
    Relation.DISTILLED: "a distillation of",
    Relation.COMPONENT: "holding a component of",
    Relation.TRAINED_ON: "trained on",
}

_SIGNAL: Final = {
    "civitai-flag": "is marked by its platform as",
    "words": "has a word in its name that is looked for by",
}
"""What is said of a model that carries a signal, by the platform of what the signal leads to."""

_SAID_BY: Final = {
    Grade.EXACT: "matches, by its bytes, as",
    Grade.MEASURED: "resembles, by its sampled weights,",
    Grade.RECORDED: "is recorded by a tool or the platform as",
    Grade.DECLARED: "is described by its publisher as",
    Grade.HINTED: "carries a hint of being",
}

_PLATFORM: Final = {
    "hf": "Hugging Face",
    "civitai": "Civitai",
    "civitai-base": "Civitai label",
    "civitai-flag": "Civitai mark",
    "folder": "local folder",
    "sha256": "file digest",
    "dataset": "training set",
    "sketch": "known by its weights",
    "words": "words in names",
    "modelscope": "ModelScope",
    "ollama": "Ollama",
    "openmodeldb": "OpenModelDB",
    "kaggle": "Kaggle",
    "github": "GitHub",
}

_WINDOW: Final = {"30d": "in 30 days", "all": "since publication"}


def amount(number: int, one: str, many: str | None = None) -> str:
    """``1 model``, ``2,310 models``."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


def platform(name: str) -> str:
    """What people call a platform."""
    return _PLATFORM.get(name, name)


def window(name: str | None) -> str:
    """The time a download counter spans, as said after the word downloads."""
    return _WINDOW.get(name or "", "")


def reach(name: str, downloads: Reach) -> str:
    """``41,201 downloads in 30 days on Hugging Face``."""
    span = window(downloads.window)
    return f"{amount(downloads.count, 'download')}{span and f' {span}'} on {platform(name)}"


def reaches(summary: Summary) -> list[str]:
    """What take-downs reach, by platform; one whose counts nobody knows is left out."""
    return [
        reach(name, downloads)
        for name, downloads in sorted(summary.downloads_affected.items())
        if downloads.known
    ]


def headline(report: Report) -> str:
    """The verdict line: what was found and, in the same breath, what was not examined."""
    return f"{found(report)} {not_examined(report.coverage)}"


def incomplete(report: Report) -> str:
    """A warning before everything else; empty for a finished run."""
    if report.run.finished is not None:
        return ""
    return "Incomplete: this run was stopped before its end, so there may be more to find."


def found(report: Report) -> str:
    """What was found, in one sentence, and before it whether the run ended early."""
    models = report.summary.models
    take_down, review, note = (
        models.get(verdict, 0) for verdict in (Verdict.TAKE_DOWN, Verdict.REVIEW, Verdict.NOTE)
    )
    if take_down or review:
        verb = "is" if take_down == 1 else "are"
        main = (
            f"{amount(take_down, 'model')} {verb} recommended for take-down and {review:,} "
            "for review"
        )
    else:
        main = "No model is recommended for take-down or review"
    noted = f"; {amount(note, 'more is', 'more are')} noted for information" if note else ""
    return f"{incomplete(report)} {main}{noted}.".lstrip()


def not_examined(coverage: Coverage) -> str:
    """How much was not examined, how many lineages stay unknown, what waits for a sweep."""
    missed = amount(gap_total(coverage.gaps), "model or file was", "models or files were")
    unknown = coverage.never_examined + coverage.no_evidence
    return (
        f"{missed} not examined; the lineage of {unknown:,} of "
        f"{amount(coverage.models, 'model')} is unknown.{_not_swept(coverage)}"
    )


def _not_swept(coverage: Coverage) -> str:
    """What lists of new and changed models do not show; empty where all of it was listed."""
    if not coverage.swept:
        return ""
    dates = (
        f"{name} on {str(format_time(when))[:10]}" for name, when in sorted(coverage.swept.items())
    )
    return (
        f" Last listed whole: {', '.join(dates)}; models without findings that were renamed, "
        "closed or deleted since still count."
    )


def declared_only(run: Run) -> str:
    """What walking down from a model cannot find; empty for runs that did not."""
    if not any(source.startswith("hf:descendants-of/") for source in run.sources):
        return ""
    return (
        "hf:descendants-of/… finds declared children only: a model that names no parent is not "
        "among them."
    )


def listed_claim(entry: ListedEntry) -> str:
    """What a list claims of an entry: ``documented: trained on dataset:laion/laion2B-en``."""
    relation, _, of = (entry.claim or "").partition(" ")
    claimed = f"{relation.replace('-', ' ')} {of}" if of else ""
    return ": ".join(part for part in (entry.documentation, claimed) if part)


def waived(waiver: Waiver) -> str:
    """``waived until 2027-02-22 by reviewer-1: the card is wrong (false positive)``."""
    return f"waived until {waiver.until} by {waiver.by}: {waiver.reason} ({waiver.decision.words})"


def lapsed(uses: Sequence[WaiverUse]) -> list[str]:
    """What a person has to look at: waivers that have expired, and those that cover nothing."""
    expired = [use for use in uses if use.expired]
    unused = [use for use in uses if use.state == "unused"]
    back = sum(use.findings for use in expired)
    told = []
    if expired:
        has = "has" if len(expired) == 1 else "have"
        told.append(
            f"{amount(len(expired), 'waiver')} {has} expired, which would cover "
            f"{amount(back, 'finding')}: {_first(expired)}"
        )
    if unused:
        verb = "covers" if len(unused) == 1 else "cover"
        told.append(f"{amount(len(unused), 'waiver')} {verb} nothing in this run: {_first(unused)}")
    return told


def _first(uses: list[WaiverUse]) -> str:
    rules = [use.waiver.rule for use in uses[:3]]
    more = len(uses) - len(rules)
    return "; ".join(rules) + (f"; and {more:,} more" if more else "")


def gap_total(gaps: Iterable[Gap]) -> int:
    """What all gap rows stand for."""
    return sum(gap.count for gap in gaps)


def gaps_by_reason(gaps: Iterable[Gap]) -> list[tuple[GapReason, int]]:
    """The reasons with what they stand for, the largest first."""
    totals: Counter[GapReason] = Counter()
    for gap in gaps:
        totals[gap.reason] += gap.count
    return sorted(totals.items(), key=lambda item: (-item[1], item[0]))


def proved(finding: Finding) -> bool:
    """True when every step of the path rests on bytes or weights."""
    return finding.grade >= Grade.MEASURED


def proved_total(summary: Summary, verdict: Verdict) -> int:
    """Findings of a verdict that rest on bytes or weights throughout."""
    return sum(
        number
        for grade, number in summary.verdict_by_grade.get(verdict, {}).items()
        if grade >= Grade.MEASURED
    )


def said(claim: Claim) -> str:
    """What stands between child and parent: ``is described by its publisher as a fine-tune of``."""
    if signal := _SIGNAL.get(refs.platform(claim.parent)):
        return signal
    return f"{_SAID_BY[claim.grade]} {RELATION[claim.relation]}"


def via(finding: Finding) -> str:
    """What stands between a model and what is listed one hop away: ``a fine-tune of``."""
    return _SIGNAL.get(refs.platform(finding.path[-1])) or RELATION[finding.relation]


def by_hop(finding: Finding) -> list[list[Claim]]:
    """The finding's claims for each hop of its path; a model that is listed itself has one place.

    A claim may name its ends by another spelling or a re-host; it then goes to the hop whose
    child it speaks of, else to the last one.
    """
    nodes = [refs.key(ref) for ref in finding.path]
    hops: list[list[Claim]] = [[] for _ in range(max(1, len(nodes) - 1))]
    ends = {frozenset(pair): at for at, pair in enumerate(pairwise(nodes))}
    children = {node: at for at, node in enumerate(nodes[:-1])}
    for claim in finding.claims:
        child = refs.key(claim.child)
        at = ends.get(frozenset((child, refs.key(claim.parent))))
        if at is None:
            at = children.get(child, len(hops) - 1)
        hops[at].append(claim)
    return hops


def measured_by(found: Measured) -> str:
    """What stands against the claims: the ``shapes`` of tensors, or ``weights``."""
    return "shapes" if found.family else "weights"


def shapes(found: Measured) -> str:
    """What a file's shapes say, and its own metadata, or what its values show; in one sentence."""
    if not found.family:
        return f"the values of {found.file} show {found.reason}"
    said = f"; its metadata says {found.says}" if found.says else ""
    return f"the tensors of {found.file} are those of {found.family}: {found.reason}{said}"
