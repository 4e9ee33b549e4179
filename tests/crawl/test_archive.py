import gzip
import hashlib
import json
import os
import stat

import msgspec
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from modelaudit.crawl import archive, lines
from modelaudit.crawl.archive import ArchiveWriter, line
from modelaudit.crawl.lines import read_lines
from modelaudit.domain.errors import StoreError
from modelaudit.domain.model import Gap, Received
from modelaudit.domain.words import GapReason


def received(record, **changed):
    fields = {
        "platform": "hf",
        "kind": "list",
        "url": "https://huggingface.co/api/models",
        "status": 200,
        "at": 1_700_000_000,
        "record": record,
    }
    return Received(**{**fields, **changed})


def texts(path, after=("", 0)):
    return [read.text for read in read_lines(path, after)]


def records(path):
    return [json.loads(text)["record"] for text in texts(path)]


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "audit.db.archive"


@pytest.fixture
def open_writer(folder):
    opened = []

    def open_it():
        opened.append(ArchiveWriter(folder))
        return opened[-1]

    yield open_it
    for writer in opened:
        writer.close()


def test_a_line_keeps_the_record_as_received_and_its_digest(folder, open_writer):
    raw = b'{"id": "a/b",  "n": 1.50}'
    open_writer().append([received(raw), received(msgspec.Raw(raw)), received({"id": "é"})])
    first, second, third = texts(folder)
    assert b'"record":' + raw in first
    assert first == second
    assert json.loads(first) == {
        "platform": "hf",
        "kind": "list",
        "url": "https://huggingface.co/api/models",
        "status": 200,
        "at": "2023-11-14T22:13:20Z",
        "sha256": hashlib.sha256(raw).hexdigest(),
        "record": {"id": "a/b", "n": 1.5},
    }
    assert json.loads(third)["record"] == {"id": "é"}


def test_images_are_removed_at_any_depth_and_it_is_noted(folder, open_writer):
    record = {
        "id": 1,
        "images": [{"url": "x"}],
        "modelVersions": [{"id": 2, "images": [{"meta": {"images": 1}}], "files": []}],
    }
    open_writer().append([received(record, platform="civitai")])
    kept = json.loads(texts(folder)[0])
    assert kept["record"] == {"id": 1, "modelVersions": [{"id": 2, "files": []}]}
    assert kept["removed"] == ["images"]
    assert kept["sha256"] == hashlib.sha256(msgspec.json.encode(kept["record"])).hexdigest()


def test_layout_of_a_record_cannot_break_a_line(folder, open_writer):
    open_writer().append([received(b'{\r\n "text": "two\\nlines"\n}')])
    assert records(folder) == [{"text": "two\nlines"}]


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        (b"<html>busy</html>", "<html>busy</html>"),
        (b'{"a": "\\ud800", "b": "\\ud83d\\ude00"}', {"a": "?", "b": "\U0001f600"}),
        (b'{"a": "\xff"}', {"a": "\ufffd"}),
        (b'{"a": "\\\\ud800"}', {"a": "\\ud800"}),
        (b"[" * 5000, "[" * 5000),
        (b'{"a": [NaN, -Infinity]}', {"a": [None, None]}),
        (b"", ""),
    ],
)
def test_what_is_not_strict_json_is_kept_in_a_form_that_is(folder, open_writer, raw, kept):
    open_writer().append([received(raw)])
    assert records(folder) == [kept]


def test_a_string_that_utf8_cannot_spell_is_kept_without_its_broken_half(folder, open_writer):
    open_writer().append([received({"text": "a\ud800b"})])
    assert records(folder) == [{"text": "a?b"}]


def test_the_archive_is_private(folder, open_writer):
    old = os.umask(0)
    try:
        open_writer().append([received({})])
    finally:
        os.umask(old)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()] == [0o600]


def test_an_empty_batch_leaves_nothing_behind(folder, open_writer):
    writer = open_writer()
    before = writer.offset
    writer.append([])
    assert writer.offset == before
    assert not folder.exists()


def test_an_archive_that_cannot_be_written_says_what_to_do(folder, open_writer):
    folder.write_text("in the way")
    with pytest.raises(StoreError, match="cannot be written: File exists") as refused:
        open_writer().append([received(1)])
    assert "--no-archive" in refused.value.hint


def test_a_resumed_run_cuts_back_to_what_was_committed(folder, open_writer):
    killed = open_writer()
    killed.append([received(1), received(2)])
    committed = killed.offset
    killed.append([received(3)])
    os.write(killed._out, b"\x28\xb5\x2f\xfd torn")
    (folder / "000002.jsonl.zst").write_bytes(b"begun")
    (folder / "notes.txt").write_bytes(b"somebody's")

    resumed = open_writer()
    resumed.truncate(committed)
    assert resumed.offset == committed
    resumed.append([received(4)])
    assert records(folder) == [1, 2, 4]
    assert sorted(file.name for file in folder.iterdir()) == ["000001.jsonl.zst", "notes.txt"]


def test_a_run_killed_before_its_first_batch_starts_where_it_started(folder, open_writer):
    killed = open_writer()
    killed.truncate(None)
    committed = killed.offset
    killed.append([received(1)])
    resumed = open_writer()
    resumed.truncate(committed)
    resumed.append([received(2)])
    assert records(folder) == [2]


@pytest.mark.parametrize("committed", [None, "000001.jsonl.zst:99999:7", "000009.jsonl.zst:5:1"])
def test_without_the_committed_bytes_a_new_file_begins_and_nothing_is_lost(
    folder, open_writer, committed
):
    open_writer().append([received(1)])
    writer = open_writer()
    writer.truncate(committed)
    writer.append([received(2)])
    assert records(folder) == [1, 2]
    assert len(list(folder.iterdir())) == 2


def test_a_new_file_begins_after_so_many_lines_even_when_resumed(folder, open_writer, monkeypatch):
    monkeypatch.setattr(archive, "LINES_PER_FILE", 3)
    writer = open_writer()
    writer.append([received(1), received(2)])
    committed = writer.offset
    resumed = open_writer()
    resumed.truncate(committed)
    resumed.append([received(3)])
    resumed.append([received(4)])
    assert resumed.offset.startswith("000002.jsonl.zst:")
    assert records(folder) == [1, 2, 3, 4]


def test_lines_of_all_three_forms_are_read_in_the_order_of_their_names(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(b"1\n\n  \n2")
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress(b"3\n") + gzip.compress(b"4\n"))
    compress = zstandard.ZstdCompressor().compress
    (tmp_path / "c.jsonl.zst").write_bytes(compress(b"5\n6") + compress(b"7\n"))
    (tmp_path / "d.txt").write_bytes(b"8\n")
    assert texts(tmp_path) == [b"1", b"2", b"3", b"4", b"5", b"67"]
    assert [read.number for read in read_lines(tmp_path)] == [1, 4, 1, 2, 1, 2]
    assert texts(tmp_path, ("b.jsonl.gz", 1)) == [b"4", b"5", b"67"]
    assert texts(tmp_path / "a.jsonl", ("a.jsonl", 1)) == [b"2"]


def damaged_zstd(whole):
    compress = zstandard.ZstdCompressor(write_checksum=True).compress
    return compress(whole) + compress(whole * 1000)[:-3]


def damaged_gzip(whole):
    return gzip.compress(whole * 50_000)[:-9]


@pytest.mark.parametrize(
    ("name", "damage"), [("a.jsonl.zst", damaged_zstd), ("a.jsonl.gz", damaged_gzip)]
)
def test_a_torn_file_gives_its_whole_lines_then_a_gap_and_the_others_go_on(tmp_path, name, damage):
    (tmp_path / name).write_bytes(damage(b'"whole"\n'))
    (tmp_path / "b.jsonl").write_bytes(b"1\n")
    *whole, gap, other = texts(tmp_path)
    assert whole
    assert set(whole) == {b'"whole"'}
    assert isinstance(gap, Gap)
    assert gap.reason is GapReason.UNREADABLE
    assert f"{name}: not readable after line {len(whole)}" in gap.detail
    assert other == b"1"


@pytest.mark.parametrize("name", ["a.jsonl.zst", "a.jsonl.gz"])
def test_a_file_that_is_not_what_its_name_says_is_a_gap(tmp_path, name):
    (tmp_path / name).write_bytes(b"not compressed at all")
    (gap,) = texts(tmp_path)
    assert gap.reason is GapReason.UNREADABLE


def test_a_line_that_is_too_long_is_a_gap_wherever_it_lies(tmp_path, monkeypatch):
    monkeypatch.setattr(lines, "MAX_LINE", 10)
    monkeypatch.setattr(lines, "_CHUNK", 4)
    (tmp_path / "a.jsonl").write_bytes(b"1\n" + b"x" * 30 + b"\n2\n" + b"y" * 11)
    one, gap, two, last = read_lines(tmp_path)
    assert (one.text, two.text) == (b"1", b"2")
    assert gap.text.reason is last.text.reason is GapReason.TOO_LARGE
    assert (gap.number, last.number) == (2, 4)


@pytest.mark.parametrize("form", ["zst", "gz"])
def test_a_file_that_unfolds_to_much_comes_in_small_pieces(tmp_path, form):
    compress = {"zst": zstandard.ZstdCompressor().compress, "gz": gzip.compress}[form]
    whole = b"1\n" + b"\n" * 2**22 + b"2\n"
    path = tmp_path / f"a.jsonl.{form}"
    path.write_bytes(compress(whole))
    pieces = list(lines._chunks(path))
    assert max(map(len, pieces)) <= lines._CHUNK
    assert b"".join(pieces) == whole
    assert texts(path) == [b"1", b"2"]


def test_a_missing_file_is_a_gap(tmp_path):
    (gap,) = texts(tmp_path / "absent.jsonl")
    assert gap.reason is GapReason.UNREADABLE


@given(st.lists(st.binary(max_size=12).map(lambda b: b.replace(b"\n", b"")), max_size=9))
def test_lines_do_not_depend_on_where_chunks_end(wanted):
    whole = b"\n".join(wanted)
    for size in (1, 3, 7, 1000):
        chunks = (whole[at : at + size] for at in range(0, len(whole), size))
        found = list(lines._split(chunks))
        assert found == (wanted[:-1] if wanted and not wanted[-1] else wanted)


@given(st.text(st.characters()))
def test_any_string_ends_up_on_one_readable_line(text):
    kept = msgspec.json.encode(line(received({"text": text})))
    assert b"\n" not in kept
    assert isinstance(msgspec.json.decode(kept)["record"]["text"], str)
