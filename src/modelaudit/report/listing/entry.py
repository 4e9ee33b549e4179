"""One entry of a list, section by section, each fact with its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from modelaudit.domain.entry import Citation, Entry, EntryException
from modelaudit.domain.words import Verdict
from modelaudit.report.layout import bold, enumerated, wrapped
from modelaudit.report.listing import sentences
from modelaudit.report.listing.recognised import recognised

Told = Iterator[tuple[int, str]]
"""Paragraphs with the depth they stand at."""

_COLUMN = 13
"""Where the text of a section begins: a sha256 fits beside it in 80 columns."""
_NARROW = 60


def render(
    entry: Entry, limit: tuple[Verdict, str], titles: Mapping[str, str], *, width: int,
    colour: bool, spares: bool,
) -> Iterator[str]:  # fmt: skip
    """The entry's lines. ``limit``: the most it can lead to, and why; ``spares``: an allow rule."""
    yield f"{bold(entry.id, colour=colour)}\n"
    yield from wrapped(entry.title, width)
    for text in sentences.standing(entry):
        yield from wrapped(text, width, first="  ")
    yield "\n"
    follows = sentences.spared(entry) if spares else sentences.follows(entry, limit)
    for label, told in (
        ("Claim", _claim(entry, titles)),
        ("Parts", _parts(entry)),
        ("Follows", follows),
        ("Known by", recognised(entry.match, spares=spares)),
        ("Spared", _exceptions(entry)),
        ("Evidence", _evidence(entry)),
        ("Notes", _text(entry.notes)),
        ("Dates", _text(sentences.dates(entry))),
    ):
        yield from _section(label, told, width)


def _section(label: str, told: Told, width: int) -> Iterator[str]:
    column = _COLUMN if width >= _NARROW else 4
    heading = f"  {label}"
    for depth, text in told:
        if heading and width < _NARROW:
            yield f"{heading}\n"
            heading = ""
        indent = " " * (column + 2 * depth)
        hanging = f"{indent}  " if depth == 1 else indent
        yield from wrapped(text, width, heading.ljust(len(indent)), hanging)
        heading = ""


def _text(text: str | None) -> Told:
    if text:
        yield 0, " ".join(text.split())


def _claim(entry: Entry, titles: Mapping[str, str]) -> Told:
    yield 0, sentences.claim(entry, titles)
    if not (entry.tainted and entry.claim_of):
        yield from _text(entry.claim_note)


def _parts(entry: Entry) -> Told:
    if entry.tainted:
        yield 0, sentences.parts(entry)
        if entry.claim_of:
            yield from _text(entry.claim_note)


def _exceptions(entry: Entry) -> Told:
    for exception in entry.exceptions:
        yield from _exception(exception)


def _exception(exception: EntryException) -> Told:
    effect = "no finding" if exception.effect is Verdict.NONE else f"at most {exception.effect}"
    by = f" Decided by {exception.decided_by}." if exception.decided_by else ""
    reason = " ".join(exception.reason.split())
    yield 0, f"Until {exception.expires}: {effect}. {reason}{by}"
    for depth, text in recognised(exception.match, spares=True):
        yield depth + 1, text
    for number, citation in enumerate(exception.evidence, 1):
        for depth, text in _citation(number, citation):
            yield depth + 1, text


def _evidence(entry: Entry) -> Told:
    if not entry.evidence:
        yield 0, "None."
    for number, citation in enumerate(entry.evidence, 1):
        yield from _citation(number, citation)


def _citation(number: int, citation: Citation) -> Told:
    yield 0, f"[{number}] {citation.kind}, for {enumerated(map(_what, citation.supports))}"
    yield 2, citation.url
    if citation.where:
        yield 2, citation.where
    if citation.summary:
        yield 2, " ".join(citation.summary.split())
    published = f"published {citation.published}, " if citation.published else ""
    yield 2, f"{published}read on {citation.retrieved}"


def _what(word: str) -> str:
    return "the data sets" if word == "datasets" else f"the {word}"
