"""A small world on two loopback platforms, and what an audit ought to find in it.

Owners, models and digests are invented, but for what the shipped lists name.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.servers.base import Faults, Request
from tests.servers.civitai import CivitaiServer
from tests.servers.hub import DISABLED, GATED, HIDDEN, Hub

Json = dict[str, Any]

ENTRY = "laion-5b/sd-1.5"
MIRROR = "stable-diffusion-v1-5/stable-diffusion-v1-5"
GONE_SD15 = "runwayml/stable-diffusion-v1-5"
SDXL = "stabilityai/stable-diffusion-xl-base-1.0"
LISTED = "6ce0161689b3853acaa03779ec93eafe75a02f4ced659bee03f50797806fa2fa"
"""v1-5-pruned-emaonly.safetensors."""
LISTED_SIZE = 4265146304
PARAMETERS = 1066235307


def adapter_file(data: bytes, **metadata: str) -> bytes:
    """A LoRA in the safetensors format (github.com/huggingface/safetensors)."""
    tensor = {"dtype": "F16", "shape": [1, len(data) // 2], "data_offsets": [0, len(data)]}
    header = json.dumps({"__metadata__": metadata, "lora_unet_down.weight": tensor}).encode()
    return struct.pack("<Q", len(header)) + header + data


TRAINED_ON_LISTED = {
    "ss_network_module": "networks.lora",
    "ss_new_sd_model_hash": LISTED,
    "ss_sd_model_name": "model.safetensors",
}
"""What sd-scripts writes into a network that it trained on the listed file."""
STROKES = adapter_file(b"strokes.", **TRAINED_ON_LISTED)
KOHYA = adapter_file(b"kohya...", **TRAINED_ON_LISTED)
PLAIN_ON_HUB, PLAIN = adapter_file(b"on hub.."), adapter_file(b"plain...")

KOHYA_VERSION, PLAIN_VERSION, TRAINED_VERSION, HIDDEN_VERSION = 1091, 1021, 1041, 1081


def repository(
    number: int,
    repo: str,
    base: str | None = None,
    relation: str | None = None,
    *,
    files: dict[str, str | bytes | None] | None = None,
    **fields: Any,
) -> Json:
    """A record as the Hub shows it on a model's own page; ``files``: path → digest or content."""
    tags = list(fields.pop("tags", ()))
    if base:
        tags += [f"base_model:{base}", *([f"base_model:{relation}:{base}"] if relation else [])]
    siblings: list[Json] = [{"rfilename": ".gitattributes", "size": 1, "blobId": "b" * 40}]
    for path, held in (files or {}).items():
        sibling: Json = {"rfilename": path, "size": 9, "blobId": "b" * 40}
        if held is not None:
            digest = held if isinstance(held, str) else hashlib.sha256(held).hexdigest()
            size = LISTED_SIZE if isinstance(held, str) else len(held)
            sibling |= {"size": size, "lfs": {"sha256": digest, "size": size}}
        siblings.append(sibling)
    return {
        "_id": f"{0x63000000 + number * 86_400:08x}{number:016x}",
        "id": repo,
        "author": repo.partition("/")[0],
        "sha": f"{number:040x}",
        "createdAt": f"2023-05-{1 + number % 28:02}T12:00:00.000Z",
        "lastModified": f"2023-05-{1 + number % 28:02}T12:00:00.000Z",
        "downloads": 10 * number,
        "tags": tags,
        "cardData": {"base_model": base} if base else {},
        "siblings": siblings,
    } | fields


def digest_of(name: str) -> str:
    """A digest nobody else has."""
    return hashlib.sha256(name.encode()).hexdigest()


DIFFUSION = ("diffusers", "text-to-image")


def hub_records() -> list[Json]:
    """The Hub's repositories."""
    whole = {"v1-5-pruned-emaonly.safetensors": LISTED}
    total = {"safetensors": {"total": PARAMETERS}}
    return [
        repository(1, MIRROR, files=whole, tags=DIFFUSION, **total),
        repository(2, "tuner/aurora", GONE_SD15, "finetune", tags=DIFFUSION),
        repository(3, "quantizer/aurora-gguf", "tuner/aurora", "quantized"),
        repository(4, "quantizer/aurora-gguf-again", "quantizer/aurora-gguf"),
        repository(
            5,
            "painter/ink",
            tags=("lora",),
            files={"adapter_config.json": None, "adapter_model.bin": digest_of("ink")},
        ),
        repository(
            6,
            "mixer/harbour",
            tags=("merge", *DIFFUSION),
            files={"mergekit_config.yml": None, "mix.bin": digest_of("harbour")},
        ),
        repository(
            7,
            "studio/relabelled",
            SDXL,
            "finetune",
            tags=DIFFUSION,
            files={"relabelled.safetensors": LISTED},
            **total,
        ),
        repository(
            8, "closed/gated", MIRROR, "finetune", gated="manual", files={"README.md": None}
        ),
        repository(9, "closed/disabled", MIRROR, "finetune", disabled=True),
        repository(10, "new/dawn", MIRROR, "finetune", tags=DIFFUSION),
        repository(11, "tuner/dusk", "old/dawn", "finetune", tags=DIFFUSION),
        repository(12, "tuner/orphan", "vanished/base", "finetune"),
        repository(13, "tuner/secret", "hidden/base", "finetune"),
        repository(14, "tuner/aurora-lora", "tuner/aurora", "adapter"),
        repository(15, "painter/strokes", tags=("lora",), files={"strokes.safetensors": STROKES}),
        repository(16, "tuner/evening", MIRROR, "finetune"),
        # Nothing of the following may be found.
        repository(17, SDXL, tags=DIFFUSION),
        repository(18, "studio/xl-tuned", SDXL, "finetune", tags=DIFFUSION),
        repository(19, "painter/xl-lora", SDXL, "adapter"),
        repository(20, "labs/words"),
        repository(21, "labs/words-quantized", "labs/words", "quantized"),
        repository(22, "labs/quiet", tags=DIFFUSION, files={"config.json": None}),
        repository(23, "painter/plain", tags=("lora",), files={"plain.safetensors": PLAIN_ON_HUB}),
        repository(24, "circle/left", "circle/right", "finetune"),
        repository(25, "circle/right", "circle/left", "finetune"),
    ]


def hub_files() -> dict[tuple[str, str], bytes]:
    """What the Hub serves; config.json and a picture lie there to be left alone."""
    adapter = {"peft_type": "LORA", "base_model_name_or_path": GONE_SD15}
    merge = f"merge_method: linear\nmodels:\n- model: {MIRROR}\n- model: {SDXL}\n"
    return {
        ("painter/ink", "adapter_config.json"): json.dumps(adapter).encode(),
        ("mixer/harbour", "mergekit_config.yml"): merge.encode(),
        ("painter/strokes", "strokes.safetensors"): STROKES,
        ("painter/plain", "plain.safetensors"): PLAIN_ON_HUB,
        ("labs/quiet", "config.json"): b"{}",
    }


def version(number: int, label: str, *files: Json, **fields: Any) -> Json:
    """A Civitai version."""
    return {
        "id": number,
        "name": f"v{number % 10}",
        "baseModel": label,
        "createdAt": f"2023-05-{1 + number // 10 % 28:02}T12:00:00.000Z",
        "publishedAt": f"2023-05-{1 + number // 10 % 28:02}T12:00:00.000Z",
        "stats": {"downloadCount": number},
        "images": [{"url": "https://image.example/1.jpeg"}],
        "files": list(files),
    } | fields


def file(name: str, digest: str, size: int = LISTED_SIZE, kind: str = "Model") -> Json:
    """A file of a Civitai version."""
    return {
        "name": name,
        "type": kind,
        "sizeKB": size / 1024,
        "metadata": {"format": "SafeTensor" if name.endswith(".safetensors") else "PickleTensor"},
        "hashes": {"SHA256": digest.upper()},
        "downloadUrl": "https://civitai.example/download",
    }


def model(number: int, kind: str, *versions: Json, **fields: Any) -> Json:
    """A Civitai model of the creator ``user-N``."""
    return {
        "id": number,
        "name": f"Model {number}",
        "type": kind,
        "nsfw": False,
        "poi": False,
        "creator": {"username": f"user-{number}"},
        "modelVersions": list(versions),
    } | fields


def civitai_models() -> list[Json]:
    """Civitai's models."""

    def own(name: str) -> Json:
        return file(name, digest_of(name))

    plain = file("plain.safetensors", hashlib.sha256(PLAIN).hexdigest(), len(PLAIN))
    kohya = file("kohya.safetensors", hashlib.sha256(KOHYA).hexdigest(), len(KOHYA))
    trained = {
        "uploadType": "Trained",
        "trainingDetails": {"type": "Style", "baseModel": f"civitai:101@{1011}"},
    }
    return [
        model(
            101,
            "Checkpoint",
            version(1011, "SD 1.5", own("a.ckpt")),
            version(1012, "SDXL 1.0", own("b.ckpt")),
        ),
        model(102, "LORA", version(PLAIN_VERSION, "SD 1.5", plain)),
        model(103, "Checkpoint", version(1031, "SDXL 1.0", file("dawn.ckpt", LISTED))),
        model(104, "LORA", version(TRAINED_VERSION, "Other", own("c.pt"), **trained)),
        model(105, "VAE", version(1051, "SD 1.5", own("d.pt"))),
        model(
            106,
            "Checkpoint",
            version(1061, "SD 1.5", own("e.ckpt")),
            checkpointType="Merge",
            nsfw=True,
        ),
        model(107, "Checkpoint", version(1071, "SD 1.5"), mode="Archived"),
        model(
            108, "Checkpoint", version(HIDDEN_VERSION, "Other", file("f.ckpt", LISTED)), poi=True
        ),
        model(109, "LORA", version(KOHYA_VERSION, "Other", kohya)),
        model(110, "Checkpoint", version(1101, "SDXL 1.0", own("g.ckpt"))),
        model(
            111,
            "Checkpoint",
            version(
                1111,
                "SD 1.5",
                own("h.ckpt"),
                createdAt="2022-11-01T00:00:00.000Z",
                publishedAt="2022-11-01T00:00:00.000Z",
            ),
        ),
    ]


Found = dict[str, tuple[str, str, str, int]]
"""Model → (verdict, grade, relation, hops)."""

ON_HUB: Found = {
    f"hf:{MIRROR}": ("take-down", "exact", "listed", 0),
    "hf:tuner/aurora": ("take-down", "declared", "finetune", 1),
    "hf:quantizer/aurora-gguf": ("take-down", "declared", "quantized", 2),
    "hf:quantizer/aurora-gguf-again": ("take-down", "declared", "finetune", 3),
    "hf:painter/ink": ("review", "recorded", "adapter", 1),
    "hf:mixer/harbour": ("take-down", "recorded", "merge", 1),
    "hf:studio/relabelled": ("take-down", "exact", "copy", 1),
    "hf:closed/gated": ("take-down", "declared", "finetune", 1),
    "hf:new/dawn": ("take-down", "declared", "finetune", 1),
    "hf:tuner/dusk": ("take-down", "declared", "finetune", 2),
    "hf:tuner/aurora-lora": ("review", "declared", "adapter", 2),
    "hf:tuner/evening": ("take-down", "declared", "finetune", 1),
}
ON_CIVITAI: Found = {
    "civitai:101@1011": ("take-down", "declared", "finetune", 1),
    "civitai:102@1021": ("review", "declared", "adapter", 1),
    "civitai:103@1031": ("take-down", "exact", "copy", 1),
    "civitai:104@1041": ("review", "declared", "adapter", 2),
    "civitai:105@1051": ("note", "declared", "component", 1),
    "civitai:106@1061": ("take-down", "declared", "merge", 1),
    "civitai:107@1071": ("take-down", "declared", "finetune", 1),
    "civitai:108@1081": ("take-down", "exact", "copy", 1),
    "civitai:111@1111": ("note", "hinted", "finetune", 1),
}
BY_HEADERS: Found = {
    "hf:painter/strokes": ("review", "recorded", "adapter", 1),
    "civitai:109@1091": ("review", "recorded", "adapter", 1),
}


@dataclass(slots=True)
class World:
    """Both platforms, up and running."""

    hub: Hub
    civitai: CivitaiServer

    @property
    def requests(self) -> list[Request]:
        """All that was asked of either."""
        return [*self.hub.requests, *self.civitai.requests]


@contextmanager
def world(faults: tuple[Faults, Faults] = (Faults(), Faults())) -> Iterator[World]:
    """The world, with the Hub's and Civitai's faults."""
    hub = Hub(
        records=hub_records(),
        files=hub_files(),
        renamed={"old/dawn": "new/dawn"},
        refused={"hidden/base": HIDDEN, "closed/disabled": DISABLED},
        closed={"closed/gated": GATED},
        malformed=b'{"_id": "630000000000000000000099", "id": ["odd"]}',
        page_size=7,
        faults=faults[0],
    )
    civitai = CivitaiServer(
        civitai_models(),
        page_size=4,
        downloads={KOHYA_VERSION: KOHYA, PLAIN_VERSION: PLAIN},
        faults=faults[1],
    )
    with hub, civitai:
        yield World(hub, civitai)
