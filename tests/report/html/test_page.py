from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelaudit.domain import refs
from modelaudit.domain.words import Grade, Relation, Verdict
from modelaudit.report import weights as sentences
from modelaudit.report.clean import for_terminal
from modelaudit.report.comparison import NULL
from modelaudit.report.formats import html
from modelaudit.report.html import page as page_module
from modelaudit.report.html import weights
from tests.report.rows import HOSTILE, SD15, claim, finding
from tests.report.sample import SampleReport, sample, waived

TRICKS = ["<b>", '"><i x="', "'", "&lt;b&gt;", "]]>", "<!--", "</script>", "</style>", "</title>"]
VOID = {"meta", "input", "rect", "path", "br"}


class Page(HTMLParser):
    """The page as a browser would take it apart; it fails where tags do not match."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text: dict[str, list[str]] = {}
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs)
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        for tag in set(self.open):
            self.text.setdefault(tag, []).append(data)

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]


def text_of(report: SampleReport) -> str:
    return "".join(html.render(report))


def of_one(text: str) -> SampleReport:
    report = sample()
    model = refs.ModelRef(f"folder:{text}")
    made = claim(
        model, SD15, Relation.COPY, locator=text, excerpt=text, source=text, extractor=text
    )
    report.rows = [
        finding(
            Verdict.TAKE_DOWN,
            [made],
            decided_by=text,
            author=text,
            waiver=waived(text),
            revision=text,
            url=text,
            files=((text, text),),
        )
    ]
    return report


def test_the_page_asks_for_nothing() -> None:
    text = text_of(sample())
    page = Page(text)
    for tag, attrs in page.tags:
        assert not {"src", "srcset", "style", "action", "background"} & set(attrs)
        assert not [name for name in attrs if name.startswith("on")]
        if "href" in attrs:
            assert tag == "a"
            assert re.match(r"https?://|#", attrs["href"] or "")
            if not (attrs["href"] or "").startswith("#"):
                assert "noreferrer" in (attrs["rel"] or "")
    assert "url(" not in text
    assert "@import" not in text
    assert not page.of("link") + page.of("iframe") + page.of("img")
    assert {"name": "referrer", "content": "no-referrer"} in page.of("meta")


def test_the_policy_allows_exactly_this_style_and_this_script() -> None:
    page = Page(text_of(sample()))
    (policy,) = [m["content"] for m in page.of("meta") if "http-equiv" in m]
    assert policy is not None
    assert policy.startswith("default-src 'none'; ")
    for tag in ("style", "script"):
        assert len(page.of(tag)) == 1
        digest = hashlib.sha256("".join(page.text[tag]).encode()).digest()
        assert f"{tag}-src 'sha256-{base64.b64encode(digest).decode()}'" in policy


def test_ids_are_unique_and_every_reference_inside_the_page_leads_somewhere() -> None:
    page = Page(text_of(sample()))
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(set(ids)) == len(ids)
    for _, attrs in page.tags:
        for target in (attrs.get("aria-labelledby") or "").split():
            assert target in ids
        if (attrs.get("href") or "").startswith("#"):
            assert (attrs["href"] or "")[1:] in ids


def test_the_page_is_there_for_screen_readers_and_without_script() -> None:
    text = text_of(sample())
    page = Page(text)
    assert page.of("html") == [{"lang": "en"}]
    assert len(page.of("h1")) == 1
    assert len(page.of("table")) == len(page.of("caption"))
    assert all(th.get("scope") == "col" for th in page.of("th"))
    assert len([d for d in page.of("details") if d.get("class") == "finding"]) == 12
    assert len([s for s in page.of("svg") if s.get("role") == "img"]) == 11
    assert len(page.of("desc")) == 11


def test_the_sections_come_in_the_order_a_reader_needs() -> None:
    text = text_of(sample())
    places = [
        text.index(f'id="{name}"')
        for name in (
            *("scope", "filter", "take-down", "proved", "declared", "review", "note"),
            *(
                "waived",
                "conflicts",
                "compared",
                "not-examined",
                "gone",
                "numbers",
                "method",
                "integrity",
            ),
        )
    ]
    assert places == sorted(places)
    proved, declared = text.split('id="proved"')[1].split('id="declared"')
    assert "example-publisher/sd15-copy" in proved
    assert "example-publisher/dream-mix" in proved
    assert "example-lab/paintings-v2" not in proved
    assert "example-lab/paintings-v2" in declared.split('id="review"')[0]


def test_a_finding_keeps_its_anchor_whatever_else_is_found() -> None:
    report = sample()
    before = set(re.findall(r'id="(f-[0-9a-f]{12})"', text_of(report)))
    report.rows = report.rows[3:5]
    assert set(re.findall(r'id="(f-[0-9a-f]{12})"', text_of(report))) < before


def test_solid_lines_are_bytes_and_weights_only() -> None:
    report = sample()
    report.rows = [
        finding(Verdict.NOTE, [claim(refs.hf(f"a/{grade}"), SD15, Relation.MERGE, grade)])
        for grade in Grade
    ]
    edges = re.findall(r'<g class="edge ([a-z]+)"', text_of(report))
    assert sorted(edges) == sorted(str(grade) for grade in Grade)
    style = "".join(Page(text_of(report)).text["style"])
    dashed = {
        g
        for line in style.split("}")
        if "dasharray" in line
        for g in re.findall(r"edge\.(\w+)", line)
    }
    assert dashed == {"recorded", "declared", "hinted"}


def test_a_long_path_is_drawn_short_and_told_whole() -> None:
    text = text_of(sample())
    (picture,) = re.findall(r"<svg[^>]*><title[^>]*>Lineage of hf:example-merges.*?</svg>", text)
    assert picture.count("<rect") == 3
    assert "5 more below" in picture
    for step in range(7):
        assert f"example-merges/step-{step} is described" in picture


def test_a_cut_section_says_where_the_rest_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_module, "MOST", 2)
    report = sample()
    report.rows += [
        finding(Verdict.NOTE, [claim(refs.hf(f"a/{n}"), SD15, Relation.MERGE, Grade.HINTED)])
        for n in range(5)
    ]
    text = text_of(report)
    for sentence in (
        "first 2 of 5 findings",
        "first 2 of 7 findings",
    ):
        assert f"Shown are the {sentence}. The JSON and CSV formats" in text
    assert len([d for d in Page(text).of("details") if d.get("class") == "finding"]) == 9


def test_an_empty_report_still_shows_what_was_not_examined() -> None:
    report = sample()
    report.rows, report.contradictions, report.left = [], (), ()
    text = text_of(report)
    Page(text)
    assert "<h1>No model is recommended for take-down or review.</h1>" in text
    assert text.count("None found. See also what was not examined.") == 4
    assert "428 models or files were not examined" in text


def test_a_stranger_writes_text_never_tags() -> None:
    page = Page(text_of(sample()))
    assert for_terminal(HOSTILE) in [bdi.get("title") for bdi in page.of("bdi")]
    assert {tag for tag, _ in page.tags}.isdisjoint({"img", "iframe", "object", "base"})
    assert not [a for a in page.of("a") if "javascript" in (a["href"] or "")]


@given(st.text(st.characters(codec=None), max_size=300) | st.sampled_from(TRICKS))
@settings(max_examples=60, deadline=None)
def test_no_text_changes_the_tags_of_the_page(text: str) -> None:
    page = Page(text_of(of_one(text)))
    plain = Page(text_of(of_one("x")))

    def shape(p: Page) -> list[str]:
        return [tag for tag, _ in p.tags if tag not in ("a", "span")]

    # An empty name leaves out its line of facts, nothing else may differ.
    if text.strip():
        assert shape(page) == shape(plain)
    assert len(page.of("script")) == len(page.of("style")) == 1
    assert all(len(quote) <= 200 for quote in page.text.get("q", []))


def test_the_weights_behind_a_claim_are_told_matrix_by_matrix() -> None:
    text = text_of(sample())
    (details,) = re.findall(r'<details class="sample">.*?</details>', text, re.DOTALL)
    assert "<summary>Weights derived: R 0.998 over 3 matrices</summary>" in details
    for words in ("0.9999", "-0.9944", "middle_block.1.proj_in.weight", "34,816 bytes", NULL):
        assert words in details
    assert "<script" not in details


def test_the_weights_compared_are_counted_and_the_closest_come_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(weights, "MOST", 2)
    text = text_of(sample())
    section = text.split('id="compared"')[1].split("</section>")[0]
    assert section.index("example-publisher/dream-mix") < section.index("example-lab/own-model")
    assert "folder:" not in section
    assert "Shown are the closest 2 of 3 files" in section
    for words in ("3 files", "<strong>derived</strong>", "<strong>same-architecture-only</strong>"):
        assert words in section


def test_where_no_weights_were_compared_there_is_no_word_of_it() -> None:
    report = sample()
    report.weighed = []
    assert 'id="compared"' not in text_of(report)


def test_error_rates_that_nobody_measured_are_said_to_be_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert "none was taken for kin" in text_of(sample())
    monkeypatch.setattr(sentences, "error_rates", lambda: None)
    text = text_of(sample())
    Page(text)
    assert "was not measured in this build" in text
