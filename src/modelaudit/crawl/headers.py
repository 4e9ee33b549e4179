"""What is kept of a weight file's metadata: what it says about its origin, and no more.

The metadata of a weight file may name people, folders and captions. Only the keys that extractors
read are kept, in the archive as in the database.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from modelaudit.crawl import model_names
from modelaudit.crawl.embedded import REDUCED

_KEPT = frozenset({
    "format", "ss_base_model_version", "ss_new_sd_model_hash", "ss_new_vae_hash",
    "ss_sd_model_hash", "ss_sd_model_name", "ss_vae_hash", "ss_vae_name",
    "ss_network_alpha", "ss_network_dim", "ss_network_module", "ss_v2", "sshs_model_hash",
    "modelspec.architecture", "modelspec.hash_sha256", "modelspec.implementation",
    "modelspec.sai_model_spec",
    "general.architecture", "general.type", "general.name", "general.file_type",
    "general.quantization_version", "general.source.url", "general.source.repo_url",
    "general.source.huggingface.repository", "general.base_model.count", "general.dataset.count",
    "general.datasets", "adapter.type",
})  # fmt: skip
_NUMBERED = re.compile(
    r"general\.(?:base_model|dataset)\.1?\d{1,2}\.(?:name|organization|version|url|repo_url)\Z",
    re.ASCII,
)
_MOST = 1_000_000
"""Bytes of JSON kept of one file."""
_MOST_NAMES = 200


def kept(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a file's metadata that speaks of lineage: strings, integers, lists of names."""
    chosen = {key: _stored(value) for key, value in metadata.items()
              if key in _KEPT or _NUMBERED.match(key)}  # fmt: skip
    for key, reduced in REDUCED.items():
        if isinstance(text := metadata.get(key), str):
            chosen[key] = reduced(text)
    return _fitting({key: chosen[key] for key in sorted(chosen) if chosen[key] is not None})


def _stored(value: object) -> object:
    """A value as it may be stored; ``None`` for what no extractor reads."""
    if isinstance(value, str):
        return model_names.shown(value)
    if isinstance(value, list):
        return [_stored(item) for item in value[:_MOST_NAMES] if isinstance(item, str)]
    return value if isinstance(value, int) else None


def _fitting(chosen: dict[str, Any]) -> dict[str, Any]:
    """As much as may be kept of one file; short values, of which one names the base, go first."""
    sizes = {key: len(key) + len(msgspec.json.encode(value)) for key, value in chosen.items()}
    room, fitting = _MOST, set()
    for key in sorted(chosen, key=lambda key: sizes[key]):
        room -= sizes[key]
        if room < 0:
            break
        fitting.add(key)
    return {key: value for key, value in chosen.items() if key in fitting}
