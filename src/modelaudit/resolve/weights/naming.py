"""One name for a tensor in every layout of its family, and the part of the model it belongs to.

The names are those of diffusers and transformers without what wraps them. Models of different
families are not named alike: only the same layer of the same architecture is to meet itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from modelaudit.domain.weights import Architecture, Tensor
from modelaudit.domain.words import Component
from modelaudit.resolve.architecture import part_of
from modelaudit.resolve.architecture.kin import GENERATORS
from modelaudit.resolve.architecture.names import Zone, split
from modelaudit.resolve.weights import _latent as latent
from modelaudit.resolve.weights import _layouts as layouts
from modelaudit.resolve.weights._others import cleaned, other

Key = tuple[Component, str]

_LONGEST: Final = 400
"""Characters of a name that some family has."""
_CLIP_G: Final = "clip_g."
_ENCODER: Final = re.compile(
    r"(?:^|\.)(?:text_encoders\.(?P<named>[^.]+)"
    r"|conditioner\.embedders\.(?P<place>[0-9]+)\.(?P<library>[a-z]+)"
    r"|(?P<folder>text_encoder_[0-9]))\."
)
_ALONE: Final = frozenset({"clip_l", "clip_h", "t5xxl"})
"""Encoders whose names need nothing before them: no two of one make are in a file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """The tensors of a file by part and name of the family."""

    tensors: Mapping[Key, Tensor]
    """Sorted by the name in the file; what is no text in a name is no part of its key."""
    notes: tuple[str, ...] = ()
    """What stands for something else, and what is left out; one line each."""


def key_of(name: str, what: Architecture) -> Key | None:
    """The part of a tensor and its name there; ``None`` for what is no weight of the model.

    That is the state of a training, a table of the noise schedule, or an averaged copy, unless
    ``what`` is told from averaged copies alone (its variant is ``ema``). Raises nothing.
    """
    return _key_of(cleaned(name), what, what.variant == "ema")


def keys_of(tensors: Iterable[Tensor], what: Architecture) -> Keys:
    """All tensors of a file that :func:`key_of` has a key for.

    Averaged copies stand for the main part where the file holds it in no other form. Of two names
    for one key, or two places of one name, the first has the key and each other one a key of its
    own (``other_2.`` before it): any of them may be what the model is run with.
    """
    ordered = sorted(tensors, key=_order)
    main = what.components[0] if what.components else Component.OTHER
    averaged = what.variant == "ema"
    found = _Found(ordered, what, averaged)
    if not averaged and not found.holds(main):
        averaged = True
        found = _Found(ordered, what, averaged)
    notes = found.notes
    if averaged and found.holds(main):
        notes = (f"{main}: averaged copies (EMA) stand for its weights", *notes)
    return Keys(tensors=found.tensors, notes=notes)


class _Found:
    """One pass through the tensors of a file."""

    def __init__(self, ordered: Iterable[Tensor], what: Architecture, averaged: bool) -> None:
        self.tensors: dict[Key, Tensor] = {}
        met: dict[Key, set[Tensor]] = {}
        numbers: dict[Key, int] = {}
        doubles: list[str] = []
        others: list[str] = []
        for tensor in ordered:
            key = _key_of(cleaned(tensor.name), what, averaged)
            if key is None:
                continue
            first = self.tensors.setdefault(key, tensor)
            if first is tensor:
                continue
            places = met.setdefault(key, {first._replace(name="")})
            if (place := tensor._replace(name="")) in places:
                continue  # the same bytes once more
            places.add(place)
            self.tensors[self._beside(key, numbers)] = tensor
            (doubles if first.name == tensor.name else others).append(tensor.name)
        notes = (
            _note(doubles, "there more than once, and each kept by itself"),
            _note(others, "another name for what is there already, and kept by itself"),
        )
        self.notes = tuple(note for note in notes if note)

    def _beside(self, key: Key, numbers: dict[Key, int]) -> Key:
        """The next key for what has the same one; ``numbers`` are the last ones given."""
        part, name = key
        while True:
            numbers[key] = numbers.get(key, 1) + 1
            if (found := (part, other(name, numbers[key]))) not in self.tensors:
                return found

    def holds(self, main: Component) -> bool:
        """Whether there is anything of a part."""
        return any(part is main for part, _ in self.tensors)


def _order(tensor: Tensor) -> tuple[str, str, int, str, tuple[int, ...]]:
    return (tensor.name, tensor.file or "", tensor.offset or 0, tensor.dtype, tensor.shape)


def _note(names: list[str], fault: str) -> str:
    if not names:
        return ""
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return f"{names[0][:100]!a}{more}: {fault}"


def _key_of(name: str, what: Architecture, averaged: bool) -> Key | None:
    zone, rest = split(name)
    if averaged:
        live = latent.dotted(rest) or (rest if zone is Zone.EMA else name)
        if zone is Zone.EMA and "." not in live:
            return None  # a counter, or a name that cannot be told without its dots
        if live is not name:
            name, (zone, rest) = live, split(live)
    part = part_of(name, what)
    if part is None or (zone is Zone.OTHER and _is_schedule(rest)):
        return None
    if not what.components and part is Component.OTHER:
        part = Component.FULL  # nothing tells what it is: then it may be all of a model
    if part is Component.VAE and rest.startswith("loss."):
        return None  # what judged it in training
    if len(rest) > _LONGEST:
        return part, rest
    spelled = _spelled(part, what.family, rest)
    if part is Component.TEXT_ENCODER:
        spelled = _encoder(name.removesuffix(rest), what) + spelled
    return part, spelled


@lru_cache(maxsize=1 << 15)  # every file of an architecture names the same tensors
def _spelled(part: Component, family: str, name: str) -> str:
    """A name without prefixes as the family spells it."""
    name = name.replace(".base_layer.", ".")  # PEFT, where it wraps a whole model
    match part:
        case Component.UNET | Component.ADAPTER:
            return latent.unet(name, family)
        case Component.VAE:
            return latent.vae(name)
        case Component.TEXT_ENCODER:
            return layouts.t5(layouts.clip(name))
        case Component.IMAGE_ENCODER:
            return layouts.clip(name)
    if family in ("flux", "chroma"):
        return layouts.flux(name)
    return name if family in GENERATORS else layouts.language(name, family)


def _encoder(prefix: str, what: Architecture) -> str:
    """What goes before the names of a text encoder, so that two in one file are told apart.

    CLIP-L, or the only encoder, and T5 have nothing; CLIP-bigG is ``clip_g.`` wherever it is.
    """
    found = _ENCODER.search(prefix)
    if found is None:
        big = what.family == "clip" and what.variant == "vit-bigg"
        return _CLIP_G if big else ""
    if named := found["named"]:
        return "" if named in _ALONE else f"{named}."
    if place := found["place"]:
        if found["library"] == "model":
            return _CLIP_G
        return "" if place == "0" else f"embedders.{place}."
    folder = found["folder"]
    if folder == "text_encoder_3" or what.family in ("flux", "chroma"):
        return ""
    big = folder == "text_encoder_2" and what.family in ("sdxl", "sd3")
    return _CLIP_G if big else f"{folder}."


def _is_schedule(name: str) -> bool:
    """Whether a name that belongs to no part is that of a table, and not of a model beside it."""
    return not name or ("." not in name and split(name)[0] is Zone.OTHER)
