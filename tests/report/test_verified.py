"""Verified lists as people read them."""

from __future__ import annotations

from modelaudit.domain.verified import Standing, Verified
from modelaudit.report import verified as report


def row(what: str, standing: Standing, detail: str = "", name: str = "a") -> Verified:
    return Verified(list=name, entry=f"{name}/x", what=what, standing=standing, detail=detail)


ROWS = [
    row("hf:a/fine", Standing.OK),
    row("hf:a/gone", Standing.GONE, "HTTP 404"),
    row("hf:a/old", Standing.RENAMED, "now hf:\x1b[31mb"),
    row("hf:b/fine", Standing.OK, name="b"),
]


def test_people_see_the_worst_first_and_the_rest_counted() -> None:
    assert "".join(report.lines(ROWS)).splitlines() == [
        "a",
        "  renamed           hf:a/old",
        "                    a/x: now hf:\\x1b[31mb",
        "  gone              hf:a/gone",
        "                    a/x: HTTP 404",
        "  ok                1 line; -v tells of each",
        "b",
        "  ok                1 line; -v tells of each",
    ]
    assert "".join(report.lines(ROWS, everything=True)).count("fine") == 2


def test_programs_see_every_line() -> None:
    assert "".join(report.rows(ROWS[1:2])) == (
        "list\tentry\twhat\tstatus\tdetail\na\ta/x\thf:a/gone\tgone\tHTTP 404\n"
    )


def test_the_summary_counts_by_word() -> None:
    assert report.summary(ROWS, 1) == "4 lines verified with 1 request: 1 renamed, 1 gone, 2 ok"
    assert report.summary([], 0) == "0 lines verified with 0 requests"


def test_only_what_is_otherwise_than_listed_contradicts() -> None:
    assert {s.value for s in Standing if s.contradicts} == {
        "renamed", "size-differs", "component-differs", "other-entry",
    }  # fmt: skip
