"""What an entry claims, and how far it may go on that claim."""

from __future__ import annotations

from collections.abc import Iterator

from modelaudit.check.lint.item import Item, indexed
from modelaudit.check.listfile import Problem
from modelaudit.check.validator import dataset_ref
from modelaudit.domain.words import Component

_MAIN = frozenset(component.word for component in Component if component.main)
_NEEDS = {"dataset": "datasets", "file": "files"}
_LIMITS = ("max_hops", "min_merge_weight", "component")


def problems(item: Item) -> Iterator[Problem]:
    """Policy, status, claim and scope against each other."""
    yield from _policy(item)
    yield from _tainted(item)
    yield from _of(item)
    yield from _scope(item)
    if item.get("withdrawn") and item.get("status") not in ("withdrawn", None):
        yield item.error(
            ("withdrawn",),
            f"status is {item.get('status')}, yet it says why the entry was withdrawn",
            "set status: withdrawn, or remove withdrawn",
        )
    wanted = _NEEDS.get(item.get("kind"), "")
    if item.written.kind == "signals":
        yield from _signal(item)
    told = item.written.is_told((*item.place, "match", wanted))
    if wanted and item.acts and item.get("match") and not item.get("match", wanted) and not told:
        yield item.warning(
            ("kind",),
            f"kind is {item.get('kind')}, but match names no {wanted}",
            f"add match.{wanted}, or correct kind",
        )


def _signal(item: Item) -> Iterator[Problem]:
    """What only points at something claims no lineage."""
    for at, wanted in ((("kind",), "signal"), (("claim", "relation"), "is")):
        given = item.get(*at)
        if given and given != wanted:
            yield item.error(
                at,
                f"{'.'.join(at)} is {given}, and a signal says nothing about lineage",
                f"set {at[-1]}: {wanted}, or move it to a block list",
            )


def _policy(item: Item) -> Iterator[Problem]:
    if item.allows and item.policy != "none":
        given = "" if "policy" in item.entry else ", which is meant where none is written,"
        yield item.error(
            ("policy",),
            f"policy {item.policy}{given} on an allow list, which only spares",
            "set policy: none",
        )
    elif item.policy == "take-down":
        if item.get("status") not in ("active", None):
            yield item.error(
                ("status",), "only an active entry may take down", "set policy: review"
            )
        if set(item.get("match") or ()) == {"hints"}:
            yield item.error(("match",), "a take-down cannot rest on hints", "set policy: note")
    elif item.blocks and item.policy == "none" and item.acts:
        yield item.warning(
            ("policy",),
            "policy none on a block list: the entry never gives a finding",
            "set policy: note, or move it to an allow list",
        )


def _tainted(item: Item) -> Iterator[Problem]:
    if not item.blocks or item.get("kind") != "model" or item.get("status") == "draft":
        return
    tainted = item.get("claim", "tainted")
    if item.get("claim") is not None and not tainted:
        yield item.error(
            ("claim", "tainted"),
            "no tainted component: no bytes would ever match",
            "add tainted, such as tainted: [unet]",
        )
    elif tainted and not _MAIN & {part for _, part in indexed((), tainted)}:
        yield item.warning(
            ("claim", "tainted"),
            f"only {', '.join(map(str, tainted))} is tainted, which never stands for a whole model",
            "add unet or transformer, or set kind: component",
        )


def _of(item: Item) -> Iterator[Problem]:
    named = list(item.each("claim", "of"))
    for at, name in named:
        if name == item.get("id"):
            yield item.error(at, "the claim names the entry itself", "name what it comes from")
        elif name.startswith("dataset:"):
            try:
                dataset_ref(name)
            except ValueError:
                yield item.error(at, f"{name[:80]} is not a data set", "write dataset:owner/name")
    derived = item.get("claim", "relation") == "derived-from"
    if derived and item.acts and not named and item.blocks:
        yield item.warning(
            ("claim", "of"),
            "derived, but it does not say from what",
            "add of: the ids of the entries it comes from",
        )


def _scope(item: Item) -> Iterator[Problem]:
    scope = item.get("scope") or {}
    is_own = (*item.place, "scope") in item.written.tree.lines
    own = "" if is_own else " (inherited from list.defaults)"
    reached = [name for name in scope if name not in _LIMITS]
    if scope.get("max_hops") == 0 and reached:
        yield item.warning(
            ("scope", "max_hops"),
            f"max_hops 0 reaches only the listed model itself, not {reached[0]}{own}",
            "remove max_hops, or the relations",
        )
    if scope.get("component") in ("review", "take-down"):
        yield item.warning(
            ("scope", "component"),
            f"a component alone never goes above note, whatever scope says{own}",
            "set component: note",
        )
