"""The rules of a match as text, one by one: what two lists can be compared by."""

from __future__ import annotations

from collections.abc import Iterator

from modelaudit.domain.entry import FileConfidence, ListedFile, ListedSketch, Match
from modelaudit.domain.times import format_time


def rules(match: Match) -> Iterator[tuple[str, str]]:
    """(kind, text) of everything by which something is recognised, in the order of the format."""
    yield from (("models", ref) for ref in match.models)
    yield from (("rehosts", ref) for ref in match.rehosts)
    for kind, by_platform in (("labels", match.labels), ("flags", match.flags)):
        for platform, words in by_platform.items():
            yield from ((kind, f"{platform}: {word}") for word in words)
    yield from (("files", _file(file)) for file in match.files)
    for dataset in match.datasets:
        day = (format_time(dataset.published_before) or "")[:10]
        yield "datasets", f"{dataset.id}{day and f' published before {day}'}"
    yield from (("sketches", _sketch(sketch)) for sketch in match.sketches)
    for name, values in (
        ("name_regex", match.name_patterns), ("name_unless", match.name_exclusions),
        ("architecture", match.architectures), ("text", match.texts),
    ):  # fmt: skip
        yield from ((name, value) for value in values)


def described(match: Match) -> str:
    """All of it on one line."""
    return ", ".join(text for _, text in rules(match))


def _file(file: ListedFile) -> str:
    doubt = "" if file.confidence is FileConfidence.CONFIRMED else f" {file.confidence}"
    return f"{file.sha256} {file.component}{doubt}"


def _sketch(sketch: ListedSketch) -> str:
    base = f" beyond {sketch.base}" if sketch.base else ""
    return f"{sketch.path} {sketch.component}{base} (sha256 {sketch.sha256[:12] or 'missing'})"
