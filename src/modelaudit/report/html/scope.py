"""What stands around the findings: head, numbers, what was not examined, method, integrity."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from itertools import islice

from modelaudit.domain.finding import Report, Run
from modelaudit.domain.words import Verdict
from modelaudit.report import words
from modelaudit.report.clean import for_html
from modelaudit.report.html import parts, weights
from modelaudit.report.record import GRADES, VERDICTS

GAP_ROWS = 200
"""Single gaps listed; the JSON has them all."""


def head(report: Report, conflicts: int) -> Iterator[str]:
    """Verdict line, statement, scope and the five numbers."""
    run, summary = report.run, report.summary
    yield (
        '<header><p class="kicker">Model lineage audit</p>\n'
        f"<h1>{words.found(report)}</h1>\n"
        f'<p class="missed">{words.not_examined(report.coverage)}</p>\n'
        f'<p class="statement">{words.STATEMENT}</p>\n</header>\n'
    )
    tiles = (
        *(
            (str(verdict), summary.models.get(verdict, 0), text)
            for verdict, text in (
                (Verdict.TAKE_DOWN, "models for take-down"),
                (Verdict.REVIEW, "models for review"),
                (Verdict.NOTE, "models noted, no action"),
            )
        ),
        ("not-examined", words.gap_total(report.coverage.gaps), "not examined"),
        ("conflicts", conflicts, "conflicts between claims"),
    )
    yield '<nav class="tiles" aria-label="Sections">'
    for target, number, text in tiles:
        yield f'<a class="tile {target}" href="#{target}"><b>{number:,}</b><span>{text}</span></a>'
    yield "</nav>\n"
    yield '<section aria-labelledby="scope"><h2 id="scope">Scope</h2>\n'
    yield parts.facts(
        (
            ("Sources", ", ".join(f"<code>{parts.name(source)}</code>" for source in run.sources)),
            ("Run", f"{parts.when(run.started)} to {parts.when(run.finished, 'not finished')}"),
            ("Standard of proof", f"{run.standard}"),
            ("Read", f"{run.read}"),
            ("In scope", f"{report.coverage.models:,} models, {report.coverage.files:,} files"),
            ("Take-down reaches", for_html("; ".join(words.reaches(summary)))),
            ("Waived", words.amount(summary.waived, "finding") if summary.waived else ""),
            (
                "Excepted by the lists",
                words.amount(report.coverage.excepted, "finding")
                if report.coverage.excepted
                else "",
            ),
        )
    )
    if note := words.declared_only(run):
        yield f"<p>{note}</p>\n"
    yield from _lists(run)
    yield "</section>\n"


def _lists(run: Run) -> Iterator[str]:
    yield from parts.table(
        "Blocklists used",
        ("List", "Version", "sha256 of the file"),
        (
            (
                parts.name(used.id),
                parts.name(used.version),
                f'<code class="digest">{for_html(used.sha256, 64)}</code>',
            )
            for used in run.blocklists
        ),
    )


def listed(report: Report) -> Iterator[str]:
    """What the lists say about everything that has findings."""
    counts = report.summary.by_entry
    rows = [
        (
            f"{for_html(entry.title or 'an entry of a private list')}<br>"
            f'<span class="entry">{parts.name(entry.id)}</span>',
            for_html(words.listed_claim(entry)),
            "<br>".join(f"{parts.out(url)} {for_html(where)}" for url, where in entry.citations),
            f"{counts[entry.id]:,}",
        )
        for entry in report.run.entries
        if counts.get(entry.id)
    ]
    if rows:
        titles = ("What", "Claim", "Where that can be read", "#Findings")
        yield '<section aria-labelledby="listed"><h2 id="listed">What is listed</h2>\n'
        yield from parts.table("Entries that have findings", titles, rows)
        yield "</section>\n"


def not_examined(report: Report) -> Iterator[str]:
    """Gaps by reason, unknown lineage, entries without a reference."""
    coverage = report.coverage
    total = words.gap_total(coverage.gaps)
    yield (
        '<section class="not-examined" aria-labelledby="not-examined">'
        f'<h2 id="not-examined">Not examined <span class="count">{total:,}</span></h2>\n'
        f"<p>{words.NOT_CLEAN}</p>\n"
    )
    yield from _bar(report)
    yield from parts.table(
        "Gaps by reason",
        ("#Count", "Reason", "What it means"),
        (
            (f"{count:,}", f"<strong>{reason}</strong>", words.GAP[reason])
            for reason, count in words.gaps_by_reason(coverage.gaps)
        ),
    )
    if coverage.gaps:
        yield "<details><summary>The gaps one by one</summary>\n"
        yield from parts.table(
            "Gaps",
            ("Model", "File", "Reason", "Detail", "#Count"),
            (
                (
                    parts.page(gap.model) if gap.model else "many",
                    parts.name(gap.file) if gap.file else "",
                    str(gap.reason),
                    parts.name(gap.detail, 200),
                    f"{gap.count:,}",
                )
                for gap in islice(coverage.gaps, GAP_ROWS)
            ),
        )
        yield parts.rest(GAP_ROWS, len(coverage.gaps), "rows") + "</details>\n"
    if without := coverage.entries_without_reference:
        names = ", ".join(parts.name(entry) for entry in without)
        yield (
            "<h3>Entries without reference weights</h3>\n<p>For these, only words and digests "
            f"could match; re-trained or re-saved weights could not be compared: {names}.</p>\n"
        )
    yield "</section>\n"


def _bar(report: Report) -> Iterator[str]:
    coverage = report.coverage
    shares = (
        ("known", coverage.lineage_known, "lineage known"),
        ("no-evidence", coverage.no_evidence, "examined, no evidence of lineage"),
        ("never", coverage.never_examined, "lineage never examined"),
    )
    total = max(1, sum(number for _, number, _ in shares))
    yield (
        '<figure class="coverage"><svg class="bar" viewBox="0 0 1000 14" '
        'preserveAspectRatio="none" aria-hidden="true">'
    )
    x = 0.0
    for kind, number, _ in shares:
        wide = 1000 * number / total
        yield f'<rect class="{kind}" x="{x:.1f}" y="0" width="{wide:.1f}" height="14"/>'
        x += wide
    yield "</svg><figcaption>"
    for kind, number, text in shares:
        yield f'<span class="key {kind}"><b>{number:,}</b> {text}</span> '
    yield f"of {words.amount(coverage.models, 'model')}</figcaption></figure>\n"


def numbers(report: Report) -> Iterator[str]:
    """Findings by verdict and grade, and by entry."""
    summary = report.summary
    yield '<section aria-labelledby="numbers"><h2 id="numbers">Findings in numbers</h2>\n'
    yield '<div class="pair">'
    yield from parts.table(
        "Findings by verdict and grade",
        ("Verdict", *(f"#{grade}" for grade in GRADES), "#all"),
        (
            (
                f"<strong>{verdict}</strong>",
                *(
                    f"{summary.verdict_by_grade.get(verdict, {}).get(grade, 0) or '·'}"
                    for grade in GRADES
                ),
                f"<strong>{summary.findings.get(verdict, 0):,}</strong>",
            )
            for verdict in VERDICTS
        ),
    )
    yield from parts.table(
        "Findings by blocklist entry",
        ("Entry", "#Findings"),
        (
            (parts.name(entry), f"{number:,}")
            for entry, number in sorted(
                summary.by_entry.items(), key=lambda item: (-item[1], item[0])
            )
        ),
    )
    yield "</div></section>\n"


def method(report: Report) -> Iterator[str]:
    """What the words mean, and what the method cannot see."""
    yield '<section aria-labelledby="method"><h2 id="method">Method and limits</h2>\n'
    yield from parts.table(
        "What each grade of evidence means, strongest first",
        ("Grade", "Meaning"),
        ((parts.pill(grade), words.GRADE[grade]) for grade in GRADES),
    )
    yield (
        "<p>A finding has the grade of the weakest step of its path. The standard of proof of "
        f"this run is <strong>{report.run.standard}</strong>: a path with a weaker step is at "
        "most for review, and a path that rests on a hint is never recommended for take-down. "
        "Each finding names the rule that decided its verdict.</p>\n"
        "<ul><li>Declarations can be wrong, missing or forged. Where they contradict the weights, "
        "the weights count and the contradiction is listed as a conflict.</li>"
        "<li>A model whose publisher names no parent and whose weights were not compared is not "
        "found. It counts as unknown above.</li>"
        "<li>A kinship of weights does not say which of two models came first, nor which member "
        "of a lineage a model was made from, and a distilled or newly trained copy shows none. "
        "Where weights agree in part only, a finding is for review unless somebody else says the "
        "same.</li>"
        "<li>A shared text encoder or VAE proves nothing about the rest of a model and is only "
        "noted.</li>"
        "<li>Nothing of a model was executed, and no image, video or training data was read."
        "</li></ul>\n"
    )
    yield from weights.error_rates()
    yield "</section>\n"


def integrity(run: Run) -> Iterator[str]:
    """What a second person needs to repeat the run."""
    command = " ".join(
        shlex.quote(word)
        for word in (
            "modelaudit",
            "audit",
            *run.sources,
            "--standard",
            str(run.standard),
            "--read",
            str(run.read),
            *(part for used in run.blocklists for part in ("--blocklist", used.id)),
        )
    )
    yield '<section aria-labelledby="integrity"><h2 id="integrity">Integrity</h2>\n'
    yield parts.facts(
        (
            ("Tool", parts.name(run.tool)),
            ("Run", f"<code>{parts.name(run.id)}</code>"),
        )
    )
    yield (
        f"<p>To repeat it:</p>\n<pre><code>{for_html(command, 2000)}</code></pre>\n"
        "<p>Compare the digests of the lists above first. The platforms change from day to day; "
        "the same findings follow from the run's archive with <code>catalogue:</code> as its "
        "source, offline.</p></section>\n"
    )
