"""The family that metadata declares: anybody can write or strip it, so shapes come first.

``ss_base_model_version`` is kohya-ss/sd-scripts', ``modelspec.architecture`` ModelSpec 1.0.1's,
``general.architecture`` GGUF's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from modelaudit.domain.weights import Architecture
from modelaudit.resolve.architecture.kin import CONVERTED, GENERATORS, same_family

SPELLINGS: Final = (
    ("stable-diffusion-xl-v1-refiner", "sdxl-refiner"), ("sdxl-refiner", "sdxl-refiner"),
    ("stable-diffusion-xl", "sdxl"), ("sdxl", "sdxl"), ("sd-xl", "sdxl"),
    ("stable-diffusion-v1", "sd1"), ("sd-v1", "sd1"), ("sd-1", "sd1"), ("sd1", "sd1"),
    ("stable-diffusion-v2", "sd2"), ("sd-v2", "sd2"), ("sd-2", "sd2"), ("sd2", "sd2"),
    ("stable-diffusion-v3", "sd3"), ("stable-diffusion-3", "sd3"), ("sd-3", "sd3"), ("sd3", "sd3"),
    ("flux-2", "flux2"), ("flux2", "flux2"), ("flux-klein", "flux2"),
    ("flux-3", "flux3"), ("flux3", "flux3"),
    ("flux-1", "flux"), ("flux1", "flux"), ("flux", "flux"), ("chroma", "chroma"),
    ("stable-cascade", "stable-cascade"), ("stable-video-diffusion", "svd"), ("svd", "svd"),
    ("pixart", "pixart"), ("wan", "wan"), ("wan2", "wan"), ("kolors", "kolors"),
    ("hunyuan-video", "hunyuan-video"), ("hunyuanvideo", "hunyuan-video"),
    ("hyvid", "hunyuan-video"), ("hunyuan-dit", "hunyuan-dit"), ("hydit", "hunyuan-dit"),
    ("qwen-image", "qwen-image"), ("ltxv", "ltx"), ("ltx", "ltx"), ("mochi", "mochi"),
    ("auraflow", "auraflow"), ("aura", "auraflow"), ("z-image", "z-image"), ("zimage", "z-image"),
    ("lumina-2", "lumina2"), ("lumina2", "lumina2"), ("sana", "sana"), ("hidream", "hidream"),
    ("cosmos", "cosmos"), ("kandinsky", "kandinsky"), ("krea-2", "krea2"), ("krea2", "krea2"),
    ("anima", "anima"), ("stable-audio", "stable-audio"),
)  # fmt: skip
"""Beginnings of a declared name, in lower case with dashes; the first that fits."""

_KEYS: Final = ("ss_base_model_version", "modelspec.architecture", "general.architecture")
_SLUG: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_LONGEST: Final = 100


def declared_family(metadata: Mapping[str, Any]) -> tuple[str, str] | None:
    """The family that metadata names and the key that does; ``None`` where it names none.

    ``ss_v2`` counts only when nothing else speaks: OneTrainer writes it into files for SDXL.
    """
    for key in _KEYS:
        value = metadata.get(key)
        if isinstance(value, str) and 0 < len(value) <= _LONGEST:
            spelled = re.sub(r"[^a-z0-9]+", "-", value.lower()).strip("-")
            family = _spelled(spelled)
            if family is None and key == "general.architecture" and _SLUG.fullmatch(spelled):
                family = spelled
            if family is not None:
                return family, key
    return ("sd2", "ss_v2") if metadata.get("ss_v2") == "True" else None


def is_default(metadata: Mapping[str, Any], key: str) -> bool:
    """Whether the key holds what a trainer writes whatever it trains.

    ``sd_1.5`` is ai-toolkit's for every base, and other tools drop its signature; OneTrainer sets
    ``ss_v2`` in files for SDXL.
    """
    return key == "ss_v2" or (key == "ss_base_model_version" and metadata.get(key) == "sd_1.5")


class Contradiction(NamedTuple):
    """A family that a file's own metadata declares and its shapes rule out."""

    family: str
    key: str
    """Where it is declared."""
    default: bool
    """Whether a tool writes this whatever the base: worth showing, no conflict."""


def contradiction(metadata: Mapping[str, Any], architecture: Architecture) -> Contradiction | None:
    """What metadata declares against measured shapes; ``None`` where the two can both be true.

    A part of a model, such as a VAE, serves several families and contradicts none. Generators in
    GGUF borrow a name that their loader knows.
    """
    said, part = declared_family(metadata), architecture.component
    if said is None or not architecture.measured or (part is not None and not part.main):
        return None
    family, key = said
    converted = key == "general.architecture" and family in GENERATORS
    names = CONVERTED.get(family, (family,)) if converted else (family,)
    if any(same_family(name, architecture.family) for name in names):
        return None
    return Contradiction(family, key, converted or is_default(metadata, key))


def _spelled(name: str) -> str | None:
    for beginning, family in SPELLINGS:
        rest = name[len(beginning) :]
        if name.startswith(beginning) and not rest[:1].isalpha():
            return family
    return None
