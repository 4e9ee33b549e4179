"""Small pieces of HTML that every section is made of; they take raw text and clean it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Final

from modelaudit.domain import refs
from modelaudit.domain.times import format_time
from modelaudit.domain.words import Grade
from modelaudit.report.clean import for_html, for_terminal, link

NAME_WIDTH: Final = 72
"""Longest name printed whole; the rest is in the tooltip and in the JSON."""

_WIDE: Final = 7
"""Columns from which a table is scrolled sideways, rather than squeezed, on a small screen."""


def anchor(kind: str, identity: str) -> str:
    """A fragment id that stays the same as long as the thing does."""
    digest = hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{kind}-{digest[:12]}"


def name(text: str, width: int = NAME_WIDTH) -> str:
    """A foreign name, kept apart from the direction of the text around it."""
    shown = for_html(text, width)
    if len(for_terminal(text)) <= width:
        return f"<bdi>{shown}</bdi>"
    return f'<bdi title="{for_html(text, 1024)}">{shown}</bdi>'


def ref(node: str, width: int = NAME_WIDTH) -> str:
    """A model reference, its platform in a lighter hand."""
    if len(for_terminal(node)) > width:
        return f'<span class="ref">{name(node, width)}</span>'
    prefix, colon, rest = node.partition(":")
    return (
        f'<span class="ref"><bdi><span class="prefix">{for_html(prefix + colon)}</span>'
        f"{for_html(rest)}</bdi></span>"
    )


def out(url: str | None, text: str | None = None) -> str:
    """A link that leaves the report without saying where from; plain text if it is unsafe."""
    safe = link(url)
    shown = for_html(text or url or "", NAME_WIDTH)
    if safe is None:
        return f"<bdi>{shown}</bdi>"
    return f'<a href="{for_html(safe)}" rel="noreferrer noopener nofollow"><bdi>{shown}</bdi></a>'


def page(node: str, url: str | None = None) -> str:
    """A model reference that links to its page, where it has one."""
    safe = link(url or refs.page_url(refs.ModelRef(node)))
    if safe is None:
        return ref(node)
    return f'<a href="{for_html(safe)}" rel="noreferrer noopener nofollow">{ref(node)}</a>'


def when(seconds: int | None, missing: str = "–") -> str:
    """A moment, for people and programs."""
    text = format_time(seconds)
    if text is None:
        return missing
    return f'<time datetime="{text}">{text[:10]} {text[11:16]} UTC</time>'


def pill(grade: Grade) -> str:
    """A grade, its frame as solid as the evidence."""
    return f'<span class="pill {grade}">{grade}</span>'


def table(caption: str, titles: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """A table of cells that are HTML already; ``#title`` marks a column of numbers."""
    titles = tuple(titles)
    numbers = [title.startswith("#") for title in titles]
    heads = "".join(
        f'<th scope="col"{" class=num" if number else ""}>{title.removeprefix("#")}</th>'
        for title, number in zip(titles, numbers, strict=True)
    )
    wide = " wide" if len(titles) >= _WIDE else ""
    yield f'<div class="scroll{wide}"><table><caption>{caption}</caption>'
    yield f"<thead><tr>{heads}</tr></thead><tbody>\n"
    for row in rows:
        cells = "".join(
            f"<td class=num>{cell}</td>" if number else f"<td>{cell}</td>"
            for cell, number in zip(row, numbers, strict=True)
        )
        yield f"<tr>{cells}</tr>\n"
    yield "</tbody></table></div>\n"


def facts(pairs: Iterable[tuple[str, str]]) -> str:
    """A list of terms with their values, which are HTML already; empty values are left out."""
    items = "".join(f"<div><dt>{term}</dt><dd>{value}</dd></div>" for term, value in pairs if value)
    return f'<dl class="facts">{items}</dl>\n'


def rest(shown: int, total: int, what: str) -> str:
    """The sentence that says a list was cut, and where the rest is."""
    if total <= shown:
        return ""
    return (
        f'<p class="cut">Shown are the first {shown:,} of {total:,} {what}. '
        "The JSON and CSV formats of this report hold the findings in full.</p>\n"
    )
