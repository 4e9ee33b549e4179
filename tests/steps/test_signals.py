"""Marks of a platform and words in names: notes for a person, and never lineage."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from modelaudit.check import blocklist
from modelaudit.crawl.civitai_records import of_model, of_version
from modelaudit.domain.claim import Claim
from modelaudit.domain.entry import Documentation, Match, Scope
from modelaudit.domain.model import Record
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.words import Grade, Relation, Status, Verdict
from modelaudit.report.explain import render, what_would_change
from modelaudit.report.formats import csv, html, json, jsonl, markdown, table, tsv
from modelaudit.steps.intake import read
from modelaudit.store.explain import explain
from modelaudit.store.ingest import Ingest
from modelaudit.store.report import StoredReport
from tests.steps.catalogue import DAY, EARLY, ROOT, Catalogue, allowing, entry, file, model, says

SIGNALS = blocklist.load(blocklist.resolve("signals"))
PERSON = "civitai:7@70"


def marked(flag: str, text: str | None = None) -> Claim:
    by = "civitai-minor" if flag == "minor" else "civitai-flags"
    claim = says(f"civitai-flag:{flag}", "listed", "recorded", by=by, at=f"/model/{flag}")
    return replace(claim, excerpt=text or f"{flag}: true")


def test_a_mark_is_a_note_with_its_own_words(catalogue: Catalogue) -> None:
    catalogue.add(model(PERSON, marked("poi"), title="Somebody Someone"))
    found = catalogue.check(SIGNALS).of(PERSON, "signals/real-person")
    assert (found.verdict, found.grade, found.relation) == (
        Verdict.NOTE, Grade.RECORDED, Relation.LISTED,
    )  # fmt: skip
    assert found.path == (PERSON, "civitai-flag:poi")
    assert [claim.excerpt for claim in found.claims] == ["poi: true"]
    assert list(what_would_change(found)) == [
        f"the platform takes its mark on {PERSON} back",
        "the entry signals/real-person is changed or withdrawn from the list",
    ]


def test_what_descends_from_a_marked_model_is_not_marked(catalogue: Catalogue) -> None:
    catalogue.add(
        model(PERSON, marked("poi"), marked("minor")), model("hf:b/kid", says(PERSON)),
        model("hf:c/grandkid", says("hf:b/kid")),
    )  # fmt: skip
    found = catalogue.check(SIGNALS)
    assert set(found.findings) == {f"signals/real-person/{PERSON}", f"signals/minor/{PERSON}"}


@pytest.mark.parametrize("standard", sorted(set(Grade) - {Grade.EXACT}))
def test_no_standard_of_proof_makes_more_of_it(catalogue: Catalogue, standard: Grade) -> None:
    catalogue.add(model(PERSON, marked("poi")), model("hf:x/nudify-ai"))
    assert set(catalogue.check(SIGNALS, standard=standard).verdicts().values()) == {"note"}


def test_a_copy_of_what_was_taken_down_is_noted_and_its_files_are_not_named(
    catalogue: Catalogue,
) -> None:
    catalogue.add(
        model("civitai:8@80", marked("mode:TakenDown", "mode: TakenDown"),
              files=[file("bytes", path="somebody.safetensors")], created=EARLY),
        model("hf:b/again", files=[file("bytes", path="somebody.safetensors")]),
        model("hf:b/tuned", says("civitai:8@80")),
        model("hf:b/other", files=[file("other")]),
    )  # fmt: skip
    catalogue.mark("civitai:8@80", Status.DISABLED)
    found = catalogue.check(SIGNALS)
    assert set(found.findings) == {"signals/taken-down/hf:b/again"}
    (finding,) = found.findings.values()
    assert finding.path == ("hf:b/again", "civitai:8@80", "civitai-flag:mode:TakenDown")
    assert finding.decided_by.endswith("1 of 1 weight files match")
    assert "somebody" not in repr(finding)


def test_words_in_names_are_hints_that_tell_the_word_alone(catalogue: Catalogue) -> None:
    catalogue.add(
        model(PERSON, title="Somebody Someone, Actress"), model("hf:x/nudify-ai"),
        model("hf:x/deepfake-detector"), model("hf:x/plain", title="plain"),
    )  # fmt: skip
    found = catalogue.check(SIGNALS)
    assert found.verdicts() == {PERSON: "note", "hf:x/nudify-ai": "note"}
    finding = found.of(PERSON, "signals/likeness")
    assert (finding.grade, finding.relation) == (Grade.HINTED, Relation.LISTED)
    assert finding.path == (PERSON, "words:signals/likeness")
    assert [(c.extractor, c.excerpt) for c in finding.claims] == [("name-pattern", "Actress")]
    assert "Somebody" not in repr(found.findings)


def test_an_allowed_model_has_no_hint(catalogue: Catalogue) -> None:
    catalogue.add(model("hf:x/nudify-ai"))
    assert not catalogue.check(SIGNALS, allowing("hf:x/nudify-ai")).findings


def test_a_list_of_blocks_may_look_for_marks_as_well(catalogue: Catalogue) -> None:
    catalogue.add(model(PERSON, marked("poi")), model("hf:b/kid", says(PERSON)))
    mine = replace(
        entry("mine/poi", policy=Verdict.REVIEW),
        match=Match(flags={"civitai": ("poi",)}),
        scope=Scope(max_hops=1),
        documentation=Documentation.DOCUMENTED,
    )
    assert catalogue.check(mine).verdicts() == {PERSON: "review"}


def test_a_mark_is_no_lineage(catalogue: Catalogue) -> None:
    """It makes nothing known, contradicts nothing, and asks for no parent."""
    copy = [file("own")]
    catalogue.add(
        model(ROOT, files=copy, created=EARLY),
        model(PERSON, marked("poi"), files=copy),
        model("civitai:9@90", marked("poi")),
    )
    found = catalogue.check(SIGNALS, entry("list/root", ROOT))
    assert found.conflicts == []
    assert found.of(PERSON).verdict is Verdict.TAKE_DOWN
    assert found.coverage.lineage_known == 2  # the root and its copy
    again = catalogue.check(SIGNALS, allowing("civitai:9@90"))
    assert again.conflicts == []


def explained(catalogue: Catalogue, ref: str, run: Any) -> str:
    report = StoredReport(catalogue.connection, run)
    return "".join(render(explain(catalogue.connection, ModelRef(ref), report)))


@pytest.mark.parametrize("flag", ["poi", "minor"])
def test_explain_shows_marks_apart_and_keeps_the_title_to_itself(
    catalogue: Catalogue, flag: str
) -> None:
    catalogue.add(model(PERSON, says(ROOT), marked(flag), title="Somebody Someone"))
    run = catalogue.check(entry("list/root", ROOT)).run
    text = explained(catalogue, PERSON, run)
    assert "Somebody" not in text and "title is not shown" in text
    lineage, _, marks = text.partition("Marked by its platform, which is no lineage")
    assert "civitai-flag" not in lineage and f"“{flag}: true”" in marks


def test_explain_shows_the_titles_of_others(catalogue: Catalogue) -> None:
    mode = marked("mode:Archived", "mode: Archived")
    catalogue.add(
        model(PERSON, mode, title="A landscape"), model("civitai:9@90", title="An actress")
    )
    run = catalogue.check(entry("list/root", ROOT)).run
    assert "A landscape" in explained(catalogue, PERSON, run)
    assert "nothing is known about its lineage" in explained(catalogue, PERSON, run)
    assert "An actress" in explained(catalogue, "civitai:9@90", run)
    run = catalogue.check(SIGNALS).run
    assert "An actress" not in explained(catalogue, "civitai:9@90", run)


@pytest.mark.parametrize(
    "form", [csv, html, json, jsonl, markdown, table, tsv], ids=lambda m: m.name
)
def test_no_report_tells_a_title(catalogue: Catalogue, form: Any) -> None:
    catalogue.add(
        model(PERSON, marked("poi"), says(ROOT), title="Somebody Someone, Actress"),
        model("civitai:9@90", title="Somebody Else, actress", created=EARLY + DAY),
    )
    run = catalogue.check(SIGNALS, entry("list/root", ROOT)).run
    text = "".join(form.render(StoredReport(catalogue.connection, run)))
    assert "Somebody" not in text and PERSON in text.replace(
        '<span class="prefix">civitai:</span>', "civitai:"
    )


def test_the_page_of_a_version_does_not_take_a_minor_mark_back(catalogue: Catalogue) -> None:
    version = {"id": 20, "baseModel": "SD 1.5", "files": []}
    model = {"id": 10, "type": "LORA", "poi": True, "minor": True, "modelVersions": [version]}
    brief = {**version, "modelId": 10, "model": {"type": "LORA", "poi": False}}
    listed, _ = of_model(model, at=5)
    detailed, _ = of_version(brief, at=6, source=None)
    _store(catalogue, listed)
    assert _stored(catalogue) == ["civitai-flag:minor", "civitai-flag:poi"]
    _store(catalogue, detailed)
    assert _stored(catalogue) == ["civitai-flag:minor"]


def _store(catalogue: Catalogue, records: list[Record]) -> None:
    readings, _ = read(records, ())
    Ingest(catalogue.connection).write(readings, now=7)


def _stored(catalogue: Catalogue) -> list[str]:
    return catalogue.refs("SELECT parent FROM claims WHERE relation = 'listed' ORDER BY parent")
