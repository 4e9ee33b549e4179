"""The HTML report as one page: sections in the order a reader needs them, in one pass.

It asks for nothing: no script, style, font or image from elsewhere, and a Content-Security-Policy
(CSP level 3, hash sources) that would refuse it. Without JavaScript all is readable; the script
only filters and sorts.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from itertools import islice
from typing import Final

from modelaudit.domain.finding import Finding, Report
from modelaudit.domain.words import Verdict
from modelaudit.report import words
from modelaudit.report.clean import for_html
from modelaudit.report.html import parts, scope, weights
from modelaudit.report.html.finding import conflict, finding
from modelaudit.report.record import GRADES, VERDICTS

MOST: Final = 2000
"""Findings shown per section; a browser stays quick, and the JSON and CSV hold the rest."""

_SECTIONS: Final = (
    (
        "proved",
        "Proved by bytes or weights",
        "The weights themselves match or resemble what is listed, at every step of the path.",
    ),
    (
        "declared",
        "By the publisher’s own declaration or a tool’s record",
        "The list names the model itself, or its publisher, a training tool or the platform says "
        "so at one step of the path or more. The weights do not confirm that step.",
    ),
    (
        "review",
        "Review",
        "Something stands between these and a recommendation: a weaker kind of evidence, a "
        "contradiction, or a reach that the list leaves to a person.",
    ),
    ("note", "Notes", "For information. No action is recommended."),
)


class _Shelves:
    """The first findings of each section as HTML, and how many there are."""

    def __init__(self, report: Report) -> None:
        self.shown: dict[str, list[str]] = {key: [] for key, _, _ in _SECTIONS}
        self.shown["waived"] = []
        self.total = dict.fromkeys(self.shown, 0)
        self.platforms: set[str] = set()
        for found in report.findings(order="reach", waived=False):
            if found.verdict is Verdict.TAKE_DOWN:
                key = "proved" if words.proved(found) else "declared"
            else:
                key = str(found.verdict)
            self.total[key] += 1
            if len(self.shown[key]) < MOST:
                self._show(key, found)
            elif key == "note":  # notes come last: nothing that would be shown follows
                self.total[key] = max(self.total[key], report.summary.findings.get(Verdict.NOTE, 0))
                break
        self.total["waived"] = report.summary.waived
        for found in report.findings(order="reach", limit=MOST, waived=True):
            self._show("waived", found)

    def _show(self, key: str, found: Finding) -> None:
        self.shown[key].append(finding(found))
        self.platforms.add(found.model.partition(":")[0])

    def count(self, key: str) -> str:
        """How many findings a section has, beside its title."""
        return f'<span class="count">{words.amount(self.total[key], "finding")}</span>'


def page(report: Report) -> Iterator[str]:
    """The document."""
    shelves = _Shelves(report)
    conflicts = sum(1 for _ in report.conflicts())
    yield from _open()
    yield from scope.head(report, conflicts)
    yield _filters(sorted(shelves.platforms))
    total = shelves.total["proved"] + shelves.total["declared"]
    models = words.amount(report.summary.models.get(Verdict.TAKE_DOWN, 0), "model")
    yield (
        '<section aria-labelledby="take-down"><h2 id="take-down">Take-down '
        f'<span class="count">{words.amount(total, "finding")} on {models}</span></h2>\n'
    )
    for key, title, text in _SECTIONS[:2]:
        yield f'<h3 id="{key}">{title} {shelves.count(key)}</h3>\n'
        yield from _shelf(shelves, key, text)
    yield "</section>\n"
    for key, title, text in _SECTIONS[2:]:
        heading = f'<h2 id="{key}">{title} {shelves.count(key)}</h2>'
        yield f'<section aria-labelledby="{key}">{heading}\n'
        if key == "note" and shelves.total[key]:
            yield "<details><summary>Show the notes</summary>\n"
            yield from _shelf(shelves, key, text)
            yield "</details>"
        else:
            yield from _shelf(shelves, key, text)
        yield "</section>\n"
    yield from _waived(report, shelves)
    yield from _conflicts(report, conflicts)
    yield from weights.compared(report)
    yield from scope.listed(report)
    yield from scope.not_examined(report)
    yield from _gone(report)
    yield from scope.numbers(report)
    yield from scope.method(report)
    yield from scope.integrity(report.run)
    yield f"</main>\n<script>{_asset('page.js')}</script>\n</body>\n</html>\n"


def _shelf(shelves: _Shelves, key: str, text: str) -> Iterator[str]:
    shown = shelves.shown[key]
    if not shown:
        yield '<p class="none">None found. See also what was not examined.</p>\n'
        return
    yield f'<p class="lead">{text}</p>\n<div class="list">\n'
    yield from shown
    yield "</div>\n" + parts.rest(len(shown), shelves.total[key], "findings")


def _waived(report: Report, shelves: _Shelves) -> Iterator[str]:
    """What nobody is asked to act on, and the decisions: also those that want a look."""
    uses = report.waivers()
    if not uses:
        return
    heading = f'<h2 id="waived">Waived {shelves.count("waived")}</h2>'
    yield f'<section aria-labelledby="waived">{heading}\n'
    if shelves.total["waived"]:
        yield from _shelf(shelves, "waived", words.WAIVED)
    order = {"expired": 0, "unused": 1, "active": 2}
    rows = sorted(uses, key=lambda use: order[use.state])
    yield from parts.table(
        "Decisions; what has expired or covers nothing comes first",
        ("State", "Covers", "#Findings", "Decision", "Until", "By", "Reason"),
        (
            (
                use.state,
                parts.name(use.waiver.rule, 160),
                f"{use.findings:,}",
                use.waiver.decision.words,
                for_html(use.waiver.until),
                parts.name(use.waiver.by),
                parts.name(use.waiver.reason, 200),
            )
            for use in rows[:MOST]
        ),
    )
    if len(uses) > MOST:
        yield f'<p class="cut">Shown are the first {MOST:,}; the JSON format has them all.</p>\n'
    yield "</section>\n"


def _conflicts(report: Report, total: int) -> Iterator[str]:
    yield (
        '<section aria-labelledby="conflicts"><h2 id="conflicts">Conflicts '
        f'<span class="count">{total:,}</span></h2>\n'
        '<p class="lead">Claims that cannot all be true, whether or not anything is listed.</p>\n'
    )
    yield from map(conflict, islice(report.conflicts(), MOST))
    yield parts.rest(MOST, total, "conflicts")
    yield "</section>\n"


def _gone(report: Report) -> Iterator[str]:
    gone = list(islice(report.gone(), MOST + 1))
    if not gone:
        return
    yield '<section aria-labelledby="gone"><h2 id="gone">Gone since earlier runs</h2>\n'
    yield from parts.table(
        "Findings that are no more; removal counts once a second look confirms it",
        ("Finding", "Reason", "First absent", "Confirmed"),
        (
            (
                parts.name(left.id),
                parts.name(left.reason, 200),
                parts.when(left.first_absent),
                parts.when(left.confirmed, "not yet"),
            )
            for left in gone[:MOST]
        ),
    )
    if len(gone) > MOST:
        yield f'<p class="cut">Shown are the first {MOST:,}; the JSON format has them all.</p>\n'
    yield "</section>\n"


def _filters(platforms: list[str]) -> str:
    def select(key: str, options: list[tuple[str, str]]) -> str:
        items = "".join(f'<option value="{for_html(v)}">{for_html(t)}</option>' for v, t in options)
        return f'<label>{key.capitalize()}<select name="{key}">{items}</select></label>'

    return (
        '<form id="filter" role="search" hidden><label class="text">Filter'
        '<input name="q" type="search" placeholder="name, entry, digest …" autocomplete="off">'
        "</label>"
        + select("verdict", [("", "all"), *((str(v), str(v)) for v in VERDICTS)])
        + select("grade", [("", "all"), *((str(g), str(g)) for g in GRADES)])
        + select("platform", [("", "all"), *((p, words.platform(p)) for p in platforms)])
        + select("order", [("", "downloads"), ("hops", "fewest steps"), ("name", "name")])
        + '<output aria-live="polite"></output></form>\n'
    )


def _open() -> Iterator[str]:
    style, script = _asset("page.css"), _asset("page.js")
    policy = (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    yield (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="referrer" content="no-referrer">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        "<title>Model lineage audit</title>\n"
        f"<style>{style}</style>\n</head>\n<body>\n"
        '<a class="skip" href="#take-down">Skip to the findings</a>\n<main>\n'
    )


@cache
def _asset(name: str) -> str:
    return (files("modelaudit.report.html") / name).read_text("utf-8")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
