"""YAML as text, nothing else: every scalar is a string, and every value knows its line.

Ordinary loaders change what a list says: ``81761151`` (a short hash) becomes a number, ``1.10``
loses its zero, ``no`` turns false. Here nothing is resolved (yaml.org/spec/1.2.2, the failsafe
schema), and what has no place in a list of facts is refused: aliases, tags, a second document,
one key given twice.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

MAX_DEPTH = 20
MAX_VALUES = 500_000
"""Each bounds what a hostile file may cost."""

Place = tuple[str | int, ...]
"""Where a value stands: keys and indices from the top."""


class YamlError(ValueError):
    """The text is not YAML as we read it."""

    def __init__(self, line: int, text: str) -> None:
        super().__init__(text)
        self.line = line


@dataclass(slots=True)
class Tree:
    """A document: strings, lists and dictionaries, with the line (from 1) of each."""

    data: Any = None
    lines: dict[Place, int] = field(default_factory=dict)
    plain: dict[Place, str] = field(default_factory=dict)
    """Scalars written without quotes, which other loaders may turn into something else."""
    repeated: list[Place] = field(default_factory=list)
    """Keys given again in one mapping; ``lines`` has the later place, ``data`` the first value."""

    def line(self, place: Place) -> int:
        """The line of a place, or of the nearest thing around it that was written."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)


@dataclass(slots=True)
class _Open:
    """A mapping or sequence that is being filled."""

    place: Place
    value: Any
    key: str | None = None


def parse(text: str) -> Tree:
    """The one document in ``text``; raises :class:`YamlError` at the line that cannot be read."""
    import yaml

    tree = Tree()
    stack: list[_Open] = []
    documents = 0
    try:
        for event in yaml.parse(text, Loader=getattr(yaml, "CBaseLoader", yaml.BaseLoader)):
            line = _line(event.start_mark)
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise YamlError(line, "a second document begins here: one list per file")
            elif isinstance(event, yaml.CollectionEndEvent):
                stack.pop()
            elif isinstance(event, yaml.NodeEvent):
                _add(tree, stack, event, line)
    except yaml.MarkedYAMLError as error:
        line = _line(error.problem_mark or error.context_mark)
        raise YamlError(line, f"not YAML: {error.problem}") from None
    except yaml.YAMLError as error:
        raise YamlError(1, f"not YAML: {str(error).partition(chr(10))[0]}") from None
    return tree


def _line(mark: Any) -> int:
    """A parser's mark as a line from 1; not every parser sets one everywhere."""
    return mark.line + 1 if mark else 1


def _add(tree: Tree, stack: list[_Open], event: Any, line: int) -> None:
    """Put one value where it belongs; collections are entered empty and filled later."""
    import yaml

    if event.anchor is not None:
        raise YamlError(line, "anchors and aliases are not read here: write the value out")
    if event.tag is not None:
        raise YamlError(line, f"the tag {str(event.tag)[:40]!r} is not read here")
    scalar = isinstance(event, yaml.ScalarEvent)
    value: Any = event.value if scalar else {} if isinstance(event, yaml.MappingStartEvent) else []

    top = stack[-1] if stack else None
    place: Place = ()
    if top is None:
        tree.data = value
    elif isinstance(top.value, list):
        place = (*top.place, len(top.value))
        top.value.append(value)
    elif top.key is None:
        if not scalar:
            raise YamlError(line, "a key is one word, not a collection")
        top.key = value
        place = (*top.place, value)
        if value in top.value:
            tree.repeated.append(place)
        tree.lines[place] = line
        return
    else:
        place = (*top.place, top.key)
        top.value.setdefault(top.key, value)
        top.key = None
    tree.lines[place] = line
    if len(tree.lines) > MAX_VALUES:
        raise YamlError(line, f"more than {MAX_VALUES:,} values")
    if not scalar:
        if len(stack) >= MAX_DEPTH:
            raise YamlError(line, f"nested more than {MAX_DEPTH} deep")
        stack.append(_Open(place, value))
    elif event.implicit[0]:
        tree.plain[place] = value
