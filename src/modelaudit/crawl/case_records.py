"""The record that a platform would give of a case's model: what its API says, and no more.

Shapes as :mod:`modelaudit.crawl.hub_records` and :mod:`modelaudit.crawl.civitai_records` read them.
"""

from __future__ import annotations

from typing import Any

from modelaudit.crawl.civitai_records import MODEL_TYPES
from modelaudit.domain import refs
from modelaudit.domain.cases import Case, HeldFile

_FORMATS = {"safetensors": "SafeTensor", "gguf": "GGUF", "ckpt": "PickleTensor",
            "pt": "PickleTensor", "bin": "PickleTensor", "pth": "PickleTensor"}  # fmt: skip


def record_of(case: Case) -> dict[str, Any]:
    """An object of ``/api/models`` of the Hub, or a Civitai model object with one version."""
    if case.record is not None:
        return dict(case.record)
    return _of_hub(case) if refs.platform(case.model) == "hf" else _of_civitai(case)


def slip(case: Case) -> str:
    """A type of Civitai's that is spelled otherwise there, as a sentence; empty where none is."""
    meant = {name.lower(): name for name in MODEL_TYPES}.get(case.type.lower(), case.type)
    return "" if meant == case.type else f"type {case.type!r} is written {meant!r} on the platform"


def _of_hub(case: Case) -> dict[str, Any]:
    card = {
        "base_model": list(case.base),
        "base_model_relation": case.relation,
        "datasets": list(case.datasets),
    }
    record: dict[str, Any] = {
        "id": refs.local(case.model),
        "createdAt": case.created,
        "cardData": {name: value for name, value in card.items() if value},
    }
    if case.files:
        record["siblings"] = [
            {"rfilename": file.path, "size": file.size, "lfs": {"sha256": file.sha256}}
            for file in case.files
        ]
    return record


def _of_civitai(case: Case) -> dict[str, Any]:
    model, _, version = refs.local(case.model).partition("@")
    marks = [flag.partition(":") for flag in case.flags]
    return {
        "poi": False,
        "minor": False,
        **{name: value if colon else True for name, colon, value in marks},
        "id": int(model),
        "name": case.title,
        "type": case.type,
        "checkpointType": "Merge" if case.relation == "merge" else "Trained",
        "modelVersions": [
            {
                "id": int(version),
                "baseModel": case.label,
                "publishedAt": case.created,
                "files": [_civitai_file(file) for file in case.files],
            }
        ],
    }


def _civitai_file(file: HeldFile) -> dict[str, Any]:
    return {
        "name": file.path,
        "type": file.type,
        "sizeKB": None if file.size is None else file.size / 1024,
        "metadata": {"format": _FORMATS.get(file.path.rpartition(".")[2].lower(), "Other")},
        "hashes": {"SHA256": file.sha256},
    }
