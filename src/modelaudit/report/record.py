"""A report's values as the plain records of ``modelaudit.report/1``, and as rows of a table.

Records keep every value raw and whole; only :mod:`modelaudit.report.clean` changes text.
"""

from __future__ import annotations

from typing import Any, Final

from modelaudit.domain import refs
from modelaudit.domain.claim import EXCERPT_LENGTH, Claim, Conflict, Measured
from modelaudit.domain.finding import Coverage, Finding, Gone, Run, Summary
from modelaudit.domain.times import format_time
from modelaudit.domain.waiver import Waiver, WaiverUse
from modelaudit.domain.words import Grade, Verdict
from modelaudit.report import words
from modelaudit.report.weights import sample_record

SCHEMA: Final = "modelaudit.report/1"

VERDICTS: Final = (Verdict.TAKE_DOWN, Verdict.REVIEW, Verdict.NOTE)
GRADES: Final = tuple(sorted(Grade, reverse=True))

COLUMNS: Final = (
    "id", "verdict", "grade", "relation", "hops", "downloads",
    "state", "entry", "model", "url", "decided_by",
)  # fmt: skip

_WINDOWS: Final = {"hf": "30d", "civitai": "all"}
"""What a platform's download counter counts; others say nothing."""


def run_record(run: Run) -> dict[str, Any]:
    """The run, with the digests of its lists."""
    return {
        "id": run.id,
        "started": format_time(run.started),
        "finished": format_time(run.finished),
        "tool": run.tool,
        "sources": list(run.sources),
        "standard": str(run.standard),
        "read": str(run.read),
        "blocklists": [
            {"id": used.id, "version": used.version, "sha256": used.sha256}
            for used in run.blocklists
        ],
    }


def coverage_record(coverage: Coverage) -> dict[str, Any]:
    """What was examined, and each gap."""
    return {
        "models": coverage.models,
        "files": coverage.files,
        "headers_read": coverage.headers_read,
        "weights_read": coverage.weights_read,
        "bytes_read": coverage.bytes_read,
        "requests": coverage.requests,
        "lineage_known": coverage.lineage_known,
        "lineage_unknown": {
            "never_examined": coverage.never_examined,
            "no_evidence": coverage.no_evidence,
        },
        "entries_without_reference": list(coverage.entries_without_reference),
        "swept": {source: format_time(when) for source, when in sorted(coverage.swept.items())},
        "gaps": [
            {
                "model": gap.model,
                "file": gap.file,
                "reason": str(gap.reason),
                "detail": gap.detail,
                "count": gap.count,
            }
            for gap in coverage.gaps
        ],
    }


def summary_record(summary: Summary, excepted: int = 0) -> dict[str, Any]:
    """The numbers; every verdict and grade is present, also with 0.

    ``excepted``: what exceptions of the lists took out.
    """
    by_grade = summary.verdict_by_grade
    return {
        "findings": {str(verdict): summary.findings.get(verdict, 0) for verdict in VERDICTS},
        "models": {str(verdict): summary.models.get(verdict, 0) for verdict in VERDICTS},
        "verdict_by_grade": {
            str(verdict): {str(grade): by_grade.get(verdict, {}).get(grade, 0) for grade in GRADES}
            for verdict in VERDICTS
        },
        "by_entry": dict(sorted(summary.by_entry.items())),
        "waived": summary.waived,
        "excepted": excepted,
        "downloads_affected": {
            platform: {"count": reach.count, "window": reach.window}
            for platform, reach in sorted(summary.downloads_affected.items())
        },
    }


def claim_record(claim: Claim) -> dict[str, Any]:
    """A claim, with its source and excerpt spelled out; with its numbers, where it has any."""
    record: dict[str, Any] = {
        "child": claim.child,
        "parent": claim.parent,
        "relation": str(claim.relation),
        "component": None if claim.component is None else str(claim.component),
        "grade": str(claim.grade),
        "source": source(claim),
        "locator": locator(claim),
        "excerpt": excerpt(claim),
        "observed": format_time(claim.observed),
        "extractor": claim.extractor,
    }
    if claim.sample is not None:
        record["weights"] = sample_record(claim.sample)
    return record


def conflict_record(conflict: Conflict) -> dict[str, Any]:
    """A conflict with its claims, the weaker first."""
    return {
        "model": conflict.model,
        "kind": str(conflict.kind),
        "claims": [claim_record(claim) for claim in conflict.claims],
        "entry": conflict.entry,
        "measured": None if conflict.measured is None else measured_record(conflict.measured),
    }


def measured_record(found: Measured) -> dict[str, Any]:
    """What a file's shapes say against the claims."""
    return {
        "file": found.file,
        "family": found.family,
        "reason": found.reason,
        "declared": found.says,
        "source": found.source,
        "observed": format_time(found.observed),
    }


def finding_record(finding: Finding) -> dict[str, Any]:
    """A finding with all its evidence."""
    platform = refs.platform(finding.model)
    return {
        "id": finding.id,
        "model": finding.model,
        "platform": platform,
        "revision": finding.revision,
        "url": url(finding),
        "author": finding.author,
        "created": format_time(finding.created),
        "downloads": finding.downloads,
        "downloads_window": window(platform),
        "likes": finding.likes,
        "entry": finding.entry,
        "verdict": str(finding.verdict),
        "decided_by": finding.decided_by,
        "grade": str(finding.grade),
        "relation": str(finding.relation),
        "hops": finding.hops,
        "path": list(finding.path),
        "claims": [claim_record(claim) for claim in finding.claims],
        "conflicts": [conflict_record(conflict) for conflict in finding.conflicts],
        "files": [{"path": path, "sha256": sha256} for path, sha256 in finding.files],
        "state": str(finding.state),
        "waiver": None if finding.waiver is None else waiver_record(finding.waiver),
    }


def waiver_record(waiver: Waiver) -> dict[str, Any]:
    """A decision, and the rule by which it covers what it covers."""
    return {
        "rule": waiver.rule,
        "decision": waiver.decision.value,
        "reason": waiver.reason,
        "author": waiver.by,
        "on": waiver.on,
        "until": waiver.until,
    }


def use_record(use: WaiverUse) -> dict[str, Any]:
    """A decision and what it does in this run."""
    return {**waiver_record(use.waiver), "state": use.state, "findings": use.findings}


def gone_record(gone: Gone) -> dict[str, Any]:
    """A finding that is no more."""
    return {
        "id": gone.id,
        "reason": gone.reason,
        "first_absent": format_time(gone.first_absent),
        "confirmed": format_time(gone.confirmed),
    }


def row(finding: Finding) -> tuple[str, ...]:
    """The finding as ``COLUMNS``; unknown is empty."""
    return (
        finding.id,
        str(finding.verdict),
        str(finding.grade),
        str(finding.relation),
        str(finding.hops),
        "" if finding.downloads is None else str(finding.downloads),
        str(finding.state),
        finding.entry,
        finding.model,
        url(finding) or "",
        finding.decided_by
        if finding.waiver is None
        else f"{words.waived(finding.waiver)}; else: {finding.decided_by}",
    )


def url(finding: Finding) -> str | None:
    """The page of the model."""
    return finding.url or refs.page_url(finding.model)


def window(platform: str) -> str | None:
    """``30d`` or ``all``: the time a platform's download counter spans."""
    return _WINDOWS.get(platform)


def source(claim: Claim) -> str | None:
    """Where the claim was read; ``None`` for what has no address, such as a local file."""
    return claim.source or refs.record_url(claim.child)


def locator(claim: Claim) -> str:
    """Where in the source; of a local model also in which of its files."""
    local = source(claim) is None and claim.path and not claim.child.endswith(claim.path)
    return f"{claim.path} {claim.locator}" if local else claim.locator


def excerpt(claim: Claim) -> str:
    """The words of the source, at most 200 characters."""
    return (refs.local(claim.parent) if claim.excerpt is None else claim.excerpt)[:EXCERPT_LENGTH]
