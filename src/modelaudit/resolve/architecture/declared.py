"""The family that metadata declares: anybody can write or strip it, so shapes come first.

``ss_base_model_version`` is kohya-ss/sd-scripts', ``modelspec.architecture`` ModelSpec 1.0.1's,
``general.architecture`` GGUF's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from modelaudit.domain.weights import UNKNOWN

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

_KIN: Final = {
    "chroma": "flux", "anima": "cosmos",
    "mistral": "llama-like", "llama": "llama-like", "yi": "llama-like", "granite": "llama-like",
    "gemma2": "gemma", "gemma3": "gemma", "phi2": "phi", "gptneox": "gpt-neox",
    "deepseek2": "deepseek", "qwen2moe": "qwen2-moe", "qwen3moe": "qwen3-moe",
    "roberta": "bert", "xlm-roberta": "bert",
}  # fmt: skip
"""Families with one layout, by its name: adapters of Flux fit Chroma, those of Anima fit Cosmos."""

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
    """Whether the key holds what ai-toolkit writes whatever it trains."""
    return (
        key == "ss_base_model_version"
        and metadata.get(key) == "sd_1.5"
        and "ai-toolkit" in str(metadata.get("software", ""))[:1000]
    )


def same_family(one: str, other: str) -> bool:
    """Whether two families do not contradict each other; an unknown one contradicts none."""
    return UNKNOWN in (one, other) or _KIN.get(one, one) == _KIN.get(other, other)


def _spelled(name: str) -> str | None:
    for beginning, family in SPELLINGS:
        rest = name[len(beginning) :]
        if name.startswith(beginning) and not rest[:1].isalpha():
            return family
    return None
