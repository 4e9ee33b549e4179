"""What counts as right for each kind of case: one table, and nothing else says it."""

from __future__ import annotations

from typing import Final, NamedTuple

from modelaudit.domain.words import Kinship

_NOTHING: Final = Kinship.UNRELATED
_NONE: Final = Kinship.SAME_ARCHITECTURE_ONLY
_UNSURE: Final = Kinship.INCONCLUSIVE
_TRACES: Final = Kinship.DILUTED
_PARTS: Final = Kinship.PARTIAL
_COMMON: Final = Kinship.COMMON_ANCESTRY
_COPY: Final = Kinship.DERIVED
_SAME: Final = Kinship.IDENTICAL


class Truth(NamedTuple):
    """The answers that are right, the one that the case was made for first."""

    right: tuple[Kinship, ...]
    strict: bool = True
    """One wrong answer fails the gate; else only fewer right ones than were recorded do."""
    permuted: bool | None = False
    """Whether the channels should be said to be in another order; ``None`` where they may."""


_KIN: Final = Truth((_COPY, _COMMON))
_FOUND: Final = Truth((_COPY, _COMMON), strict=False)
_AGAIN: Final = Truth((_SAME, _COPY, _COMMON, _PARTS), strict=False)
_TRACED: Final = Truth((_PARTS, _COMMON, _COPY), strict=False, permuted=None)
_NOT: Final = Truth((_NONE, _UNSURE, _NOTHING))

TRUTH: Final = {
    # the null: all learned the same data, from other seeds
    "independent": _NOT,
    "stranger": _NOT,  # a descendant of another base
    "real-independent": _NOT,
    # the same values, or fewer digits of them
    "copy": Truth((_SAME,)),
    "other-layout": Truth((_SAME,)),
    "cast-f16": Truth((_SAME, _COPY)),
    "cast-bf16": Truth((_SAME, _COPY)),
    "cast-f8": Truth((_SAME, _COPY)),
    "int8": _KIN,
    "q8_0": _KIN,
    "q4_0": _KIN,
    "k-quant": _KIN,
    # training goes on
    "tuned": _KIN,
    "tuned-heavy": Truth((_COMMON, _COPY, _PARTS, _TRACES), strict=False),
    "tuned-in-part": _KIN,
    "tuned-pruned-bf16": _KIN,
    "sibling": _KIN,
    "quantised-reference": _KIN,
    "lora": _KIN,
    "ema-only": _FOUND,
    "training-state": Truth((_SAME, _COPY)),
    # values are edited
    "noise": _KIN,
    "noise-heavy": Truth((_TRACES, _PARTS, _UNSURE), strict=False),
    "pruned-50": _KIN,
    "pruned-80": Truth((_COMMON, _COPY), strict=False),
    "rescaled": _KIN,
    "sign-flipped": _KIN,
    "damaged": Truth((_COPY, _SAME, _COMMON), strict=False),
    # models are merged
    "merge": _KIN,
    "add-difference": _KIN,
    "block-weighted": _KIN,
    "slerp": _KIN,
    "share-70": _KIN,
    "share-50": Truth((_COMMON, _COPY, _PARTS, _TRACES)),
    "share-30": Truth((_TRACES, _PARTS, _COMMON)),
    "share-10": Truth((_UNSURE, _NONE, _TRACES)),
    # parts are exchanged
    "half-foreign": Truth((_PARTS,), strict=False),
    "input-only": Truth((_PARTS,), strict=False),
    "foreign-unet": _NOT,
    "foreign-parts": Truth((_COPY, _SAME)),
    "encoder-alone": _KIN,
    "ema-beside": _NOT,
    "widened-input": _KIN,
    # structure is changed
    "layer-dropped": _FOUND,
    "layer-doubled": _FOUND,
    "layers-reordered": _FOUND,
    "renamed": _AGAIN,
    "transposed": _AGAIN,
    "vocabulary": _KIN,
    "inner-permuted": _TRACED,
    "channels-scaled": _TRACED,
    "channels-turned": _TRACED,
    "sampled-places": _TRACED,  # the blocks that are read were overwritten
    "permuted": Truth((_PARTS, _COMMON, _COPY), permuted=True),
    "permuted-shuffled": _NOT,
    # alike, and no descendants
    "shared-seed": Truth((_COMMON, _PARTS, _TRACES, _UNSURE)),
    "distilled": _NOT,
    "shared-buffers": _NOT,
    # published models
    "real-copy": Truth((_SAME,)),
    "real-tuned": _KIN,
    "real-renamed": Truth((_PARTS,), strict=False),  # half of what the export holds
}
"""Kind → what is right."""

ALARMS: Final = frozenset(
    {"independent", "stranger", "real-independent", "foreign-unet", "distilled", "ema-beside",
     "shared-buffers", "permuted-shuffled"}
)  # fmt: skip
"""Kinds in which any kinship that is found is a false alarm."""
LEAST_ALARM: Final = _TRACES
