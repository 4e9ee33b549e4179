"""Whether an entry still lists what the path of an old finding ends at. Pure."""

from __future__ import annotations

from modelaudit.domain import refs
from modelaudit.domain.entry import Entry, FileConfidence
from modelaudit.domain.recheck import OldFinding
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.words import Component

_KINDS = {
    "sha256": "digest",
    "dataset": "data set",
    "civitai-base": "label",
    "civitai-flag": "mark",
    "words": "words",
    "sketch": "sketches",
}
"""Platform of a node → what is listed of it; every other node is a model."""


def unlisted(entry: Entry, finding: OldFinding) -> str:
    """What the entry does not list any more, such as ``digest``; empty where it does, or may."""
    end = finding.path[-1]
    if kind := _KINDS.get(refs.platform(ModelRef(end))):
        return "" if refs.key(end) in _listed(entry) else kind
    labels = _labels(finding)
    known = {label for labels in entry.match.labels.values() for label in labels}
    return "label" if labels and not labels & known else ""


def unnamed(entry: Entry, finding: OldFinding) -> bool:
    """Whether the path ends at a model that the entry does not name, or names otherwise."""
    end = refs.key(finding.path[-1])
    if refs.platform(ModelRef(end)) in _KINDS:
        return False
    names = {refs.key(ref) for ref in (*entry.match.models, *entry.match.rehosts)}
    return names.isdisjoint((end, end.partition("@")[0]))


def part_only(entry: Entry, finding: OldFinding) -> bool:
    """Whether the digest that the path ends at is listed as a part that does not count."""
    counted = {*entry.tainted, Component.FULL} if entry.tainted else set(Component)
    return any(
        refs.sha256(file.sha256) == finding.path[-1]
        and file.component is not Component.OTHER
        and not (file.component.main and file.component in counted)
        for file in entry.match.files
    )


def _listed(entry: Entry) -> set[str]:
    """The keys of all that the entry lists and that is no model."""
    match = entry.match
    found = [refs.sha256(f.sha256) for f in match.files
             if f.confidence is not FileConfidence.CANDIDATE]  # fmt: skip
    found += [refs.dataset(dataset.id) for dataset in match.datasets]
    found += [refs.civitai_label(label) for label in match.labels.get("civitai", ())]
    found += [refs.civitai_flag(flag) for flag in match.flags.get("civitai", ())]
    found += [refs.words(entry.id)] if match.name_patterns else []
    found += [refs.sketch(entry.id)] if match.sketches else []
    return set(map(refs.key, found))


def _labels(finding: OldFinding) -> set[str]:
    """The labels that alone lead the last hop to the listed model; empty where more does."""
    child = refs.key(finding.path[-2]) if len(finding.path) > 1 else ""
    last = [claim.label for claim in finding.claims if refs.key(claim.child) == child]
    return set() if None in last else {label.strip() for label in last if label is not None}
