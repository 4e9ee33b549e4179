"""`blocklist test`: a list on its cases."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modelaudit.check import blocklist
from modelaudit.check.cases import beside
from tests.check.listtext import LIST
from tests.cli.running import EXAMPLE, Ran

Invoke = Callable[..., Ran]

HEAD = 'schema = "modelaudit.cases/1"\n'
GOOD = """
[[case]]
name = "a fine-tune that names it"
model = "hf:someone/dream"
base = ["org/base"]
relation = "finetune"
expect = "take-down"
entry = "mine/base"

[[case]]
name = "the set, on a card"
model = "hf:someone/other"
datasets = ["org/data"]
expect = "review"
"""
BAD = """
[[case]]
name = "an adapter"
model = "hf:someone/lora"
base = ["org/base"]
relation = "adapter"
expect = "take-down"

[[case]]
name = "a name from afar \\u00e9"
model = "civitai:5@6"
label = "SD 15"
created = 2023-05-01
expect = "review"
entry = "mine/base"

[[case]]
name = "a record of somebody else"
model = "hf:someone/else"
record = {id = "someone/different"}
expect = "none"
"""
GOLDEN = """\
FAIL an adapter: expected take-down, got review by mine/base (adapter reaches review in the scope \
of mine/base)
FAIL a name from afar é: expected review by mine/base, got none; its record: base model 'SD 15' is \
not among the platform's known labels
FAIL a record of somebody else: hf:someone/else was not read
"""


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    path = tmp_path / "mine.yaml"
    path.write_text(LIST)
    return path


def test_cases_that_come_out_as_expected_say_little(invoke: Invoke, mine: Path) -> None:
    beside(mine).write_text(HEAD + GOOD)
    ran = invoke("blocklist", "test", mine)
    assert (ran.code, ran.out) == (0, "")
    assert ran.err == "2 cases: 2 as expected\n"
    assert invoke("blocklist", "test", mine, "-q").err == ""


def test_what_does_not_is_told_and_fails(invoke: Invoke, mine: Path) -> None:
    beside(mine).write_text(HEAD + GOOD + BAD)
    ran = invoke("blocklist", "test", mine)
    assert (ran.code, ran.out) == (1, GOLDEN)
    assert ran.err == "5 cases: 2 as expected, 3 not\n"
    assert invoke("blocklist", "test", mine, "-q").out == GOLDEN


def test_every_case_can_be_told(invoke: Invoke, mine: Path) -> None:
    beside(mine).write_text(HEAD + GOOD)
    assert invoke("blocklist", "test", mine, "-v").out == (
        "ok   a fine-tune that names it: take-down by mine/base"
        " (policy of mine/base is take-down)\n"
        "ok   the set, on a card: review by mine/data (policy of mine/data is review)\n"
    )


def test_entries_that_no_case_hits_are_named(invoke: Invoke, mine: Path, tmp_path: Path) -> None:
    other = tmp_path / "others.toml"
    other.write_text(HEAD + GOOD[: GOOD.rindex("[[case]]")])
    ran = invoke("blocklist", "test", mine, other)
    assert ran.code == 0
    assert ran.err == "1 case: 1 as expected\nno case hits: mine/data\n"


def test_nothing_is_left_behind(invoke: Invoke, mine: Path, tmp_path: Path) -> None:
    beside(mine).write_text(HEAD + GOOD)
    invoke("blocklist", "test", mine)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.cases.toml", "mine.yaml"]


def test_lists_used_together_are_named_in_the_cases(invoke: Invoke, mine: Path) -> None:
    allow = """
[[case]]
name = "a shipped allow list, and a file beside"
model = "hf:common-canvas/CommonCanvas-S-C"
base = ["org/base"]
relation = "finetune"
expect = "review"
"""
    beside(mine).write_text(f'{HEAD}with = ["allow/commoncanvas", "more/other.yaml"]\n{allow}')
    more = mine.parent / "more"
    more.mkdir()
    text = LIST.replace("mine", "other").replace("org/base", "org/b").replace("org/data", "org/d")
    (more / "other.yaml").write_text(text)
    ran = invoke("blocklist", "test", mine, "-v")
    assert ran.code == 0, ran.out
    assert "the model is on an allow list" in ran.out
    (more / "other.yaml").unlink()
    assert "other.yaml" in invoke("blocklist", "test", mine).err


@pytest.mark.parametrize(
    ("cases", "said"),
    [
        (None, "there are no cases for"),
        ("", "schema must be"),
        (f"{HEAD}[[case]\n", "mine.cases.toml:2: not TOML"),
        (HEAD + GOOD.replace('entry = "mine/base"', 'entry = "mine/bsae"'),
         "case 'a fine-tune that names it': there is no entry mine/bsae"),
        (HEAD + GOOD.replace("expect", "expects"), "unknown key 'expects' (did you mean expect?)"),
        (f'{HEAD}with = ["no-such-list"]\n{GOOD}', "no-such-list"),
        (f'{HEAD}with = ["no-such-list.yaml"]\n{GOOD}', "there is no such file"),
        (f'{HEAD}with = ["/etc/passwd"]\n{GOOD}', "no path of a list beside it"),
        (f'{HEAD}with = ["mine.cases.toml"]\n{GOOD}', "no path of a list beside it"),
    ],
)  # fmt: skip
def test_cases_that_cannot_be_read_are_told(
    invoke: Invoke, mine: Path, cases: str | None, said: str
) -> None:
    if cases is not None:
        beside(mine).write_text(cases)
    ran = invoke("blocklist", "test", mine)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err
    assert "Traceback" not in ran.err


def test_a_list_that_cannot_be_read_is_told(invoke: Invoke, mine: Path) -> None:
    beside(mine).write_text(HEAD + GOOD)
    mine.write_text("schema: [")
    assert invoke("blocklist", "test", mine).code == 2
    assert invoke("blocklist", "test", "no-such-list").code == 2


@pytest.mark.parametrize(
    "name", [name for name, path in blocklist.shipped().items() if beside(path).exists()]
)
def test_the_shipped_lists_pass_their_cases(invoke: Invoke, name: str) -> None:
    ran = invoke("blocklist", "test", name)
    assert (ran.code, ran.out) == (0, "")


def test_an_audit_says_the_same(invoke: Invoke, mine: Path, example: Path) -> None:
    """Models of the recorded example, one by one as cases, against the findings of its audit."""
    shutil.copy(blocklist.resolve("laion-5b"), mine)
    listed = blocklist.load(mine)
    names = {e.lower() for en in listed.entries for e in (*en.match.models, *en.match.rehosts)}
    with sqlite3.connect(f"file:{example}?mode=ro", uri=True) as connection:
        audited = dict(
            connection.execute(
                "SELECT n.ref, max(f.verdict) FROM finding AS f JOIN node AS n ON n.id = f.node"
                " WHERE f.entry LIKE 'laion-5b/%' GROUP BY n.ref"
            ).fetchall()
        )
    words = ("none", "note", "review", "take-down")
    text = f'{HEAD}with = ["allow/commoncanvas", "allow/karlo", "known-files"]\n'
    chosen = 0
    for number, record in enumerate(_records()):
        base = (record.get("cardData") or {}).get("base_model")
        if isinstance(base, str) and f"hf:{base}".lower() in names and chosen < 15:
            chosen += 1
            ref = f"hf:{record['id']}"
            (mine.parent / f"{number}.jsonl").write_text(json.dumps(record))
            text += f'[[case]]\nname = "{ref}"\nmodel = "{ref}"\ncatalogue = "{number}.jsonl"\n'
            text += f'expect = "{words[audited.get(ref, 0)]}"\n'
    assert chosen == 15
    beside(mine).write_text(text)
    ran = invoke("blocklist", "test", mine)
    assert (ran.code, ran.out) == (0, "")


def _records() -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in EXAMPLE.read_text().splitlines()]
    records = [line.get("record", line) for line in lines]
    return [r for r in records if isinstance(r, dict) and isinstance(r.get("id"), str)]
