"""A blocklist as text: what each entry lists, why, and where that can be read."""

from __future__ import annotations

from collections.abc import Iterator

from modelaudit.domain.entry import Blocklist, Entry
from modelaudit.report.clean import for_terminal


def render(blocklist: Blocklist) -> Iterator[str]:
    """Lines of text, cleaned for a terminal; a private list shows ids only."""
    yield _line(0, f"{blocklist.id}  {blocklist.kind}  version {blocklist.version}")
    yield _line(0, blocklist.title)
    yield _line(0, f"sha256 {blocklist.sha256}")
    for entry in blocklist.entries:
        yield "\n"
        yield from [_line(0, entry.id)] if blocklist.private else _entry(entry)


def _entry(entry: Entry) -> Iterator[str]:
    yield _line(0, f"{entry.id}  {entry.title}")
    yield _line(1, f"{entry.status}, policy {entry.policy}, claim {entry.documentation}")
    of = ", ".join(entry.claim_of)
    yield _line(1, f"{entry.claim_relation} {of}".rstrip())
    match = entry.match
    for title, values in (
        ("models", match.models),
        ("re-hosts", match.rehosts),
        ("labels", [f"{p}: {label}" for p, labels in match.labels.items() for label in labels]),
        ("datasets", [dataset.id for dataset in match.datasets]),
        ("files", [f"{f.sha256}  {f.component}  {f.name or ''}".rstrip() for f in match.files]),
    ):
        for value in values:
            yield _line(1, f"{title:<9}{value}")
    for citation in entry.evidence:
        where = f" ({citation.where})" if citation.where else ""
        yield _line(1, f"evidence {citation.kind}: {citation.url}{where}")
        if citation.summary:
            yield _line(3, citation.summary)


def _line(depth: int, text: str) -> str:
    return f"{'  ' * depth}{for_terminal(text)}\n"
