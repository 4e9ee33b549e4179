"""Markdown for issues and drafts of notices: what is recommended and why, what was not examined.

Every foreign value stands in a code span: there neither markup nor mentions nor autolinks act
(GitHub Flavored Markdown, section 6.3). Rows are cut so that the text fits into an issue.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from modelaudit.domain import refs
from modelaudit.domain.claim import Conflict, Sample
from modelaudit.domain.finding import Finding, Report
from modelaudit.domain.times import format_time
from modelaudit.domain.words import Verdict
from modelaudit.report import weights, words
from modelaudit.report.clean import for_markdown, link
from modelaudit.report.comparison import NULL, figures, shares
from modelaudit.report.record import source, url, window

name = "markdown"
suffix = ".md"

ROWS = 40
"""Findings shown of each verdict."""
_WIDTH = 120
_LINKS = 5


def render(report: Report) -> Iterator[str]:
    """Verdict line, scope, take-downs, reviews, conflicts, not examined, lists."""
    run, summary = report.run, report.summary
    yield f"# Model lineage audit\n\n**{words.headline(report)}**\n\n{words.STATEMENT}\n\n"
    if note := _how_proved(report):
        yield f"{note}\n\n"
    yield f"- Run: {for_markdown(run.id)}, {format_time(run.started)} to "
    yield f"{format_time(run.finished) or 'not finished'}, by {for_markdown(run.tool)}\n"
    yield f"- Sources: {', '.join(for_markdown(s, _WIDTH) for s in run.sources)}\n"
    yield f"- Standard of proof: {run.standard}; read: {run.read}\n"
    if note := words.declared_only(run):
        yield f"- {note}\n"
    for reach in words.reaches(summary):
        yield f"- Take-down reaches {reach}\n"
    shelves: dict[Verdict, list[Finding]] = {Verdict.TAKE_DOWN: [], Verdict.REVIEW: []}
    for finding in report.findings(order="reach", waived=False):
        if finding.verdict not in shelves:
            break
        if len(shelves[finding.verdict]) < ROWS:
            shelves[finding.verdict].append(finding)
    for verdict, title in ((Verdict.TAKE_DOWN, "Take-down"), (Verdict.REVIEW, "Review")):
        shelf, total = shelves[verdict], summary.findings.get(verdict, 0)
        yield f"\n## {title} ({words.amount(total, 'finding')})\n\n"
        yield from _table(
            ("Model", "Leads to", "Relation, grade", "Entry", "Downloads", "Decided by"),
            (_row(finding) for finding in shelf),
        )
        if total > len(shelf):
            yield f"\nThe first {len(shelf)} of {total:,}; the JSON report has them all.\n"
    yield from _waived(report)
    yield from _weights(report, [row for shelf in shelves.values() for row in shelf])
    yield from _conflicts(report)
    yield from _not_examined(report)
    yield "\n## Lists\n\n"
    yield from _table(
        ("List", "Version", "sha256"),
        ((for_markdown(b.id), for_markdown(b.version), f"`{b.sha256}`") for b in run.blocklists),
    )


def _how_proved(report: Report) -> str:
    total = report.summary.findings.get(Verdict.TAKE_DOWN, 0)
    proved = words.proved_total(report.summary, Verdict.TAKE_DOWN)
    if not total:
        return ""
    if not proved:
        return "Every take-down below rests on a declaration or a record, none on the weights."
    return (
        f"{proved:,} of {words.amount(total, 'take-down finding')} "
        f"{'is' if proved == 1 else 'are'} proved by bytes or weights; the others rest on "
        "declarations or records."
    )


def _row(finding: Finding) -> tuple[str, ...]:
    page = link(url(finding))
    model = for_markdown(finding.model, _WIDTH) + (f" [page](<{page}>)" if page else "")
    sources = {link(source(claim)): claim.grade for claim in finding.claims}
    evidence = ", ".join(
        f"[{grade}](<{at}>)" for at, grade in islice(sources.items(), _LINKS) if at
    )
    downloads = "" if finding.downloads is None else f"{finding.downloads:,}"
    span = words.window(window(refs.platform(finding.model)))
    hops = words.amount(finding.hops, "hop")
    return (
        model,
        for_markdown(finding.path[-1], _WIDTH),
        f"{finding.relation}, {hops}, {evidence or finding.grade}",
        for_markdown(finding.entry, _WIDTH),
        f"{downloads} {span}" if downloads else "",
        for_markdown(finding.decided_by, 2 * _WIDTH),
    )


def _waived(report: Report) -> Iterator[str]:
    """What is left out above and by whose decision; then decisions that want a look."""
    total = report.summary.waived
    lapsed = [use for use in report.waivers() if use.state != "active"]
    if not total and not lapsed:
        return
    yield f"\n## Waived ({words.amount(total, 'finding')})\n\n{words.WAIVED}\n\n"
    rows = report.findings(order="reach", limit=ROWS, waived=True)
    yield from _table(
        ("Model", "Verdict", "Entry", "Decision", "Until", "By", "Reason"),
        (
            (
                for_markdown(row.model, _WIDTH),
                str(row.verdict),
                for_markdown(row.entry, _WIDTH),
                row.waiver.decision.words,
                row.waiver.until,
                for_markdown(row.waiver.by, _WIDTH),
                for_markdown(row.waiver.reason, 2 * _WIDTH),
            )
            for row in rows
            if row.waiver is not None
        ),
    )
    if total > ROWS:
        yield f"\nThe first {ROWS} of {total:,}; the JSON report has them all.\n"
    if lapsed:
        yield "\nExpired, or without any finding in this run:\n\n"
        yield from _table(
            ("State", "Covers", "Findings", "Until", "By"),
            (
                (
                    use.state,
                    for_markdown(use.waiver.rule, 2 * _WIDTH),
                    f"{use.findings:,}",
                    use.waiver.until,
                    for_markdown(use.waiver.by, _WIDTH),
                )
                for use in lapsed[:ROWS]
            ),
        )


def _weights(report: Report, shown: Iterable[Finding]) -> Iterator[str]:
    """The numbers behind the findings above, and what else was compared."""
    kinships = report.kinships()
    rows = [_sample(row, sample) for row in shown for sample in weights.samples(row)]
    if not kinships and not rows:
        return
    yield f"\n## Weights compared\n\n{weights.SAMPLED} {NULL}\n\n"
    if rows:
        titles = ("Model", "Reference", "Kinship", "Numbers", "In words")
        yield from _table(titles, rows[:ROWS])
        if len(rows) > ROWS:
            yield f"\nThe first {ROWS} of {len(rows):,}; the JSON report has them all.\n"
        yield "\n"
    yield from _table(
        ("Files", "Closest kinship", "Meaning"),
        (
            (f"{count:,}", str(kinship), meaning)
            for kinship, count, meaning in weights.counts(kinships)
        ),
    )
    yield f"\n{weights.error_sentence()}\n"


def _sample(finding: Finding, sample: Sample) -> tuple[str, ...]:
    one = sample.comparison
    mixed = f"; a merge: {shares(sample.recipe)}" if sample.recipe else ""
    numbers = "; ".join(filter(None, (figures(one.overall), weights.span(one.tensors))))
    return (
        for_markdown(finding.model, _WIDTH),
        for_markdown(one.reference, _WIDTH),
        str(one.overall.grade),
        numbers,
        for_markdown(one.overall.wording + mixed, 4 * _WIDTH),
    )


def _conflicts(report: Report) -> Iterator[str]:
    conflicts = list(islice(report.conflicts(), ROWS + 1))
    yield "\n## Conflicts\n\nWhat cannot all be true, the weaker first, listed or not.\n\n"
    yield from _table(
        ("Model", "About", "Said", "Entry"),
        (
            (
                for_markdown(conflict.model, _WIDTH),
                words.CONFLICT[conflict.kind],
                "; ".join(_sides(conflict)),
                for_markdown(conflict.entry or ""),
            )
            for conflict in conflicts[:ROWS]
        ),
    )
    if len(conflicts) > ROWS:
        yield f"\nThe first {ROWS}; the JSON report has them all.\n"


def _sides(conflict: Conflict) -> Iterator[str]:
    for claim in islice(conflict.claims, _LINKS):
        yield f"{claim.grade}: {claim.relation} of {for_markdown(claim.parent, _WIDTH)}"
    if found := conflict.measured:
        yield f"{words.measured_by(found)}: {for_markdown(words.shapes(found), 2 * _WIDTH)}"


def _not_examined(report: Report) -> Iterator[str]:
    coverage = report.coverage
    yield f"\n## Not examined\n\n{words.not_examined(coverage)} {words.NOT_CLEAN}\n\n"
    yield from _table(
        ("Count", "Reason", "Meaning"),
        (
            (f"{count:,}", str(reason), words.GAP[reason])
            for reason, count in words.gaps_by_reason(coverage.gaps)
        ),
    )
    if without := coverage.entries_without_reference:
        yield "\nEntries without reference weights, so that only words and digests could match: "
        yield ", ".join(for_markdown(entry) for entry in islice(without, ROWS)) + "\n"


def _table(titles: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    lines = [f"| {' | '.join(row)} |\n" for row in rows]
    if not lines:
        yield "None.\n"
        return
    yield f"| {' | '.join(titles)} |\n|{' --- |' * len(titles)}\n"
    yield from lines
