from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec
import pytest

from modelaudit.crawl.civitai import Civitai
from modelaudit.crawl.platform import Platform, Source
from modelaudit.domain.errors import CredentialsError, IncompleteError, UsageError
from modelaudit.domain.model import Document, Page
from modelaudit.domain.reader import ReadError
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.words import GapReason, Status, Trait
from tests.servers.base import Faults
from tests.servers.civitai import CivitaiServer

ALL = Source(text="civitai:", platform="civitai", kind="all")


def digest(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()


def a_model(
    number: int, *, day: int = 1, kind: str = "Checkpoint", **fields: Any
) -> dict[str, Any]:
    """Model ``number`` with the versions 10 × number + 1 and + 2."""
    versions = [
        {
            "id": version,
            "name": f"v{version}",
            "baseModel": "SD 1.5",
            "createdAt": f"2023-03-{day:02}T00:00:00.000Z",
            "files": [
                {
                    "id": version,
                    "name": "m.safetensors",
                    "type": "Model",
                    "sizeKB": 1.0,
                    "metadata": {"format": "SafeTensor"},
                    "hashes": {"SHA256": digest(version).upper()},
                }
            ],
            "images": [{"url": "https://example.org/p.png"}],
        }
        for version in (10 * number + 1, 10 * number + 2)
    ]
    plain = {
        "id": number, "name": f"m{number}", "type": kind, "nsfw": False, "poi": False,
        "creator": {"username": "one"}, "modelVersions": versions,
    }  # fmt: skip
    return plain | fields


def some_models() -> list[dict[str, Any]]:
    """Seven models: three of one day, and one of each kind that some partition leaves out."""
    return [
        a_model(1),
        a_model(2, day=2),
        a_model(3, day=2),
        a_model(4, day=2, checkpointType="Merge"),
        a_model(5, day=3, nsfw=True),
        a_model(6, day=4, minor=True, creator={"username": "two"}),
        a_model(7, day=5, kind="LORA", mode="Archived"),
    ]


@contextmanager
def crawler(server: CivitaiServer, **more: Any) -> Iterator[Civitai]:
    options = {"wait": lambda why, seconds: None, "timeout": 0.2, "interval": 0.0}
    platform = Civitai(endpoint=server.url, **{**options, **more})
    try:
        yield platform
    finally:
        platform.close()


def crawl(server: CivitaiServer, source: Source = ALL, cursor: str | None = None) -> list[Page]:
    with crawler(server) as platform:
        return list(platform.list(source, cursor))


def refs(pages: Sequence[Page]) -> set[str]:
    return {record.model.ref for page in pages for record in page.records}


def gaps(pages: Sequence[Page]) -> list[GapReason]:
    return [gap.reason for page in pages for gap in page.gaps]


def everything(models: Sequence[dict[str, Any]]) -> set[str]:
    return {f"civitai:{m['id']}@{v['id']}" for m in models for v in m["modelVersions"]}


def asks(kind: str, value: str) -> Source:
    return Source(text=f"civitai:{value}", platform="civitai", kind=kind, value=value)


def test_it_is_a_platform() -> None:
    platform: Platform = Civitai(endpoint="http://127.0.0.1:1")
    assert platform.name == "civitai"
    assert platform.requests == 0
    assert list(platform.children(ModelRef("civitai:1@2"), None)) == []


@pytest.mark.parametrize("page_size", [3, 4, 100])
def test_the_partitions_together_show_every_model(page_size: int) -> None:
    models = some_models()
    with CivitaiServer(models, page_size=page_size) as server:
        pages = crawl(server)
        assert all("archived=false" not in request.target for request in server.requests)
    assert refs(pages) == everything(models)
    assert pages[-1].cursor is None
    assert all(page.cursor for page in pages[:-1])
    assert gaps(pages) == []


@pytest.mark.parametrize("page_size", [3, 4, 100])
def test_a_list_goes_on_where_each_of_its_parts_ended(page_size: int) -> None:
    models = some_models()
    with CivitaiServer(models, page_size=page_size) as server:
        first = crawl(server)
        assert [page.onward is None for page in first] == [True] * (len(first) - 1) + [False]
        server.requests.clear()
        again = crawl(server, cursor=first[-1].onward)
        assert len([r for r in server.requests if "ids=" not in r.target]) == 4
        assert again[-1].onward == first[-1].onward
        server.models += [
            a_model(8, day=6),
            a_model(9, day=6, nsfw=True),
            a_model(10, day=7, mode="Archived"),
            a_model(11, day=7, nsfw=True, mode="Archived"),
            a_model(12, day=7, minor=True),
        ]
        server.models[0] = a_model(1, day=8)
        later = crawl(server, cursor=again[-1].onward)
        news = everything([m for m in server.models if m["id"] > 7 or m["id"] == 1])
        assert news <= refs(later)
        assert all(page.cursor for page in later[:-1])
        place = next(page.cursor for page in later if page.cursor)
        assert news <= refs(later[:1]) | refs(crawl(server, cursor=place))


def test_a_part_that_ends_early_goes_on_where_it_ended_before() -> None:
    models = [a_model(number, day=number) for number in range(1, 6)]
    with CivitaiServer(models, page_size=2) as server, crawler(server) as platform:
        onward = crawl(server)[-1].onward
        server.models += [a_model(number, day=9) for number in (6, 7, 8)]
        pages: list[Page] = []
        with pytest.raises(IncompleteError, match="ended the listing 'safe' early"):
            pages.extend(platform.list(ALL, onward))  # keeps what came before the error
        server.page_size = 4
        rest = crawl(server, cursor=pages[-1].cursor)
        assert refs(rest) == everything(server.models[4:])
        assert rest[-1].onward is not None


def test_nothing_but_a_new_version_shows_that_a_model_changed() -> None:
    with CivitaiServer(some_models()) as server, crawler(server) as platform:
        assert list(platform.changed(ALL, None, 0)) == []
        assert server.requests == []


def test_a_cursor_of_before_that_is_refused_lists_its_part_anew() -> None:
    with CivitaiServer(some_models(), page_size=4) as server:
        onward = crawl(server)[-1].onward
        server.odd.add("cursor-refused-once")
        assert refs(crawl(server, cursor=onward)) >= {"civitai:1@11"}


def test_merges_are_known_wherever_their_versions_come_from() -> None:
    merge = {"civitai:4@41", "civitai:4@42"}
    with CivitaiServer(some_models(), page_size=4) as server, crawler(server) as platform:
        for pages, flagged in (
            (platform.list(ALL, None), merge),
            (platform.list(asks("model", "4"), None), merge),
            (platform.list(asks("model", "1"), None), set()),
            (platform.details([ModelRef(ref) for ref in sorted(everything(some_models()))]), merge),
            (platform.by_digest([digest(41), digest(11)]), {"civitai:4@41"}),
        ):
            found = [record for page in pages for record in page.records]
            assert {r.model.ref for r in found if Trait.MERGE in r.model.traits} == flagged
            for record in found:
                body = record.documents[0].body
                assert isinstance(body, dict)
                assert ("checkpointType" in body["model"]) == (record.model.ref in merge)


def test_one_request_asks_for_the_merges_of_a_page() -> None:
    with CivitaiServer(some_models()) as server:
        crawl(server)
        # Each later pass asks only about what the ones before did not show.
        asked = [r.one("ids") for r in server.requests if r.one("checkpointType") == "Merge"]
        assert asked == ["1,2,3,4,6", "5"]
        assert len(server.requests) == 6


def test_a_crawl_goes_on_from_every_cursor_without_loss() -> None:
    models = some_models()
    with CivitaiServer(models, page_size=4) as server:
        whole = crawl(server)
        for place, page in enumerate(whole[:-1]):
            resumed = [*whole[: place + 1], *crawl(server, cursor=page.cursor)]
            assert refs(resumed) == everything(models)
            assert len(resumed) == len(whole)


def test_a_cursor_of_somebody_else_begins_anew() -> None:
    models = some_models()
    with CivitaiServer(models) as server:
        for token in ("", "junk", "[]", '{"partition": "elsewhere"}', '{"partition": []}'):
            assert refs(crawl(server, cursor=token)) == everything(models)


def crawl_until_cut(server: CivitaiServer) -> tuple[list[Page], str | None]:
    pages: list[Page] = []
    refused = pytest.raises(IncompleteError, match="ended the listing")
    with crawler(server) as platform, refused:
        pages.extend(platform.list(ALL, None))
    return pages, pages[-1].cursor


def test_empty_pages_do_not_end_a_listing() -> None:
    models = some_models()
    with CivitaiServer(models, page_size=3, odd=["empty-pages"]) as server:
        pages = crawl(server)
    assert refs(pages) == everything(models)
    assert any(not page.records for page in pages)


def test_more_models_of_one_moment_than_a_page_holds_are_no_loop() -> None:
    models = some_models()
    with CivitaiServer(models, page_size=2) as server:
        pages, cursor = crawl_until_cut(server)
    assert refs(pages) < everything(models)
    assert cursor is not None
    with CivitaiServer(models, page_size=9) as server:  # it lists again what was cut short
        assert refs([*pages, *crawl(server, cursor=cursor)]) == everything(models)


def test_a_cursor_refused_once_sends_back_to_the_start() -> None:
    models = some_models()
    with CivitaiServer(models, page_size=3, odd=["cursor-refused-once"]) as server:
        pages = crawl(server)
    assert refs(pages) == everything(models)
    assert gaps(pages) == []


def test_a_cursor_refused_again_keeps_no_other_partition_from_being_listed() -> None:
    with CivitaiServer(some_models(), page_size=3, odd=["cursor-refused"]) as server:
        pages, cursor = crawl_until_cut(server)
        begun = [r for r in server.requests if r.path == "/api/v1/models" and not r.one("cursor")]
    assert {(r.one("nsfw"), r.one("archived")) for r in begun} == {
        (nsfw, archived) for nsfw in ("false", "true") for archived in (None, "true")
    }
    assert refs(pages)
    assert cursor is not None
    assert json.loads(cursor)["partition"] == "safe"


def test_the_paging_cap_is_not_asked_again() -> None:
    with CivitaiServer(some_models(), odd=["paging-cap"]) as server:
        with pytest.raises(IncompleteError, match="429"):
            crawl(server)
        assert len(server.requests) == 1


def test_a_blocked_region_stops_the_crawl_and_says_so() -> None:
    with CivitaiServer(some_models(), odd=["region"]) as server:
        with pytest.raises(IncompleteError, match="region"):
            crawl(server)
        with crawler(server) as platform, pytest.raises(IncompleteError, match="region"):
            list(platform.details([ModelRef("civitai:1@11")]))
        assert len(server.requests) == 2


def test_a_refused_key_is_named() -> None:
    with CivitaiServer(odd=["key-refused"]) as server:
        refused = pytest.raises(CredentialsError, match="refused the API key")
        with crawler(server, token="KEY") as platform, refused:
            list(platform.list(ALL, None))
        assert server.authorizations() == ["Bearer KEY"]
        with pytest.raises(CredentialsError, match="asks for an API key"):
            crawl(server)


def test_a_malformed_version_costs_nothing_else() -> None:
    models = some_models()
    with CivitaiServer(models, odd=["malformed-version"]) as server:
        pages = crawl(server)
    assert refs(pages) == everything(models)
    assert set(gaps(pages)) == {GapReason.MALFORMED}


def test_every_fault_at_once_changes_nothing() -> None:
    models = some_models()
    faults = Faults("rate-limit", "server-error", "cut", "stall", "truncated", "html")
    with CivitaiServer(models, page_size=4) as healthy:
        without = crawl(healthy)
    with CivitaiServer(models, page_size=4, faults=faults, odd=["unavailable"]) as server:
        pages = crawl(server)
        assert {kind for kind, _ in faults.struck} == set(faults.kinds)
    assert [page.cursor for page in pages] == [page.cursor for page in without]
    assert [[r.model for r in p.records] for p in pages] == [
        [r.model for r in p.records] for p in without
    ]


def test_an_author_is_listed_alone() -> None:
    with CivitaiServer(some_models()) as server:
        assert refs(crawl(server, asks("author", "two"))) == {"civitai:6@61", "civitai:6@62"}


def test_a_model_gives_all_its_versions_or_the_one_asked_for() -> None:
    models = [*some_models(), a_model(8, poi=True)]
    with CivitaiServer(models) as server:
        assert refs(crawl(server, asks("model", "2"))) == {"civitai:2@21", "civitai:2@22"}
        assert refs(crawl(server, asks("model", "2@22"))) == {"civitai:2@22"}
        # Models about real persons answer 404; their versions do not.
        assert refs(crawl(server, asks("model", "8@81"))) == {"civitai:8@81"}
        [page] = crawl(server, asks("model", "9"))
    assert page.missing == {"civitai:9": Status.GONE}
    assert gaps([page]) == [GapReason.GONE]


def test_details_bring_what_lists_leave_out() -> None:
    model = a_model(1)
    model["modelVersions"][0] |= {"trainingDetails": {"baseModel": "sdxl"}, "uploadType": "Trained"}
    model["modelVersions"][1]["hidden"] = True
    asked = [ModelRef("civitai:1@11"), ModelRef("civitai:1@12"), ModelRef("hf:a/b")]
    with CivitaiServer([model]) as server, crawler(server) as platform:
        [found, gone, foreign] = platform.details(asked)
        url = f"{server.url}/api/v1/model-versions/11"
    document: Document = found.records[0].documents[0]
    assert isinstance(document.body, dict)
    assert document.body["version"]["trainingDetails"] == {"baseModel": "sdxl"}
    assert document.source == url
    assert gone.missing == {"civitai:1@12": Status.GONE}
    assert [gap.model for gap in (*gone.gaps, *foreign.gaps)] == ["civitai:1@12", "hf:a/b"]


def test_one_silence_is_a_gap_and_two_in_a_row_end_the_work() -> None:
    asked = [ModelRef(f"civitai:1@{version}") for version in (11, 12)]
    faults = Faults("server-error", once=False, only="/11")
    with CivitaiServer([a_model(1)], faults=faults) as server, crawler(server) as platform:
        silent, answered = platform.details(asked)
        assert gaps([silent]) == [GapReason.UNREADABLE]
        assert refs([answered]) == {"civitai:1@12"}
        with pytest.raises(IncompleteError):
            list(platform.details([asked[0], asked[0], asked[1]]))


def test_digests_are_looked_up_in_one_request() -> None:
    asked = [digest(21), digest(32).upper(), digest(999), "short", *map(digest, range(1000, 1100))]
    with CivitaiServer(some_models()) as server, crawler(server) as platform:
        assert refs(list(platform.by_digest(asked))) == {"civitai:2@21", "civitai:3@32"}
        assert list(platform.by_digest([])) == []
        assert server.count(r"/api/v1/model-versions/by-hash/ids") == 1
        assert server.count(r".*ids=2%2C3") == 1
        assert platform.requests == 4


def test_the_archive_replayed_gives_the_crawl_again() -> None:
    model = a_model(8)
    model["modelVersions"][1]["hidden"] = True
    with CivitaiServer([*some_models(), model], odd=["malformed-version"]) as server:
        with crawler(server) as platform:
            versions = [ModelRef("civitai:8@81"), ModelRef("civitai:8@82")]
            pages = [*platform.list(ALL, None), *platform.details(versions)]
        asked = len(server.requests)
        for page in pages:
            again = [
                platform.replay(
                    line.kind,
                    msgspec.json.encode(line.record),
                    url=line.url,
                    status=line.status,
                    at=line.at,
                )
                for line in page.received
            ]
            assert [r for p in again for r in p.records] == list(page.records)
            assert [g for p in again for g in p.gaps] == list(page.gaps)
            assert {k: v for p in again for k, v in p.missing.items()} == page.missing
            assert "example.org" not in json.dumps([line.record for line in page.received])
        assert len(server.requests) == asked


def test_a_bare_model_object_replays() -> None:
    record = json.dumps(a_model(1)).encode()
    page = Civitai().replay("model", record, url=None, status=200, at=1)
    assert refs([page]) == {"civitai:1@11", "civitai:1@12"}
    for kind, text, status in [
        ("model", b"{", 200), ("list", b"null", 200), ("version", b"3", 200), ("model", b"[]", 404),
    ]:  # fmt: skip
        page = Civitai().replay(kind, text, url="http://[", status=status, at=1)
        assert gaps([page]) == [GapReason.MALFORMED]


def test_a_download_is_read_by_ranges_and_the_key_stays_at_home() -> None:
    content = bytes(range(256)) * 4
    ref = ModelRef("civitai:1@11")
    with CivitaiServer(downloads={11: content}) as store:
        with CivitaiServer(download_host=store.url) as server:
            with crawler(server, token="KEY") as platform:
                reader = platform.open(ref, None, "m.safetensors", len(content))
                assert reader.read(100, 20) == content[100:120]
                with pytest.raises(ReadError):
                    platform.open(ref, None, "m.safetensors", 999).read(0, 10)
                with pytest.raises(ReadError):
                    platform.open(ModelRef("civitai:1"), None, "m.safetensors", None)
            assert set(server.authorizations()) == {"Bearer KEY"}
        assert set(store.authorizations()) == {None}


def test_endpoint_and_key_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    with CivitaiServer([a_model(1)]) as server:
        monkeypatch.setenv("CIVITAI_ENDPOINT", server.url + "/")
        monkeypatch.setenv("CIVITAI_API_KEY", " KEY\n")
        platform = Civitai(interval=0)
        assert refs(list(platform.list(asks("model", "1@11"), None))) == {"civitai:1@11"}
        platform.close()
        assert set(server.authorizations()) == {"Bearer KEY"}


@pytest.mark.parametrize(
    "endpoint",
    [
        "civitai.com",
        "ftp://civitai.com",
        "https://civitai.com/api",
        "https://u:p@civitai.com",
        "http://[",
        "http://h:x",
    ],
)
def test_an_endpoint_is_an_origin(endpoint: str) -> None:
    with pytest.raises(UsageError, match="origin"):
        Civitai(endpoint=endpoint)


def test_a_key_with_odd_characters_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIVITAI_API_KEY", "a\nb")
    with pytest.raises(UsageError) as caught:
        Civitai()
    assert "a\nb" not in str(caught.value)
