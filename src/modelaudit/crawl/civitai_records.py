"""Civitai's JSON as records: one model object gives one record per version.

Shapes of 2023 to 2026 are read alike (https://github.com/civitai/civitai/wiki/REST-API-Reference);
what is odd becomes a gap of its version.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from modelaudit.domain.digests import NEVER_MATCH
from modelaudit.domain.model import Document, File, Gap, Model, Record
from modelaudit.domain.refs import ModelRef, civitai
from modelaudit.domain.times import parse_time
from modelaudit.domain.words import Component, GapReason, Status, Trait

DOCUMENT = "civitai.version"

ADAPTER_TYPES = frozenset({
    "LORA", "LoCon", "DoRA", "TextualInversion", "Hypernetwork", "AestheticGradient",
    "Controlnet", "MotionModule",
})  # fmt: skip

MAIN_FILES = frozenset({"Model", "Pruned Model", "UNet", "Diffusion Model"})
"""The file types that speak for their version; the others may belong to another model."""

_BY_MODEL_TYPE = {
    "Checkpoint": Component.FULL,
    "UNet": Component.UNET,
    "LLM": Component.TRANSFORMER,
    "VisionLanguage": Component.TRANSFORMER,
    "VAE": Component.VAE,
    "TextEncoder": Component.TEXT_ENCODER,
    "CLIP": Component.TEXT_ENCODER,
    "CLIPVision": Component.IMAGE_ENCODER,
} | dict.fromkeys(ADAPTER_TYPES, Component.ADAPTER)

MODEL_TYPES = frozenset(_BY_MODEL_TYPE)
"""The types that hold weights of a known part; others are workflows, wildcards and the like."""

_BY_FILE_TYPE = {
    "VAE": Component.VAE,
    "Text Encoder": Component.TEXT_ENCODER,
    "Vision Encoder": Component.IMAGE_ENCODER,
    "CLIPVision": Component.IMAGE_ENCODER,
}

_FORMATS = {
    "SafeTensor": Trait.SAFETENSORS,
    "PickleTensor": Trait.PICKLE,
    "GGUF": Trait.GGUF,
}

_POISON = NEVER_MATCH | frozenset({
    "e3b0c44298fc",  # of no bytes, as AutoV3, written by ai-toolkit (ostris/ai-toolkit#130)
    "de2f2560",  # AutoV1 of 64 KiB of zeros
})  # fmt: skip

_LENGTHS = {"sha256": 64, "autov1": 8, "autov3": 12, "blake3": 64, "crc32": 8}
"""Hexadecimal digits of each digest."""

_HEX = re.compile(r"[0-9a-f]+\Z", re.ASCII)

_TEXT = 512
_ITEMS = 200
_DEPTH = 8
_PROSE = 20_000
_WORD = 100
_TITLE = 200


def of_model(item: Any, *, at: int) -> tuple[list[Record], list[Gap]]:
    """Every version of a model object."""
    if not isinstance(item, Mapping) or not is_id(item.get("id")):
        return [], [Gap(reason=GapReason.MALFORMED, detail="a model without a usable id")]
    ref = civitai(item["id"])
    versions = item.get("modelVersions")
    if not isinstance(versions, list):
        return [], [Gap(reason=GapReason.MALFORMED, detail="modelVersions is no list", model=ref)]
    if not versions:
        detail = "the platform shows no version of this model"
        return [], [Gap(reason=GapReason.INCONCLUSIVE, detail=detail, model=ref)]
    records: list[Record] = []
    gaps: list[Gap] = []
    for version in versions:
        if isinstance(version, Mapping) and is_id(version.get("id")):
            records.append(_record(item, version, at=at, source=None))
        else:
            detail = "a version without a usable id"
            gaps.append(Gap(reason=GapReason.MALFORMED, detail=detail, model=ref))
    return records, gaps


def of_version(body: Any, *, at: int, source: str | None) -> tuple[list[Record], list[Gap]]:
    """The body of ``/model-versions/{id}``, which names its model in brief."""
    if not isinstance(body, Mapping) or not is_id(body.get("id")):
        return [], [Gap(reason=GapReason.MALFORMED, detail="a version without a usable id")]
    model = {**_mapping(body.get("model")), "id": body.get("modelId")}
    if not is_id(model["id"]):
        detail = f"version {body['id']} does not name its model"
        return [], [Gap(reason=GapReason.MALFORMED, detail=detail)]
    return [_record(model, body, at=at, source=source, detailed=True)], []


def _record(
    item: Mapping[str, Any],
    version: Mapping[str, Any],
    *,
    at: int,
    source: str | None,
    detailed: bool = False,
) -> Record:
    ref = civitai(item["id"], version["id"])
    kind = _text(item.get("type"), _WORD)
    merge = item.get("checkpointType") == "Merge"
    created = parse_time(version.get("publishedAt")) or parse_time(version.get("createdAt"))
    listed = [entry for entry in _list(version.get("files")) if isinstance(entry, Mapping)]
    files, traits = _files(listed, kind)
    status = {"TakenDown": Status.DISABLED, "Archived": Status.ARCHIVED}.get(
        str(item.get("mode")), Status.LIVE
    )
    names = (_text(item.get("name"), _TITLE), _text(version.get("name"), _TITLE))
    stats = _mapping(version.get("stats"))
    model = Model(
        ref=ref,
        stable_id=f"v{version['id']}",
        author=_text(_mapping(item.get("creator")).get("username"), _TEXT),
        title=" / ".join(name for name in names if name)[:_TITLE] or None,
        kind=kind,
        status=status,
        created=created,
        modified=parse_time(version.get("updatedAt")),
        downloads=_count(stats.get("downloadCount")),
        likes=_count(stats.get("thumbsUpCount")),
        traits=traits | _traits(kind) | (Trait.MERGE if merge else Trait.NONE),
    )
    document = _document(ref, item, version, listed, created, at=at, source=source)
    # An archived page shows no files any more: that says nothing about the digests it had.
    hidden = not isinstance(version.get("files"), list) or (
        not listed and status is Status.ARCHIVED
    )
    return Record(
        model=model,
        files=None if hidden else files,
        documents=(document,),
        detailed=detailed,
    )


def _traits(kind: str | None) -> Trait:
    if kind in ADAPTER_TYPES:
        return Trait.ADAPTER
    return Trait.DIFFUSION if kind in ("Checkpoint", "UNet") else Trait.NONE


def _files(listed: list[Mapping[str, Any]], kind: str | None) -> tuple[tuple[File, ...], Trait]:
    """The files with digests, named apart, and what their formats tell."""
    names = [_text(entry.get("name"), _TEXT) or "unnamed" for entry in listed]
    files: list[File] = []
    traits = Trait.NONE
    for name, entry in zip(names, listed, strict=True):
        if names.count(name) > 1:  # pruned and full, or safetensors and pickle, under one name
            name = f"{entry['id'] if is_id(entry.get('id')) else len(files)}/{name}"
        form = _mapping(entry.get("metadata")).get("format")
        if str(entry.get("type")) in MAIN_FILES:
            traits |= Trait.WEIGHTS | _FORMATS.get(str(form), Trait.NONE)
        digests = _digests(entry.get("hashes"))
        if form != "SafeTensor":
            # Elsewhere the platform hashes from byte 8 on, which means nothing.
            digests.pop("autov3", None)
        component = _component(kind, str(entry.get("type")))
        size = _size(entry.get("sizeKB"))
        etag = str(entry["id"]) if "sha256" not in digests and is_id(entry.get("id")) else None
        files.append(File(path=name, size=size, component=component, etag=etag, **digests))
    return tuple(files), traits


def _component(kind: str | None, file_type: str) -> Component | None:
    """``None`` for the main file of a model whose type says nothing, such as ``Other``."""
    if file_type not in MAIN_FILES:
        return _BY_FILE_TYPE.get(file_type, Component.OTHER)
    component = _BY_MODEL_TYPE.get(str(kind))
    if component is Component.FULL and file_type == "UNet":
        return Component.UNET
    if component is Component.FULL and file_type == "Diffusion Model":
        return Component.TRANSFORMER
    return component


def _digests(hashes: object) -> dict[str, str]:
    """The digests that identify something, by our names, in lower case."""
    found = {}
    for name, value in _mapping(hashes).items():
        length = _LENGTHS.get(name.lower())
        if length is None or not isinstance(value, str) or len(value) != length:
            continue
        value = value.lower()
        if _HEX.match(value) and value not in _POISON:
            found[name.lower()] = value
    return found


def _document(
    ref: ModelRef,
    item: Mapping[str, Any],
    version: Mapping[str, Any],
    listed: list[Mapping[str, Any]],
    created: int | None,
    *,
    at: int,
    source: str | None,
) -> Document:
    """What extractors read: never pictures, nothing longer than its cap."""
    model_body = {
        "id": item["id"],
        **_chosen(item, ("name", "type", "checkpointType", "mode", "poi", "minor", "nsfw")),
        "tags": [text for tag in _list(item.get("tags")) if (text := _tag(tag))],
        "description": _text(item.get("description"), _PROSE),
    }
    version_body = {
        "id": version["id"],
        **_chosen(
            version,
            ("name", "baseModel", "baseModelType", "createdAt", "publishedAt", "uploadType", "air"),
        ),
        "trainingDetails": _capped(version.get("trainingDetails")),
        "description": _text(version.get("description"), _PROSE),
    }
    files = [
        {
            **_chosen(entry, ("id", "name", "type", "sizeKB", "primary", "pickleScanResult")),
            "metadata": _chosen(_mapping(entry.get("metadata")), ("format", "size", "fp")),
            "hashes": _digests(entry.get("hashes")),
        }
        for entry in listed[:_ITEMS]
    ]
    body: dict[str, Any] = {
        "model": {name: value for name, value in model_body.items() if value is not None},
        "version": {name: value for name, value in version_body.items() if value is not None},
        "files": files,
        "created": created,
    }
    if "trainingDetails" in version:
        body["detailed"] = True  # lists lack the field: their silence withdraws nothing
    return Document(model=ref, kind=DOCUMENT, body=body, observed=at, source=source)


def _chosen(body: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """The scalars among these fields; what is a list or an object there is dropped."""
    kept = {name: _capped(body.get(name), _DEPTH) for name in names}
    return {name: value for name, value in kept.items() if value is not None}


def _capped(value: Any, depth: int = 0) -> Any:
    if isinstance(value, str):
        return value[:_TEXT]
    if depth < _DEPTH and isinstance(value, Mapping):
        pairs = list(value.items())[:_ITEMS]
        return {name[:_TEXT]: _capped(item, depth + 1) for name, item in pairs}
    if depth < _DEPTH and isinstance(value, list):
        return [_capped(item, depth + 1) for item in value[:_ITEMS]]
    return value if isinstance(value, bool | int | float) else None


def _tag(tag: object) -> str | None:
    """A tag's name; tags were objects until early 2023."""
    return _text(tag.get("name") if isinstance(tag, Mapping) else tag, _WORD)


def _text(value: object, length: int) -> str | None:
    return value[:length] or None if isinstance(value, str) else None


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> list[Any]:
    return value[:_ITEMS] if isinstance(value, list) else []


def _count(value: object) -> int | None:
    return value if type(value) is int and 0 <= value < 2**63 else None


def _size(kib: object) -> int | None:
    if type(kib) not in (int, float) or not 0 <= kib < 2**40:  # type: ignore[operator]  # narrowed by the type test
        return None
    return round(kib * 1024)  # type: ignore[operator]  # the same


def is_id(value: object) -> bool:
    """True for what the platform can mean by an id."""
    return type(value) is int and 0 < value < 2**31
