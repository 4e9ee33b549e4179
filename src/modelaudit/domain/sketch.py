"""Sketches: some thousand values of a model's matrices, and what comparing two of them shows.

Values only: bytes become numbers, and numbers grades, in :mod:`modelaudit.resolve.weights`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from modelaudit.domain.refs import ModelRef
from modelaudit.domain.weights import Architecture
from modelaudit.domain.words import Component, Kinship


class Use(StrEnum):
    """What a block was read for."""

    SAMPLE = "sample"
    """Compared with the block at the same place of the same matrix."""
    TRANSPOSED = "transposed"
    """The same of the matrix turned over, as some exporters store it; references only."""
    ANCHOR = "anchor"
    """Of the input matrix: channels are matched by it, should they have been permuted."""
    CHECK = "check"
    """Another part of the input matrix: what the match is judged by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Values of one tensor that lie in a row, as they are stored."""

    name: str
    """The tensor's, in its file."""
    key: str
    """Its name as the family spells it: the same in every layout."""
    component: Component
    dtype: str
    """As :class:`~modelaudit.domain.weights.Tensor` has it; ``F32`` where values were gathered."""
    shape: tuple[int, ...]
    """Of the whole tensor, outermost dimension first."""
    start: int
    """Of the first value in the tensor, row by row."""
    count: int
    """How many values there are."""
    data: bytes = field(repr=False)
    """As stored: values, or whole blocks of quantised ones."""
    skip: int = 0
    """Values in ``data`` before ``start``: quantised blocks begin where they begin."""
    scales: tuple[float, ...] = ()
    """Of 8-bit values: one for all, or one for each row that the block touches."""
    use: Use = Use.SAMPLE
    chosen: bool = True
    """One of the few that stand for their component; others are there to be matched by content."""
    offset: int | None = None
    """Of ``data`` in the file."""
    file: str | None = None
    """Which shard holds it."""

    @property
    def sha256(self) -> str:
        """Of the bytes as stored."""
        return hashlib.sha256(self.data).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sketch:
    """What is kept of one model's weights to compare them: the same bytes give the same sketch."""

    source: str
    """What was read, as it is told."""
    architecture: Architecture
    blocks: tuple[Block, ...]
    """Sorted by component, use and key."""
    sha256: str | None = None
    """Of the file, where it is known."""
    every: bool = False
    """It holds a block of every matrix that can be compared: a reference."""
    wholes: Mapping[str, str] = field(default_factory=dict)
    """Key → sha256 of some tensors, of large ones the first 8 MiB: a claim of identity is checked
    by them."""
    notes: tuple[str, ...] = ()
    """What was left out, and why; one line each."""
    bytes_read: int = 0
    """Of the file, without its header."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorScore:
    """One matrix of two models."""

    name: str
    """In the suspect."""
    reference_name: str
    component: Component
    r: float | None
    """Pearson correlation of the two blocks; ``None`` where one is constant or not finite."""
    equal: float
    """Share of values that are the same, in the lower of two precisions."""
    by_content: bool = False
    """Found by its values, under another name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How one part of a model relates to the same part of another."""

    grade: Kinship
    wording: str
    score: float = 0.0
    """R: the mean correlation, signed."""
    median: float = 0.0
    """Of its absolute values."""
    coverage: float = 0.0
    """Share of matrices with \\|r\\| of 0.5 or more."""
    bit_equal: float = 0.0
    """Share of values that are the same, bit for bit."""
    floor: float = 1.0
    """tau: what independent models stay below."""
    tensors: int = 0
    """Compared."""
    values: int = 0
    """In all of them."""
    skipped: int = 0
    """Constant or not finite."""
    recast: bool = False
    """The same values, stored in a lower precision."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """Whether input channels of one model are those of the other in another order."""

    r: float
    """Mean correlation of matched channels over values that they were not matched by."""
    matched: float
    """Share of channels that match one another best."""
    moved: float
    """Share of the matched ones that lie in another place."""
    channels: int
    values: int
    """Of each channel that the match was judged by."""
    floor: float = 0.3
    """What independent models stay below."""
    excludes: bool = False
    """No order of channels makes them the reference's; a test too weak to tell does not say so."""

    @property
    def holds(self) -> bool:
        """Whether the channels are the same ones."""
        return self.r >= self.floor


class Descent(StrEnum):
    """Whether kinship with a derived reference is descent from it, and not from its base alone."""

    UNKNOWN = ""
    """The reference's base is not known, or it has none."""
    DIRECT = "direct"
    """It lies where the reference does, as seen from their base."""
    PART = "in-part"
    """It goes a part of that way, or another one as well, as merges do."""
    ASIDE = "aside"
    """It goes another way: what the two have in common is their base."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """How a suspect relates to one reference."""

    reference: str
    overall: Score
    """Of the main component where there is one: it alone decides."""
    component: Component | None
    """The one that decided."""
    components: Mapping[Component, Score] = field(default_factory=dict)
    tensors: tuple[TensorScore, ...] = ()
    anchor: Anchor | None = None
    """``None`` where the test was not made."""
    permuted: bool = False
    """The input channels are the reference's, in another order."""
    descent: Descent = Descent.UNKNOWN
    commons: tuple[str, ...] = ()
    """Matrices that count for their own component only: independent models share them."""
    remarks: tuple[str, ...] = ()
    """What speaks for a direction, and other things worth a line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """One parent of a merge."""

    reference: str
    weight: float
    error: float
    """Twice the standard error, itself doubled: residuals of networks are not independent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What a merge is made of."""

    parents: tuple[Share, ...]
    """Largest share first; weights mean something only where ``complete``."""
    complete: bool
    """What is left unexplained is no more than rounding leaves."""
    residual_ratio: float
    """rms of what is left, in units of what rounding leaves of each value."""
    by_tensor: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Tensor → reference → weight, where the shares differ from one to the next."""
    wording: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kin:
    """A comparison with a reference of the lists, or with another model of the catalogue."""

    parent: ModelRef
    """The node that the reference stands for."""
    comparison: Comparison
    """Without its tensors where it found no kinship: there are thousands of those."""
    sketch: str = ""
    """sha256 of the list's file that holds the reference's sketch; empty for what made itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingredient:
    """One parent of a recipe, as a node."""

    parent: ModelRef
    share: Share


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """One model's weights, or one part of them, against all references of its architecture."""

    model: ModelRef
    path: str
    """Its file; the first of them, where it has shards."""
    observed: int
    """When it was read, UTC seconds."""
    source: str | None = None
    """Public address of the file; ``None`` for a local one."""
    family: str = ""
    component: Component | None = None
    """The part that decided."""
    bytes_read: int = 0
    references: int = 0
    """Compared with."""
    kin: tuple[Kin, ...] = ()
    """Closest first: all that show kinship, those that the model itself names, and the nearest."""
    recipe: Recipe | None = None
    ingredients: tuple[Ingredient, ...] = ()
    """The parents of the recipe, as nodes."""
    dtypes: tuple[str, ...] = ()
    """In which its matrices are stored."""
    notes: tuple[str, ...] = ()
    """What could not be compared, and why."""
