"""What joins models beyond single documents: names that mean one node, and equal files."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from modelaudit.domain.claim import EXCERPT_LENGTH
from modelaudit.domain.digests import NEVER_MATCH
from modelaudit.domain.progress import Progress
from modelaudit.domain.words import Component
from modelaudit.resolve import copies as rule
from modelaudit.resolve.identity import alternatives
from modelaudit.steps.intake import Intake
from modelaudit.store import copies as store
from modelaudit.store import identity
from modelaudit.store.db import transaction

_NAMES = {True: rule.NAME, False: rule.NAME_UNDIRECTED}
_EXTRACTORS = tuple(_NAMES.values())


def link(intake: Intake, progress: Progress) -> int:
    """Join names and copies over the whole catalogue; returns how many claims changed."""
    connection = intake.connection
    progress.update(step="resolve", subject="names and copies")
    with transaction(connection):
        changed = identity.link_stable_ids(connection)
        changed += identity.link_spellings(connection, alternatives)
        changed += store.write_copies(connection, _copies(intake), extractors=_EXTRACTORS)
    progress.update(claims=progress.claims + changed)
    return changed


@dataclass(frozen=True, slots=True, order=True)
class _SharedFile:
    """One file that two models hold."""

    path: str
    parent_path: str
    component: Component
    observed: int


def _copies(intake: Intake) -> list[store.Copy]:
    """Every copy claim that the files on record support."""
    shared: defaultdict[tuple[int, int, str], list[_SharedFile]] = defaultdict(list)
    for digest, digest_node, holders in store.shared_files(
        intake.connection, ignored=_EXTRACTORS, never=NEVER_MATCH
    ):
        component = rule.main_component([holder.component for holder in holders])
        if component is None:
            continue
        source, pivot, members = _source(holders)
        for holder, member in zip(holders, members, strict=True):
            if holder.node != pivot.node:
                directed = source is not None and rule.is_copy(member, source)
                seen = max(holder.observed, pivot.observed)
                file = _SharedFile(holder.path, pivot.path, component, seen)
                shared[holder.node, pivot.node, _NAMES[directed]].append(file)
        if digest_node is not None:
            # Somebody names the file by its digest alone: it is the source's.
            file = _SharedFile(digest, pivot.path, component, pivot.observed)
            shared[digest_node, pivot.node, _NAMES[source is not None]].append(file)
    found = [
        store.Copy(
            child=child,
            parent=parent,
            extractor=name,
            component=files[0].component,
            excerpt=_excerpt(files, store.main_files(intake.connection, child)),
            observed=max(file.observed for file in files),
        )
        for (child, parent, name), files in shared.items()
    ]
    by_files = {(copy.child, copy.parent) for copy in found}
    return found + [c for c in _of_parts(intake) if (c.child, c.parent) not in by_files]


def _of_parts(intake: Intake) -> Iterator[store.Copy]:
    """Copies whose files differ and whose tensors do not: stripped, reordered, renamed."""
    met: set[tuple[int, int]] = set()
    for holders in store.shared_parts(intake.connection, ignored=_EXTRACTORS):
        component = rule.main_component([holder.component for holder in holders])
        if component is None:
            continue
        source, pivot, members = _source(holders)
        for holder, member in zip(holders, members, strict=True):
            if holder.node == pivot.node or (holder.node, pivot.node) in met:
                continue
            met.add((holder.node, pivot.node))
            yield store.Copy(
                child=holder.node,
                parent=pivot.node,
                extractor=_NAMES[source is not None and rule.is_copy(member, source)],
                component=component,
                excerpt=f"all {component} tensors: {holder.path} = {pivot.path}"[:EXCERPT_LENGTH],
                observed=max(holder.observed, pivot.observed),
                locator="tensors",
            )


def _source(
    holders: Sequence[store.Holder],
) -> tuple[rule.Member | None, store.Holder, list[rule.Member]]:
    """The member that was copied, if that is clear; who stands as parent; all members."""
    members = [
        rule.Member(node=h.node, ref=h.ref, created=h.created, names=h.names) for h in holders
    ]
    source = rule.source_of(members)
    pivot = next(h for h in holders if source is None or h.node == source.node)
    return source, pivot, members


def _excerpt(files: list[_SharedFile], total: int) -> str:
    """``2 of 5 main files, such as model.safetensors = model.safetensors``."""
    first = min(files)
    count = f"{len(files)} of {max(total, len(files))} main files"
    return f"{count}, such as {first.path} = {first.parent_path}"[:EXCERPT_LENGTH]
