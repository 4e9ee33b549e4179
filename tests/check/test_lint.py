"""Lint: each rule fires on the list that breaks it, and only there."""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path

import pytest

from modelaudit.check.lint import lint, lint_many
from modelaudit.check.listfile import Problem

TODAY = date(2026, 11, 22)
DIGEST = hashlib.sha256(b"some weights").hexdigest()

LIST = f"""\
schema: modelaudit.blocklist/1
list:
  id: mine
  kind: block
  title: A list
  version: "2026.11.22"
  updated: "2026-11-22"
  maintainer: somebody
  license: CC0-1.0
entries:
  - id: mine/base
    title: The base
    status: active
    kind: model
    policy: take-down
    claim: {{relation: trained-on, confidence: documented, tainted: [unet]}}
    match:
      models: ["hf:org/base"]
      files: [{{sha256: "{DIGEST}", component: unet, autov1: "81761151", confidence: confirmed}}]
      hints: {{name_regex: ["(?i)base"]}}
    evidence:
      - {{url: "https://example.org", kind: primary, retrieved: "2026-11-22", supports: [claim]}}
    added: "2026-11-22"
    review_by: "2027-05-22"
"""

ALLOW = (
    LIST.replace("mine", "clean")
    .replace("kind: block", "kind: allow")
    .replace("take-down", "none")
    .replace("org/base", "org/canvas")
    .replace(DIGEST, "ab" * 32)
    .replace('      hints: {name_regex: ["(?i)base"]}\n', "")
)


def write(folder: Path, text: str, name: str = "mine.yaml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_a_good_list_has_no_problems(tmp_path: Path) -> None:
    lists = [write(tmp_path, LIST), write(tmp_path, ALLOW, "clean.yaml")]
    assert lint_many(lists, today=TODAY) == []


EMPTY = hashlib.sha256(b"").hexdigest()
ZEROS = hashlib.sha256(bytes(65536)).hexdigest()
HINTS_ONLY = LIST[LIST.index("      models") : LIST.index("      hints")]
EXCEPTION = """\
    exceptions:
      - match: {models: ["hf:org/spared"]}
        reason: It was trained again from scratch.
        expires: "2026-11-22"
        evidence:
          - {url: "https://example.org", kind: primary, retrieved: "2026-11-22", supports: [claim]}
"""

RULES = [
    (f'"{DIGEST}"', DIGEST, 19, "warning", "has no quotes"),
    ('"81761151"', "81761151", 19, "warning", "has no quotes"),
    ('"81761151"', "925997e9", 19, "warning", "has no quotes"),
    ('version: "2026.11.22"', "version: 2026.11.22", 6, None, ""),
    ('updated: "2026-11-22"', "updated: 2026-11-22", 7, "warning", "has no quotes"),
    ("title: A list", "title: 1.10", 5, "warning", "has no quotes"),
    ("title: A list", "title: no", 5, "warning", "has no quotes"),
    ("title: A list", "title: 1e5", 5, "warning", "has no quotes"),
    ("status: active", "status: disputed", 13, "error", "only an active entry"),
    (HINTS_ONLY, "", 18, "error", "cannot rest on hints"),
    (", tainted: [unet]", "", 16, "error", "no tainted component"),
    ("component: unet", "component: vae", 19, "error", "component vae is not tainted"),
    ("component: unet, ", "", 19, "error", "component other is not tainted"),
    ("component: unet", "component: full", 19, None, ""),
    ("confidence: confirmed", "confidence: candidate", 19, "error", "a candidate digest"),
    (DIGEST, EMPTY, 19, "error", "empty or zeroed"),
    (DIGEST, ZEROS, 19, "error", "empty or zeroed"),
    ("81761151", ZEROS[:8], 19, "error", "empty or zeroed"),
    ('autov1: "81761151"', f'autov3: "{EMPTY[:12]}"', 19, "error", "empty or zeroed"),
    ("2027-05-22", "2026-11-21", 24, "warning", "was to be reviewed by 2026-11-21"),
    ("2027-05-22", "2026-11-22", 24, None, ""),
    ("    evidence:\n", EXCEPTION + "    evidence:\n", 24, "warning", "expired on 2026-11-22"),
    ("title: A list", "titel: A list", 5, "error", "did you mean title?"),
]


@pytest.mark.parametrize(("old", "new", "line", "level", "says"), RULES)
def test_a_rule_fires_where_it_is_broken(
    tmp_path: Path, old: str, new: str, line: int, level: str | None, says: str
) -> None:
    assert old in LIST
    problems = lint(write(tmp_path, LIST.replace(old, new)), today=TODAY)
    found = [p for p in problems if (p.line, p.level) == (line, level) and says in p.text]
    assert found if level else not problems, problems
    if level == "warning":
        assert found[0].fix


def told(folder: Path, *texts: str) -> list[Problem]:
    paths = [write(folder, text, f"{number}.yaml") for number, text in enumerate(texts)]
    return lint_many(paths, today=TODAY)


OTHER = LIST.replace("mine", "other").replace("org/base", "org/else").replace(DIGEST, "cd" * 32)


@pytest.mark.parametrize(
    ("second", "says"),
    [
        (OTHER.replace("other/base", "mine/base"), "has an entry of the same id"),
        (OTHER.replace("org/else", "ORG/Base"), "hf:ORG/Base is also under mine/base"),
        (OTHER.replace('models: ["hf:org/else"]', 'rehosts: ["hf:org/base"]'), "is also under"),
        (ALLOW.replace("org/canvas", "org/base"), "is also under mine/base"),
        (ALLOW.replace("ab" * 32, DIGEST), "clean/base allows the same digest"),
        (ALLOW.replace("org/canvas", "org/Base-2"), "fits the allowed model org/Base-2"),
    ],
)
def test_lists_contradict_each_other(tmp_path: Path, second: str, says: str) -> None:
    assert lint_many([write(tmp_path, second)], today=TODAY) == []
    for texts in ((LIST, second), (second, LIST)):
        (problem, *_) = told(tmp_path, *texts)
        assert problem.level == "error"
        assert "also under" in says or says in problem.text


def test_lists_beside_each_other_may_share_what_is_no_contradiction(tmp_path: Path) -> None:
    assert told(tmp_path, LIST, OTHER.replace("cd" * 32, DIGEST), ALLOW) == []


def test_one_digest_has_one_component_within_a_list(tmp_path: Path) -> None:
    entry = LIST[LIST.index("  - id:") :]
    again = entry.replace("mine/base", "mine/more").replace("org/base", "org/more")
    same = LIST + again
    assert told(tmp_path, same) == []
    (problem,) = told(tmp_path, LIST + again.replace("component: unet", "component: full"))
    assert (problem.line, problem.entry) == (33, "mine/more")
    assert "is component unet further up" in problem.text


def test_a_list_with_errors_of_form_does_not_hide_the_others(tmp_path: Path) -> None:
    problems = told(tmp_path, "not: a list", LIST.replace('"81761151"', "81761151"))
    assert {Path(p.path).name for p in problems} == {"0.yaml", "1.yaml"}


def test_problems_come_list_by_list_and_line_by_line(tmp_path: Path) -> None:
    loose = LIST.replace('"', "").replace("(?i)base", "base").replace("2027-05", "2026-05")
    problems = told(tmp_path, loose, ALLOW.replace('"2027-05-22"', "2027-05-22"))
    assert len(problems) > 4
    assert problems == sorted(problems, key=lambda p: (p.path, p.line))


def test_a_sketch_must_be_there_and_that_of_a_tune_should_bring_its_base(tmp_path: Path) -> None:
    match = '      models: ["hf:org/base"]\n'
    sketched = LIST.replace(match, match + "      sketches: [{ref: a.sketch, component: unet}]\n")
    (missing,) = lint(write(tmp_path, sketched), today=TODAY)
    assert (missing.level, missing.text) == ("error", "there is no file a.sketch beside the list")
    (tmp_path / "a.sketch").write_bytes(b"")
    assert lint(write(tmp_path, sketched), today=TODAY) == []
    tuned = sketched.replace("relation: trained-on", "relation: derived-from")
    (doubt,) = lint(write(tmp_path, tuned), today=TODAY)
    assert doubt.level == "warning"
    assert "never passes review" in doubt.text
