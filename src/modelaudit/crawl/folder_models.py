"""Which weight files of one folder are one model: those that its configuration speaks of. Pure.

A shard index speaks of the files that it names, a ``config.json`` of files with the names that
transformers, diffusers and PEFT give, a ``model_index.json`` of the folders of its components.
One stray text in a folder of many models must not make one of them all: what happens to one model
happens to all its files.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable
from typing import Any, Final, NamedTuple

import msgspec

PIPELINE: Final = "model_index.json"
CONFIG: Final = "config.json"

LONGEST_CONFIG: Final = 4 << 20
"""Bytes. One with 21,000 labels takes three million; decoded, a hostile one takes 50 times as many.
"""
LONGEST_INDEX: Final = 16 << 20
"""Bytes. The longest real ones take as many."""

_INDEX = re.compile(r"(.+)\.(?:safetensors|bin)\.index(?:\.\w+)?\.json\Z")
_LIBRARY_FILE = re.compile(
    r"(?:model|pytorch_model|diffusion_(?:pytorch|flax)_model|tf_model|flax_model|consolidated"
    r"|adapter_model)(?:[._-].*)?\.(?:safetensors|bin|pt|pth|h5|msgpack|onnx|onnx_data)\Z"
)
"""A weight file of transformers, diffusers or PEFT, whole or a shard, and in any variant."""
_OWN = "model"
"""One name for all indices of the libraries: ``pytorch_model`` holds what ``model`` holds."""
_CLASS_KEYS = ("architectures", "_class_name")
_LONGEST_CLASS = 512


class Group(NamedTuple):
    """The weight files that are one model."""

    files: frozenset[str] = frozenset()
    """Those that lie in the folder itself."""
    folders: frozenset[str] = frozenset()
    """Folders in it of which every weight file belongs to the model, however deep."""
    kind: str | None = None
    """The pipeline or architecture class that the configuration names."""

    def __bool__(self) -> bool:
        return bool(self.files or self.folders)


class _Index(msgspec.Struct):
    weight_map: dict[str, str]


def group_of(
    texts: Iterable[str],
    weights: Collection[str],
    folders: Iterable[str],
    read: Callable[[str, int], bytes | None],
) -> Group:
    """The one model among what lies in a folder, by name; an empty group where there is none.

    ``read`` gives a text of at most so many bytes, and ``None`` for a longer one. A text that makes
    no sense speaks of nothing.
    """
    texts = frozenset(texts)
    pipeline = _object(read(PIPELINE, LONGEST_CONFIG)) if PIPELINE in texts else None
    config = _object(read(CONFIG, LONGEST_CONFIG)) if CONFIG in texts else None
    parts = _components(pipeline or {})
    files = {name for name in weights if name.partition(".")[0] in parts}
    if parts or config is not None:
        files |= set(filter(_LIBRARY_FILE.match, weights))
    files |= _shards(texts, weights, read, alone=not files)
    return Group(
        files=frozenset(files),
        folders=parts.intersection(folders),
        kind=_class_of(pipeline or {}) or _class_of(config or {}),
    )


def _components(pipeline: dict[str, Any]) -> frozenset[str]:
    """The parts of a pipeline, each with its library and class
    (https://huggingface.co/docs/diffusers/using-diffusers/loading).
    """
    return frozenset(
        name for name, value in pipeline.items() if isinstance(value, list) and len(value) == 2
    )


def _shards(
    texts: Iterable[str],
    weights: Collection[str],
    read: Callable[[str, int], bytes | None],
    *,
    alone: bool,
) -> set[str]:
    """The files that the indices of the folder's model name.

    Indices of different names are of different models. The folder's own has the name that the
    libraries give it; any other speaks for the folder only ``alone``: no other index is there, and
    no file that the configuration speaks of.
    """
    named: dict[str, set[str]] = {}
    for text in texts:
        if found := _INDEX.match(text):
            own = _LIBRARY_FILE.match(f"{found[1]}.bin")
            if shards := _files_of(read(text, LONGEST_INDEX)).intersection(weights):
                named.setdefault(_OWN if own else found[1], set()).update(shards)
    if _OWN not in named and alone and len(named) == 1:
        return next(iter(named.values()))
    return named.get(_OWN, set())


def _files_of(index: bytes | None) -> set[str]:
    """The files of a shard index (https://huggingface.co/docs/transformers/big_models)."""
    try:
        return set(msgspec.json.decode(index or b"", type=_Index).weight_map.values())
    except (ValueError, RecursionError):
        return set()


def _object(text: bytes | None) -> dict[str, Any] | None:
    """A JSON object; ``None`` for anything else. Not strict: Infinity is found in real ones."""
    try:
        found: object = json.loads(str(text or b"", "utf-8", "replace"))
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _class_of(config: dict[str, Any]) -> str | None:
    for key in _CLASS_KEYS:
        value = config.get(key)
        value = value[0] if isinstance(value, list) and value else value
        if isinstance(value, str):
            return str(value[:_LONGEST_CLASS].encode("utf-8", "replace"), "utf-8")
    return None
