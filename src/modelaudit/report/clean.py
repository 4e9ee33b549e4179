r"""Text from strangers, made harmless for its destination; the one place that does it.

Dangerous characters are shown, never dropped: an escape becomes ``\x1b``, a bidi override
``\u202e``, a lone surrogate ``\ud800``, so that an analyst sees the trick and a terminal does not
obey it. What counts as dangerous: control, format and surrogate characters (Unicode general
categories Cc, Cf, Cs), line and paragraph separators, characters that are drawn as nothing
(UAX 44 Default_Ignorable_Code_Point and the blank letters), noncharacters, and every combining
mark after the second in a row.
"""

from __future__ import annotations

import html
import re
from typing import Final

_HIDDEN: Final = (
    "\x00-\x1f\x7f-\x9f\xad"  # C0, DEL, C1, soft hyphen
    "\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2"
    "\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f"  # zero width, separators, bidi
    "\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff"
    "\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff"  # tags, variation selectors
    + "".join(f"{chr(plane << 16 | 0xFFFE)}{chr(plane << 16 | 0xFFFF)}" for plane in range(1, 17))
)
_MARKS: Final = "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
_DANGEROUS: Final = re.compile(f"[{_HIDDEN}]|(?<=[{_MARKS}]{{2}})[{_MARKS}]")
_NAMED: Final = {"\t": r"\t", "\n": r"\n", "\r": r"\r"}

_FORMULA: Final = frozenset("=+-@＝＋－＠")  # OWASP ASVS 1.2.10, and the full-width twins
_LINK: Final = re.compile(
    r"https?://[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?:[/?#][A-Za-z0-9._~:/?#\[\]@!$&+,;=%-]*)?", re.ASCII
)
_LINK_LENGTH: Final = 2048


def for_terminal(text: str) -> str:
    """One line that a terminal or a log prints as it is; the base of all the others."""
    if text.isascii() and text.isprintable():
        return text
    return _DANGEROUS.sub(_show, text)


def for_tsv(text: str) -> str:
    r"""A field without tabs or line ends; a backslash is doubled, so that it can be undone."""
    return for_terminal(text.replace("\\", "\\\\"))


def for_csv(text: str) -> str:
    """A whole cell, quoted where RFC 4180 asks; ``'`` goes before what a sheet would compute."""
    text = for_terminal(text)
    if text.lstrip()[:1] in _FORMULA:
        text = f"'{text}"
    return '"' + text.replace('"', '""') + '"' if '"' in text or "," in text else text


def for_html(text: str, width: int | None = None) -> str:
    """Text for an element or a quoted attribute, cut to ``width`` characters before escaping."""
    text = for_terminal(text)
    return html.escape(text if width is None else shorten(text, width))


def for_markdown(text: str, width: int | None = None) -> str:
    r"""A code span, the only place where Markdown, mentions and autolinks all leave text alone.

    Backtick and bar become ``\x60`` and ``\x7c``: the one would end the span, the other a cell.
    """
    text = for_terminal(text).replace("`", r"\x60").replace("|", r"\x7c")
    text = text if width is None else shorten(text, width)
    return f"`{text}`" if text.strip() else ""


def link(url: str | None) -> str | None:
    """The address if it is plain http(s) that cannot leave an attribute or a link; else ``None``.

    No user part, quotes, brackets of Markdown, spaces or characters outside ASCII.
    """
    if url is None or len(url) > _LINK_LENGTH or not _LINK.fullmatch(url):
        return None
    return url


def shorten(text: str, width: int) -> str:
    """At most ``width`` characters: the middle gives way, as both ends of a name tell most."""
    if len(text) <= width:
        return text
    tail = (width - 1) // 2
    return f"{text[: width - 1 - tail]}…{text[len(text) - tail :]}"


def _show(match: re.Match[str]) -> str:
    char = match[0]
    code = ord(char)
    if char in _NAMED:
        return _NAMED[char]
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
