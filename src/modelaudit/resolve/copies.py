"""Who copied whom, among models that hold the same main file: the rule, without the database.

Verdicts flow from the source to its copies, so a wrong direction would frame an author whose file
a stranger uploaded again. Where the direction is not clear, the group has none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from modelaudit.domain.refs import ModelRef
from modelaudit.domain.words import Component

NAME: Final = "same-bytes"
"""Extractor of directed copy claims."""

NAME_UNDIRECTED: Final = "same-bytes-undirected"
"""Extractor of copy claims whose direction is not known; the smaller reference stands as parent."""

CLEAR_MARGIN: Final = 30 * 86_400
"""Seconds by which the oldest must lead; repositories are often made days before they open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One model of a group that shares a file."""

    node: int
    ref: ModelRef
    created: int | None
    names: frozenset[int]
    """Nodes that this member names as its parents."""


def source_of(members: Sequence[Member]) -> Member | None:
    """The member that the others copied, or ``None`` where that is not clear.

    It is the one that other members name as their parent; else the oldest by a clear margin. A
    named member that is itself clearly younger than another is no source: a re-upload could name
    itself so.
    """
    if len(members) == 1:
        return members[0]
    nodes = {member.node for member in members}
    named = Counter(name for member in members for name in member.names & nodes - {member.node})
    ranked = named.most_common(2)
    if not ranked or (len(ranked) == 2 and ranked[0][1] == ranked[1][1]):
        return _clearly_oldest(members)
    favourite = next(member for member in members if member.node == ranked[0][0])
    return None if any(_clearly_older(m, favourite) for m in members) else favourite


def is_copy(member: Member, source: Member) -> bool:
    """False for a member that may have had the file first.

    It does not name the source and was made before it, be it by a day: two accounts that vouch for
    each other must not make an author the copyist of their upload.
    """
    if source.node in member.names or member.created is None or source.created is None:
        return True
    return member.created >= source.created


def _clearly_oldest(members: Sequence[Member]) -> Member | None:
    oldest = min(members, key=lambda m: (m.created is None, m.created))
    rest = [member for member in members if member is not oldest]
    return oldest if rest and all(_clearly_older(oldest, member) for member in rest) else None


def _clearly_older(one: Member, other: Member) -> bool:
    if one.created is None or other.created is None:
        return False
    return other.created - one.created >= CLEAR_MARGIN


def main_component(components: Sequence[Component | None]) -> Component | None:
    """What a shared file is, from what each holder says: bytes are the same part everywhere.

    ``None`` when nobody knows, or when anyone says that it is not a main part.
    """
    said = [component for component in components if component is not None]
    if not said or not all(component.main for component in said):
        return None
    return Counter(said).most_common(1)[0][0]
