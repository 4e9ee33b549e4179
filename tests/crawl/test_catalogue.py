import gzip
import json
import os
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelaudit.crawl.archive import ArchiveWriter
from modelaudit.crawl.catalogue import LINES_PER_PAGE, Catalogue
from modelaudit.crawl.pacing import sleep
from modelaudit.crawl.registry import open_platforms
from modelaudit.crawl.sources import parse_source
from modelaudit.domain.errors import PlatformError
from modelaudit.domain.model import Document, Gap, Model, Page, Received, Record
from modelaudit.domain.reader import ReadError
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.words import GapReason, Status


class Noting:
    """A platform whose models are the lines it was given."""

    def __init__(self, name):
        self.name = name
        self.seen = []

    def replay(self, kind, record, *, url, status, at):
        self.seen.append((kind, record, url, status, at))
        value = msgspec.json.decode(record)
        ref = ModelRef(f"{self.name}:{value.get('id')}")
        if value.get("bad"):
            return Page(gaps=(Gap(reason=GapReason.GATED, detail="closed", model=ref),))
        return Page(
            records=(Record(model=Model(ref=ref)),),
            documents=(Document(model=ref, kind="card", body="", observed=at),),
            renamed={ModelRef(f"{ref}-old"): ref},
            missing={ModelRef(f"{ref}-gone"): Status.GONE},
        )


@pytest.fixture
def platforms():
    return {"hf": Noting("hf"), "civitai": Noting("civitai")}


def pages(platforms, path, cursor=None):
    (source,) = parse_source(f"catalogue:{path}")
    return list(Catalogue(platforms).list(source, cursor))


def write(path, *lines):
    encoded = (line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines)
    path.write_bytes(b"\n".join(encoded) + b"\n")
    os.utime(path, (1_700_000_000, 1_700_000_000))
    return path


def refs(found):
    return [record.model.ref for page in found for record in page.records]


def test_every_form_of_a_line_reaches_its_platform(platforms, tmp_path):
    path = write(
        tmp_path / "a.jsonl",
        {
            "platform": "hf",
            "kind": "text",
            "url": "https://huggingface.co/a/b/raw/x/README.md",
            "status": 404,
            "at": "2024-05-06T07:08:09Z",
            "sha256": "00",
            "record": {"id": "a/b"},
        },
        {"platform": "civitai", "record": {"id": 1}},
        {"_id": "0123", "id": "c/d"},
        {"id": 2, "modelVersions": []},
    )
    assert refs(pages(platforms, path)) == ["hf:a/b", "civitai:1", "hf:c/d", "civitai:2"]
    (archived, bare) = platforms["hf"].seen
    assert archived == (
        "text",
        b'{"id": "a/b"}',
        "https://huggingface.co/a/b/raw/x/README.md",
        404,
        1_714_979_289,
    )
    assert bare == ("list", b'{"_id": "0123", "id": "c/d"}', None, 200, 1_700_000_000)
    assert [seen[4] for seen in platforms["civitai"].seen] == [1_700_000_000] * 2


def test_a_page_carries_everything_its_lines_brought(platforms, tmp_path):
    path = write(tmp_path / "a.jsonl", {"id": "a"}, {"id": "b", "bad": True}, {"id": "c"})
    (page,) = pages(platforms, path)
    assert refs([page]) == ["hf:a", "hf:c"]
    assert [document.model for document in page.documents] == ["hf:a", "hf:c"]
    assert [gap.model for gap in page.gaps] == ["hf:b"]
    assert page.renamed == {"hf:a-old": "hf:a", "hf:c-old": "hf:c"}
    assert page.missing == {"hf:a-gone": Status.GONE, "hf:c-gone": Status.GONE}
    assert page.received == ()
    assert page.cursor is None


@pytest.mark.parametrize(
    "bad",
    [
        b"{",
        b"[]",
        b"null",
        b"17",
        b'"text"',
        b"\xff\xfe",
        b'{"id": 17, "n": NaN}',
        b'{"id": 17}',
        b'{"platform": "hf"}',
        b'{"platform": "ftp", "record": {}}',
        b'{"platform": "catalogue", "record": {"id": "a"}}',
        b'{"a":' * 3000,
        b"[" * 3000 + b"]" * 3000,
    ],
)
def test_a_line_that_cannot_be_read_is_a_gap_with_its_place(platforms, tmp_path, bad):
    path = write(tmp_path / "a.jsonl", {"id": "before"}, bad, {"id": "after"})
    (page,) = pages(platforms, path)
    assert refs([page]) == ["hf:before", "hf:after"]
    (gap,) = page.gaps
    assert gap.reason is GapReason.MALFORMED
    assert gap.file == "a.jsonl:2"
    assert gap.detail.startswith("a.jsonl:2: it ")
    assert "\n" not in gap.detail


@pytest.mark.parametrize("odd", [b'"\\ud800"', b"NaN", b'"\xff"', b"-Infinity"])
def test_one_odd_value_does_not_hide_a_record(platforms, tmp_path, odd):
    path = write(
        tmp_path / "a.jsonl",
        b'{"id": "a/b", "note": %s}' % odd,
        b'{"platform": "hf", "record": {"id": "c/d", "note": %s}}' % odd,
    )
    found = real(path)
    assert refs(found) == ["hf:a/b", "hf:c/d"]
    assert found[0].gaps == ()


def test_a_crawl_resumed_at_any_cursor_reads_the_rest_once(platforms, tmp_path):
    count = LINES_PER_PAGE + 10
    write(tmp_path / "a.jsonl", *({"id": f"a{n}"} for n in range(count)))
    (tmp_path / "b#.jsonl.gz").write_bytes(
        gzip.compress(b"".join(b'{"id":"b%d"}\n' % n for n in range(count)))
    )
    whole = pages(platforms, tmp_path)
    assert [page.cursor for page in whole] == ["a.jsonl#1000", "b#.jsonl.gz#990", None]
    wanted = [f"hf:a{n}" for n in range(count)] + [f"hf:b{n}" for n in range(count)]
    assert refs(whole) == wanted
    for done, page in enumerate(whole[:-1], 1):
        assert refs(pages(platforms, tmp_path, page.cursor)) == wanted[done * LINES_PER_PAGE :]


def test_a_batch_that_ends_with_the_file_is_the_last_page(platforms, tmp_path):
    path = write(tmp_path / "a.jsonl", *({"id": f"a{n}"} for n in range(LINES_PER_PAGE)))
    assert [page.cursor for page in pages(platforms, path)] == [None]


def test_an_empty_catalogue_is_one_empty_page_and_a_folder_without_any_is_an_error(
    platforms, tmp_path
):
    (tmp_path / "folder").mkdir()
    with pytest.raises(PlatformError, match="holds no catalogue"):
        pages(platforms, tmp_path / "folder")
    (tmp_path / "a.jsonl").touch()
    assert pages(platforms, tmp_path / "a.jsonl") == [Page()]


def test_what_a_crawl_archived_is_read_again(platforms, tmp_path):
    folder = tmp_path / "audit.db.archive"
    writer = ArchiveWriter(folder)
    answer = {"platform": "hf", "kind": "list", "url": "u", "status": 200, "at": 1_600_000_000}
    writer.append(Received(**answer, record={"id": f"a{n}"}) for n in range(3))
    writer.append([Received(**answer, record=b'{"id": "b"}')])
    writer.close()
    assert refs(pages(platforms, folder)) == ["hf:a0", "hf:a1", "hf:a2", "hf:b"]
    assert platforms["hf"].seen[-1] == ("list", b'{"id": "b"}', "u", 200, 1_600_000_000)


def test_a_catalogue_has_nothing_beyond_its_list(platforms):
    catalogue = Catalogue(platforms)
    assert [*catalogue.children(ModelRef("hf:a"), None), *catalogue.details(["hf:a"])] == []
    assert list(catalogue.by_digest(["00"])) == []
    with pytest.raises(ReadError):
        catalogue.open(ModelRef("hf:a"), None, "x", None)
    page = catalogue.replay("line", b'{"id": "a"}', url=None, status=200, at=7)
    assert refs([page]) == ["hf:a"]


def test_the_registry_opens_each_platform_once_and_offline_only_to_replay():
    platforms = open_platforms(offline=True, wait=sleep)
    assert "nowhere" not in platforms
    assert list(platforms) == ["hf", "civitai", "catalogue", "folder", "hub-stats"]
    assert len(platforms) == 5
    assert platforms["hf"] is platforms["hf"]
    page = platforms["hf"].replay("list", b'{"id":"a/b","_id":"0"}', url=None, status=200, at=1)
    assert refs([page]) == ["hf:a/b"]
    (source,) = parse_source("hf:a/b")
    network = platforms["hf"]
    for ask in (
        lambda: network.list(source, None),
        lambda: network.children(ModelRef("hf:a/b"), None),
        lambda: network.details([ModelRef("hf:a/b")]),
        lambda: network.by_digest(["00"]),
        lambda: network.open(ModelRef("hf:a/b"), None, "x", None),
    ):
        with pytest.raises(PlatformError, match="offline") as refused:
            ask()
        assert "catalogue:" in refused.value.hint
    assert platforms.requests == 0
    platforms.close()


def real(path):
    platforms = open_platforms(offline=True, wait=sleep)
    try:
        return pages(platforms, path)
    finally:
        platforms.close()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
hostile_lines = st.fixed_dictionaries(
    {},
    optional={
        "platform": st.sampled_from(["hf", "civitai"]) | json_values,
        "kind": st.sampled_from(["list", "model", "version", "files", "text", "header"]),
        "url": json_values,
        "status": st.sampled_from([200, 401, 404]) | json_values,
        "at": json_values,
        "id": st.just("a/b") | st.just(7) | json_values,
        "modelVersions": json_values,
        "record": st.fixed_dictionaries(
            {},
            optional={
                "id": st.just("a/b") | st.just(7) | json_values,
                "tags": json_values,
                "siblings": json_values,
                "cardData": json_values,
                "path": json_values,
                "text": json_values,
                "files": json_values,
                "modelVersions": json_values,
            },
        )
        | json_values,
    },
)


@given(lines=st.lists(hostile_lines, max_size=4), raw=st.binary(max_size=40))
def test_no_line_that_anybody_can_write_ends_an_audit(tmp_path_factory, lines, raw):
    path = tmp_path_factory.mktemp("hostile") / "a.jsonl"
    write(path, *lines, raw)
    *before, last = [page.cursor for page in real(path)]
    assert last is None
    assert all(before)  # a line that renames what another shows begins a page


def test_what_was_read_of_weight_files_comes_back(tmp_path):
    line = {"platform": "hf", "kind": "header", "status": 206, "at": "2026-11-22T00:00:00Z",
            "record": {"model": "hf:a/b", "path": "c.gguf", "format": "gguf", "family": "sd1",
                       "measured": True, "digests": {"sha256": "ab" * 32}}}  # fmt: skip
    path = tmp_path / "a.jsonl"
    write(path, {"platform": "hf", "record": {"id": "a/b"}}, line)
    (page,) = real(path)
    (head,) = page.heads
    assert (head.model, head.path, head.architecture.family) == ("hf:a/b", "c.gguf", "sd1")


def test_what_is_shown_again_begins_a_page_of_its_own(tmp_path):
    """What came later replaces what came before; within a page all would count."""
    path = tmp_path / "a.jsonl"
    show = {"platform": "hf", "record": {"id": "a/b"}}
    head = {"platform": "hf", "kind": "header", "record": {
        "model": "hf:a/b", "path": "c.gguf", "format": "gguf", "digests": {"sha256": "ab" * 32}
    }}  # fmt: skip
    for lines, pages in (((show, head, show), 2), ((head, show), 2), ((show, head), 1),
                         ((show, head, head), 2)):  # fmt: skip
        write(path, *lines)
        assert len(real(path)) == pages


@pytest.mark.parametrize("platform", ["hf", "civitai"])
def test_a_line_of_a_weight_file_speaks_of_its_own_platform_only(tmp_path, platform):
    path = tmp_path / "a.jsonl"
    record = {"path": "c.gguf", "format": "gguf", "digests": {"sha256": "ab" * 32}}
    models = ("hf:a/b", "civitai:1@2", "folder:c")
    write(path, *({"platform": platform, "kind": "header", "record": {**record, "model": model}}
                  for model in models))  # fmt: skip
    (page,) = real(path)
    assert [head.model.partition(":")[0] for head in page.heads] == [platform]
    assert [gap.reason for gap in page.gaps] == [GapReason.MALFORMED] * 2


def test_the_shipped_example_is_read_whole():
    found = real(Path(__file__).parents[2] / "examples" / "catalogue.jsonl")
    gaps = [gap for page in found for gap in page.gaps if gap.reason is GapReason.MALFORMED]
    assert len(gaps) == 1, "the example shows one malformed record, and only one"
    assert gaps[0].file
    assert gaps[0].file.startswith("catalogue.jsonl:")
    platforms = [ref.partition(":")[0] for ref in refs(found)]
    assert platforms.count("hf") > 100
    assert platforms.count("civitai") > 100
