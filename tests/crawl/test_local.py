"""Files of this machine, real ones."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelaudit.crawl.local import LocalReader
from modelaudit.domain.reader import ReadError
from modelaudit.domain.words import GapReason
from modelaudit.resolve.formats.safetensors import read_header
from tests.shared import shared

CONTENT = bytes(range(256)) * 3


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("local") / "m.safetensors"
    file.write_bytes(CONTENT)
    return file


@given(offset=st.integers(0, 900), length=st.integers(0, 900))
def test_every_read_gives_what_a_slice_gives(path: Path, offset: int, length: int) -> None:
    with LocalReader(path) as reader:
        assert reader.size == len(CONTENT)
        assert reader.read(offset, length) == CONTENT[offset : offset + length]
        assert reader.bytes_read == len(CONTENT[offset : offset + length])


def test_a_wild_length_allocates_no_more_than_the_file_has(path: Path) -> None:
    with LocalReader(path) as reader:
        assert reader.read(0, 1 << 62) == CONTENT


def test_a_real_file_is_read() -> None:
    file = shared("weights/lora/sd15_lora_diffusion_rank1.safetensors")
    with LocalReader(file) as reader:
        assert len(read_header(reader).tensors) == 386
        assert reader.bytes_read == 34_973 + 8


def test_what_is_no_regular_file_is_refused_without_waiting(path: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for other in (tmp_path / "pipe", tmp_path, "/dev/null"):
        with pytest.raises(ReadError, match="not a regular file"):
            LocalReader(other)


def test_a_link_is_not_followed(path: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(path)
    with pytest.raises(ReadError, match="cannot be opened"):
        LocalReader(tmp_path / "link")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("missing", GapReason.GONE),
        ("m\0", GapReason.UNREADABLE),
        ("n" * 5000, GapReason.UNREADABLE),
    ],
)
def test_a_file_that_cannot_be_opened_says_why(
    tmp_path: Path, name: str, reason: GapReason
) -> None:
    with pytest.raises(ReadError, match=r"\Athe file cannot be opened: .") as caught:
        LocalReader(f"{tmp_path}/{name}")
    assert caught.value.reason is reason


def test_a_file_that_shrinks_while_it_is_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "m"
    file.write_bytes(CONTENT)
    with LocalReader(file) as reader:
        os.truncate(file, 10)
        with pytest.raises(ReadError, match="became shorter"):
            reader.read(0, 20)


def test_an_open_file_stays_the_one_that_was_opened(tmp_path: Path) -> None:
    file = tmp_path / "m"
    file.write_bytes(CONTENT)
    with LocalReader(file) as reader:
        file.unlink()
        file.write_bytes(b"another")
        assert reader.read(0, 20) == CONTENT[:20]


def open_files() -> int:
    """How many descriptors this process holds; 0 where nobody says."""
    own = Path("/proc/self/fd")
    return sum(1 for _ in own.iterdir()) if own.exists() else 0


def test_nothing_stays_open(path: Path, tmp_path: Path) -> None:
    before = open_files()
    with LocalReader(path) as reader:
        pass
    reader.close()
    with pytest.raises(ReadError, match="closed"):
        reader.read(0, 1)
    with pytest.raises(ReadError):
        LocalReader(tmp_path)
    assert open_files() == before
