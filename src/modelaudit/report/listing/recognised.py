"""How a listed thing is recognised, rule by rule."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from modelaudit.domain.entry import FileConfidence, ListedDataset, ListedFile, ListedSketch, Match
from modelaudit.domain.times import format_time
from modelaudit.report.listing.sentences import PART
from modelaudit.report.words import amount, platform

_HINT = "a hint: never more than a note"


def recognised(match: Match, *, spares: bool = False) -> Iterator[tuple[int, str]]:
    """Paragraphs with their depth; with ``spares``, of what is let off."""
    yield from _all("Names of the thing itself:", match.models)
    yield from _all("Known copies, and other names that cards give it:", match.rehosts)
    for name, labels in match.labels.items():
        yield 0, f"{platform(name)}'s label {_quoted(labels)}"
    for name, flags in match.flags.items():
        yield 0, f"{platform(name)}'s own mark {_quoted(flags)}"
    if match.files:
        yield 0, "Files, by sha256:"
        for file in match.files:
            yield 0, file.sha256
            yield 1, _file(file, spares=spares)
    if match.datasets:
        yield 0, "Data sets that a model declares:"
        for listed in match.datasets:
            yield 1, _dataset(listed)
    if match.sketches:
        yield 0, "Sketches of its weights:"
        for sketch in match.sketches:
            yield from _sketch(sketch)
    if match.name_patterns:
        yield 0, f"Words in names, as regular expressions ({_HINT}):"
        yield from ((1, pattern) for pattern in match.name_patterns)
        yield from ((1, f"but not {pattern}") for pattern in match.name_exclusions)
    yield from _all(f"Architecture ({_HINT}):", match.architectures)
    yield from _all(f"Words in texts ({_HINT}):", match.texts)


def _all(title: str, values: Iterable[str]) -> Iterator[tuple[int, str]]:
    told = [(1, str(value)) for value in values]
    if told:
        yield 0, title
        yield from told


def _quoted(values: Iterable[str]) -> str:
    return ", ".join(f'"{value}"' for value in values)


def _file(file: ListedFile, *, spares: bool) -> str:
    if file.confidence is FileConfidence.SINGLE_SOURCE:
        limit = "" if spares else ": this digest alone never leads to more than review"
        known = f"one source only{limit}"
    elif file.confidence is FileConfidence.CANDIDATE:
        known = "a candidate: not used"
    elif file.sources:
        known = amount(file.sources, "independent source")
    else:
        known = "confirmed"
    told = [
        file.name,
        PART[file.component],
        amount(file.size, "byte") if file.size else None,
        f"AutoV1 {file.autov1}" if file.autov1 else None,
        f"AutoV3 {file.autov3}" if file.autov3 else None,
        known,
    ]
    return ", ".join(filter(None, told))


def _dataset(listed: ListedDataset) -> str:
    if listed.published_before is None:
        return listed.id
    day = (format_time(listed.published_before) or "")[:10]
    return (
        f"{listed.id}, only for weights published before {day}; where that day is not known, "
        "at most review"
    )


def _sketch(sketch: ListedSketch) -> Iterator[tuple[int, str]]:
    yield 1, f"{sketch.path}, {PART[sketch.component]}"
    if sketch.sha256:
        yield 1, f"sha256 {sketch.sha256}"
    if sketch.base:
        yield 1, f"told apart from what it was derived from: {sketch.base}"
