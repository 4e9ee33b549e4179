"""The days of an entry: their order, and which of them have passed."""

from __future__ import annotations

from collections.abc import Iterator

from modelaudit.check.lint.item import Item
from modelaudit.check.listfile import Problem


def problems(item: Item) -> Iterator[Problem]:
    """Added, then modified, then reviewed; an allow rule also ends."""
    added, modified = item.get("added") or "", item.get("modified") or ""
    for key, day in (("added", added), ("modified", modified)):
        if day > item.today:
            yield item.warning((key,), f"{key} {day} is in the future", "write the day it was done")
    if modified and added and modified < added:
        yield item.error(
            ("modified",), f"modified {modified}, before it was added on {added}",
            "correct one of the days",
        )  # fmt: skip
    yield from _review(item, added)
    yield from _withdrawn(item, added)
    yield from _expiry(item, added)


def _review(item: Item, added: str) -> Iterator[Problem]:
    review = item.get("review_by")
    if not review or item.get("status") == "withdrawn":
        return
    if review < added:
        yield item.error(
            ("review_by",), f"to be reviewed by {review}, before it was added on {added}",
            "set a day in the future",
        )  # fmt: skip
    elif review < item.today:
        yield item.warning(
            ("review_by",), f"was to be reviewed by {review}",
            "review the entry and set a new day",
        )  # fmt: skip


def _withdrawn(item: Item, added: str) -> Iterator[Problem]:
    day = item.get("withdrawn", "date")
    if day and day < added:
        yield item.error(
            ("withdrawn", "date"), f"withdrawn on {day}, before it was added on {added}",
            "correct one of the days",
        )  # fmt: skip
    elif day and day > item.today:
        yield item.warning(
            ("withdrawn", "date"), f"withdrawn on {day}, which is in the future",
            "write the day it was withdrawn",
        )  # fmt: skip


def _expiry(item: Item, added: str) -> Iterator[Problem]:
    expires = item.get("expires")
    if expires and item.blocks:
        yield item.error(
            ("expires",), "expires is for allow lists: this entry would act on all the same",
            "set review_by, and status: withdrawn when the day comes",
        )  # fmt: skip
    elif expires and expires <= added:
        yield item.error(
            ("expires",), f"expires on {expires}, and was added on {added}",
            "correct one of the days",
        )  # fmt: skip
    elif expires and expires <= item.today and item.acts:
        yield item.warning(
            ("expires",), f"the rule expired on {expires}: it allows nothing any more",
            "decide again, or set status: withdrawn",
        )  # fmt: skip
    told = any(item.written.is_told((*item.place, key)) for key in ("expires", "review_by"))
    if item.allows and item.acts and not expires and not item.get("review_by") and not told:
        yield item.warning(
            ("id",), "an allow rule that nobody will look at again",
            "add review_by, or expires",
        )  # fmt: skip
