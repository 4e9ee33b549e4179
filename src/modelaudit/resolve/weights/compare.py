"""Two sketches compared: a grade for every component, and the one that decides.

The UNet or transformer of a model decides alone: independent models share their VAEs and text
encoders to the bit. Others decide where that is all there is, and the wording says so.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Final

from modelaudit.domain.sketch import Anchor, Block, Comparison, Score, Sketch, Use
from modelaudit.domain.weights import UNKNOWN
from modelaudit.domain.words import Component, Kinship
from modelaudit.resolve.weights import anchor, content, direction, grades
from modelaudit.resolve.weights._pairs import Pair, by_name, samples
from modelaudit.resolve.weights.roles import left_out_beside

_INPUT: Final = (Use.ANCHOR, Use.CHECK)
_MORE: Final = 0.2
"""Of the suspect's matrices, that a reference of all of them may lack and yet stand for it."""

Parts = Mapping[Component, Sequence[Block]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """What one component of both shows."""

    score: Score
    pairs: Sequence[Pair]
    extent: grades.Extent = grades.PLAIN
    anchor: Anchor | None = None
    permuted: bool = False
    remarks: tuple[str, ...] = ()


def compare(
    suspect: Sketch, reference: Sketch, *, commons: frozenset[str] = frozenset()
) -> Comparison:
    """How a suspect relates to a reference, by the values that both sketches hold.

    ``commons`` are digests of blocks that independent models share (:func:`commons_of`); they
    don't count in what decides. Where names or positions don't help, a reference that holds
    ``every`` matrix is searched by content, and what it lacks of the suspect does not come from it;
    where both hold rows of the input matrix, its channels are tried in every order. Blocks that
    can't be decoded count as skipped.
    """
    name = reference.source
    mine, theirs = _parts_of(suspect, commons), _parts_of(reference, commons)
    mine, theirs = _placed(mine, theirs), _placed(theirs, mine)
    alike = suspect.architecture.family == reference.architecture.family != UNKNOWN
    held = _held(reference) if reference.every else None
    parts = {
        part: _compared(samples(mine[part]), theirs[part], name, held, alike)
        for part in sorted(mine.keys() & theirs.keys())
    }
    part: Component | None
    mains = [[part for part in sorted(of) if _decides(part)] for of in (mine, theirs)]
    if all(mains):
        part = next((part for part in mains[0] if part in mains[1]), mains[0][0])
        if part in parts:
            parts[part] = _by_input(parts[part], mine[part], theirs[part], name)
    else:
        part = max(
            parts, key=lambda p: (parts[p].score.grade, parts[p].score.tensors), default=None
        )
    nothing = _Part(score=grades.score((), name), pairs=())
    found = nothing if part is None else parts.get(part, nothing)
    return Comparison(
        reference=name,
        overall=_told(found.score, part),
        component=part,
        components={part: found.score for part, found in parts.items()},
        tensors=tuple(pair.score for found in parts.values() for pair in found.pairs),
        anchor=found.anchor,
        permuted=found.permuted,
        commons=_shared(suspect, reference, commons),
        remarks=(*found.remarks, *_remarks(found, name)),
    )


def commons_of(sketches: Iterable[tuple[str, Sketch]]) -> frozenset[str]:
    """Digests of the blocks that references of two or more independent groups share.

    Each sketch comes with the name of its group: models that may descend from one another are one
    group.
    """
    first: dict[str, str] = {}
    found: set[str] = set()
    for group, sketch in sketches:
        for block in sketch.blocks:
            if not block.component.main:
                continue  # a model may be another's text encoder, and is no less itself for that
            digest = block.sha256
            if first.setdefault(digest, group) != group:
                found.add(digest)
    return frozenset(found)


def confirm(comparison: Comparison, same_wholes: bool | None) -> Comparison:
    """The comparison after whole tensors were digested; ``None`` where that wasn't done.

    Only a claim of identical bytes depends on it.
    """
    overall = comparison.overall
    if same_wholes is None or overall.grade is not Kinship.IDENTICAL or overall.recast:
        return comparison
    if same_wholes:
        line = "whole tensors are equal, too, as far as they were compared"
        return replace(comparison, remarks=(*comparison.remarks, line))
    score = grades.derived(overall, comparison.reference)
    components = dict(comparison.components)
    if comparison.component is not None:
        components[comparison.component] = score
    return replace(
        comparison,
        overall=_told(score, comparison.component),
        components=components,
        remarks=(*comparison.remarks, "the sampled values are equal, whole tensors are not"),
    )


def _compared(
    suspects: Sequence[Block],
    references: Sequence[Block],
    name: str,
    held: frozenset[str] | None,
    alike: bool,
) -> _Part:
    """One component by names and, where these don't help, by content.

    ``held`` are the keys of a reference that holds every matrix.
    """
    pairs = by_name(suspects, references)
    extent = grades.Extent(whole=_is_whole(suspects, references, pairs))
    known = _Part(score=grades.score(pairs, name, extent), pairs=pairs, extent=extent)
    few = known.score.tensors < grades.FEWEST
    if held is None:
        return known
    close = known.score.grade >= Kinship.DERIVED
    if close and not _lacking(suspects, held | {pair.suspect.key for pair in pairs}):
        return known
    found = content.match(suspects, references)
    best = {pair.suspect.key: pair for pair in (*pairs, *found.pairs)}
    unmatched = [block for block in found.unmatched if block.key not in best]
    extent = replace(extent, unmatched=tuple(b.count for b in unmatched), together=content.TOGETHER)
    pairs = [best[block.key] for block in suspects if block.key in best]
    extent = replace(extent, whole=_is_whole(suspects, references, pairs))
    deeper = _Part(score=grades.score(pairs, name, extent), pairs=pairs, extent=extent)
    # Equal shapes of another family, none of which matches, don't make it the same architecture.
    settled = few and alike and deeper.score.tensors >= grades.FEWEST
    least = max(known.score.grade, Kinship.SAME_ARCHITECTURE_ONLY)
    closer = deeper if settled or deeper.score.grade > least else known
    lacking = _lacking(suspects, held | best.keys())
    if closer.score.grade <= Kinship.PARTIAL or not lacking:
        return closer
    foreign = {block.key: block.count for block in (*unmatched, *lacking)}
    extent = replace(extent, unmatched=tuple(foreign.values()))
    return _Part(score=grades.score(pairs, name, extent), pairs=pairs, extent=extent)


def _held(reference: Sketch) -> frozenset[str]:
    """The keys of what a reference of every matrix was made from, as far as it tells."""
    beside = (left_out_beside(b.name, b.key, reference.architecture) for b in reference.blocks)
    return frozenset(block.key for block in reference.blocks).union(*beside)


def _lacking(suspects: Sequence[Block], held: frozenset[str]) -> list[Block]:
    """The blocks whose matrix a reference has in no form, where they are more than a few.

    Such a reference is a part of a model, or the suspect is made of more than it.
    """
    found = [block for block in suspects if block.key not in held]
    return found if len(found) > _MORE * len(suspects) else []


def _is_whole(
    suspects: Sequence[Block], references: Sequence[Block], pairs: Sequence[Pair]
) -> bool:
    """Whether the same matrices stand for both, of the same size, and none is left over."""
    return (
        {block.key for block in samples(references)} == {block.key for block in suspects}
        and len(pairs) == len(suspects)
        and all(math.prod(p.suspect.shape) == math.prod(p.reference.shape) for p in pairs)
    )


def _by_input(part: _Part, mine: Sequence[Block], theirs: Sequence[Block], name: str) -> _Part:
    """The main component after a look at its input matrix, which may be all that was taken."""
    if part.score.grade >= Kinship.COMMON_ANCESTRY:
        return part
    blocks = [[block for block in of if block.use in _INPUT] for of in (mine, theirs)]
    places = [r is not None and abs(r) >= grades.KIN for r in anchor.in_place(*blocks)]
    extent = replace(part.extent, input_only=all(places) and part.score.grade < Kinship.PARTIAL)
    tested = anchor.examine(*blocks)
    if tested is None or any(places):
        return _rescored(part, extent, name, tested)
    if not tested.permuted:
        return _rescored(part, replace(extent, no_permutation=tested.anchor.excludes), name, tested)
    remarks: tuple[str, ...] = ()
    if rs := [abs(r) for r in anchor.in_order(tested, part.pairs)]:
        agree = sum(r >= grades.KIN for r in rs)
        remarks = (
            f"with the channels put back in order, {agree} of the {len(rs)} tensors that can be"
            f" compared so agree (median |r| {median(rs):.3f})",
        )
    return replace(
        part,
        score=grades.permuted(part.score, name, tested.anchor.r, tested.how),
        anchor=tested.anchor,
        permuted=True,
        remarks=remarks,
    )


def _rescored(part: _Part, extent: grades.Extent, name: str, tested: anchor.Tested | None) -> _Part:
    return replace(
        part,
        score=grades.score(part.pairs, name, extent),
        extent=extent,
        anchor=tested.anchor if tested else None,
    )


def _remarks(part: _Part, name: str) -> list[str]:
    kin, found = grades.kin(part.pairs), list[str]()
    if part.score.grade > Kinship.SAME_ARCHITECTURE_ONLY:
        found += direction.remarks(part.pairs, name)
    if kin and part.score.grade < Kinship.PARTIAL:
        found.append(f"tensors with |r| of {grades.KIN} or more: {grades.names(kin)}")
    if turned := sum(pair.r is not None and pair.r < 0 for pair in kin):
        found.append(f"{turned} of {part.score.tensors} tensors are {grades.short(name)}'s negated")
    if part.score.grade is Kinship.DERIVED and all(pair.equal == 1 for pair in part.pairs):
        found.append("all compared values are equal, but other matrices may be missing, or be more")
    if moved := sum(pair.score.by_content for pair in part.pairs):
        found.append(f"{moved} tensors were matched by content: names, places or layouts differ")
    return found


def _told(score: Score, part: Component | None) -> Score:
    """The score of the part that decides, as that of the whole."""
    return score if part is None else replace(score, wording=grades.of_part(score.wording, part))


def _parts_of(sketch: Sketch, commons: frozenset[str]) -> Parts:
    """The blocks by component, without those that don't count in a main one."""
    found: dict[Component, list[Block]] = {}
    for block in sketch.blocks:
        blocks = found.setdefault(block.component, [])
        if not (commons and block.component.main and block.sha256 in commons):
            blocks.append(block)
    return found


def _placed(parts: Parts, others: Parts) -> Parts:
    """A whole whose names say nothing is what the other is: it may hold the same under its own."""
    main = next((part for part in sorted(others) if _decides(part)), Component.FULL)
    if main is Component.FULL or any(map(_decides, parts.keys() - {Component.FULL})):
        return parts
    return {
        main if part is Component.FULL else part: [
            replace(block, component=main) if part is Component.FULL else block for block in blocks
        ]
        for part, blocks in parts.items()
    }


def _shared(suspect: Sketch, reference: Sketch, commons: frozenset[str]) -> tuple[str, ...]:
    """The suspect's tensors that are, or should have been compared with, what many share."""
    if not commons:
        return ()
    keys = {(b.component, b.key) for b in reference.blocks if b.sha256 in commons}
    return tuple(
        block.name
        for block in samples(suspect.blocks)
        if (block.component, block.key) in keys or block.sha256 in commons
    )


def _decides(part: Component) -> bool:
    return part.main and part is not Component.ADAPTER
