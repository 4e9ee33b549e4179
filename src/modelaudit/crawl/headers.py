"""Weight-file headers as archived lines: what a file says about its own origin, and no more.

The metadata of a weight file may name people, folders and captions. Only the keys that extractors
read are kept, in the archive as in the database.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

import msgspec

from modelaudit.domain import refs
from modelaudit.domain.model import Document, Gap, Page, Received
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.words import GapReason

KIND = "header"

_KEPT = frozenset({
    "format", "merged_from", "sd_merge_models", "sd_merge_recipe",
    "ss_base_model_version", "ss_new_sd_model_hash", "ss_sd_model_hash", "ss_sd_model_name",
    "ss_network_alpha", "ss_network_dim", "ss_network_module", "ss_v2", "sshs_model_hash",
    "modelspec.architecture", "modelspec.hash_sha256", "modelspec.implementation",
    "modelspec.merged_from", "modelspec.sai_model_spec",
})  # fmt: skip
_TRAINER = "ot_config"
_TRAINER_KEPT = ("base_model_name", "training_method")


class _Record(msgspec.Struct):
    model: str
    path: str
    source: str | None
    metadata: dict[str, str]


def kept(metadata: Mapping[str, str]) -> dict[str, str]:
    """The part of ``__metadata__`` that speaks of lineage."""
    chosen = {key: metadata[key] for key in sorted(_KEPT & metadata.keys())}
    if _TRAINER in metadata:
        chosen[_TRAINER] = _trainer(metadata[_TRAINER])
    return chosen


def received(
    ref: ModelRef, path: str, metadata: Mapping[str, str], *, source: str | None, at: int
) -> Received:
    """The line for the archive."""
    record = {"model": ref, "path": path, "source": source, "metadata": kept(metadata)}
    return Received(
        platform=refs.platform(ref), kind=KIND, url=source or "", status=206, at=at, record=record
    )


def replay(record: bytes, at: int) -> Page:
    """The page that such a line stands for."""
    try:
        header = msgspec.json.decode(record, type=_Record)
        model = refs.parse(header.model)
    except (ValueError, RecursionError) as error:
        detail = f"an archived header cannot be read: {error}"[:300]
        return Page(gaps=(Gap(reason=GapReason.MALFORMED, detail=detail),))
    document = Document(
        model=model,
        kind="safetensors",
        body=header.metadata,
        observed=at,
        source=header.source,
        path=header.path,
    )
    return Page(documents=(document,))


def _trainer(text: str) -> str:
    """OneTrainer's configuration, cut to what it trained on; it holds paths and prompts as well."""
    try:
        config = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(config, dict):
        return ""
    return json.dumps({key: config[key] for key in _TRAINER_KEPT if key in config})
