"""`blocklist new`: what it begins lints clean, explains itself, and overwrites nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest
import yaml

from modelaudit.check import blocklist, scaffold
from modelaudit.domain.entry import EntryStatus
from tests.cli.running import Ran, Shell

Invoke = Callable[..., Ran]
WAYS = [("--kind", kind) for kind in scaffold.KINDS] + [
    ("--purpose", purpose) for purpose in scaffold.PURPOSES
]


@pytest.mark.parametrize("way", WAYS, ids=" ".join)
def test_it_lints_clean_and_its_case_passes(invoke: Invoke, way: tuple[str, str]) -> None:
    ran = invoke("blocklist", "new", "house.yaml", *way, "--maintainer", "Trust and Safety")
    assert (ran.code, ran.out) == (0, "")
    assert "house.cases.toml" in ran.err
    linted = invoke("blocklist", "lint", "house.yaml")
    assert (linted.code, linted.out, linted.err) == (0, "", "1 list, 0 problems\n")
    tested = invoke("blocklist", "test", "house.yaml")
    assert tested.code == 0, tested.err
    loaded = blocklist.load("house.yaml")
    (entry,) = loaded.entries
    assert (loaded.id, loaded.maintainer) == ("house", "Trust and Safety")
    assert entry.status is EntryStatus.DRAFT
    assert "not named yet" not in Path("house.yaml").read_text()


@pytest.mark.parametrize("way", WAYS, ids=" ".join)
def test_every_line_that_is_commented_out_is_right_too(
    invoke: Invoke, tmp_path: Path, way: tuple[str, str]
) -> None:
    invoke("blocklist", "new", "house.yaml", *way)
    text = (tmp_path / "house.yaml").read_text()
    spelled = re.sub(r"(?m)^( +)# (?=(?:rehosts|hints|expires): )", r"\1", text)
    assert spelled != text
    (tmp_path / "house.yaml").write_text(spelled)
    assert invoke("blocklist", "lint", "house.yaml").code == 0


def test_an_entry_filled_in_acts(invoke: Invoke, tmp_path: Path) -> None:
    """What the comments say to do leads to a list that finds what the second case describes."""
    invoke("blocklist", "new", "house.yaml", "--purpose", "objection")
    text = (tmp_path / "house.yaml").read_text()
    text = text.replace("status: draft", "status: active").replace("unverified", "documented")
    (tmp_path / "house.yaml").write_text(text)
    cases = (tmp_path / "house.cases.toml").read_text()
    head, _, more = cases.partition("# [[case]]")
    more = re.sub(r"(?m)^# ", "", "# [[case]]" + more)
    (tmp_path / "house.cases.toml").write_text(head + more)
    assert invoke("blocklist", "lint", "house.yaml").out == ""
    tested = invoke("blocklist", "test", "house.yaml")
    assert tested.code == 0, tested.out + tested.err
    assert "2 cases" in tested.err


def test_editors_complete_it_by_the_schema_beside_it(invoke: Invoke, tmp_path: Path) -> None:
    invoke("blocklist", "new", "house.yaml")
    first = (tmp_path / "house.yaml").read_text().splitlines()[0]
    found = re.fullmatch(r"# yaml-language-server: \$schema=(\S+)", first)
    assert found
    schema = json.loads((tmp_path / found[1]).read_text())
    jsonschema.validate(yaml.safe_load((tmp_path / "house.yaml").read_text()), schema)


def test_nothing_is_overwritten(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "aa.cases.toml").write_text("mine")
    (tmp_path / "bb.yaml").symlink_to("nowhere")
    (tmp_path / scaffold.SCHEMA_FILE).write_text("{}")
    for name in ("aa.yaml", "bb.yaml"):
        ran = invoke("blocklist", "new", name)
        assert (ran.code, ran.out) == (2, "")
        assert "is there already\nhint: " in ran.err
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "aa.cases.toml", "bb.yaml", scaffold.SCHEMA_FILE,
    ]  # fmt: skip
    assert invoke("blocklist", "new", "house.yaml").code == 0
    assert (tmp_path / scaffold.SCHEMA_FILE).read_text() == "{}"


def test_what_cannot_be_a_list_is_refused_before_anything_is_written(
    invoke: Invoke, tmp_path: Path
) -> None:
    for args, said in (
        (["house.txt"], "let it end with .yaml"),
        (["x.yaml"], "an id is 2 to 80 characters"),
        (["house.yaml", "--id", "Not an id: #"], "an id is 2 to 80 characters"),
        (["house.yaml", "--title", "t" * 600], "title"),
        (["house.yaml", "--kind", "allow", "--purpose", "order"], "--purpose is for block lists"),
        (["house.yaml", "--kind", "other"], "other"),
        (["nowhere/house.yaml"], "the folder must exist"),
    ):
        ran = invoke("blocklist", "new", *args)
        assert ran.code == 2, args
        assert said in ran.err, args
    assert list(tmp_path.iterdir()) == []


def test_odd_words_are_kept_as_they_are(invoke: Invoke) -> None:
    title = "no: #1 \u2028 “x”\n'a' {b} \t# c"
    assert invoke("blocklist", "new", "a # b.yaml", "--id", "own", "--title", title).code == 0
    assert blocklist.load("a # b.yaml").title == title
    assert invoke("blocklist", "lint", "a # b.yaml").out == ""
    odd = "new\nline.yaml"
    assert invoke("blocklist", "new", odd, "--id", "own").code == 0
    assert invoke("blocklist", "test", odd).code == 0


def test_a_private_list_is_its_owners_alone(shell: Shell) -> None:
    assert shell.run("blocklist", "new", "house.yaml", "--private").code == 0
    for name in ("house.yaml", "house.cases.toml"):
        assert (shell.folder / name).stat().st_mode & 0o777 == 0o600
    assert blocklist.load(shell.folder / "house.yaml").private
