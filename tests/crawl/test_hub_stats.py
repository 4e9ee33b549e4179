"""The Hub's Parquet dump as a platform: columns, types, what it does not tell, where it goes on."""

from __future__ import annotations

import datetime as dt
import os
import sys
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelaudit.crawl.hub_stats import ROWS_PER_PAGE, HubStats
from modelaudit.crawl.platform import Source
from modelaudit.crawl.sources import parse_source
from modelaudit.domain.errors import IncompleteError, PlatformError, UsageError
from modelaudit.domain.model import Gap, Page, Record
from modelaudit.domain.reader import ReadError
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.words import GapReason, Status, Trait

pa = pytest.importorskip("pyarrow")

from tests.crawl.dumps import WRITTEN, dump, write  # noqa: E402 - needs pyarrow

OBJECT_ID = "63b5df80" + "0" * 16
DAY = 86_400


def pages(path: Path, cursor: str | None = None) -> list[Page]:
    source = Source(text=f"hub-stats:{path}", platform="hub-stats", kind="dump", value=str(path))
    return list(HubStats().list(source, cursor))


def records(path: Path) -> list[Record]:
    return [record for page in pages(path) for record in page.records]


def gaps(path: Path) -> list[Gap]:
    return [gap for page in pages(path) for gap in page.gaps]


def the(path: Path) -> Record:
    (found,) = records(path)
    return found


def body(record: Record) -> Any:
    return record.documents[0].body


def numbered(count: int) -> list[dict[str, Any]]:
    return [{"id": f"acme/model-{n}", "downloads": n} for n in range(count)]


def test_a_row_is_the_record_that_the_hub_would_list(tmp_path: Path) -> None:
    record = {
        "_id": OBJECT_ID, "id": "acme/tuned", "author": "acme", "sha": "a" * 40,
        "createdAt": "2023-01-05T00:00:00.000Z", "lastModified": "2024-05-06T07:08:09.000Z",
        "downloads": 12, "likes": 3, "pipeline_tag": "text-to-image", "gated": "auto",
        "tags": ["diffusers", "base_model:acme/base"], "cardData": {"base_model": "acme/base"},
        "baseModels": {"relation": "finetune", "models": [{"_id": OBJECT_ID, "id": "acme/base"}]},
        "siblings": [{"rfilename": "README.md"}, {"rfilename": "unet/model.safetensors"}],
        "config": {"diffusers": {"_class_name": "StableDiffusionPipeline"}},
        "safetensors": {"total": 5}, "gguf": None,
    }  # fmt: skip
    found = the(dump(tmp_path / "models.parquet", [record]))
    model = found.model
    assert (model.ref, model.stable_id) == ("hf:acme/tuned", OBJECT_ID)
    assert (model.created, model.modified) == (1672876800, 1714979289)
    assert (model.downloads, model.likes, model.parameters) == (12, 3, 5)
    assert model.kind == "StableDiffusionPipeline"
    assert model.traits & (Trait.DIFFUSION | Trait.SAFETENSORS | Trait.CARD)
    assert body(found)["cardData"] == record["cardData"]
    assert body(found)["baseModels"] == record["baseModels"]
    assert found.documents[0].observed == WRITTEN


def test_what_a_dump_does_not_tell_is_said_once_with_a_count(tmp_path: Path) -> None:
    path = dump(tmp_path / "models.parquet", numbered(3))
    found = records(path)
    assert all(record.seed and not record.detailed and record.files is None for record in found)
    assert {record.model.revision for record in found} == {None}
    assert {record.model.status for record in found} == {Status.LIVE}
    told = {gap.detail: (gap.reason, gap.count) for gap in gaps(path)}
    seeded = "from a dump of 2026-09-21: revision and gating unknown"
    assert told.pop(seeded) == (GapReason.INCONCLUSIVE, 3)
    (lacking,) = told
    assert lacking.startswith("the dump has no column _id, author, ")
    assert "cardData" not in lacking  # the helper writes one
    assert told[lacking] == (GapReason.UNMAPPED, 1)


@pytest.mark.parametrize(
    ("name", "column", "expected"),
    [
        ("createdAt", pa.array([dt.datetime(2024, 5, 6, 7, 8, 9)], pa.timestamp("us")), 1714979289),
        ("createdAt", pa.array([1714979289], pa.timestamp("s", "UTC")), 1714979289),
        ("createdAt", pa.array([1714979289_000000001], pa.timestamp("ns", "UTC")), 1714979289),
        ("createdAt", pa.array([dt.date(2024, 5, 6)]), 1714953600),
        ("createdAt", pa.array([1714953600_000], pa.date64()), 1714953600),
        ("createdAt", ["2024-05-06T07:08:09.000Z"], 1714979289),
        ("createdAt", ["2024-05-06 07:08:09+00:00"], 1714979289),
        ("createdAt", pa.array([2**62], pa.timestamp("us")), None),
        ("createdAt", pa.array([-5], pa.timestamp("ms")), None),
        ("createdAt", [None], None),
        ("createdAt", pa.nulls(1), None),
        ("createdAt", ["last spring"], None),
        ("downloads", pa.array([7], pa.uint32()), 7),
        ("downloads", [7.0], 7),
        ("downloads", [float("nan")], None),
        ("downloads", [float("inf")], None),
        ("downloads", [-1], None),
        ("downloads", pa.array([2**64 - 1], pa.uint64()), None),
        ("downloads", [None], None),
    ],
)
def test_times_and_counts_come_in_many_types(
    tmp_path: Path, name: str, column: Any, expected: int | None
) -> None:
    path = write(tmp_path / "models.parquet", {"id": ["acme/a"], name: column})
    model = the(path).model
    assert (model.created if name == "createdAt" else model.downloads) == expected


CARD = {"base_model": "acme/base"}


@pytest.mark.parametrize(
    "column",
    [
        ['{"base_model": "acme/base"}'],
        [CARD],
        pa.array(['{"base_model": "acme/base"}'], pa.large_string()),
        pa.array(['{"base_model": "acme/base"}']).dictionary_encode(),
    ],
)
def test_a_card_is_json_text_or_a_struct(tmp_path: Path, column: Any) -> None:
    path = write(tmp_path / "models.parquet", {"id": ["acme/a"], "cardData": column})
    assert body(the(path))["cardData"] == CARD


def test_fields_that_only_other_rows_have_are_left_out_of_a_struct(tmp_path: Path) -> None:
    cards = [{"base_model": None, "tags": ["x", None]}, {"base_model": "acme/base", "tags": None}]
    path = write(tmp_path / "models.parquet", {"id": ["a/a", "a/b"], "cardData": cards})
    assert [body(record)["cardData"] for record in records(path)] == [{"tags": ["x"]}, CARD]


@pytest.mark.parametrize(
    "column",
    [
        [["README.md", None, "model.safetensors"]],
        [[{"rfilename": "README.md"}, {"rfilename": "model.safetensors"}]],
        [[{"rfilename": "README.md", "size": 1}, {"rfilename": "model.safetensors", "size": 2}]],
        ['["README.md", "model.safetensors"]'],
        ['[{"rfilename": "README.md", "blobId": "x"}, {"rfilename": "model.safetensors"}, 7]'],
    ],
)
def test_files_are_names_however_they_are_written(tmp_path: Path, column: Any) -> None:
    found = the(write(tmp_path / "models.parquet", {"id": ["acme/a"], "siblings": column}))
    assert found.model.traits == Trait.CARD | Trait.WEIGHTS | Trait.SAFETENSORS
    assert found.files is None
    assert not found.detailed


@pytest.mark.parametrize(
    "column",
    [
        [{"relation": "merge", "models": ["acme/base"]}],
        [{"relation": "merge", "models": [{"id": "acme/base"}]}],
        ['{"relation": "merge", "models": ["acme/base"]}'],
    ],
)
def test_parents_are_names_or_structs(tmp_path: Path, column: Any) -> None:
    found = the(write(tmp_path / "models.parquet", {"id": ["acme/a"], "baseModels": column}))
    assert body(found)["baseModels"] == {"relation": "merge", "models": [{"id": "acme/base"}]}
    assert found.model.traits & Trait.MERGE


def test_every_missing_or_wrongly_typed_column_is_named_in_one_error(tmp_path: Path) -> None:
    path = write(
        tmp_path / "models.parquet",
        {
            "name": ["a"], "downloads": ["many"], "createdAt": [7], "tags": [["x"]],
            "cardData": [3.5], "siblings": [[{"path": "x"}]], "baseModels": [["x"]],
        },
    )  # fmt: skip
    with pytest.raises(PlatformError) as refused:
        pages(path)
    assert refused.value.hint
    told = str(refused.value)
    assert "\n" not in told
    for phrase in (
        "there is no column id",
        "downloads is string and not a number",
        "createdAt is int64 and not a timestamp, a date or text",
        "cardData is double and not a struct or JSON text",
        "siblings is list<",
        "baseModels is list<",
    ):
        assert phrase in told
    assert "tags" not in told


def test_a_column_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    table = pa.Table.from_arrays([pa.array(["a/a"]), pa.array(["a/b"])], names=["id", "id"])
    pq.write_table(table, tmp_path / "models.parquet")
    with pytest.raises(PlatformError, match="id is there 2 times"):
        pages(tmp_path / "models.parquet")


def test_columns_that_are_not_used_may_be_anything(tmp_path: Path) -> None:
    odd = pa.array([b"\xff"], pa.binary())
    path = write(tmp_path / "models.parquet", {"id": ["acme/a"], "sha": [7], "gated": odd})
    assert the(path).model.ref == "hf:acme/a"


def test_hostile_values_spoil_only_themselves(tmp_path: Path) -> None:
    not_text = pa.array([b"ok", b"\xff\xfe", None], pa.binary()).view(pa.string())
    path = write(
        tmp_path / "models.parquet",
        {
            "id": ["acme/a", "../../etc", "acme/c"],
            "author": not_text,
            "cardData": ['{"base_model": "x/y", "x": NaN}', "{" * 5000, '"\\ud800"'],
            "tags": ['["ok"]', "no json", "7"],
            "gguf": [f'{{"total": {"9" * 40}}}', "[" * 100_000, None],
        },
    )  # fmt: skip
    found = records(path)
    assert [record.model.ref for record in found] == ["hf:acme/a", "hf:acme/c"]
    assert [record.model.author for record in found] == ["ok", "acme"]
    assert body(found[0])["cardData"] == {"base_model": "x/y", "x": None}
    assert found[0].model.parameters is None
    told = [gap.detail for gap in gaps(path) if gap.reason is GapReason.MALFORMED]
    assert told == [
        "a record has no usable id: _id None, id '../../etc'",
        "1 values of author cannot be read, in the thousand rows from hf:acme/a",
        "1 values of tags cannot be read, in the thousand rows from hf:acme/a",
        "1 values of cardData cannot be read, in the thousand rows from hf:acme/a",
        "1 values of gguf cannot be read, in the thousand rows from hf:acme/a",
    ]


def test_json_text_cannot_write_fields_of_its_record(tmp_path: Path) -> None:
    cards = ['{}, "id": "evil/other"']
    found = the(write(tmp_path / "models.parquet", {"id": ["acme/a"], "cardData": cards}))
    assert found.model.ref == "hf:acme/a"
    assert body(found)["cardData"] is None


wild = st.none() | st.text(max_size=40) | st.integers(-(2**63), 2**63 - 1) | st.floats()


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_row_whatever_it_holds_ends_a_crawl(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    count = data.draw(st.integers(1, 4))

    def some(values: Any) -> Any:
        return data.draw(st.lists(st.none() | values, min_size=count, max_size=count))

    text = st.text(st.characters(codec="utf-8"), max_size=30)
    columns = {
        "id": pa.array(some(text | st.just("acme/a")), pa.string()),
        "_id": pa.array(some(text), pa.string()),
        "createdAt": pa.array(some(st.integers(-(2**63), 2**63 - 1)), pa.timestamp("us")),
        "downloads": pa.array(some(st.floats()), pa.float64()),
        "likes": pa.array(some(st.integers(0, 2**64 - 1)), pa.uint64()),
        "tags": pa.array(some(st.lists(st.none() | text, max_size=3)), pa.list_(pa.string())),
        "cardData": pa.array(some(text), pa.string()),
        "baseModels": pa.array(some(text | st.just('{"models": [null, 1, "a/b"]}')), pa.string()),
    }
    path = write(tmp_path_factory.mktemp("dump") / "models.parquet", columns)
    found = pages(path)
    ids = [gap for page in found for gap in page.gaps if "no usable id" in gap.detail]
    assert sum(len(page.records) for page in found) + len(ids) == count


def test_a_long_dump_comes_in_pages_and_goes_on_from_every_cursor(tmp_path: Path) -> None:
    count = 2 * ROWS_PER_PAGE + 300
    path = dump(tmp_path / "models.parquet", numbered(count), rows_per_group=1700)
    whole = pages(path)
    assert max(len(page.records) for page in whole) == ROWS_PER_PAGE
    assert [page.cursor is None for page in whole] == [False] * (len(whole) - 1) + [True]
    refs = [[record.model.ref for record in page.records] for page in whole]
    assert sorted(chain(*refs)) == sorted(f"hf:acme/model-{n}" for n in range(count))
    for at, page in enumerate(whole[:-1]):
        later = pages(path, page.cursor)
        assert later[0].gaps == whole[0].gaps  # what the dump lacks is told by every pass
        rest = [[r.model.ref for r in page.records] for page in later]
        assert [*chain(*rest)] == [*chain(*refs[at + 1 :])]


@pytest.mark.parametrize("cursor", ["nonsense", "end", "0/1/1000", f"{WRITTEN - DAY}/1/1000"])
def test_a_cursor_of_another_file_begins_anew(tmp_path: Path, cursor: str) -> None:
    path = dump(tmp_path / "models.parquet", numbered(5), rows_per_group=2)
    assert sum(len(page.records) for page in pages(path, cursor)) == 5


def test_an_empty_dump_says_so(tmp_path: Path) -> None:
    (gap,) = gaps(write(tmp_path / "models.parquet", {"id": pa.array([], pa.string())}))
    assert (gap.reason, gap.detail) == (GapReason.INCONCLUSIVE, "the dump holds no row")


@pytest.mark.parametrize("damage", ["empty", "cut", "text"])
def test_what_is_no_parquet_file_is_one_line(tmp_path: Path, damage: str) -> None:
    path = dump(tmp_path / "models.parquet", numbered(50))
    whole = path.read_bytes()
    path.write_bytes({"empty": b"", "cut": whole[:-20], "text": b"id,author\n" * 99}[damage])
    with pytest.raises(PlatformError) as refused:
        pages(path)
    assert "\n" not in str(refused.value)
    assert refused.value.hint == "was it downloaded whole?"


def test_a_spoilt_row_group_gives_what_was_before_it_and_then_says_where(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    path = dump(tmp_path / "models.parquet", numbered(40), rows_per_group=20)
    at = pq.ParquetFile(path).metadata.row_group(1).column(0).data_page_offset
    with path.open("r+b") as file:
        file.seek(at)
        file.write(b"\xff" * 40)
    os.utime(path, (WRITTEN, WRITTEN))
    source = Source(text="x", platform="hub-stats", kind="dump", value=str(path))
    found: list[Page] = []
    with pytest.raises(IncompleteError, match="not readable after row 0 of row group 1"):
        found.extend(HubStats().list(source, None))
    listing = HubStats().list(source, None)
    met = [next(listing), next(listing)]
    assert sum(len(page.records) for page in met) == 20


def test_a_dump_answers_no_question_about_a_model() -> None:
    platform, ref = HubStats(), ModelRef("hf:acme/a")
    assert platform.look_up(ref) == Page()
    for none in (platform.children(ref, None), platform.details([ref]), platform.by_digest(["a"])):
        assert list(none) == []
    with pytest.raises(ReadError):
        platform.open(ref, None, "x", None)
    assert platform.replay("list", b"{}", url=None, status=200, at=0).gaps


def test_without_pyarrow_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = dump(tmp_path / "models.parquet", numbered(1))
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(UsageError) as refused:
        pages(path)
    assert str(refused.value) == "a Parquet file needs pyarrow, which is not installed"
    assert refused.value.hint == "pip install 'modelaudit-provenance[analysis]'"


def test_a_dump_is_named_by_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("models.parquet").touch()
    Path("models.csv").touch()
    Path("folder.parquet").mkdir()
    (source,) = parse_source("hub-stats:./models.parquet")
    assert (source.text, source.platform) == ("hub-stats:models.parquet", "hub-stats")
    assert (source.kind, source.value) == ("dump", "models.parquet")
    for wrong in (
        "",
        "absent.parquet",
        "models.csv",
        "folder.parquet",
        "x" * 10_000,
        "a\0.parquet",
    ):
        with pytest.raises(UsageError, match="there is no dump at") as refused:
            parse_source(f"hub-stats:{wrong}")
        assert "cfahlgren1/hub-stats" in str(refused.value.hint)
    with pytest.raises(UsageError) as refused:
        parse_source("models.parquet")
    assert refused.value.hint == "did you mean hub-stats:models.parquet?"
