"""The models and data sets that an entry names."""

from __future__ import annotations

from collections.abc import Iterator

from modelaudit.check.lint.item import Item
from modelaudit.check.listfile import Problem
from modelaudit.check.strict_yaml import Place
from modelaudit.check.validator import dataset_ref
from modelaudit.domain import refs


def problems(item: Item) -> Iterator[Problem]:
    """Names given twice, names that are not whole, names in the wrong place."""
    yield from _twice(item)
    yield from _bare(item)
    yield from _datasets(item)


def _named(item: Item) -> Iterator[tuple[Place, str]]:
    for role in ("models", "rehosts"):
        yield from item.each("match", role)


def _twice(item: Item) -> Iterator[Problem]:
    first: dict[str, tuple[Place, str]] = {}
    for at, text in _named(item):
        where, other = first.setdefault(refs.key(refs.parse(text)), (at, text))
        if where == at or (other == text and where[:-1] == at[:-1]):
            continue  # one list with one text twice is refused by the schema
        how = "" if other == text else f" as {other}"
        yield item.warning(at, f"{text} is already among its {where[1]}{how}", "keep one of them")


def _bare(item: Item) -> Iterator[Problem]:
    """An id of the Hub without owner is an old name, or a slip; beside its full name it is meant.

    Cards name listed models by halves of their ids, which is what re-hosts are for.
    """
    full = {part for _, text in _named(item) if "/" in text
            for part in refs.key(refs.parse(text)).removeprefix("hf:").split("/")}  # fmt: skip
    for at, text in _named(item):
        name = refs.key(refs.parse(text))
        if name.startswith("hf:") and "/" not in name and name.removeprefix("hf:") not in full:
            yield item.warning(
                at, f"{text} has no owner", "write hf:owner/name; a bare name may stand beside it"
            )
        elif name.startswith("dataset:"):
            yield item.warning(at, f"{text} is a data set", "list it under match.datasets")


def _datasets(item: Item) -> Iterator[Problem]:
    dated: dict[str, bool] = {}
    for at, value in item.each("match", "datasets"):
        text = value.get("id") if isinstance(value, dict) else value
        if not text:
            continue
        name = refs.key(dataset_ref(text))
        has_date = isinstance(value, dict)
        before = dated.setdefault(name, has_date)
        seen_above = (*item.place, *at) != _place_of(item, name)
        if seen_above and before != has_date:
            yield item.error(
                at,
                f"{text} stands here both with a date and without: the date would not count",
                "keep the one with published_before",
            )
        elif seen_above:
            yield item.warning(at, f"{text} is listed twice", "keep one of them")
        elif "/" not in text:
            yield item.warning(at, f"{text} has no owner", "write owner/name")


def _place_of(item: Item, name: str) -> Place:
    """Where a data set is named first."""
    for at, value in item.each("match", "datasets"):
        text = value.get("id") if isinstance(value, dict) else value
        if text and refs.key(dataset_ref(text)) == name:
            return (*item.place, *at)
    return item.place
