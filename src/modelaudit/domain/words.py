"""The closed vocabularies: every word that a report, a blocklist or the database may use.

Each is an ``IntEnum`` whose members carry the published word, so that they order where order
means something (grades, verdicts), store as one byte, and print as documented.
"""

from __future__ import annotations

from enum import IntEnum, IntFlag
from typing import Self


class Word(IntEnum):
    """A code with a published word: ``TAKE_DOWN`` is written ``take-down``."""

    @property
    def word(self) -> str:
        """The word as reports and blocklists spell it."""
        return self.name.lower().replace("_", "-")

    def __str__(self) -> str:
        return self.word

    @classmethod
    def parse(cls, text: str) -> Self:
        """The member with this word; ``ValueError`` names the allowed words."""
        try:
            return cls[text.upper().replace("-", "_")]
        except KeyError:
            allowed = ", ".join(member.word for member in cls)
            raise ValueError(f"{text!r} is not one of: {allowed}") from None


class Grade(Word):
    """How strong a kind of evidence is; a larger value is stronger."""

    HINTED = 1
    """Old labels, short hashes, names, prose, architecture."""
    DECLARED = 2
    """The publisher says so."""
    RECORDED = 3
    """A training tool or the platform wrote it down."""
    MEASURED = 4
    """Sampled weights."""
    EXACT = 5
    """The same bytes, by file or tensor digest."""


class Verdict(Word):
    """What a finding recommends; also used for every cap that limits it."""

    NONE = 0
    NOTE = 1
    REVIEW = 2
    TAKE_DOWN = 3


class Relation(Word):
    """How a child came from its parent."""

    LISTED = 0
    """Not an edge: the model itself is on the list."""
    COPY = 1
    CONVERSION = 2
    QUANTIZED = 3
    PRUNED = 4
    FINETUNE = 5
    MERGE = 6
    ADAPTER = 7
    DISTILLED = 8
    COMPONENT = 9
    TRAINED_ON = 10


class Component(Word):
    """Which part of a model a file holds."""

    FULL = 1
    UNET = 2
    TRANSFORMER = 3
    ADAPTER = 4
    TEXT_ENCODER = 5
    VAE = 6
    IMAGE_ENCODER = 7
    OTHER = 8

    @property
    def word(self) -> str:
        """Components are spelled with an underscore, as diffusers spells its folders."""
        return self.name.lower()

    @property
    def main(self) -> bool:
        """True for the parts whose bytes stand for the whole model."""
        return self <= Component.ADAPTER

    @classmethod
    def parse(cls, text: str) -> Component:
        """The member with this word; ``ValueError`` names the allowed words."""
        return super().parse(text.replace("_", "-"))


class Kinship(Word):
    """How the sampled weights of two models relate; a larger value is a closer kinship."""

    UNRELATED = 0
    """Nothing of the one can be compared with anything of the other."""
    SAME_ARCHITECTURE_ONLY = 1
    """The same shapes, and no trace of the same training."""
    INCONCLUSIVE = 2
    """Too little to tell, or between two answers."""
    DILUTED = 3
    """Traces: a small share of a merge, or an edit that destroys."""
    PARTIAL = 4
    """Some matrices come from there, the others do not."""
    COMMON_ANCESTRY = 5
    """Far from independent: heavy training, pruning, a merge, or one common beginning."""
    DERIVED = 6
    """A modified copy of it, or of something in its lineage."""
    IDENTICAL = 7
    """The same in every value that was sampled."""


class Status(Word):
    """What the platform said about a node when it was last asked."""

    GHOST = 0
    """Named by others, never seen itself."""
    LIVE = 1
    GATED = 2
    """Exists; its files are closed to us."""
    PRIVATE = 3
    """The platform cannot or will not tell private from gone (401 without a reason)."""
    DISABLED = 4
    """Taken down by the platform (403 "disabled", Civitai's TakenDown)."""
    ARCHIVED = 5
    """The publisher withdrew the files, the page stays."""
    GONE = 6
    """Seen before, now 404 or 410."""
    BLOCKED = 7
    """Withheld where we stand (451)."""

    @property
    def seen(self) -> bool:
        """True while the platform hosts the node: what it took down itself is no longer there."""
        return self in (Status.LIVE, Status.GATED, Status.ARCHIVED)


class GapReason(Word):
    """Why something was not examined."""

    GATED = 1
    GONE = 2
    DISABLED = 3
    PRIVATE = 4
    TOO_LARGE = 5
    UNREADABLE = 6
    PICKLE_REFUSED = 7
    RATE_LIMITED = 8
    MALFORMED = 9
    OUT_OF_BUDGET = 10
    UNMAPPED = 11
    INCONCLUSIVE = 12


class State(Word):
    """A finding against the baseline run."""

    NEW = 1
    CHANGED = 2
    UNCHANGED = 3


class ConflictKind(Word):
    """What two claims disagree about."""

    PARENT = 1
    RELATION = 2
    FAMILY = 3
    COMPONENT = 4


class Read(Word):
    """How deep an audit reads."""

    METADATA = 1
    HEADERS = 2
    WEIGHTS = 3


class Trait(IntFlag):
    """What a listing alone tells about a model; used to choose candidates for a closer look."""

    NONE = 0
    WEIGHTS = 1
    """It holds at least one weight file."""
    DIFFUSION = 2
    """It looks like an image or video generator."""
    ADAPTER = 4
    """It looks like a LoRA, an embedding, a ControlNet or another delta."""
    SAFETENSORS = 8
    GGUF = 16
    PICKLE = 32
    MERGEKIT = 64
    """A mergekit_config.yml lies beside the weights."""
    ADAPTER_CONFIG = 128
    """An adapter_config.json lies beside the weights."""
    PIPELINE = 256
    """A model_index.json lies at the root."""
    CARD = 512
    """A README.md lies at the root."""
    MERGE = 1024
    """The platform or a tag says that it is a merge."""
