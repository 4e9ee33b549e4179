"""What joins models beyond single documents: names that mean one node, and equal files."""

from __future__ import annotations

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

_EXTRACTORS = (rule.NAME, rule.NAME_UNDIRECTED)


def link(intake: Intake, progress: Progress) -> int:
    """Join names and copies over the whole catalogue; returns how many claims changed."""
    connection = intake.connection
    progress.update(step="resolve", subject="names and copies")
    with transaction(connection):
        changed = identity.link_stable_ids(connection)
        changed += identity.link_spellings(connection, alternatives)
        changed += store.write_copies(
            connection, _copies(intake), extractors=_EXTRACTORS, now=intake.now
        )
    progress.update(claims=progress.claims + changed)
    return changed


def _copies(intake: Intake) -> list[store.Copy]:
    """Every copy claim that the files on record support."""
    shared: dict[tuple[int, int, str], list[tuple[str, str, Component]]] = {}
    for digest, digest_node, holders in store.shared_files(
        intake.connection, ignored=_EXTRACTORS, never=NEVER_MATCH
    ):
        component = rule.main_component([holder.component for holder in holders])
        if component is None:
            continue
        members = [
            rule.Member(node=h.node, ref=h.ref, created=h.created, names=h.names) for h in holders
        ]
        source = rule.source_of(members) if len(members) > 1 else members[0]
        name = rule.NAME if source else rule.NAME_UNDIRECTED
        pivot = source or min(members, key=lambda member: member.ref)
        parent_path = next(h.path for h in holders if h.node == pivot.node)
        for holder in holders:
            if holder.node != pivot.node:
                pair = (holder.node, pivot.node, name)
                shared.setdefault(pair, []).append((holder.path, parent_path, component))
        if digest_node is not None:
            # Somebody names the file by its digest alone: it is the source's.
            pair = (digest_node, pivot.node, name)
            shared.setdefault(pair, []).append((digest, parent_path, component))
    return [
        store.Copy(
            child=child,
            parent=parent,
            extractor=name,
            component=files[0][2],
            excerpt=_excerpt(files, store.main_files(intake.connection, child)),
        )
        for (child, parent, name), files in shared.items()
    ]


def _excerpt(files: list[tuple[str, str, Component]], total: int) -> str:
    """``2 of 5 main files, such as model.safetensors = model.safetensors``."""
    path, parent_path, _ = min(files)
    of = max(total, len(files))
    return f"{len(files)} of {of} main files, such as {path} = {parent_path}"[:EXCERPT_LENGTH]
