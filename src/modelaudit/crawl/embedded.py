"""Whole configurations inside one metadata value, cut to the part that names models.

They hold captions, prompts, folders and settings as well, which are never stored.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any, Final, TypeGuard

_LONGEST = 4_000_000
"""Characters of the longest configuration parsed."""
_LONGEST_NAME = 1_000

_TRAINER = re.compile(r"(?:base_model_name|training_method)\Z")
_ADAPTER = re.compile(r"(?:\w{1,40}\.)?(?:base_model_name_or_path|revision|peft_type)\Z", re.ASCII)
_MOST_STRINGS = 60

_NODE = re.compile(
    r"\w{0,40}(?:CheckpointLoader|UNETLoader|DiffusersLoader|LoraLoader|ModelMerge|CheckpointSave"
    r"|ModelSave)\w{0,40}\Z",
    re.ASCII,
)
_NODE_ID = re.compile(r"[\d:]{1,40}\Z", re.ASCII)
_LINKS = ("model", "model1", "model2")
_NAMES = ("ckpt_name", "unet_name", "model_path", "lora_name")
_HUB_ID = re.compile(r"[\w.-]{1,96}/[\w.-]{1,96}\Z", re.ASCII)
_WEIGHT_FILE = re.compile(r"\.(?:safetensors|sft|ckpt|pth?|bin|gguf)\Z", re.IGNORECASE)
_MOST_NODES = 1_000


def _trainer(text: str) -> str:
    """OneTrainer's configuration, cut to what it trained on; empty where it cannot be read."""
    return _strings(text, _TRAINER)


def _adapter(text: str) -> str:
    """PEFT configurations, each part's keys behind its name, cut to the bases."""
    return _strings(text, _ADAPTER)


def _strings(text: str, keys: re.Pattern[str]) -> str:
    config = _object(text)
    if config is None:
        return ""
    found = ((k, v) for k, v in config.items() if keys.match(k) and _is_name(v))
    return _dump(dict(islice(found, _MOST_STRINGS)))


def _merge(text: str) -> str | None:
    """ComfyUI's graph, cut to the nodes that load, merge and save; ``None`` without any."""
    nodes = {
        id_: {"class_type": node["class_type"], "inputs": _inputs(node["inputs"])}
        for id_, node in islice((_object(text) or {}).items(), _MOST_NODES)
        if _NODE_ID.match(id_)
        and isinstance(node, dict)
        and isinstance(node.get("inputs"), dict)
        and isinstance(node.get("class_type"), str)
        and _NODE.match(node["class_type"])
    }
    return _dump(nodes) if nodes else None


def _inputs(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Links to other nodes, names of models and a merge's ratio."""
    kept: dict[str, Any] = {}
    for key in _LINKS:
        link = inputs.get(key)
        if isinstance(link, list) and link and isinstance(link[0], str) and _NODE_ID.match(link[0]):
            kept[key] = link[:1]
    for key in _NAMES:
        if _is_name(text := inputs.get(key)):
            kept[key] = _without_folder(text)
    ratio = inputs.get("ratio")
    if isinstance(ratio, int | float) and 0 <= ratio <= 1:
        kept["ratio"] = ratio
    return kept


def _without_folder(name: str) -> str:
    """The name without the folders of somebody's disk; an owner on the Hub is none."""
    is_id = _HUB_ID.match(name) and not _WEIGHT_FILE.search(name)
    return name if is_id else re.split(r"[/\\]", name)[-1]


REDUCED: Final[Mapping[str, Callable[[str], str | None]]] = {
    "ot_config": _trainer,
    "lora_adapter_metadata": _adapter,
    "prompt": _merge,
}
"""Metadata key → what may be kept of its value, as JSON; ``None`` for nothing."""


def _is_name(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and len(value) <= _LONGEST_NAME


def _object(text: str) -> dict[str, Any] | None:
    """The JSON object in a value; ``None`` when anything else stands there."""
    try:
        value = json.loads(text) if len(text) <= _LONGEST else None
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
