"""Folders on a stranger's disk: caches say whose model they hold, other paths only its name."""

from __future__ import annotations

import re
from dataclasses import dataclass

GENERIC = frozenset({
    "models", "model", "hub", "output", "outputs", "checkpoint", "checkpoints", "ckpt", "ckpts",
    "result", "results", "weights", "pretrained", "pretrained_models", "cache", ".cache", "data",
    "out", "tmp", "saves", "workspace", "content", "kaggle", "input", "mnt", "home", "root",
    "runs", "logs", "base_model", "base_models", "base", "final", "merged", "best", "latest",
    "lora", "adapter", "snapshot", "snapshots", "master", "main", "hf", "huggingface",
    "modelscope",
})  # fmt: skip
"""Folder names that say nothing about the model below or in them."""

_CACHE_ROOTS = frozenset({"models", "hub"})
_HUB_CACHE = re.compile(r"(models|datasets)--(.+)\Z", re.ASCII)
_TWO_DASHES = re.compile(r"([\w.-]+?)--([\w.-]+?)(?:-[0-9a-f]{8,40})?\Z", re.ASCII)
_PATH = re.compile(r"[/~]|\.{1,2}[/\\]|[A-Za-z]:[\\/]|file:")
_NUMBERED = re.compile(r"(?:checkpoint|epoch|step|global_step|run|v)?[-_]?\d*\Z", re.IGNORECASE)
_HEXADECIMAL = re.compile(r"[0-9a-f]{12,64}\Z")
_REVISION = re.compile(r"[\w.-]{1,128}\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Folder:
    """The model that a folder's path speaks of."""

    platform: str
    """``hf``, ``dataset`` or ``modelscope``."""
    id: str
    certain: bool
    """True when a known cache wrote the path."""
    revision: str | None = None


def read(text: str) -> Folder | None:
    """What a local path, or the name of a cache folder, says; ``None`` for all other text."""
    parts = [part for part in re.split(r"[/\\]+", text) if part]
    for i, part in enumerate(parts):
        if cached := _HUB_CACHE.match(part):
            platform = "dataset" if cached[1] == "datasets" else "hf"
            return Folder(platform, cached[2].replace("--", "/", 1), True, _snapshot(parts, i))
    is_path = bool(_PATH.match(text)) or "\\" in text or len(parts) > 2
    if is_path and (found := _modelscope(parts)):
        return found
    last = parts[-1] if parts else ""
    if dashed := _TWO_DASHES.match(last):
        return Folder("hf", f"{dashed[1]}/{dashed[2]}", False)
    return _local(parts) if is_path else None


def _snapshot(parts: list[str], at: int) -> str | None:
    if parts[at + 1 : at + 2] == ["snapshots"] and len(parts) > at + 2:
        return parts[at + 2] if _REVISION.match(parts[at + 2]) else None
    return None


def _modelscope(parts: list[str]) -> Folder | None:
    """``modelscope/models/Owner--Name``, ``modelscope/hub/[models/]Owner/Name``."""
    if "modelscope" not in parts:
        return None
    at = parts.index("modelscope") + 1
    below = [part for part in parts[at:] if part not in _CACHE_ROOTS]
    if len(below) == len(parts) - at or not below:
        return None
    if "--" in below[0]:
        revision = _snapshot(parts, parts.index(below[0]))
        return Folder("modelscope", below[0].replace("--", "/", 1), True, revision)
    if len(below) < 2:
        return None
    # ModelScope writes a dot in a folder's name as three underscores.
    return Folder("modelscope", f"{below[0]}/{below[1]}".replace("___", "."), True)


def _local(parts: list[str]) -> Folder | None:
    while parts and (
        parts[-1].lower() in GENERIC or _NUMBERED.match(parts[-1]) or _HEXADECIMAL.match(parts[-1])
    ):
        parts = parts[:-1]
    if not parts or len(parts[-1]) < 3:
        return None
    below_cache = len(parts) > 2 and parts[-3] in _CACHE_ROOTS
    return Folder("hf", "/".join(parts[-2:]) if below_cache else parts[-1], False)
