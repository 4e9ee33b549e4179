"""`blocklist recheck`: an old report by the lists of today."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modelaudit.check import blocklist
from tests.cli.running import Ran, Shell

Invoke = Callable[..., Ran]
RANK = ("none", "note", "review", "take-down")


SHIPPED = blocklist.shipped()


def edited(path: Path, *changes: tuple[str, str]) -> Path:
    """The shipped list with some of its text replaced, once each."""
    text = blocklist.resolve("laion-5b").read_text()
    for old, new in (('  version: "', '  version: "2099.01.01"  # "'), *changes):
        assert old in text
        text = text.replace(old, new, 1)
    path.write_text(text)
    return path


@pytest.fixture(scope="module")
def written(example: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of the example's audit."""
    folder = tmp_path_factory.mktemp("report")
    ran = Shell(folder).run("report", "--db", example, "-o", "json=r.json", "-q")
    assert ran.code == 0, ran.err
    return folder / "r.json"


def findings(path: Path) -> dict[str, str]:
    return {f["id"]: f["verdict"] for f in json.loads(path.read_text())["findings"]}


def entries(path: Path) -> Counter[str]:
    """How many findings each entry of the list has."""
    told = json.loads(path.read_text())["findings"]
    return Counter(f["entry"] for f in told if f["entry"].startswith("laion-5b/"))


def test_by_the_lists_that_made_it_a_report_stands(invoke: Invoke, written: Path) -> None:
    ran = invoke("blocklist", "recheck", written)
    assert (ran.code, ran.out) == (0, "id\tthen\tnow\twhy\n")
    assert "list laion-5b: the same\n" in ran.err
    total = len(findings(written))
    assert ran.err.endswith(f": of {total} findings, 0 no longer stand as they were\n")
    assert invoke("blocklist", "recheck", written, "-q").err == ""


def test_what_a_check_would_lower_is_what_no_longer_stands(
    invoke: Invoke, written: Path, audited: Path, tmp_path: Path
) -> None:
    """Against the truth: the same database checked by the new list."""
    rarest = min(entries(written).items(), key=lambda item: (item[1], item[0]))[0]
    new = edited(
        tmp_path / "new.yaml",
        ("adapter: review", "adapter: note"),
        ("policy: take-down", "policy: review"),
        (f"id: {rarest}\n", "id: laion-5b/renamed\n"),
    )
    used = {used["id"] for used in json.loads(written.read_text())["run"]["blocklists"]}
    others = [name for name in SHIPPED if name in used and name != "laion-5b"]
    lists = [word for name in (new, *others) for word in ("--blocklist", name)]
    ran = invoke("blocklist", "recheck", written, *lists)
    assert ran.code == 1
    told = {row["id"]: row["now"] for row in ran.rows}
    checked = invoke("check", "--db", audited, *lists, "-o", "json=new.json", "-q")
    assert checked.code == 0, checked.err
    before, after = findings(written), findings(Path("new.json"))
    lowered = {
        name: after.get(name, "none")
        for name, then in before.items()
        if RANK.index(after.get(name, "none")) < RANK.index(then)
    }
    assert len(lowered) > 50
    assert told == lowered
    assert f", {len(told)} no longer stand as they were" in ran.err
    assert "list laion-5b: 2026." in ran.err
    assert {row["then"] for row in ran.rows} == {"review", "take-down"}


def test_a_list_that_is_not_given_leaves_findings_open(invoke: Invoke, written: Path) -> None:
    ran = invoke("blocklist", "recheck", written, "--blocklist", "laion-5b")
    assert ran.code == 1
    assert "list known-files: not given\n" in ran.err
    assert {row["now"] for row in ran.rows} == {"unknown"}
    given = {entry.id for entry in blocklist.load(SHIPPED["laion-5b"]).entries}
    known = {f"{entry}/" for entry in given}
    assert {row["id"] for row in ran.rows} == {
        name for name in findings(written) if not any(map(name.startswith, known))
    }


def test_one_is_one(invoke: Invoke, written: Path) -> None:
    whole: dict[str, Any] = json.loads(written.read_text())
    whole["findings"] = whole["findings"][:1]
    whole["findings"][0]["entry"] = "elsewhere/x"
    Path("one.json").write_text(json.dumps(whole))
    ran = invoke("blocklist", "recheck", "one.json", "--blocklist", "laion-5b")
    assert ran.err.endswith(": of 1 finding, 1 no longer stands as it was\n")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "cannot be read"),
        ("", "not a report"),
        ("[" * 9999, "not a report"),
        ('{"schema": "modelaudit.report/9", "run": {"id": "x", "standard": "declared",'
         ' "blocklists": []}, "findings": []}', "modelaudit.report/9"),
        ('{"schema": "modelaudit.report/1", "run": {"id": "x", "standard": "declared",'
         ' "blocklists": []}, "findings": [{"id": "\\u001b[2J"}]}', "finding 1: "),
    ],
)  # fmt: skip
def test_what_is_no_report_is_told(invoke: Invoke, text: str | None, said: str) -> None:
    if text is not None:
        Path("odd.json").write_text(text)
    ran = invoke("blocklist", "recheck", "odd.json")
    assert ran.code == 2
    assert said in ran.err
    assert "hint: " in ran.err
    assert "\x1b" not in ran.err + ran.out


def test_a_name_that_means_harm_is_shown_and_not_obeyed(invoke: Invoke) -> None:
    finding = {
        "id": "mine/x/hf:a\tb\x1b[2J\udce9", "entry": "mine/x", "model": "hf:a/b",
        "verdict": "review", "grade": "declared", "relation": "listed", "path": ["hf:a/b"],
        "claims": [],
    }  # fmt: skip
    run = {"id": "\x1b[2J", "standard": "declared", "blocklists": []}
    report = {"schema": "modelaudit.report/1", "run": run, "findings": [finding]}
    Path("odd.json").write_text(json.dumps(report))
    ran = invoke("blocklist", "recheck", "odd.json")
    assert ran.code == 1
    (row,) = ran.rows
    assert row["id"] == r"mine/x/hf:a\tb\x1b[2J\udce9"
    assert "\x1b" not in ran.err
