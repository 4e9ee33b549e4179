"""``compare``: one model's weights against others that a person names; the recipe of a merge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from modelaudit.crawl.platform import Platform
from modelaudit.domain.sketch import Comparison, Recipe, Sketch
from modelaudit.domain.words import Kinship
from modelaudit.resolve.weights.compare import commons_of, compare, confirm
from modelaudit.resolve.weights.merge import recipe
from modelaudit.steps.parts import find_parts
from modelaudit.steps.sketching import sketch_of, small_matrices, wholes_of
from modelaudit.steps.targets import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """How one model relates to each of the others."""

    suspect: str
    bytes_read: int
    """Of all files, sketches among them."""
    comparisons: tuple[Comparison, ...]
    """In the order in which the references were named."""
    recipe: Recipe | None = None
    notes: tuple[str, ...] = ()
    """What of the suspect could not be compared."""


def compare_models(
    suspect: str,
    references: Sequence[str],
    platforms: Mapping[str, Platform],
    *,
    offline: bool = False,
) -> Compared:
    """Sketch all of them and compare; raises ``ReadError``, ``UsageError`` and ``PlatformError``.

    References at hand are sketched whole; of others first the few matrices that stand for them,
    and the rest where those leave a doubt.
    """
    targets = find_parts(suspect, platforms, offline=offline)
    sketch = sketch_of(targets)
    read = sketch.bytes_read
    others: list[tuple[str, tuple[Target, ...], Sketch]] = []
    for name in references:
        parts = find_parts(name, platforms, offline=offline)
        made = _named(name, parts, every=all(part.local for part in parts))
        read += made.bytes_read
        others.append((name, parts, made))
    commons = commons_of((made.architecture.family, made) for _, _, made in others)
    comparisons: list[Comparison] = []
    known: list[tuple[str, Sketch]] = []
    for name, parts, made in others:
        found = replace(compare(sketch, made, commons=commons), reference=name)
        if _leaves_doubt(found) and not made.every:
            made = _named(name, parts, every=True)
            read += made.bytes_read
            found = replace(compare(sketch, made, commons=commons), reference=name)
        if found.overall.grade is Kinship.IDENTICAL and not found.overall.recast:
            same, more = _same_wholes(targets, parts, made)
            read += more
            found = confirm(found, same)
        comparisons.append(found)
        known.append((name, made))
    return Compared(
        suspect=suspect,
        bytes_read=read,
        comparisons=tuple(comparisons),
        recipe=recipe(sketch, known) if len(known) > 1 else None,
        notes=sketch.notes,
    )


def _named(name: str, parts: Sequence[Target], *, every: bool) -> Sketch:
    """The sketch under the name that sentences call it by."""
    short = name.rstrip("/").rpartition("/")[2] if parts[0].local else name
    return replace(sketch_of(parts, every=every), source=short)


def _leaves_doubt(found: Comparison) -> bool:
    return found.overall.grade < Kinship.COMMON_ANCESTRY


def _same_wholes(
    suspect: Sequence[Target], reference: Sequence[Target], sketch: Sketch
) -> tuple[bool | None, int]:
    """Whether some matrices are equal as a whole (``None``: there are none), and bytes read."""
    theirs, more = dict(sketch.wholes), 0
    if not theirs:
        theirs, more = wholes_of(reference, small_matrices(sketch))
    ours, read = wholes_of(suspect, theirs.keys())
    shared = ours.keys() & theirs.keys()
    same = all(ours[key] == theirs[key] for key in shared) if shared else None
    return same, read + more
