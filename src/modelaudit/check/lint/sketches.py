"""Sketches: the files beside a list that hold a model's weights in small."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from modelaudit.check.lint.item import Item
from modelaudit.check.listfile import Problem
from modelaudit.check.strict_yaml import Place
from modelaudit.domain.words import Component

_MAKE = "make it with: modelaudit sketch FILE -o PATH"
_MAIN = frozenset(component.word for component in Component if component.main)


def problems(item: Item) -> Iterator[Problem]:
    """A sketch must be there and hold what is said; a derived model's should bring its base's."""
    for at, sketch in item.each("match", "sketches"):
        for key in ("ref", "base"):
            if key in sketch:
                yield from _file(item, at, sketch, key)
        derived = item.get("claim", "relation") == "derived-from"
        if derived and "base" not in sketch and not item.allows:
            yield item.warning(
                (*at, "base"),
                "kinship with a derived model alone never passes review",
                "add base: a sketch of what it was derived from",
            )


def _file(item: Item, at: Place, sketch: dict[str, Any], key: str) -> Iterator[Problem]:
    name, stated = sketch[key], sketch.get("component")
    path = Path(item.written.path).parent / name
    if not path.is_file():
        yield item.error((*at, key), f"there is no file {name} beside the list", _MAKE)
    elif item.known.sketch is not None:
        try:
            held = item.known.sketch(path)
        except ValueError as error:
            yield item.error((*at, key), f"{name} is not a sketch that can be used: {error}", _MAKE)
            return
        unknown = held == {"full"} and stated in _MAIN  # of no known architecture: as the list says
        if stated and not unknown and not held & _meant(item, stated):
            yield item.error(
                (*at, "component"),
                f"{name} holds no {stated}",
                f"it holds: {', '.join(sorted(held)) or 'nothing'}",
            )


def _meant(item: Item, stated: str) -> frozenset[str]:
    """The parts that the word stands for: of ``full``, what the entry taints."""
    if stated != "full":
        return frozenset({stated})
    tainted = frozenset(item.get("claim", "tainted") or ()) - {"full"}
    return tainted or _MAIN
