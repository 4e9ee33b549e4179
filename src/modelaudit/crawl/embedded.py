"""Whole configurations inside one metadata value, cut to the part that names models.

They hold captions, prompts, folders and settings as well, which are never stored.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any, Final

from modelaudit.crawl.model_names import basename, certain, shown

_LONGEST = 4_000_000
"""Characters of the longest configuration parsed."""

_TRAINER = re.compile(r"(?:base_model_name|training_method)\Z")
_ADAPTER = re.compile(r"(?:\w{1,40}\.)?(?:base_model_name_or_path|revision|peft_type)\Z", re.ASCII)
_REVISION = re.compile(r"(?:refs/(?:pr|convert)/)?[\w.-]{1,128}\Z", re.ASCII)
_MOST_STRINGS = 60

_NODE = re.compile(
    r"\w{0,40}(?:CheckpointLoader|UNETLoader|DiffusersLoader|LoraLoader|ModelMerge|CheckpointSave"
    r"|ModelSave)\w{0,40}\Z",
    re.ASCII,
)
_NODE_ID = re.compile(r"[\d:]{1,40}\Z", re.ASCII)
_LINKS = ("model", "model1", "model2")
_NAMES = ("ckpt_name", "unet_name", "model_path", "lora_name")
_MOST_NODES = 1_000

_DIGEST = re.compile(r"(?<![0-9A-Fa-f])(?:0x)?[0-9A-Fa-f]{64}(?![0-9A-Fa-f])")
_MODELS, _RECIPE = "sd_merge_models", "sd_merge_recipe"
_PARENTS = frozenset({
    "primary_model_hash", "secondary_model_hash", "tertiary_model_hash",
    "model_a", "model_b", "model_c",
})  # fmt: skip
_METHODS = frozenset({"Weighted sum", "Add difference", "No interpolation"})
_MOST_ANCESTORS = 2_000
_MOST_NESTING = 4
_LONGEST_HISTORY = 500_000
"""Characters of a history that is kept with its recipes."""

_TITLES = re.compile(r"[,;\n]")
_LONGEST_TITLES = 100_000
_MOST_TITLES = 200


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
    found = (
        (key, name)
        for key, value in config.items()
        if keys.match(key) and isinstance(value, str) and (name := _name(key, value)) is not None
    )
    return _dump(dict(islice(found, _MOST_STRINGS)))


def _name(key: str, value: str) -> str | None:
    """A revision has slashes that are no folders."""
    if key.endswith("revision"):
        return value if _REVISION.match(value) else None
    return shown(value)


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
        if isinstance(text := inputs.get(key), str):
            kept[key] = shown(text)
    ratio = inputs.get("ratio")
    if isinstance(ratio, int | float) and 0 <= ratio <= 1:
        kept["ratio"] = ratio
    return kept


def _history(text: str) -> str:
    """The webui's history of a merge, cut to digests, file names and shares.

    Of one that is too long, or no JSON, the digests are left; extractors find them in any text.
    """
    config = _object(text)
    if config is None:
        return _digests(text)
    history = _dump(_ancestors(config, _MOST_NESTING))
    return history if len(history) <= _LONGEST_HISTORY else _digests(history)


def _ancestors(models: Mapping[str, Any], nesting: int) -> dict[str, Any]:
    """Digest → name and recipe of every ancestor; some forks nest them once more."""
    kept: dict[str, Any] = {}
    for key, entry in models.items():
        if len(kept) == _MOST_ANCESTORS:
            break
        if key == _MODELS and nesting:
            kept[key] = _ancestors(_object(entry) or {}, nesting - 1)
        elif _DIGEST.fullmatch(key):
            kept[key] = _ancestor(entry if isinstance(entry, dict) else {})
    return kept


def _ancestor(entry: Mapping[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    if isinstance(name := entry.get("name"), str):
        kept["name"] = basename(name)
    if recipe := _object(entry.get(_RECIPE)):
        kept[_RECIPE] = _parents(recipe)
    return kept


def _recipe(text: str) -> str:
    """The recipe of the file itself, cut in the same way."""
    config = _object(text)
    return _digests(text) if config is None else _dump(_parents(config))


def _parents(recipe: Mapping[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {
        key: value
        for key, value in recipe.items()
        if key in _PARENTS and isinstance(value, str) and _DIGEST.fullmatch(value)
    }
    method, share = recipe.get("interp_method"), recipe.get("multiplier")
    if isinstance(method, str) and method in _METHODS:
        kept["interp_method"] = method
    if isinstance(share, int | float) and 0 <= share <= 1:
        kept["multiplier"] = share
    return kept


def _digests(text: str) -> str:
    """The digests in a text; ``None``, which some writers mean as nothing, stays."""
    found = dict.fromkeys(digest[0] for digest in _DIGEST.finditer(text[:_LONGEST]))
    return "None" if text == "None" else " ".join(islice(found, _MOST_ANCESTORS))


def _titles(text: str) -> str | None:
    """Titles of merged models, cut to those that say which model they mean."""
    titles = _TITLES.split(text[:_LONGEST_TITLES])[:_MOST_TITLES]
    return ", ".join(filter(None, map(certain, titles))) or None


REDUCED: Final[Mapping[str, Callable[[str], str | None]]] = {
    "ot_config": _trainer,
    "lora_adapter_metadata": _adapter,
    "prompt": _merge,
    _RECIPE: _recipe,
    _MODELS: _history,
    "modelspec.merged_from": _titles,
    "merged_from": _titles,
}
"""Metadata key → what may be kept of its value, mostly JSON; ``None`` for nothing."""


def _object(value: object) -> dict[str, Any] | None:
    """The JSON object that a value is, or holds; ``None`` when anything else stands there."""
    try:
        if isinstance(value, str):
            value = json.loads(value) if len(value) <= _LONGEST else None
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
