from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from modelaudit.domain.errors import UsageError
from modelaudit.report.reporter import formats, named, render, write
from tests.report.sample import sample

GOLDEN = Path(__file__).parent / "golden"
UPDATE = os.environ.get("MODELAUDIT_UPDATE_GOLDEN") == "1"


def test_the_formats_are_those_of_the_contract() -> None:
    names = [reporter.name for reporter in formats()]
    assert {"table", "tsv", "json", "jsonl", "csv", "markdown", "html"} <= set(names)
    assert len(set(names)) == len(names)
    assert len({reporter.suffix for reporter in formats()}) == len(names)


@pytest.mark.parametrize("name", [reporter.name for reporter in formats()])
def test_a_report_reads_as_recorded(name: str) -> None:
    text = "".join(render(name, sample()))
    golden = GOLDEN / f"report{named(name).suffix}"
    if UPDATE:
        golden.write_text(text, encoding="utf-8", newline="")
    assert text == golden.read_bytes().decode("utf-8")
    assert text.encode("utf-8")


def test_an_unknown_format_names_those_there_are() -> None:
    with pytest.raises(UsageError) as error:
        render("pdf", sample())
    assert "json" in str(error.value.hint)


def test_a_file_is_written_whole(tmp_path: Path) -> None:
    target = tmp_path / "report.csv"
    target.write_text("old")
    write(target, ["a\r\n", "é"])
    assert target.read_bytes() == b"a\r\n\xc3\xa9"
    assert [path.name for path in tmp_path.iterdir()] == ["report.csv"]


def test_a_report_that_breaks_off_leaves_the_old_file(tmp_path: Path) -> None:
    def broken() -> Iterator[str]:
        yield "half"
        raise KeyboardInterrupt

    target = tmp_path / "report.json"
    target.write_text("old")
    with pytest.raises(KeyboardInterrupt):
        write(target, broken())
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]


def test_a_link_is_followed_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "latest").symlink_to(tmp_path / "report.json")
    write(tmp_path / "latest", ["new"])
    assert (tmp_path / "latest").is_symlink()
    assert (tmp_path / "report.json").read_text() == "new"


def test_a_pipe_is_written_through_and_stays_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    received: list[str] = []
    reader = threading.Thread(target=lambda: received.append(pipe.read_text()))
    reader.start()
    write(pipe, ["through"])
    reader.join()
    assert received == ["through"]
    assert pipe.is_fifo()


def test_a_missing_folder_is_one_plain_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written: No such file"):
        write(tmp_path / "nowhere" / "report.json", ["x"])
    with pytest.raises(UsageError, match="directory"):
        write(tmp_path, ["x"])
