"""What is kept of a weight file's metadata: what it says about its origin, and no more.

The metadata of a weight file may name people, folders and captions. Only the keys that extractors
read are kept, in the archive as in the database.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

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
_LISTS = frozenset({"sd_merge_models", "sd_merge_recipe", "modelspec.merged_from", "merged_from"})
"""Keys whose values name as many models as a merge has ancestors."""

_LONGEST = 1_000
"""Characters kept of one value: more than a name has."""
_LONGEST_LIST = 4_000_000
_MOST_NAMES = 200

_HOME = re.compile(r"""(?i)([/\\](?:home|users)[/\\]+)[^/\\"',;\n]+""")
"""Whose computer it was: the part of a path that says so."""


def kept(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a file's metadata that speaks of lineage: strings, integers, lists of names."""
    chosen = {key: _capped(value, _LONGEST) for key, value in metadata.items()
              if key in _KEPT or _NUMBERED.match(key)}  # fmt: skip
    chosen |= {key: _capped(metadata[key], _LONGEST_LIST) for key in _LISTS & metadata.keys()}
    for key, reduced in REDUCED.items():
        if isinstance(text := metadata.get(key), str):
            chosen[key] = _capped(reduced(text), _LONGEST_LIST)
    return {key: chosen[key] for key in sorted(chosen) if chosen[key] is not None}


def _capped(value: object, longest: int) -> object:
    """A value as it may be stored; ``None`` for what no extractor reads."""
    if isinstance(value, str):
        text = value[:longest].encode("utf-8", "replace").decode()
        return _HOME.sub(r"\1~", text)
    if isinstance(value, list):
        return [_capped(item, longest) for item in value[:_MOST_NAMES] if isinstance(item, str)]
    return value if isinstance(value, int) else None
