"""What comparing weights showed as lines of the archive and as pages.

A line says whose file it is and what it is kin to; anybody may have written it. Sketches are not
archived: a replay repeats what was found with the references of its day.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from modelaudit.domain import refs
from modelaudit.domain.model import Document, Gap, Page, Received
from modelaudit.domain.sketch import Weighed
from modelaudit.domain.weighed import parse, plain
from modelaudit.domain.words import GapReason, Kinship

KIND: Final = "weights"

_LEFT_OUT: Final = re.compile(
    r"no matrix can be compared$|values are not decoded$|: left out, |: 0 of \d+ matrices are read"
)
"""In a note: weights that may be anybody's. Of an adapter nothing is to be compared at all."""

_TWICE: Final = "kept by itself"
"""In a note: matrices of which a file holds several under one name."""


def received(weighed: Weighed) -> Received:
    """The line for the archive."""
    record = plain(weighed)
    del record["observed"]  # the line's own time
    return Received(
        platform=refs.platform(weighed.model),
        kind=KIND,
        url=weighed.source or "",
        status=206,
        at=weighed.observed,
        record=record,
    )


def replay(record: bytes, at: int, platform: str) -> Page:
    """The page that an archived line stands for; ``platform`` is the one it came from."""
    try:
        found = parse({**msgspec.json.decode(record, type=dict), "observed": at})
        if platform != refs.platform(found.model):
            raise ValueError(f"{refs.platform(found.model)}: is not the platform it came from")
    except (ValueError, RecursionError) as error:
        detail = f"an archived comparison of weights cannot be read: {error}"[:300]
        return Page(gaps=(Gap(reason=GapReason.MALFORMED, detail=detail),))
    return page(found)


def page(weighed: Weighed) -> Page:
    """What the weights say, as a document; as a gap where they settle nothing."""
    document = Document(
        model=weighed.model,
        kind=KIND,
        body=plain(weighed),
        observed=weighed.observed,
        source=weighed.source,
        path=weighed.path,
    )
    gap = Gap(
        reason=GapReason.INCONCLUSIVE,
        detail="; ".join((_unsettled(weighed), *weighed.notes))[:300],
        model=weighed.model,
        file=weighed.path,
    )
    gaps = (gap,) if _unsettled(weighed) else ()
    return Page(documents=(document,), weighed=(weighed,), gaps=gaps)


def _unsettled(weighed: Weighed) -> str:
    """Why nothing follows from a comparison that was made; empty where something does."""
    found = [kin.comparison for kin in weighed.kin]
    best = max((one.overall.grade for one in found), default=Kinship.UNRELATED)
    if any(one.permuted for one in found):
        return ""
    main = weighed.component is not None and weighed.component.main
    if not main and any(map(_LEFT_OUT.search, weighed.notes)):
        return "its weights cannot be compared, or none of its main part"
    if not weighed.references:
        return ""
    if best is Kinship.UNRELATED:
        return f"its weights can be held against none of {weighed.references} references"
    if best < Kinship.INCONCLUSIVE and any(_TWICE in note for note in weighed.notes):
        return "several matrices go by one name, and any set of them may be the model"
    if best is not Kinship.INCONCLUSIVE:
        return ""
    closest = next(one for one in found if one.overall.grade is best)
    score = closest.overall
    return (
        f"the weights settle nothing: R {score.score:.3f} over {score.tensors} matrices against "
        f"{closest.reference}, and independent models stay below {score.floor:.2f}"
    )
