from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from modelaudit.crawl.civitai_listing import PARTITIONS, pages
from modelaudit.crawl.web_session import Answer, Params
from modelaudit.domain.errors import IncompleteError

LAST = f'{{"partition": "{list(PARTITIONS)[-1]}", "cursor": "c"}}'


def answers(*bodies: tuple[Sequence[int], object]) -> tuple[list[Params], object]:
    """A list that gives these (model ids, next cursor) in turn, and the parameters it was asked."""
    asked: list[Params] = []

    def get(params: Params) -> Answer:
        ids, cursor = bodies[len(asked)]
        asked.append(params)
        items = [{"id": number, "modelVersions": [{"id": number}]} for number in ids]
        body = json.dumps({"items": items, "metadata": {"nextCursor": cursor}}).encode()
        return Answer(url="http://h/", status=200, headers={}, body=body)

    return asked, get


def crawl(get: object) -> list[list[str]]:
    found = pages(get, "http://h", (), LAST)  # type: ignore[arg-type]  # built above
    return [[*(r.model.ref for r in page.records), *(g.reason.word for g in page.gaps)]
            for page in found]  # fmt: skip


def test_a_repeated_cursor_with_new_models_goes_on() -> None:
    asked, get = answers(([1], "d"), ([2], "d"), ([2, 3], "d"), ([3], None))
    assert crawl(get) == [["civitai:1@1"], ["civitai:2@2"], ["civitai:2@2", "civitai:3@3"],
                          ["civitai:3@3"]]  # fmt: skip
    assert [dict(params)["cursor"] for params in asked] == ["c", "d", "d", "d"]


def test_cursors_in_a_circle_end() -> None:
    asked, get = answers(([1], "d"), ([2], "c"), ([1], "d"), ([2], "c"))
    with pytest.raises(IncompleteError, match="ended the listing"):
        crawl(get)
    assert len(asked) == 3


@pytest.mark.parametrize("cursor", ["", [], {"a": 1}, None])
def test_what_is_no_cursor_ends_the_listing(cursor: object) -> None:
    asked, get = answers(([1], cursor))
    assert len(crawl(get)) == len(asked) == 1


def test_a_list_that_is_none_can_be_resumed_where_it_broke() -> None:
    def get(params: Params) -> Answer:
        return Answer(url="http://h/", status=200, headers={}, body=b'{"items": 3}')

    with pytest.raises(IncompleteError, match="no list of models"):
        list(pages(get, "http://h", (), None))
