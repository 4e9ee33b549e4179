from __future__ import annotations

import json

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelaudit.domain.words import (
    Component,
    ConflictKind,
    GapReason,
    Grade,
    Kinship,
    Read,
    Relation,
    State,
    Verdict,
    Word,
)
from modelaudit.report.formats import json as json_format
from modelaudit.report.formats import jsonl
from tests.report.rows import HOSTILE, SD15, claim, finding
from tests.report.sample import sample, waived

SCHEMA = json_format.schema()
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def written() -> dict[str, object]:
    loaded: dict[str, object] = json.loads("".join(json_format.render(sample())))
    return loaded


def test_the_report_is_what_its_schema_says() -> None:
    VALIDATOR.check_schema(SCHEMA)
    VALIDATOR.validate(written())


def test_an_empty_report_is_valid_too() -> None:
    report = sample()
    report.rows, report.contradictions, report.left = [], (), ()
    VALIDATOR.validate(json.loads("".join(json_format.render(report))))


@pytest.mark.parametrize(
    "place", ["/", "run", "coverage", "summary", "findings", "waivers", "compared", "gone"]
)
def test_the_schema_refuses_a_key_that_nobody_promised(place: str) -> None:
    report = written()
    at = report if place == "/" else report[place]
    at = at[0] if isinstance(at, list) else at
    assert isinstance(at, dict)
    at["surprise"] = 1
    assert not VALIDATOR.is_valid(report)


def test_every_object_of_the_schema_is_strict_and_whole_but_for_the_weights_of_a_claim() -> None:
    def check(node: object) -> None:
        if isinstance(node, dict):
            if "properties" in node:
                assert node["additionalProperties"] is False
                optional = {"weights"} if node is SCHEMA["$defs"]["claim"] else set()
                assert node["required"] == [p for p in node["properties"] if p not in optional]
            for value in node.values():
                check(value)
        elif isinstance(node, list):
            for value in node:
                check(value)

    check(SCHEMA)


def test_the_schema_knows_every_word() -> None:
    defs = SCHEMA["$defs"]
    for name, words in (
        ("grade", Grade),
        ("relation", Relation),
        ("component", Component),
        ("kinship", Kinship),
    ):
        assert set(defs[name]["enum"]) == {str(word) for word in words}
    assert set(defs["verdict"]["enum"]) == {str(v) for v in Verdict if v}
    inside: dict[tuple[str, str], type[Word]] = {
        ("gap", "reason"): GapReason,
        ("run", "read"): Read,
        ("conflict", "kind"): ConflictKind,
        ("finding", "state"): State,
    }
    for (name, key), kind in inside.items():
        assert set(defs[name]["properties"][key]["enum"]) == {str(word) for word in kind}


def test_findings_are_sorted_by_id_and_names_are_raw_and_whole() -> None:
    findings = written()["findings"]
    assert isinstance(findings, list)
    ids = [row["id"] for row in findings]
    assert ids == sorted(ids)
    assert HOSTILE in [row["model"] for row in findings]
    assert all(len(claim["excerpt"]) <= 200 for row in findings for claim in row["claims"])


def test_the_text_is_printable_ascii() -> None:
    text = "".join(json_format.render(sample()))
    assert text.isascii()
    assert text.replace("\n", "").isprintable()


def test_a_claim_without_source_or_excerpt_spells_them_out() -> None:
    report = sample()
    report.rows = [finding(Verdict.NOTE, [claim(SD15, HOSTILE, Relation.COPY)])]
    (row,) = json.loads("".join(json_format.render(report)))["findings"]
    (only,) = row["claims"]
    assert only["source"] == "https://huggingface.co/api/models/runwayml/stable-diffusion-v1-5"
    assert only["excerpt"] == HOSTILE.removeprefix("folder:")
    assert only["observed"] == "2026-11-22T01:02:03Z"
    assert row["url"] == "https://huggingface.co/runwayml/stable-diffusion-v1-5"
    assert row["downloads_window"] == "30d"


def test_a_waived_finding_keeps_its_verdict_and_says_by_which_rule() -> None:
    report = written()
    findings, waivers, summary = report["findings"], report["waivers"], report["summary"]
    assert isinstance(findings, list)
    assert isinstance(waivers, list)
    assert isinstance(summary, dict)
    (row,) = [row for row in findings if row["waiver"]]
    assert row["verdict"] == "review"
    assert row["waiver"] == {
        "rule": f"entry {row['entry']}, model {row['model']}",
        "decision": "false_positive",
        "reason": "the card describes another repository",
        "author": "example-analyst",
        "on": "2026-11-20",
        "until": "2027-01-31",
    }
    assert summary["waived"] == 1
    assert sum(summary["findings"].values()) == len(findings) - 1
    assert {(use["state"], use["findings"]) for use in waivers} == {
        ("active", 1), ("expired", 2), ("unused", 0),
    }  # fmt: skip


def test_json_lines_are_the_same_findings() -> None:
    lines = "".join(jsonl.render(sample())).splitlines()
    assert [json.loads(line) for line in lines] == written()["findings"]


@given(st.text(st.characters(codec=None), max_size=80))
@settings(max_examples=40)
def test_no_text_breaks_the_report(text: str) -> None:
    report = sample()
    report.rows = [
        finding(
            Verdict.REVIEW,
            [claim(SD15, HOSTILE, Relation.COPY, locator=text, excerpt=text)],
            decided_by=text,
            author=text,
            waiver=waived(text),
            files=((text, "0" * 64),),
        )
    ]
    loaded = json.loads("".join(json_format.render(report)))
    VALIDATOR.validate(loaded)
    assert json.dumps(loaded["findings"][0]["author"]) == json.dumps(text)
