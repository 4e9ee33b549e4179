"""Blocklists compiled into what a catalogue is searched for; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from modelaudit.domain import refs
from modelaudit.domain.entry import Blocklist, Entry, FileConfidence, ListedFile, ListKind
from modelaudit.domain.listing import DatedDataset, ListedDigest, ListedNames, Listing
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.words import Verdict


def compile_lists(lists: Sequence[Blocklist], today: str = "") -> Listing:
    """The union of all acting entries; drafts and withdrawn entries are not in it.

    Nor are allow rules that have expired on the day ``today``, ``YYYY-MM-DD``.
    """
    acting = sorted(
        (entry for blocklist in lists if blocklist.kind is not ListKind.ALLOW
         for entry in blocklist.entries if entry.acts),
        key=lambda entry: entry.id,
    )  # fmt: skip
    entries = dict(enumerate(acting, start=1))
    private = frozenset(
        entry.id for blocklist in lists if blocklist.private for entry in blocklist.entries
    )
    roots: list[tuple[int, ModelRef]] = []
    digests: list[ListedDigest] = []
    dated: list[DatedDataset] = []
    architectures: list[tuple[int, str]] = []
    for number, entry in entries.items():
        match = entry.match
        roots += [(number, ref) for ref in (*match.models, *match.rehosts)]
        roots += [(number, refs.civitai_label(name)) for name in match.labels.get("civitai", ())]
        roots += [(number, refs.civitai_flag(flag)) for flag in match.flags.get("civitai", ())]
        if match.name_patterns and not match.models:
            roots.append((number, refs.words(entry.id)))
        if (match.sketches and not match.models) or entry.id in private:
            roots.append((number, refs.sketch(entry.id)))
        digests += [
            ListedDigest(
                entry=number,
                sha256=file.sha256,
                component=file.component,
                single_source=file.confidence is FileConfidence.SINGLE_SOURCE,
                size=file.size,
            )
            for file in match.files
            if file.confidence is not FileConfidence.CANDIDATE
        ]
        for listed in match.datasets:
            ref = refs.dataset(listed.id)
            roots.append((number, ref))
            if listed.published_before is not None:
                dated.append(DatedDataset(entry=number, ref=ref, before=listed.published_before))
        architectures += [(number, family) for family in match.architectures]
    allowing = [
        entry.match
        for blocklist in lists
        if blocklist.kind is ListKind.ALLOW
        for entry in blocklist.entries
        if entry.acts and (entry.expires is None or today < entry.expires)
    ]
    good = [
        file
        for match in allowing
        for file in match.files
        if file.confidence is not FileConfidence.CANDIDATE
    ]
    return Listing(
        entries=entries,
        roots=tuple(roots),
        originals=tuple((n, ref) for n, entry in entries.items() for ref in entry.match.models),
        derived=_derived(entries, roots),
        sketches=frozenset(
            sketch.sha256
            for blocklist in lists
            for entry in blocklist.entries
            if entry.acts
            for sketch in entry.match.sketches
        ),
        digests=tuple(digests),
        dated=tuple(dated),
        allowed=frozenset(ref for match in allowing for ref in (*match.models, *match.rehosts)),
        allowed_digests=_sizes(file for file in good if file.component.main),
        cleared=frozenset(file.sha256 for file in good if not file.component.main),
        names={
            number: ListedNames(
                wanted=entry.match.name_patterns, unless=entry.match.name_exclusions
            )
            for number, entry in entries.items()
            if entry.match.name_patterns
        },
        architectures=tuple(architectures),
        private=private,
    )


def _sizes(files: Iterable[ListedFile]) -> dict[str, int | None]:
    sizes: dict[str, int | None] = {}
    for file in files:
        sizes[file.sha256] = sizes.get(file.sha256) or file.size
    return sizes


def _derived(entries: Mapping[int, Entry], roots: Sequence[tuple[int, ModelRef]]) -> frozenset[int]:
    """Entries said to derive from something that is not listed as severely as they are.

    ``claim.of`` names it by its entry or as one of its models; a sketch of it says so as well.
    """
    policies: dict[str, Verdict] = {}
    for name, number in [
        *((entry.id, number) for number, entry in entries.items()),
        *((refs.key(ref), number) for number, ref in roots),
    ]:
        policies[name] = max(policies.get(name, Verdict.NONE), entries[number].policy)
    found = set[int]()
    for number, entry in entries.items():
        says = entry.claim_relation == "derived-from"
        names = {*entry.claim_of, *map(refs.key, entry.claim_of)}
        covered = any(policies.get(name, Verdict.NONE) >= entry.policy for name in names)
        if (says and not covered) or any(sketch.base for sketch in entry.match.sketches):
            found.add(number)
    return frozenset(found)
