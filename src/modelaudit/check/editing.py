"""Changes of a list's text that leave every other byte of it as it was.

A list is written by people: comments, order and quotes are theirs. Places are found by a parser
that tells where a value stands (``yaml.compose``), the text is cut there, and the outcome is read
again: it must say what the old text said and the change, or there is no change.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from modelaudit.check import strict_yaml
from modelaudit.check.writing import Value, items, quoted
from modelaudit.domain.errors import BlocklistError

_BOM: Final = "\ufeff"


def with_entry(text: str, entry: Mapping[str, Value], today: date) -> str:
    """The text with one more entry, the list's version and day brought up to date.

    ``text`` is a list without errors; ``BlocklistError`` where it is laid out so that nothing can
    be added to it.
    """
    mark, text = (_BOM, text[1:]) if text.startswith(_BOM) else ("", text)
    before = strict_yaml.parse(text).data
    head = before["list"]
    dated = {
        "version": next_version(head["version"], today),
        "updated": max(head["updated"], today.isoformat()),
    }
    try:
        edited = _revised(_appended(text, entry), dated)
        after = strict_yaml.parse(edited).data
    except strict_yaml.YamlError:
        after = None
    added = strict_yaml.parse("\n".join(items([entry]))).data
    wanted = {**before, "list": {**head, **dated}, "entries": [*before["entries"], *added]}
    if after != wanted:
        raise BlocklistError(
            "an entry cannot be added to a list that is laid out like this one",
            hint="write its entries one under another, each at a dash, and the last thing there is",
        )
    return mark + edited


def next_version(version: str, today: date) -> str:
    """The version of a list that changes today: today's date, or the next number of a day's."""
    day, _, number = version.partition("-")
    new = today.strftime("%Y.%m.%d")
    return new if day < new else f"{day}-{int(number or 0) + 1}"


def _appended(text: str, entry: Mapping[str, Value]) -> str:
    """The text with one more entry behind the last."""
    top = _composed(text)
    entries = _value(top, "entries")
    at = _end(top, entries, text)
    apart = _apart(entries, text)
    lines = items([entry], entries.start_mark.column, _step(entries))
    new = "".join(f"{line}\n" for line in lines)
    if apart:
        new = f"\n{new}" if at == len(text) else f"\n{new}\n"
    if not text[:at].endswith("\n"):
        new = f"\n{new}"
    if "\r\n" in text:
        new = new.replace("\n", "\r\n")
    return text[:at] + new + text[at:]


def _end(top: Any, entries: Any, text: str) -> int:
    """Where a further entry goes: to the end, or before the next key and the comments above it."""
    starts = (key.start_mark.index for key, _ in top.value)
    at: int = min((at for at in starts if at > entries.start_mark.index), default=len(text))
    while at < len(text):
        above = text.rfind("\n", 0, at - 1) + 1
        if text[above:at].strip() and text[above] != "#":
            break
        at = above
    return at


def _apart(entries: Any, text: str) -> bool:
    """Whether empty lines stand between entries; of a single one nothing can be told."""
    *others, last = entries.value
    above = text[: last.start_mark.index].split("\n")[:-1]
    while above and above[-1].lstrip().startswith("#"):
        above.pop()
    return not others or not above[-1].strip()


def _step(entries: Any) -> int:
    """Columns from a key to those under it; two where no entry shows it."""
    steps = (
        inner.start_mark.column - key.start_mark.column
        for entry in entries.value
        for key, inner in entry.value
        if isinstance(inner.value, list) and not inner.flow_style
    )
    return next((step for step in steps if step > 0), 2)


def _revised(text: str, values: Mapping[str, str]) -> str:
    """The text with other values under some keys of ``list``."""
    head = _value(_composed(text), "list")
    places = sorted(
        ((_value(head, key), value) for key, value in values.items()),
        key=lambda place: -place[0].start_mark.index,
    )
    for node, value in places:
        text = text[: node.start_mark.index] + quoted(value) + text[node.end_mark.index :]
    return text


def _composed(text: str) -> Any:
    """The text's nodes, with their places counted in characters."""
    import yaml

    try:
        return yaml.compose(text, Loader=yaml.BaseLoader)
    except yaml.YAMLError as error:
        raise strict_yaml.YamlError(1, str(error)) from None


def _value(mapping: Any, name: str) -> Any:
    return next(value for key, value in mapping.value if key.value == name)
