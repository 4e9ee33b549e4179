"""An entry is written with all that belongs to it, or nothing is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from modelaudit.check import blocklist, scaffold
from modelaudit.check.drafting import Stated
from modelaudit.check.lint import lint
from modelaudit.check.listfile import Problem
from modelaudit.crawl.registry import open_platforms
from modelaudit.domain.errors import BlocklistError, UsageError
from modelaudit.domain.words import Component
from modelaudit.steps import adding
from modelaudit.steps.counting import Tally
from modelaudit.steps.entering import Looking
from modelaudit.steps.subject import Subject
from tests.audit import relatives

TODAY = date(2026, 11, 28)


@dataclass(frozen=True, slots=True, kw_only=True)
class Slow(Looking):
    """Something happens while it looks."""

    meanwhile: Callable[[], object] = lambda: None

    def at(self, text: str) -> Subject:
        self.meanwhile()
        return Looking.at(self, text)


@pytest.fixture
def house(tmp_path: Path) -> Path:
    path = tmp_path / "house.yaml"
    path.write_text(
        scaffold.list_text(
            file="house.yaml", id="house", kind="block", purpose="policy", title=None,
            maintainer=None, private=False, today=date(2026, 11, 1),
        )
    )  # fmt: skip
    relatives.put(tmp_path / "base.safetensors", relatives.base())
    return path


def add(
    house: Path,
    meanwhile: Callable[[], object] = lambda: None,
    *,
    id: str | None = None,
    tainted: tuple[Component, ...] = (),
    target: str = "base.safetensors",
) -> adding.Added:
    platforms = open_platforms(offline=True, wait=lambda why, seconds: None)
    looking = Slow(
        platforms=platforms, tally=Tally(), offline=True, meanwhile=meanwhile, tainted=tainted
    )
    named = str(house.with_name(target))
    return adding.add(house, [named], looking, Stated(), id=id, title=None, today=TODAY)


def rename(house: Path) -> None:
    house.write_text(house.read_text().replace("title: Example ", "title: Renamed"))


def test_what_others_wrote_while_it_looked_is_kept(house: Path) -> None:
    assert add(house, lambda: rename(house)).id == "house/base"
    assert [e.title for e in blocklist.load(house).entries] == ["Renamed", "base"]


def test_a_list_that_broke_while_it_looked_takes_nothing(house: Path) -> None:
    with pytest.raises(BlocklistError):
        add(house, lambda: house.write_text("schema: ["))
    assert house.read_text() == "schema: ["


def test_a_change_at_the_last_moment_wins(house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def slow_lint(path: Path, *, today: date | None = None) -> list[Problem]:
        if path != house:
            rename(house)
        return lint(path, today=today)

    monkeypatch.setattr(adding, "lint", slow_lint)
    with pytest.raises(BlocklistError, match="changed meanwhile"):
        add(house)
    assert [e.title for e in blocklist.load(house).entries] == ["Renamed"]
    assert sorted(p.name for p in house.parent.iterdir()) == ["base.safetensors", "house.yaml"]


def test_a_sketch_that_is_there_is_nobody_elses(house: Path) -> None:
    there = house.parent / "sketches" / "base.transformer.sketch"
    there.parent.mkdir()
    there.write_text("mine")
    with pytest.raises(UsageError, match="is there already"):
        add(house)
    assert there.read_text() == "mine"
    assert "house/base" not in house.read_text()


def test_a_place_that_can_be_no_folder_is_told(house: Path) -> None:
    before = house.read_text()
    house.with_name("sketches").write_text("a file")
    with pytest.raises(UsageError, match="sketches cannot be made a folder"):
        add(house)
    house.with_name("sketches").unlink()
    house.with_name("sketches").symlink_to("nowhere")
    with pytest.raises(UsageError, match="sketches cannot be made a folder"):
        add(house)
    assert house.read_text() == before


@pytest.mark.parametrize(
    ("id", "name"),
    [
        ("house", "entry"),
        ("house/a..b/../c", "a.b-.-c"),
        ("house/..", "entry"),
        ("other/../x", "other-.-x"),
    ],
)
def test_a_sketch_stays_in_its_folder_whatever_the_id(house: Path, id: str, name: str) -> None:
    assert add(house, id=id).sketches == (f"sketches/{name}.transformer.sketch",)


def test_a_part_that_a_file_does_not_hold_is_told(house: Path) -> None:
    """The file is at hand: to download it is no remedy."""
    with pytest.raises(UsageError, match="unet is none of its parts: transformer") as caught:
        add(house, tainted=(Component.UNET,))
    assert caught.value.hint == "leave --tainted out, or name what it holds"


def test_a_part_that_is_guessed_is_told(house: Path) -> None:
    house.with_name("base.txt").write_text("no weights")
    assert any("full is a guess" in said for said in add(house, target="base.txt").remarks)
    assert not any("guess" in said for said in add(house).remarks)


def test_entries_go_into_no_shipped_list() -> None:
    with pytest.raises(BlocklistError, match="laion-5b is a shipped list"):
        add(Path("laion-5b"))


def test_a_link_to_a_list_is_followed_and_stays(house: Path, tmp_path: Path) -> None:
    real = tmp_path / "real"
    real.mkdir()
    house.rename(real / "house.yaml")
    house.symlink_to(real / "house.yaml")
    assert add(house).sketches == ("sketches/base.transformer.sketch",)
    assert house.is_symlink()
    assert "house/base" in (real / "house.yaml").read_text()
    assert not [p for p in lint(house, today=TODAY) if p.level == "error"]


def test_nothing_hidden_is_left_behind(house: Path) -> None:
    add(house)
    assert not list(house.parent.rglob(".*"))
