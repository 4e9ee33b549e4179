"""HTML: one self-contained page for people, with the evidence of every finding."""

from __future__ import annotations

from collections.abc import Iterator

from modelaudit.domain.finding import Report

name = "html"
suffix = ".html"


def render(report: Report) -> Iterator[str]:
    """The page; see :mod:`modelaudit.report.html.page`."""
    from modelaudit.report.html.page import page

    return page(report)
