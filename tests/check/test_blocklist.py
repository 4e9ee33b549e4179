"""Loading lists: what is read, what is refused, and that hostile text never gets further."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

import modelaudit
from modelaudit.check import blocklist, listfile
from modelaudit.check.blocklist import load, load_text
from modelaudit.domain.entry import (
    Documentation,
    EntryStatus,
    FileConfidence,
    ListedSketch,
    ListKind,
)
from modelaudit.domain.errors import BlocklistError
from modelaudit.domain.words import Component, Relation, Verdict
from tests.shared import shared

LIST = """\
schema: modelaudit.blocklist/1
list:
  id: mine
  title: A list
  version: "2026.11.22"
  updated: "2026-11-22"
  maintainer: somebody
  license: CC0-1.0
  defaults: {review_by: "2027-05-22"}
entries:
  - id: mine/base
    title: The base
    status: active
    kind: model
    policy: take-down
    claim: {relation: trained-on, of: ["dataset:org/data"], confidence: documented, tainted: [unet]}
    scope: {finetune: take-down, component: note, max_hops: 3, min_merge_weight: 0.05}
    match:
      models: ["hf:org/base", "civitai:4384@128713"]
      rehosts: ["hf:Other/Base-copy"]
      labels: {civitai: ["SD 1.5"]}
      files:
        - sha256: "DIGEST"
          name: base.safetensors
          size: 4265146304
          component: unet
          autov1: 81761151
          sources: 1
          confidence: single-source
        - {sha256: "OTHER"}
      datasets: ["Org/Data", "dataset:org/more", {id: org/renamed, published_before: "2024-08-30"}]
      sketches: [{ref: sketches/base.unet.sketch, component: unet}]
      hints: {name_regex: ["(?i)base"], architecture: [sd1], text: [base]}
    exceptions:
      - match: {models: ["hf:org/spared"]}
        reason: It was trained again from scratch.
        effect: note
        expires: "2027-01-01"
        evidence: &E
    evidence:
      - {url: "https://example.org/card", kind: primary, where: Training Data,
         summary: The card names the set., retrieved: "2026-11-22", supports: [claim, models]}
    added: "2026-11-22"
    review_by: "2027-05-22"
    notes: no
""".replace("DIGEST", "ab" * 32).replace("OTHER", "cd" * 32).replace(
    "&E", '[{url: "https://example.org/x", kind: primary, retrieved: "2026-11-22",'
    " supports: [exception]}]",
)  # fmt: skip


def changed(old: str, new: str) -> str:
    assert LIST.count(old) >= 1, old
    return LIST.replace(old, new, 1)


def refused(text: str) -> list[str]:
    with pytest.raises(BlocklistError) as caught:
        load_text(text, "mine.yaml")
    return str(caught.value).splitlines()


def test_a_list_becomes_domain_values() -> None:
    loaded = load_text(LIST, "mine.yaml")
    assert (loaded.id, loaded.kind, loaded.version, loaded.private, loaded.path) == (
        "mine", ListKind.BLOCK, "2026.11.22", False, "mine.yaml",
    )  # fmt: skip
    (entry,) = loaded.entries
    assert entry.policy is Verdict.TAKE_DOWN
    assert entry.status is EntryStatus.ACTIVE
    assert entry.documentation is Documentation.DOCUMENTED
    assert entry.tainted == {Component.UNET}
    assert entry.scope.caps == {
        Relation.FINETUNE: Verdict.TAKE_DOWN,
        Relation.COMPONENT: Verdict.NOTE,
    }
    assert (entry.scope.max_hops, entry.scope.min_merge_weight) == (3, 0.05)
    match = entry.match
    assert match.models == ("hf:org/base", "civitai:4384@128713")
    assert match.rehosts == ("hf:Other/Base-copy",)
    assert match.labels == {"civitai": ("SD 1.5",)}
    first, second = match.files
    assert (first.component, first.confidence) == (Component.UNET, FileConfidence.SINGLE_SOURCE)
    assert (first.size, first.autov1) == (4265146304, "81761151")
    assert (second.component, second.confidence) == (Component.OTHER, FileConfidence.CONFIRMED)
    assert [d.id for d in match.datasets] == ["Org/Data", "org/more", "org/renamed"]
    assert match.datasets[2].published_before == datetime(2024, 8, 30, tzinfo=UTC).timestamp()
    sketch = ListedSketch(path="sketches/base.unet.sketch", component=Component.UNET)
    assert match.sketches == (sketch,)
    assert match.name_patterns == ("(?i)base",)
    (exception,) = entry.exceptions
    assert (exception.effect, exception.match.models) == (Verdict.NOTE, ("hf:org/spared",))
    assert entry.evidence[0].supports == ("claim", "models")
    assert entry.notes == "no"


def test_the_digest_is_that_of_the_files_bytes(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_bytes(b"\xef\xbb\xbf" + LIST.replace("\n", "\r\n").encode())
    assert load(file).sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    assert load(file).path == str(file)


@pytest.mark.parametrize(
    "text", ["81761151", "01234567", "925997e9", "2026-11-22", "1.10", "no", "on", "~", "0x1f"]
)
def test_what_other_loaders_change_stays_text(text: str) -> None:
    loaded = load_text(changed("title: A list", f"title: {text}"))
    assert loaded.title == text


@pytest.mark.parametrize("digest", ["81761151", "01234567", "925997e9"])
def test_short_hashes_without_quotes_stay_text(digest: str) -> None:
    loaded = load_text(changed("autov1: 81761151", f"autov1: {digest}"))
    assert loaded.entries[0].match.files[0].autov1 == digest


BROKEN = [
    ("confidence: documented", "confidence: probable", 16, "needs a documented claim"),
    ("kind: primary, where", "kind: secondary, where", 41, "primary evidence that supports the"),
    ("supports: [claim, models]", "supports: [models]", 41, "primary evidence that supports the"),
    ('    review_by: "2027-05-22"\n    notes', "    notes", 11, "lacks 'review_by'"),
    ('    added: "2026-11-22"\n', "", 11, "lacks 'added'"),
    ("    policy: take", "    polcy: take", 15, "did you mean policy?"),
    ("size: 4265146304", "size: 4.2e9", 25, "must be of type integer"),
    ("size: 4265146304", "size: -1", 25, "must be of type integer"),
    ("min_merge_weight: 0.05", "min_merge_weight: nan", 17, "must be of type number"),
    ("min_merge_weight: 0.05", "min_merge_weight: 1.5", 17, "is above 1"),
    ("max_hops: 3", "max_hops: three", 17, "must be of type integer"),
    ("ab" * 32, "AB" * 32, 23, "64 lower-case hexadecimal"),
    ("ab" * 32, "ab" * 32 + "\\n", 23, "64 lower-case hexadecimal"),
    ('"hf:org/base"', '"civitai-base:SD 1.5"', 19, "not a model reference"),
    ('"hf:org/base"', '"hf:org/base/deep"', 19, "not a repository id"),
    ('"hf:org/base"', '"org/base"', 19, "not a model reference"),
    ('"Org/Data"', '"a b/c"', 31, "not a repository id"),
    ('published_before: "2024-08-30"', 'published_before: "2024-13-30"', 31, "month must be"),
    ('published_before: "2024-08-30"', 'published_before: "1969-08-30"', 31, "YYYY-MM-DD"),
    ('published_before: "2024-08-30"', "published: x", 31, "did you mean published_before?"),
    ("sketches/base", "../base", 32, "not a path inside the list's folder"),
    ('"(?i)base"', '"(base"', 33, "unterminated subpattern"),
    ('"(?i)base"', '"[[a]"', 33, "nested set"),
    ("status: active", "status: withdrawn", 11, "lacks 'withdrawn'"),
    ("status: active", "status: retired", 13, "must be one of active, draft"),
    ("tainted: [unet]", "tainted: [brain]", 16, "must be one of full, unet"),
    ("effect: note", "effect: take-down", 37, "must be one of none, note, review"),
    ("https://example.org/card", "javascript:alert(1)", 41, "not an http(s) address"),
    ("  title: A list\n", "", 3, "lacks 'title'"),
    ("title: A list", "title:", 4, "is shorter than 1"),
    ("    status: active\n", "    status: active\n    status: draft\n", 14, "given twice"),
    ("blocklist/1", "blocklist/2", 1, "must be modelaudit.blocklist/1"),
    ("title: A list", "title: &a A list", 4, "anchors and aliases"),
    ("title: A list", "title: *a", 4, "anchors and aliases"),
    ("title: A list", "title: !!python/name:os.system x", 4, "tag"),
    ("notes: no", "notes: [", 46, "not YAML"),
    ("notes: no", "notes: no\n---\na: b", 46, "a second document"),
    ("title: A list", "? [a]\n  : b", 4, "a key is one word"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "line", "says"), BROKEN)
def test_a_broken_list_is_refused_with_its_line(old: str, new: str, line: int, says: str) -> None:
    problems = refused(changed(old, new))
    assert any(p.startswith(f"mine.yaml:{line}: ") and says in p for p in problems), problems


def test_every_problem_is_told_with_its_entry_by_line() -> None:
    text = changed("status: active", "status: retired").replace("notes: no", "note: no")
    assert refused(text) == [
        "mine.yaml:13: entry mine/base: status 'retired': "
        "must be one of active, draft, disputed, withdrawn",
        "mine.yaml:45: entry mine/base: unknown key 'note' (did you mean notes?)",
    ]


def test_an_inherited_take_down_obeys_the_same_rules() -> None:
    defaults = 'defaults: {review_by: "2027-05-22"}'
    text = changed("    policy: take-down\n", "").replace(
        defaults, 'defaults: {policy: take-down, review_by: "2027-05-22"}'
    )
    assert load_text(text).entries[0].policy is Verdict.TAKE_DOWN
    weak = text.replace("confidence: documented", "confidence: declared")
    assert "needs a documented claim" in refused(weak)[0]
    assert refused(weak)[0].startswith("mine.yaml:15: entry mine/base: ")


def test_entries_inherit_what_they_lack_and_keep_what_they_have() -> None:
    defaults = 'defaults: {review_by: "2027-05-22"}'
    text = changed(defaults, "defaults: {policy: note, scope: {merge: note, max_hops: 9}}")
    kept = load_text(text).entries[0]
    assert (kept.policy, kept.scope.max_hops) == (Verdict.TAKE_DOWN, 3)
    bare = "\n".join(
        row for row in text.splitlines() if not row.startswith(("    policy:", "    scope:"))
    )
    inherits = load_text(bare).entries[0]
    assert inherits.policy is Verdict.NOTE
    assert inherits.scope.caps == {Relation.MERGE: Verdict.NOTE}


def test_an_entry_without_a_policy_asks_for_review() -> None:
    assert load_text(changed("    policy: take-down\n", "")).entries[0].policy is Verdict.REVIEW


def test_two_entries_cannot_share_an_id() -> None:
    entry = LIST[LIST.index("  - id:") :]
    (problem,) = refused(LIST + entry)
    assert problem == "mine.yaml:46: entry mine/base: an entry above has the same id"


def test_a_private_list_says_so() -> None:
    assert load_text(changed("title: A list", "title: A list\n  private: true")).private
    assert "boolean" in refused(changed("title: A list", "title: A list\n  private: yes"))[0]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "must be of type object"),
        ("[]", "must be of type object"),
        ("\ud800", "not UTF-8"),
        ("a: \x01", "not YAML"),
        ("[" * 100, "nested more than"),
        ("{a: " * 100, "nested more than"),
        ("- x\n" * 2_000_000, "larger than"),
    ],
)
def test_what_is_no_list_at_all_is_refused(text: str, says: str) -> None:
    (problem,) = refused(text)
    assert problem.startswith("mine.yaml:1: ") and says in problem


def test_both_of_pyyamls_parsers_read_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    fast = load_text(LIST)
    monkeypatch.delattr(yaml, "CBaseLoader", raising=False)
    assert load_text(LIST) == fast
    assert refused(changed("notes: no", "notes: ["))[0].startswith("mine.yaml:")


def test_a_flood_of_values_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("modelaudit.check.strict_yaml.MAX_VALUES", 50)
    assert "more than 50 values" in refused(LIST)[0]


def test_a_flood_of_unknown_keys_takes_no_time() -> None:
    """Each pair of them was compared: half a million keys fit into a list."""
    text = "".join(f"k{number}: v\n" for number in range(50_000))
    began = time.process_time()
    with pytest.raises(BlocklistError) as caught:
        blocklist.load_text(text)
    assert len(str(caught.value).splitlines()) == 100
    assert time.process_time() - began < 20


def test_a_flood_of_problems_is_cut() -> None:
    problems = refused(LIST + "".join(f"    key{n}: x\n" for n in range(500)))
    assert len(problems) == listfile.MAX_PROBLEMS


@pytest.mark.parametrize("name", ["absent.yaml", ".", "a\0b", "x" * 5000])
def test_a_file_that_cannot_be_read_is_one_plain_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(BlocklistError, match="cannot be read"):
        load(tmp_path / name)


def accepts_or_refuses(text: str) -> None:
    try:
        load_text(text)
    except BlocklistError as error:
        assert str(error)


@settings(max_examples=150, deadline=None)
@given(st.text(st.characters(), max_size=200))
def test_any_text_is_a_list_or_an_error(text: str) -> None:
    accepts_or_refuses(text)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(LIST)), st.integers(0, 40), st.text(max_size=20))
def test_any_edit_of_a_list_is_a_list_or_an_error(at: int, cut: int, put: str) -> None:
    accepts_or_refuses(LIST[:at] + put + LIST[at + cut :])


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3)
    ),
    max_leaves=6,
)
PARSED = yaml.load(LIST, Loader=yaml.BaseLoader)


@settings(max_examples=150, deadline=None)
@given(st.data(), VALUES)
def test_any_value_in_any_place_is_a_list_or_an_error(data: st.DataObject, value: object) -> None:
    document = json.loads(json.dumps(PARSED))
    node = document
    while True:
        key = data.draw(
            st.sampled_from(sorted(node) if isinstance(node, dict) else range(len(node)))
        )
        if not isinstance(node[key], dict | list) or not node[key] or data.draw(st.booleans()):
            node[key] = value
            break
        node = node[key]
    accepts_or_refuses(json.dumps(document))


def test_the_drafted_example_loads() -> None:
    example = shared("blocklist/schema/example.laion-5b.yaml")
    assert load(example).entries[0].match.files[1].component is Component.UNET


def test_lists_are_found_by_name_and_by_path(tmp_path: Path) -> None:
    assert blocklist.resolve("laion-5b") == blocklist.shipped()["laion-5b"]
    assert load(blocklist.resolve("allow/karlo")).kind is ListKind.ALLOW
    mine = tmp_path / "mine.yaml"
    mine.write_text(LIST)
    assert blocklist.resolve(str(mine)) == mine


@pytest.mark.parametrize("name", ["laion-6b", "\0", "x" * 5000])
def test_a_list_that_is_not_there_names_those_that_are(name: str) -> None:
    with pytest.raises(BlocklistError) as caught:
        blocklist.resolve(name)
    assert "laion-5b" in (caught.value.hint or "")


def test_an_installed_package_finds_its_lists_beside_it(tmp_path: Path) -> None:
    package = Path(modelaudit.__file__).parent
    shutil.copytree(package, tmp_path / "modelaudit", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(package.parents[1] / "blocklists", tmp_path / "modelaudit" / "blocklists")
    code = "from modelaudit.check import blocklist as b; print(b.resolve('allow/karlo'))"
    ran = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert Path(ran.stdout.strip()) == tmp_path / "modelaudit/blocklists/allow/karlo.yaml"


def test_importing_the_loader_imports_no_parser() -> None:
    code = (
        "import sys; import modelaudit.check.blocklist, modelaudit.check.lint;"
        "print([m for m in ('yaml', 'jsonschema') if m in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
