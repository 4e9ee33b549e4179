"""An old report by the lists of today: what no longer stands, and that nothing else is said to."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelaudit.check import blocklist, oldreport
from modelaudit.check.recheck import list_changes, recheck
from modelaudit.domain.entry import Blocklist, EntryStatus
from modelaudit.domain.errors import UsageError
from modelaudit.domain.finding import ListUsed
from tests.check.listtext import LIST, but, excepted

OLD = blocklist.load_text(LIST)
DAY = "2026-12-01"
SHA = "ab" * 32


def claim(child: str, parent: str, relation: str = "finetune", grade: str = "declared") -> Any:
    return {"child": child, "parent": parent, "relation": relation, "grade": grade}


def finding(*path: str, verdict: str = "take-down", entry: str = "mine/base", **other: Any) -> Any:
    """One finding along a path; ``claims`` are those of fine-tunes unless given."""
    hops = [claim(*pair) for pair in pairwise(path)]
    return {
        "id": f"{entry}/{path[0]}", "entry": entry, "model": path[0], "verdict": verdict,
        "grade": "declared", "relation": "finetune" if hops else "listed", "path": list(path),
        "claims": hops, "files": [],
    } | other  # fmt: skip


def report(*findings: Any, lists: Any = None, **other: Any) -> bytes:
    used = [{"id": "mine", "version": "2026.11.22", "sha256": OLD.sha256}]
    return json.dumps({
        "schema": "modelaudit.report/1",
        "run": {"id": "r-1", "standard": "declared", "blocklists": lists or used},
        "findings": list(findings),
    } | other).encode()  # fmt: skip


def fallen(raw: bytes, *lists: Blocklist, today: str = DAY) -> list[tuple[str, str, str]]:
    """(id, now, why) of what does not stand."""
    found = recheck(oldreport.parse(raw, "r.json"), lists, today)
    return [(f.finding.id, f.now.word if f.now is not None else "unknown", f.why) for f in found]


def one(raw_finding: Any, *changes: tuple[str, str]) -> tuple[str, str]:
    """(now, why) after a change of the list; empty where it stands."""
    got = fallen(report(raw_finding), blocklist.load_text(but(*changes)))
    return got[0][1:] if got else ("", "")


TUNE = finding("hf:x/y", "hf:org/base")
ITSELF = finding("hf:org/base")
SET = finding("hf:x/y", "dataset:org/data", entry="mine/data", verdict="review",
              relation="trained-on",
              claims=[claim("hf:x/y", "dataset:org/data", "trained-on")])  # fmt: skip
BYTES = finding("hf:x/y", f"sha256:{SHA}", relation="copy", grade="exact",
                claims=[claim("hf:x/y", f"sha256:{SHA}", "copy", "exact")],
                files=[{"path": "m", "sha256": SHA}])  # fmt: skip
LONG = finding("hf:x/z", "hf:x/y", "hf:org/base")
LABEL = finding("civitai:1@2", "hf:org/base",
                claims=[claim("civitai:1@2", "hf:org/base")
                        | {"extractor": "civitai-label", "excerpt": "SD 1.5"}])  # fmt: skip
NO_LABEL = ('      labels: {civitai: ["SD 1.5"]}\n', "")


@pytest.mark.parametrize("old", [TUNE, ITSELF, SET, BYTES, LONG, LABEL])
def test_by_the_same_list_everything_stands(old: Any) -> None:
    assert fallen(report(old), OLD) == []


def test_a_stronger_list_lets_everything_stand() -> None:
    old = finding("hf:x/y", "hf:org/base", verdict="review", relation="adapter",
                  claims=[claim("hf:x/y", "hf:org/base", "adapter")])  # fmt: skip
    assert one(old, ("adapter: review", "adapter: take-down")) == ("", "")
    note = finding("hf:x/y", "hf:org/base", verdict="note")  # a conflict, say, capped it then
    assert one(note, ("policy: take-down", "policy: review")) == ("", "")


@pytest.mark.parametrize(
    ("old", "change", "now", "why"),
    [
        (TUNE, ("policy: take-down", "policy: review"), "review", "policy of mine/base is review"),
        (ITSELF, ("policy: take-down", "policy: note"), "note", "policy of mine/base is note"),
        (TUNE, ("finetune: take-down", "finetune: note"), "note", "finetune reaches note"),
        (TUNE, ("finetune: take-down, ", ""), "review", "finetune reaches review"),
        (LONG, ("adapter: review", "adapter: review, max_hops: 1"), "none", "2 hops"),
        (SET, ('["org/data"]', '["org/other"]'), "none", "not list the data set any more"),
        (BYTES, ("ab" * 32, "cd" * 32), "none", "not list the digest any more"),
        (BYTES, ("component: full}", "component: full, confidence: single-source}"),
         "review", "a single source"),
        (BYTES, ("component: full}", "component: text_encoder}"), "note", "does not count"),
        (BYTES, ("component: full}", "component: transformer}"), "note", "does not count"),
        (LABEL, ('"SD 1.5"', '"SDXL 1.0"'), "none", "not list the label any more"),
        (LABEL, NO_LABEL, "none", "not list the label any more"),
        (finding("civitai:1@2", "civitai-flag:poi"), NO_LABEL, "none", "not list the mark any"),
        (finding("civitai:1@2", "words:mine/base"), NO_LABEL, "none", "not list the words any"),
        (finding("hf:x/y", "sketch:mine/base"), NO_LABEL, "none", "not list the sketches any"),
        (finding("civitai:1@2", "civitai-base:SD 1.5"), NO_LABEL, "none", "not list the label"),
    ],
)  # fmt: skip
def test_what_a_list_now_caps_no_longer_stands(
    old: Any, change: tuple[str, str], now: str, why: str
) -> None:
    got = one(old, change)
    assert got[0] == now
    assert why in got[1]


@pytest.mark.parametrize("old", [TUNE, ITSELF, LONG])
def test_a_model_that_is_named_no_more_is_for_a_person(old: Any) -> None:
    """It may have another name: then the finding stands."""
    now, why = one(old, ('"hf:org/base"', '"hf:org/other"'))
    assert now == "unknown"
    assert "does not name hf:org/base today" in why
    copy = 'models: ["hf:org/new"]\n      rehosts: ["hf:Org/Base"]'
    assert one(old, ('models: ["hf:org/base"]', copy)) == ("", "")
    page = finding("civitai:5@6")
    assert one(page, ('"hf:org/base"', '"civitai:5"')) == ("", "")
    assert fallen(report(finding("hf:renamed/since")), OLD) == []


def test_a_label_beside_other_claims_is_not_all_there_is() -> None:
    both = [*LABEL["claims"], claim("civitai:1@2", "hf:org/base")]
    assert one(LABEL | {"claims": both}, NO_LABEL) == ("", "")


def test_of_a_private_list_every_path_ends_at_the_same() -> None:
    old = finding("hf:x/y", "sketch:mine/base")
    assert one(old, ("  id: mine\n", "  id: mine\n  private: true\n")) == ("", "")


def test_a_withdrawn_entry_tells_when_and_why() -> None:
    change = (
        "    status: active\n    kind: dataset\n",
        '    status: withdrawn\n    withdrawn: {date: "2026-12-01", reason: it is not the set}\n'
        "    kind: dataset\n",
    )
    assert one(SET, change) == ("none", "withdrawn on 2026-12-01: it is not the set")
    private = ("  id: mine\n", "  id: mine\n  private: true\n")
    assert one(SET, change, private) == ("none", "withdrawn on 2026-12-01")


def test_a_disputed_entry_reaches_review_at_most() -> None:
    """A list may not say so of a take-down; the rule holds all the same."""
    (entry, *rest) = OLD.entries
    doubted = replace(entry, status=EntryStatus.DISPUTED)
    disputed = replace(OLD, entries=(doubted, *rest))
    assert fallen(report(TUNE, SET), disputed) == [
        ("mine/base/hf:x/y", "review", "mine/base is disputed")
    ]


def test_a_draft_finds_nothing() -> None:
    change = ("status: active\n    kind: dataset", "status: draft\n    kind: dataset")
    assert one(SET, change) == ("none", "mine/data is draft")


def test_an_entry_that_is_gone_or_whose_list_is_not_given() -> None:
    short = blocklist.load_text(LIST[: LIST.index("  - id: mine/data")])
    gone = "the entry is gone from its list"
    assert fallen(report(SET), short) == [("mine/data/hf:x/y", "none", gone)]
    used = [{"id": name, "version": "2026.11.22", "sha256": SHA} for name in ("mine", "other")]
    got = fallen(report(SET, TUNE, lists=used), short)
    why = "no list that was given has the entry; not given: other"
    assert got == [("mine/data/hf:x/y", "unknown", why)]


def test_of_several_claims_of_a_hop_the_best_counts() -> None:
    both = [claim("hf:x/y", "hf:org/base", "finetune", "hinted"),
            claim("hf:x/y", "hf:org/base", "finetune", "declared")]  # fmt: skip
    assert fallen(report(TUNE | {"claims": both}), OLD) == []


def test_an_exception_that_came_since_counts_until_it_ends() -> None:
    why = "exception until 2098-01-01: it is another model"
    named = blocklist.load_text(but(excepted('{models: ["hf:X/Y"]}')))
    assert fallen(report(TUNE), named) == [("mine/base/hf:x/y", "note", why)]
    assert fallen(report(TUNE), named, today="2098-01-01") == []
    assert fallen(report(LONG), named) == []
    match = f'{{files: [{{sha256: "{SHA}", component: full}}]}}'
    held = blocklist.load_text(but(excepted(match)))
    assert fallen(report(BYTES, TUNE), held) == [("mine/base/hf:x/y", "note", why)]


def test_a_model_that_is_allowed_since_no_longer_stands() -> None:
    allow = blocklist.load_text("""\
schema: modelaudit.blocklist/1
list:
  id: fine
  kind: allow
  title: What is fine
  version: "2026.11.22"
  updated: "2026-11-22"
  maintainer: somebody
  license: CC0-1.0
entries:
  - id: fine/y
    title: Y
    status: active
    kind: model
    policy: none
    claim: {relation: trained-on, confidence: documented}
    match: {models: ["hf:x/y"]}
    evidence:
      - url: https://example.org/y
        kind: primary
        where: top
        summary: It was trained on licensed pictures.
        retrieved: "2026-11-22"
        supports: [claim]
""")
    got = fallen(report(TUNE, LONG), OLD, allow)
    assert got == [
        ("mine/base/hf:x/y", "review", "the model is on an allow list"),
        ("mine/base/hf:x/z", "none", "the path leads through a model on an allow list"),
    ]


def test_what_became_of_each_list_is_told() -> None:
    def used(name: str, version: str, sha: str) -> ListUsed:
        return ListUsed(id=name, version=version, sha256=sha)

    heir = blocklist.load_text(but(("  id: mine\n", "  id: heir\n  supersedes: [elder]\n")))
    asked = [
        used("mine", OLD.version, OLD.sha256), used("mine", "2025.01.01", SHA),
        used("mine", OLD.version, SHA), used("elder", "1", SHA), used("lost", "1", SHA),
    ]  # fmt: skip
    assert [what for _, what in list_changes(asked, [OLD, heir])] == [
        "the same", "2025.01.01 → 2026.11.22",
        f"sha256 {SHA[:12]} → sha256 {OLD.sha256[:12]}", "superseded by heir", "not given",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "not a report"),
        (b"[]", "not a report"),
        (b"{}", "not a report"),
        (b"[" * 100_000, "not a report"),
        (b'{"schema": "x"}', "not a report"),
        (report(schema="modelaudit.report/2"), "its schema is 'modelaudit.report/2'"),
        (report(run={"id": "r", "standard": "guessed", "blocklists": []}), "'guessed' is not one"),
        (report(run=5), "not a report"),
        (report(findings={}), "not a report"),
        (report(5), "finding 1: "),
        (report(TUNE, TUNE | {"verdict": "guilty"}), "finding 2: 'guilty' is not one of"),
        (report(TUNE | {"grade": 5}), "finding 1: "),
        (report(TUNE | {"path": []}), "finding 1: its path is empty"),
        (report(TUNE | {"claims": [5]}), "finding 1: "),
        (report(TUNE | {"claims": [claim("a", "b", "cousin")]}), "finding 1: 'cousin'"),
    ],
)
def test_what_is_no_report_is_told_in_a_line(raw: bytes, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        fallen(raw, OLD)
    assert said in str(caught.value)
    assert str(caught.value).startswith("r.json: ")
    assert len(str(caught.value).splitlines()) == 1


def test_a_file_name_that_is_no_unicode_is_no_hindrance() -> None:
    odd = finding("folder:caf\udce9.safetensors", "hf:org/base")
    assert fallen(report(odd), OLD) == []


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    for path in (tmp_path / "none.json", tmp_path):
        with pytest.raises(UsageError, match="cannot be read"):
            oldreport.read(path)


WILD = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-5, 5), st.floats(allow_nan=False),
        st.text(max_size=5),
        st.sampled_from(["hf:x/y", "hf:org/base", f"sha256:{SHA}", "dataset:org/data", "merge",
                         "civitai:1@2", "folder:", "", ":", "listed", "exact", "mine/base"]),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3),
                            st.dictionaries(st.sampled_from([*TUNE]), inner, max_size=3)),
    max_leaves=8,
)  # fmt: skip


@given(st.dictionaries(st.sampled_from([*TUNE]), WILD, max_size=4))
def test_a_wild_finding_stands_falls_or_is_refused(odd: dict[str, Any]) -> None:
    try:
        for _, now, why in fallen(report(TUNE | odd), OLD):
            assert now in ("none", "note", "review", "unknown")
            assert why
    except UsageError as error:
        assert str(error).startswith("r.json: finding 1: ")
