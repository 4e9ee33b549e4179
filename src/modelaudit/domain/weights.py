"""What the head of a weight file tells: tensors, metadata, architecture; values, no bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from modelaudit.domain.refs import ModelRef
from modelaudit.domain.words import Component, GapReason

if TYPE_CHECKING:  # claims rest on comparisons of weights, and those on this module
    from modelaudit.domain.claim import Claim

UNKNOWN: Final = "unknown"
"""An answer like any other: the family, or the kind, that shapes do not decide."""

FORMATS: Final = ("safetensors", "gguf", "torch-zip", "torch-legacy", "onnx")
"""The formats whose headers are read."""


class Tensor(NamedTuple):
    """One tensor as the header lists it; its name is a stranger's text, never a path."""

    name: str
    dtype: str
    """As safetensors spells it (``F32``, ``BF16``), else as ggml does (``Q4_K``)."""
    shape: tuple[int, ...]
    """Outermost dimension first."""
    offset: int | None
    """Of its first byte, from the beginning of the file; ``None`` where its bytes do not lie
    there in one row (strided, external or not stored at all)."""
    bytes: int
    """Length of what is stored."""
    file: str | None = None
    """Which shard holds it, where several were read as one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What a weight file says about itself."""

    format: str
    """``safetensors``, ``gguf``, ``torch-zip``, ``torch-legacy`` or ``onnx``."""
    tensors: tuple[Tensor, ...]
    metadata: Mapping[str, Any] = field(default_factory=dict)
    """Strings in safetensors; strings, numbers and short lists elsewhere."""
    length: int = 0
    """Bytes before the first tensor's, where the format keeps the two apart; else 0."""
    warnings: tuple[str, ...] = ()
    """``code: detail``, one line each; with ``invalid_tensor`` the listing is partial."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """What names and shapes of tensors say a file is: a family and a reason, never a lineage."""

    family: str = UNKNOWN
    """``sd1``, ``sd2``, ``sdxl``, ``sdxl-refiner``, ``sd3``, ``flux``, ``bert``, ``llama`` …"""
    reason: str = "no tensor is known here"
    """The tensor and the shape that decided, or what is missing; ``declared: …`` where only the
    file's own words did."""
    kind: str = UNKNOWN
    """``checkpoint``, ``adapter``, ``controlnet``, ``vae``, ``text-encoder``, ``embedding``."""
    variant: str | None = None
    """``inpainting``, ``depth``, ``instruct-pix2pix``, ``lora``, ``lokr`` … where shapes tell."""
    components: tuple[Component, ...] = ()
    """The parts that the file holds, main ones first."""
    measured: bool = False
    """True when shapes decided the family, and not the file's own words."""

    @property
    def component(self) -> Component | None:
        """What the file as a whole is; ``None`` where nothing is known."""
        mains = [part for part in self.components if part.main]
        if self.kind == "checkpoint" and len(self.components) > 1 and mains:
            return Component.FULL
        return self.components[0] if self.components else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Digests:
    """Digests of one file, lower-case hexadecimal; ``None`` where bytes or format do not allow."""

    sha256: str | None = None
    autov1: str | None = None
    """First 8 digits of the sha256 of the 64 KiB at 1 MiB: a candidate, never a proof."""
    autov2: str | None = None
    """First 10 digits of the sha256."""
    autov3: str | None = None
    """sha256 of everything behind a safetensors header."""
    quick: str | None = None
    """sdkit's ``quick_hash``: three pieces of 64 KiB."""
    state: str | None = None
    """Of all tensors by content, whatever their order and names."""
    parts: Mapping[Component, str] = field(default_factory=dict)
    """The same, for each part of the model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What is kept of one weight file that was read; equal bytes say the same wherever they lie."""

    model: ModelRef
    path: str
    observed: int
    """When it was read, UTC seconds."""
    source: str | None = None
    """Public address of the file; ``None`` for a local one."""
    format: str | None = None
    """``None`` where no header can be read; then ``fault`` says why."""
    architecture: Architecture = field(default_factory=Architecture)
    says: str | None = None
    """The family that its own metadata names, where shapes tell another."""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    """The part of it that speaks of lineage."""
    tensors: int = 0
    warnings: tuple[str, ...] = ()
    digests: Digests = field(default_factory=Digests)
    key: str | None = None
    """Digest of (address, etag, size), hexadecimal, where the sha256 is not known."""
    fault: str | None = None
    """Why there is no header, in one line fit for a gap."""
    reason: GapReason = GapReason.UNREADABLE
    """What kind of gap a fault is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """One file looked at by itself, as ``inspect`` shows it."""

    path: str
    """As it was named: a path, an address, or a model and its file."""
    size: int
    head: Head
    header: Header | None
    """``None`` where none can be read; ``head.fault`` says why."""
    claims: tuple[Claim, ...] = ()
    bytes_read: int = 0
