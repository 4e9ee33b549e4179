"""Labels and flags: words of a platform, which are read only as it spells them."""

from __future__ import annotations

from collections.abc import Iterator

from modelaudit.check.lint.item import IDLE, Item, indexed
from modelaudit.check.listfile import ListFile, Problem
from modelaudit.check.remedies import closest
from modelaudit.check.strict_yaml import Place

FLAGS = {
    "civitai": frozenset({"poi", "minor", "nsfw", "sfwOnly", "mode:Archived", "mode:TakenDown"})
}
"""Platform → the marks that it sets on models itself."""


def problems(item: Item) -> Iterator[Problem]:
    """A word that its platform does not know matches nothing."""
    yield from _unknown(item, "labels", item.known.labels)
    yield from _unknown(item, "flags", FLAGS)
    for at, label in item.each("match", "labels", "civitai"):
        if label in item.known.mute:
            yield item.warning(
                at, f"the label {label!a} says nothing about a family, and is not read", "remove it"
            )


def labels_twice(written: ListFile, _today: str) -> Iterator[Problem]:
    """One label in two entries of a list: it would stand for both."""
    first: dict[tuple[str, str], tuple[Place, str]] = {}
    for place, entry in written.entries():
        if entry.get("status") in IDLE:
            continue
        for platform, labels in (entry.get("match") or {}).get("labels", {}).items():
            for at, label in indexed((*place, "match", "labels", platform), labels):
                where, other = first.setdefault((platform, label), (at, entry.get("id", "")))
                if where != at:
                    yield written.problem(
                        at, f"the label {label!a} is also under {other}",
                        level="warning", fix="keep it where it belongs",
                    )  # fmt: skip


def _unknown(item: Item, what: str, known: object) -> Iterator[Problem]:
    if not isinstance(known, dict) or not known:
        return
    for platform, words in (item.get("match", what) or {}).items():
        at: Place = ("match", what, platform)
        if platform not in known:
            yield item.warning(at, f"no {what} of {platform} are read", "remove them")
            continue
        for inner, word in indexed(at, words):
            if word not in known[platform]:
                near = closest(word, known[platform])
                yield item.warning(
                    inner,
                    f"{platform} has no {what[:-1]} {word[:60]!a}",
                    f'did you mean "{near}"?' if near else f"see how {platform} spells it",
                )
