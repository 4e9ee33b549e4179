"""Civitai's base-model labels, and the families that they stand for."""

from __future__ import annotations

from typing import Final

BEGINNINGS: Final = (
    ("SD 1.", "sd1"),
    ("SD 2.", "sd2"),
    ("SD 3", "sd3"),
    ("SDXL ", "sdxl"),
    ("Pony V7", "auraflow"),
    ("Pony", "sdxl"),
    ("Illustrious", "sdxl"),
    ("NoobAI", "sdxl"),
    ("Playground v2", "sdxl"),
    ("Flux.1 ", "flux"),
    ("Flux.2 ", "flux2"),
    ("Chroma", "chroma"),
    ("Stable Cascade", "stable-cascade"),
    ("SVD", "svd"),
    ("PixArt ", "pixart"),
    ("AuraFlow", "auraflow"),
    ("Kolors", "kolors"),
    ("Hunyuan 1", "hunyuan-dit"),
    ("Hunyuan Video", "hunyuan-video"),
    ("HiDream-O1", None),
    ("HiDream", "hidream"),
    ("LTXV", "ltx"),
    ("Mochi", "mochi"),
    # Later versions are offered as a service: no weights, no known layout.
    ("Wan Video 2.5", None),
    ("Wan Video 2.7", None),
    ("Wan Video", "wan"),
    ("ZImage", "z-image"),
    ("Krea 2", "krea2"),
    ("Anima", "anima"),
)
"""The first beginning that fits decides; ``None`` where the family is not sure."""


def family_of_label(label: str) -> str | None:
    """The family that a label stands for; ``None`` where that is not sure."""
    return next((family for start, family in BEGINNINGS if label.startswith(start)), None)
