"""`blocklist diff`: two versions of a list, or two folders of lists."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from modelaudit.check import blocklist
from tests.check.listtext import LIST, but
from tests.cli.running import Ran, Shell
from tests.cli.test_terminal import at_terminal

Invoke = Callable[..., Ran]


@pytest.fixture
def two(tmp_path: Path) -> tuple[Path, Path]:
    """Two versions of a list."""
    old, new = tmp_path / "old.yaml", tmp_path / "new.yaml"
    old.write_text(LIST)
    new.write_text(but(("policy: take-down", "policy: review")))
    return old, new


def test_a_change_is_told_with_both_versions(invoke: Invoke, two: tuple[Path, Path]) -> None:
    ran = invoke("blocklist", "diff", *two)
    old, new = map(blocklist.load, two)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == (
        f"mine\n  old  2026.11.22  sha256 {old.sha256}\n  new  2026.12.01  sha256 {new.sha256}\n"
        "  changed    mine/base\n      policy: now weaker: review, was take-down\n"
    )
    back = invoke("blocklist", "diff", *reversed(two))
    assert "policy: now stronger: take-down, was review" in back.out


def test_a_terminal_is_told_the_same(shell: Shell, two: tuple[Path, Path]) -> None:
    piped = shell.run("blocklist", "diff", *two)
    code, text = at_terminal(shell.folder, "blocklist", "diff", *map(str, two), NO_COLOR="1")
    assert code == 0
    assert text == piped.out


def test_a_shipped_list_goes_by_its_name(invoke: Invoke) -> None:
    ran = invoke("blocklist", "diff", "laion-5b", blocklist.resolve("laion-5b"))
    assert ran.code == 0
    assert ran.out.endswith("  the same file\n")


def test_other_sketches_beside_the_same_text_are_a_change(invoke: Invoke, tmp_path: Path) -> None:
    text = LIST.replace(
        "      labels:", "      sketches: [{ref: a.sketch, component: unet}]\n      labels:"
    )
    for name in ("before", "after"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "mine.yaml").write_text(text)
        (tmp_path / name / "a.sketch").write_text(name)
    ran = invoke("blocklist", "diff", tmp_path / "before", tmp_path / "after")
    assert "sketches: + a.sketch unet" in ran.out
    assert "the same file" not in ran.out


def test_folders_are_compared_list_by_list(
    invoke: Invoke, two: tuple[Path, Path], tmp_path: Path
) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    for folder, path in zip((before, after), two, strict=True):
        (folder / "deep").mkdir(parents=True)
        (folder / "deep" / "a.yaml").write_bytes(path.read_bytes())
    (after / "b.yaml").write_text(LIST.replace("mine", "more"))
    ran = invoke("blocklist", "diff", before, after)
    assert ran.code == 0
    assert "policy: now weaker" in ran.out
    assert "\nmore\n  old  not there\n" in ran.out
    (after / "c.yaml").write_text(LIST.replace("mine", "more"))
    assert "two lists are called more" in invoke("blocklist", "diff", before, after).err


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("no-such-list", "old.yaml"), "no blocklist is named"),
        (("old.yaml", "broken.yaml"), "not YAML"),
        (("old.yaml", "empty"), "one is a folder"),
        (("empty", "empty"), "holds no list"),
        (("old.yaml", "x" * 5000), "no blocklist is named"),
    ],
)
def test_what_cannot_be_read_is_told(
    invoke: Invoke, two: tuple[Path, Path], names: tuple[str, str], said: str
) -> None:
    Path("broken.yaml").write_text("schema: [")
    Path("empty").mkdir()
    ran = invoke("blocklist", "diff", *names)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err


def test_text_from_strangers_does_not_reach_the_terminal(
    invoke: Invoke, two: tuple[Path, Path]
) -> None:
    two[1].write_text(but(("        where: top", '        where: "a\\u202eb"'),
                          ('["SD 1.5"]', '["SD \\u202e1"]')))  # fmt: skip
    ran = invoke("blocklist", "diff", *two)
    assert "\u202e" not in ran.out
