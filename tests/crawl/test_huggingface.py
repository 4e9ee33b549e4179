"""The Hub, crawled over real sockets from a loopback server."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import pytest

from modelaudit.crawl.hub_listing import EXPAND, OPTIONAL
from modelaudit.crawl.huggingface import HuggingFace
from modelaudit.crawl.platform import Platform, Source
from modelaudit.domain.errors import CredentialsError, IncompleteError, UsageError
from modelaudit.domain.model import Page
from modelaudit.domain.refs import hf
from modelaudit.domain.words import Component, GapReason, Status
from tests.servers.base import FAULTS, Faults, Reply, Server
from tests.servers.files import Cdn
from tests.servers.hub import BAD_TOKEN, DISABLED, GATED, GONE, HIDDEN, Hub, Refusal

ALL = Source(text="hf:", platform="hf", kind="all")
SHA = "0123456789abcdef0123456789abcdef01234567"
CARD = "---\nbase_model: acme/m0\n---\nA card."


def record(number: int, *files: str, **fields: Any) -> dict[str, Any]:
    lfs = {"sha256": f"{number:064x}", "size": 7, "pointerSize": 135}
    names = (".gitattributes", *files)
    return {
        "_id": f"{0x64000000 + number:08x}{number:016x}",
        "id": f"acme/m{number}",
        "sha": SHA,
        "tags": ["region:us"],
        "siblings": [
            {"rfilename": name, "size": 7, "blobId": "b" * 40}
            | ({"lfs": lfs} if name.endswith(".safetensors") else {})
            for name in names
        ],
    } | fields


RECORDS = [
    record(0, "model.safetensors"),
    record(1, "README.md", "adapter_config.json", "adapter_model.safetensors",
           tags=["base_model:acme/m0", "base_model:adapter:acme/m0"]),
    *(record(number) for number in range(2, 7)),
    record(7, id="other/m7"),
]  # fmt: skip
TEXTS = {("acme/m1", "README.md"): CARD, ("acme/m1", "adapter_config.json"): '{"r": 8}'}


@contextmanager
def crawling(token: str | None = "t", **hub: Any) -> Iterator[tuple[HuggingFace, Hub]]:
    with Hub(**({"records": RECORDS, "texts": TEXTS, "page_size": 3} | hub)) as server:
        client = HuggingFace(
            endpoint=server.url, token=token, wait=lambda why, s: None, timeout=0.3, tries=4
        )
        try:
            yield client, server
        finally:
            client.close()


def refs(pages: Iterable[Page]) -> list[str]:
    return [record.model.ref for page in pages for record in page.records]


def gaps(pages: Iterable[Page]) -> list[tuple[GapReason, str | None]]:
    return [(gap.reason, gap.model) for page in pages for gap in page.gaps]


EVERYTHING = [f"hf:{r['id']}" for r in RECORDS]


def test_a_whole_hub_is_listed_page_by_page() -> None:
    with crawling() as (client, hub):
        platform: Platform = client
        pages = list(platform.list(ALL, None))
        assert refs(pages) == EVERYTHING
        assert [page.cursor is None for page in pages] == [False, False, True]
        assert platform.requests == len(hub.requests) == 3
        query = hub.requests[0].query
        assert set(query["expand[]"]) == set(EXPAND)
        assert (query["limit"], query["sort"], query["direction"]) == (
            ["1000"],
            ["createdAt"],
            ["1"],
        )
        lines = [line for page in pages for line in page.received]
        assert [line.kind for line in lines] == ["list"] * 8


def test_a_walk_goes_on_from_its_cursor() -> None:
    with crawling() as (client, _):
        first = next(iter(client.list(ALL, None)))
        assert refs(client.list(ALL, first.cursor)) == EVERYTHING[3:]


def test_a_list_goes_on_where_it_ended() -> None:
    with crawling() as (client, hub):
        pages = list(client.list(ALL, None))
        assert [page.onward is None for page in pages] == [True, True, False]
        assert refs(client.list(ALL, pages[-1].onward)) == EVERYTHING[6:]
        hub.records = hub.records[1:] + [record(number) for number in (8, 9, 10)]
        later = list(client.list(ALL, pages[-1].onward))
        assert refs(later) == [*EVERYTHING[6:], "hf:acme/m8", "hf:acme/m9", "hf:acme/m10"]
        assert later[-1].onward != pages[-1].onward
    with crawling(records=hub.records) as (client, _):  # the same Hub at another address
        assert refs(client.list(ALL, later[-1].onward)) == ["hf:acme/m9", "hf:acme/m10"]


def test_a_cursor_that_the_hub_forgot_leads_to_the_first_page() -> None:
    with crawling() as (client, hub):
        onward = list(client.list(ALL, None))[-1].onward
        answers = iter([Reply.of_json({"error": "Invalid cursor"}, 400)])
        hub.instead = lambda request: next(answers, None) or hub.answer(request)
        assert refs(client.list(ALL, onward)) == EVERYTHING


def day(number: int) -> tuple[str, int]:
    return f"2026-01-{number:02}T00:00:00.000Z", 1_767_225_600 + (number - 1) * 86_400


def test_what_changed_is_listed_latest_first_until_it_is_known() -> None:
    changed = [record(n, lastModified=day(d)[0]) for n, d in enumerate((1, 5, 3, 3, 2, 9, 4, 1))]
    with crawling(records=changed) as (client, hub):
        pages = list(client.changed(ALL, None, day(3)[1]))
        assert refs(pages) == [f"hf:acme/m{n}" for n in (5, 1, 6, 3, 2, 4)]
        assert [page.cursor is None for page in pages] == [False, True]
        assert [page.onward for page in pages[:1]] == [None]
        assert refs(client.changed(ALL, pages[0].cursor, day(3)[1])) == refs(pages[1:])
        assert hub.requests[0].query["direction"] == ["-1"]
        everything = refs(client.changed(ALL, None, 0))
        assert sorted(everything) == sorted(f"hf:acme/m{n}" for n in range(8))
        (nothing,) = client.changed(ALL, None, day(20)[1])
        assert len(nothing.records) == 3


def test_a_list_that_is_not_in_order_ends_nothing() -> None:
    changed = [record(n, lastModified=day(d)[0]) for n, d in enumerate((1, 5, 3, 3, 2, 9, 4, 1))]
    with crawling(records=changed) as (client, hub):
        hub.odd.add("one-order")
        assert len(refs(client.changed(ALL, None, day(8)[1]))) == 8
        hub.records = [record(n) for n in range(8)]  # and without any dates
        assert len(refs(client.changed(ALL, None, day(8)[1]))) == 8


def test_an_author_and_children_are_lists_of_their_own() -> None:
    with crawling() as (client, _):
        author = Source(text="hf:other", platform="hf", kind="author", value="other")
        assert refs(client.list(author, None)) == ["hf:other/m7"]
        assert refs(client.children(hf("acme/m0"), None)) == ["hf:acme/m1"]
        assert list(client.by_digest(["0" * 64])) == []


def test_a_single_model_comes_with_its_digests() -> None:
    with crawling() as (client, hub):
        source = Source(text="hf:acme/m0", platform="hf", kind="model", value="acme/m0")
        (page,) = client.list(source, None)
        (file,) = page.records[0].files or ()
        assert (file.sha256, file.component) == ("0" * 64, Component.TRANSFORMER)
        assert page.cursor is None
        assert len(hub.requests) == 1


def test_fields_that_a_hub_does_not_know_are_left_out_and_noted() -> None:
    with crawling(unknown_fields=OPTIONAL[:2]) as (client, _):
        pages = list(client.list(ALL, None))
        assert refs(pages) == EVERYTHING
        assert [gap.detail for page in pages for gap in page.gaps] == [
            "the Hub would not list these fields: gguf, safetensors"
        ]


@pytest.mark.parametrize(
    "odd", [b"5", b'{"_id":"x"}', rb'{"id":"\ud800/x"}', b"[" * 50 + b"]" * 50]
)
def test_a_malformed_record_is_one_gap_a_page(odd: bytes) -> None:
    with crawling(malformed=odd) as (client, _):
        pages = list(client.list(ALL, None))
        assert refs(pages) == EVERYTHING
        assert gaps(pages) == [(GapReason.MALFORMED, None)] * 3


def test_a_hub_that_repeats_its_next_page_was_not_listed_to_its_end() -> None:
    with crawling(repeat_next=True) as (client, hub):
        walk = client.list(ALL, None)
        pages = [next(walk), next(walk)]
        with pytest.raises(IncompleteError, match="repeats itself"):
            next(walk)
        assert refs(pages) == EVERYTHING[:3] * 2
        assert pages[-1].cursor is not None  # the same page again: nothing behind it is lost
        assert len(hub.requests) == 2


def test_a_next_page_on_another_host_is_never_asked() -> None:
    with Server() as stranger, crawling(next_on=stranger.url) as (client, _):
        walk = client.list(ALL, None)
        page = next(walk)
        assert refs([page]) == EVERYTHING[:3]
        with pytest.raises(IncompleteError, match="not on"):
            next(walk)
        assert stranger.requests == []
        assert page.cursor is not None  # the same page again: nothing behind it is lost


@pytest.mark.parametrize("fault", FAULTS)
def test_a_passing_fault_loses_nothing(fault: str) -> None:
    with crawling(faults=Faults(fault)) as (client, hub):
        assert refs(client.list(ALL, None)) == EVERYTHING
        pages = list(client.details([hf("acme/m1")]))
        assert refs(pages) == ["hf:acme/m1"]
        assert [d.body for page in pages for d in page.documents] == [CARD, '{"r": 8}']
        assert len(hub.faults.struck) == 6


@pytest.mark.parametrize("fault", FAULTS)
def test_a_lasting_fault_ends_the_walk_resumably(fault: str) -> None:
    with (
        crawling(faults=Faults(fault, once=False, only="cursor=")) as (client, _),
        pytest.raises(IncompleteError),
    ):
        for page in client.list(ALL, None):
            cursor = page.cursor
    with crawling() as (client, hub):
        moved = f"{hub.url}/api/models?{cursor.partition('?')[2]}"
        assert refs(client.list(ALL, moved)) == EVERYTHING[3:]


def test_a_rate_limit_is_waited_for_as_long_as_the_hub_says() -> None:
    waits: list[tuple[str, float]] = []
    with Hub(records=RECORDS, faults=Faults("rate-limit")) as hub:
        client = HuggingFace(endpoint=hub.url, token="t", wait=lambda *w: waits.append(w))
        assert len(refs(client.list(ALL, None))) == 8
        client.close()
    assert len(waits) == 2  # once for the answer, once before the next request
    assert all(6 < seconds <= 8 for _, seconds in waits)


def test_details_bring_digests_texts_and_lines_to_replay() -> None:
    with crawling() as (client, hub):
        (page,) = client.details([hf("acme/m1")])
        kinds = [(d.kind, d.path, d.body) for d in page.documents]
        assert kinds == [
            ("card", "README.md", CARD),
            ("adapter_config", "adapter_config.json", '{"r": 8}'),
        ]
        source = f"https://huggingface.co/acme/m1/resolve/{SHA}/README.md"
        assert page.documents[0].source == source
        assert [line.kind for line in page.received] == ["model", "text", "text"]
        assert page.received[1].url == f"{hub.url}/acme/m1/resolve/{SHA}/README.md"
        assert hub.count(".*config.json$") == hub.count(".*adapter_config.json$") == 1


def test_what_was_received_replays_to_what_was_crawled() -> None:
    refusals = {"acme/g": GATED, "acme/x": GONE}
    with crawling(refused=refusals, renamed={"old/m0": "acme/m0"}) as (client, _):
        asked = [hf(name) for name in ("acme/m1", "old/m0", "acme/g", "acme/x")]
        pages = [*client.list(ALL, None), *client.details(asked)]
        for page in pages:
            again = [
                client.replay(
                    line.kind,
                    msgspec.json.encode(line.record),
                    url=line.url,
                    status=line.status,
                    at=line.at,
                )
                for line in page.received
            ]
            assert sum((p.records for p in again), ()) == page.records
            assert sum((p.documents for p in again), ()) == page.documents
            assert sum((p.gaps for p in again), ()) == page.gaps
            assert {k: v for p in again for k, v in p.renamed.items()} == page.renamed
            assert {k: v for p in again for k, v in p.missing.items()} == page.missing


def test_a_renamed_model_is_followed_and_told() -> None:
    with crawling(renamed={"old/name": "acme/m0", "ACME/m0": "acme/m0"}) as (client, _):
        (page,) = client.details([hf("old/name")])
        assert page.renamed == {hf("old/name"): hf("acme/m0")}
        assert refs([page]) == ["hf:acme/m0"]
        (page,) = client.details([hf("ACME/m0")])
        assert page.renamed == {}  # a difference in case only is no other name


@pytest.mark.parametrize(
    ("refusal", "status", "reason"),
    [
        (GATED, Status.GATED, GapReason.GATED),
        (Refusal(401, "GatedRepo"), Status.GATED, GapReason.GATED),
        (DISABLED, Status.DISABLED, GapReason.DISABLED),
        (HIDDEN, Status.PRIVATE, GapReason.PRIVATE),
        (Refusal(403), Status.PRIVATE, GapReason.PRIVATE),
        (GONE, Status.GONE, GapReason.GONE),
        (Refusal(404), Status.GONE, GapReason.GONE),
        (Refusal(410), Status.GONE, GapReason.GONE),
        (Refusal(451), Status.BLOCKED, GapReason.UNREADABLE),
    ],
)
def test_a_refused_model_is_missing_with_its_reason(
    refusal: Refusal, status: Status, reason: GapReason
) -> None:
    with crawling(refused={"acme/x": refusal}) as (client, _):
        page, after = client.details([hf("acme/x"), hf("acme/m0")])
        assert page.missing == {hf("acme/x"): status}
        assert gaps([page]) == [(reason, "hf:acme/x")]
        assert refs([after]) == ["hf:acme/m0"]


def test_closed_files_of_a_gated_model_are_one_gap() -> None:
    with crawling(closed={"acme/m1": GATED}) as (client, hub):
        (page,) = client.details([hf("acme/m1")])
        assert refs([page]) == ["hf:acme/m1"]
        assert [(g.reason, g.file) for g in page.gaps] == [(GapReason.GATED, "README.md")]
        assert hub.count("/acme/m1/resolve") == 1


def test_a_long_card_is_cut_and_noted() -> None:
    texts = TEXTS | {("acme/m1", "README.md"): CARD + "x" * 300_000}
    with crawling(texts=texts) as (client, _):
        (page,) = client.details([hf("acme/m1")])
        assert len(page.documents[0].body) == 256 << 10
        assert [(g.reason, g.file) for g in page.gaps] == [(GapReason.TOO_LARGE, "README.md")]


def test_a_text_that_never_comes_whole_is_a_gap_of_its_own() -> None:
    with crawling(faults=Faults("html", once=False, only="README")) as (client, _):
        (page,) = client.details([hf("acme/m1")])
        assert [d.kind for d in page.documents] == ["adapter_config"]
        assert [(g.reason, g.file) for g in page.gaps] == [(GapReason.UNREADABLE, "README.md")]


def test_one_silent_model_is_a_gap_and_three_are_the_end() -> None:
    with crawling(faults=Faults("server-error", once=False, only="m[345]")) as (client, _):
        pages = list(client.details([hf("acme/m3"), hf("acme/m0"), hf("acme/m4")]))
        assert [reason for reason, _ in gaps(pages)] == [GapReason.UNREADABLE] * 2
        assert refs(pages) == ["hf:acme/m0"]
        with pytest.raises(IncompleteError, match="HTTP 500"):
            list(client.details([hf("acme/m3"), hf("acme/m4"), hf("acme/m5")]))


def test_a_refused_token_stops_everything() -> None:
    with crawling(refused={"acme/x": BAD_TOKEN}) as (client, _), pytest.raises(CredentialsError):
        list(client.details([hf("acme/x")]))


def test_a_list_that_needs_a_token_says_so() -> None:
    with crawling(list_refused=HIDDEN) as (client, _), pytest.raises(CredentialsError) as error:
        list(client.list(ALL, None))
    assert "HF_TOKEN" in (error.value.hint or "")


def test_the_token_goes_to_the_endpoint_only() -> None:
    with Cdn() as cdn, crawling(cdn=cdn) as (client, hub):
        (page,) = client.details([hf("acme/m1")])
        assert len(page.documents) == 2
        assert set(hub.authorizations()) == {"Bearer t"}
        assert cdn.authorizations() == [None, None]


def test_an_endpoint_is_an_origin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "https://hub.example/path")
    with pytest.raises(UsageError, match="not an endpoint"):
        HuggingFace()
