"""Text for people, set to a width: words wrap, addresses and digests never break."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from modelaudit.report.clean import for_terminal

PIPE = 80
"""Columns where nobody's terminal says how many."""
_LEAST = 40
_MOST = 110
"""Longer lines are hard to read on a wide screen."""


def room(width: int) -> int:
    """The columns to use of a screen."""
    return min(max(width, _LEAST), _MOST)


def wrapped(text: str, width: int, first: str = "", rest: str | None = None) -> Iterator[str]:
    """Lines of at most ``width`` columns, the first after ``first``, the others after ``rest``.

    The text is cleaned for a terminal; a word that is too long has a line of its own, whole.
    """
    rest = " " * cells(first) if rest is None else rest
    line, used, empty = first, cells(first), True
    for word in for_terminal(text).split(" "):
        wide = cells(word)
        if not empty and used + 1 + wide > width:
            yield f"{line.rstrip()}\n"
            line, used, empty = rest, cells(rest), True
        line, used = (line + word, used + wide) if empty else (f"{line} {word}", used + 1 + wide)
        empty = False
    yield f"{line.rstrip()}\n"


def padded(text: str, width: int) -> str:
    """Cleaned text, filled up with blanks."""
    text = for_terminal(text)
    return text + " " * max(width - cells(text), 0)


def cells(text: str) -> int:
    """The columns that a terminal gives to a text."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def bold(text: str, *, colour: bool) -> str:
    """Cleaned text, stronger where colours are wanted."""
    text = for_terminal(text)
    return f"\x1b[1m{text}\x1b[0m" if colour else text


def enumerated(values: Iterable[str], last: str = "and") -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    *most, final = list(values) or [""]
    return f"{', '.join(most)} {last} {final}" if most else final
