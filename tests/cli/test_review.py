"""Decisions from end to end: `review`, and `--waivers` of the commands that report."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.running import HEADER, Ran, hub_record, write_catalogue
from tests.cli.test_diff import LIST

Invoke = Callable[..., Ran]

COLUMNS = ["id", "what", "decision", "on", "until", "by", "findings", "state", "reason", "file"]
ONE = "demo/base/hf:acme/one"


def decision(
    finding: str = ONE, until: str = "2099-01-01", reason: str = "the card is wrong"
) -> str:
    what = "model" if finding.endswith("*") else "finding"
    return (
        f'[[waiver]]\n{what} = "{finding}"\ndecision = "false_positive"\nreason = "{reason}"\n'
        f'by = "reviewer-1"\non = 2020-01-01\nuntil = {until}\n'
    )


@pytest.fixture
def audit(invoke: Invoke) -> Callable[..., Ran]:
    """Audits two models that descend from a listed one; in the folder of the test."""
    Path("demo.yaml").write_text(LIST.format(version="2026.01.01", day="2026-01-01"))
    write_catalogue(
        Path("c.jsonl"), hub_record("acme/one", "acme/base"), hub_record("acme/two", "acme/base")
    )

    def run(*args: str) -> Ran:
        return invoke("audit", "catalogue:c.jsonl", "--blocklist", "demo.yaml", *args)

    return run


def waived(ran: Ran) -> dict[str, str]:
    return {f["id"]: f["waiver"]["rule"] for f in ran.json["findings"] if f["waiver"]}


def test_a_decision_is_imported_shown_listed_exported_and_ended(
    invoke: Invoke, audit: Callable[..., Ran]
) -> None:
    assert audit("-q", "--fail-on", "take-down").code == 1
    Path("w.toml").write_text(decision() + decision("hf:other/*"))
    ran = invoke("review", "import", "w.toml")
    assert (ran.code, ran.out, ran.err) == (0, "", "2 new waivers, 0 ended, 0 as before\n")
    report = invoke("report", "-o", "json")
    assert waived(report) == {ONE: f"finding {ONE}"}
    assert report.json["summary"]["waived"] == 1
    assert report.json["summary"]["findings"]["take-down"] == 1
    assert [(w["state"], w["findings"]) for w in report.json["waivers"]] == [
        ("active", 1), ("unused", 0),
    ]  # fmt: skip
    assert "1 waived. Run" in report.err
    assert "warning: 1 waiver covers nothing in this run: model hf:other/*\n" in report.err
    rows = invoke("review", "list").rows
    assert list(rows[0]) == COLUMNS
    assert [(r["id"], r["findings"], r["state"]) for r in rows] == [
        ("1", "1", "active"), ("2", "0", "unused"),
    ]  # fmt: skip
    exported = invoke("review", "export", "-o", "out.toml")
    assert exported.err == "2 waivers: out.toml\n"
    assert invoke("review", "export").out == Path("out.toml").read_text()
    assert invoke("review", "import", "out.toml").err == "0 new waivers, 0 ended, 2 as before\n"
    ended = invoke("review", "end", "1", "--by", "me", "--reason", "I looked again")
    assert ended.code == 0
    assert ended.err.splitlines()[0] == f"ended: finding {ONE}"
    assert "take it out of" in ended.err
    assert waived(invoke("report", "-o", "json")) == {}
    first = invoke("review", "list").rows[0]
    assert (first["state"], first["findings"]) == ("ended", "0")
    assert first["reason"] == "the card is wrong; ended: I looked again"
    assert len(tomllib.loads(invoke("review", "export").out)["waiver"]) == 1


def test_a_waived_finding_trips_nothing_and_comes_back_when_the_file_drops_it(
    audit: Callable[..., Ran],
) -> None:
    Path("w.toml").write_text(decision() + decision("demo/base/hf:acme/two"))
    quiet = ("-q", "--waivers", "w.toml", "--fail-on")
    for threshold in ("new", "note", "take-down"):
        assert audit(*quiet, threshold).code == 0
    Path("w.toml").write_text(decision())
    assert audit(*quiet, "new").code == 1
    assert audit(*quiet, "new").code == 0
    assert audit(*quiet, "take-down").code == 1


def test_a_check_keeps_what_its_file_says_for_later_reports(
    invoke: Invoke, audit: Callable[..., Ran]
) -> None:
    audit("-q")
    Path("w.toml").write_text(decision("hf:ACME/*"))
    check = ("check", "--blocklist", "demo.yaml", "--waivers", "w.toml", "-o", "json")
    assert len(waived(invoke(*check))) == 2
    assert len(waived(invoke("report", "-o", "json"))) == 2
    assert len(invoke("review", "list").rows) == 1
    assert len(waived(invoke(*check))) == 2
    assert len(invoke("review", "list").rows) == 1


def test_a_report_shows_what_a_file_would_do_and_writes_nothing(
    invoke: Invoke, audit: Callable[..., Ran]
) -> None:
    audit("-q")
    before = Path("audit.db").read_bytes()
    Path("w.toml").write_text(decision())
    assert set(waived(invoke("report", "--waivers", "w.toml", "-o", "json"))) == {ONE}
    assert waived(invoke("report", "-o", "json")) == {}
    assert Path("audit.db").read_bytes() == before
    fail = ("report", "-q", "--fail-on", "take-down")
    Path("w.toml").write_text(decision("hf:acme/*"))
    assert (invoke(*fail).code, invoke(*fail, "--waivers", "w.toml").code) == (1, 0)


def test_an_expired_decision_is_told_and_hides_nothing(
    invoke: Invoke, audit: Callable[..., Ran]
) -> None:
    Path("w.toml").write_text(decision(until="2020-06-01"))
    ran = audit("--waivers", "w.toml", "-o", "json")
    assert waived(ran) == {}
    assert ran.json["waivers"][0]["state"] == "expired"
    told = f"warning: 1 waiver has expired, which would cover 1 finding: finding {ONE}\n"
    assert told in ran.err
    assert invoke("review", "list").rows[0]["state"] == "expired"
    assert "warning" not in audit("--waivers", "w.toml", "-q").err


def test_every_format_tells_of_a_waived_finding(invoke: Invoke, audit: Callable[..., Ran]) -> None:
    Path("w.toml").write_text(decision())
    ran = audit("--waivers", "w.toml")
    assert list(ran.rows[0]) == HEADER
    assert [row["model"] for row in ran.rows] == ["hf:acme/two", "hf:acme/one"]
    told = "waived until 2099-01-01 by reviewer-1: the card is wrong (false positive)"
    assert ran.rows[1]["decided_by"].startswith(f"{told}; else: ")
    for name in ("table", "csv", "jsonl", "markdown", "html"):
        text = invoke("report", "-o", name).out.replace("\n", " ")
        assert "the card is wrong" in text, name
    explained = invoke("explain", "hf:acme/one").out
    assert f"{told}, by the rule: finding {ONE}" in explained
    take_down = invoke("report", "-o", "markdown").out.partition("## Review")[0]
    assert "hf:acme/two" in take_down
    assert "hf:acme/one" not in take_down
    page = invoke("report", "-o", "html").out
    assert "hf:</span>acme/one" not in page.partition('id="waived"')[0]


def test_a_file_with_mistakes_is_refused_before_anything_is_done(
    invoke: Invoke, audit: Callable[..., Ran]
) -> None:
    audit("-q")
    before = Path("audit.db").read_bytes()
    Path("w.toml").write_text(decision() + decision(until="2019-01-01") + 'x = "\x1b[31m"\n')
    Path("w.toml").write_text(decision() + decision(until="2019-01-01") + decision(reason="short"))
    for command in (
        ("review", "import", "w.toml"),
        ("check", "--waivers", "w.toml"),
        ("audit", "catalogue:c.jsonl", "--waivers", "w.toml"),
        ("report", "--waivers", "w.toml"),
    ):
        ran = invoke(*command)
        assert (ran.code, ran.out) == (2, "")
        assert ran.err.splitlines() == [
            "error: w.toml: waiver 2: until 2019-01-01 is not after on 2020-01-01: "
            "it would never hold",
            "w.toml: waiver 3: reason is shorter than 10 characters: say why, for whoever reads "
            "it later",
        ]
    assert Path("audit.db").read_bytes() == before


def test_hostile_words_of_a_decision_reach_no_terminal(
    invoke: Invoke, audit: Callable[..., Ran]
) -> None:
    Path("w.toml").write_text(decision(reason=r"ab\u001b[31m\nred \u202e words\ttab"))
    ran = audit("--waivers", "w.toml")
    assert invoke("review", "import", "w.toml").code == 0
    for text in (
        ran.out + ran.err, invoke("review", "list").out, invoke("report", "-o", "table").out,
        invoke("report", "-o", "markdown").out, invoke("report", "-o", "html").out,
    ):  # fmt: skip
        assert "\x1b" not in text
        assert "\u202e" not in text
    assert len(ran.out.splitlines()) == 3
    again = invoke("review", "export").out
    Path("x.toml").write_text(again)
    assert invoke("review", "import", "x.toml").err == "0 new waivers, 0 ended, 1 as before\n"
    bad = decision(reason="long enough").replace("decision =", '"dec\\u001b\\nerror: x" =')
    Path("w.toml").write_text(bad)
    refused = invoke("review", "import", "w.toml")
    assert refused.code == 2
    assert "\x1b" not in refused.err
    assert all("w.toml: waiver 1: " in line for line in refused.err.splitlines())


def test_what_makes_no_sense_is_told_in_a_line(invoke: Invoke, audit: Callable[..., Ran]) -> None:
    Path("w.toml").write_text(decision())
    assert "there is no database" in invoke("review", "import", "w.toml").err
    assert "there is no database" in invoke("review", "list").err
    assert not Path("audit.db").exists()
    audit("-q")
    for args, told in (
        (("import", "no.toml"), "cannot be read"),
        (("end", "7", "--by", "me", "--reason", "because I can"), "there is no waiver 7"),
        (("end", "7", "--by", "me", "--reason", "short"), "at least 10 characters"),
        (("end", "7", "--by", " ", "--reason", "because I can"), "--by is empty"),
        (("export", "-o", "no/such/folder.toml"), "cannot be written"),
    ):
        ran = invoke("review", *args)
        assert ran.code == 2, args
        assert told in ran.err


def test_a_review_waits_for_no_other_writer(invoke: Invoke, audit: Callable[..., Ran]) -> None:
    from modelaudit.store.db import writing

    audit("-q")
    Path("w.toml").write_text(decision())
    with writing(Path("audit.db")):
        ran = invoke("review", "import", "w.toml")
        assert ran.code == 5
        assert invoke("review", "list").code == 0


def test_what_a_waiver_covers_is_told_on_one_line(
    invoke: Invoke, audit: Callable[..., Ran]
) -> None:
    Path("w.toml").write_text(decision("hf:zzzz*\\nerror: nothing was read\\u001b[2J*"))
    ran = audit("--waivers", "w.toml")
    told = r"hf:zzzz*\nerror: nothing was read\x1b[2J*"
    assert f"covers nothing in this run: model {told}\n" in ran.err
    ended = invoke("review", "end", "1", "--by", "me", "--reason", "I looked again")
    assert ended.err.splitlines()[0] == f"ended: model {told}"
