"""``compare``: one model's weights against others that a person names; the recipe of a merge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from modelaudit.crawl.platform import Platform
from modelaudit.domain.reader import ReadError
from modelaudit.domain.sketch import Comparison, Recipe, Sketch
from modelaudit.domain.words import Kinship
from modelaudit.resolve.weights.compare import commons_of, compare, confirm
from modelaudit.resolve.weights.merge import recipe
from modelaudit.steps.counting import Tally
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
    tally = Tally()

    def found(name: str) -> tuple[Target, ...]:
        parts = find_parts(name, platforms, offline=offline)
        return tuple(replace(part, open=tally.through(part.open)) for part in parts)

    targets = found(suspect)
    sketch = _sketch(suspect, targets)
    others = [(name, parts := found(name), _reference(name, parts)) for name in references]
    commons = commons_of((made.architecture.family, made) for _, _, made in others)
    comparisons: list[Comparison] = []
    known: list[tuple[str, Sketch]] = []
    for name, parts, made in others:
        one = compare(sketch, made, commons=commons)
        if one.overall.grade < Kinship.COMMON_ANCESTRY and not made.every:
            made = _reference(name, parts, every=True)
            one = compare(sketch, made, commons=commons)
        if one.overall.grade is Kinship.IDENTICAL and not one.overall.recast:
            one = confirm(one, _same_wholes(targets, parts, made))
        doubts = made.notes if one.overall.tensors == 0 else ()
        remarks = (*one.remarks, *(f"of the reference: {note}" for note in doubts))
        comparisons.append(replace(one, reference=name, remarks=remarks))
        known.append((name, made))
    return Compared(
        suspect=suspect,
        bytes_read=tally.bytes,
        comparisons=tuple(comparisons),
        recipe=recipe(sketch, known) if len(known) > 1 else None,
        notes=sketch.notes,
    )


def _reference(name: str, parts: Sequence[Target], *, every: bool = False) -> Sketch:
    """The sketch under the name that sentences call it by."""
    short = name.rstrip("/").rpartition("/")[2] if parts[0].local else name
    every = every or all(part.local for part in parts)
    return replace(_sketch(name, parts, every=every), source=short)


def _sketch(name: str, parts: Sequence[Target], *, every: bool = False) -> Sketch:
    try:
        return sketch_of(parts, every=every, as_it_is=True)
    except ReadError as error:
        raise ReadError(f"{name}: {error}", error.reason) from None


def _same_wholes(
    suspect: Sequence[Target], reference: Sequence[Target], sketch: Sketch
) -> bool | None:
    """Whether some matrices are equal as a whole; ``None`` where there are none to ask."""
    theirs = dict(sketch.wholes) or wholes_of(reference, small_matrices(sketch))
    ours = wholes_of(suspect, theirs.keys())
    shared = ours.keys() & theirs.keys()
    return all(ours[key] == theirs[key] for key in shared) if shared else None
