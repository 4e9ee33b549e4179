"""A catalogue of invented models with the skew of a real one: hubs, long chains, lost parents.

Deterministic: the same ``count`` gives the same bytes. Records have the shape of the Hub's full
list API (https://huggingface.co/docs/hub/api); a tenth also have file digests, as a model's own
page does.
"""

from __future__ import annotations

import hashlib
import json
import math
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

_SEED = 20_261_122
_FAMILIES = (
    "alpaca", "bert", "clip", "flan", "falcon", "flux", "gemma", "llama", "mistral", "phi",
    "pixart", "qwen", "sd15", "sdxl", "whisper",
)  # fmt: skip
_VERBS = (
    "base", "chat", "code", "control", "dpo", "gguf", "gptq", "instruct", "lora", "merge", "mini",
    "portrait", "qlora", "sft", "style", "tuned",
)  # fmt: skip
_FILES = (
    "adapter_config.json", "adapter_model.safetensors", "config.json", "generation_config.json",
    "merges.txt", "model.safetensors", "model-00001-of-00002.safetensors",
    "model-00002-of-00002.safetensors", "model.safetensors.index.json", "model_index.json",
    "optimizer.pt", "preprocessor_config.json", "pytorch_model.bin", "special_tokens_map.json",
    "tokenizer.json", "tokenizer_config.json", "training_args.bin",
    "unet/diffusion_pytorch_model.safetensors", "vae/diffusion_pytorch_model.safetensors",
    "vocab.json",
)  # fmt: skip
_WEIGHTS = (".safetensors", ".bin", ".pt")
_RELATIONS = ("finetune", "adapter", "quantized", "merge")
_EPOCH = datetime(2022, 3, 2, tzinfo=UTC)


class Invented(NamedTuple):
    """One model: what it is called and whom it names as parents."""

    index: int
    name: str
    parents: tuple[str, ...]
    relation: str


def models(count: int) -> Iterator[Invented]:
    """The lineage alone, in the order of creation; without cycles."""
    rng = Random(_SEED)
    names = [_name(rng, index) for index in range(count)]
    hubs = min(30_000, count // 10)
    childless_of: set[int] = set()  # targets of forward edges stay roots, so that nothing cycles
    for index, name in enumerate(names):
        derived = rng.random() < (0.05 if index < 2000 else 0.6)
        if not derived or index in childless_of or not index:
            yield Invented(index, name, (), "")
            continue
        parents = []
        for _ in range(rng.randint(2, 12) if rng.random() < 0.035 else 1):
            if rng.random() < 1 / 4000 and index + 1 < count:
                ahead = rng.randrange(index + 1, min(index + 5001, count))
                childless_of.add(ahead)
                parents.append(names[ahead])
            elif rng.random() < 0.05:
                parents.append(_dangling(rng))
            else:
                parents.append(names[_parent(rng, index, hubs)])
        relation = rng.choices(_RELATIONS, (40, 38, 20, 2))[0]
        parents = list(dict.fromkeys(parents))
        yield Invented(index, name, tuple(parents), "merge" if parents[1:] else relation)


def records(count: int) -> Iterator[dict[str, Any]]:
    """The models as records of the list API."""
    rng = Random(_SEED + 1)
    for model in models(count):
        yield _record(rng, model, count)


def catalogue(count: int) -> Path:
    """A ``.jsonl.zst`` of that many records in the folder for temporary files, built once."""
    import zstandard

    path = folder() / f"synthetic-{_SEED}-{count}.jsonl.zst"
    if not path.exists():
        part = path.with_suffix(".part")
        with part.open("wb") as file, zstandard.ZstdCompressor(3).stream_writer(file) as stream:
            for record in records(count):
                stream.write(json.dumps(record, separators=(",", ":")).encode() + b"\n")
        part.replace(path)
    return path


def folder() -> Path:
    """Where catalogues are kept between runs."""
    path = Path(tempfile.gettempdir()) / "modelaudit-benchmarks"
    path.mkdir(exist_ok=True)
    return path


def _name(rng: Random, index: int) -> str:
    author = int(rng.paretovariate(0.7) * 20) % 700_000
    return f"user{author}/{rng.choice(_FAMILIES)}-{rng.choice(_VERBS)}-{index:x}"


def _parent(rng: Random, index: int, hubs: int) -> int:
    draw = rng.random()
    if draw < 0.70:  # Zipf's law with exponent 1 over the oldest models
        return (int(math.exp(rng.random() * math.log(hubs + 1))) - 1) % index
    if draw < 0.93:
        return rng.randrange(index)
    return max(0, index - rng.randint(1, 40))


def _dangling(rng: Random) -> str:
    return rng.choice((
        f"./results/checkpoint-{rng.randrange(1 << 30)}",
        f"deleted{rng.randrange(5000)}/gone-{rng.randrange(20_000)}",
        f"/kaggle/working/base{rng.randrange(900)}",
        f"models/llama-{rng.randrange(50)}",
    ))  # fmt: skip


def _record(rng: Random, model: Invented, count: int) -> dict[str, Any]:
    parents, family = model.parents, model.name.partition("/")[2].partition("-")[0]
    library = rng.choice(("transformers", "diffusers", "peft"))
    task = rng.choice(("text-generation", "text-to-image", "feature-extraction"))
    created = _EPOCH + timedelta(seconds=model.index * (4 * 365 * 86_400 / count))
    changed = created + timedelta(seconds=rng.randrange(30 * 86_400))
    licence = rng.choice(("apache-2.0", "mit", "openrail", "llama3", "other"))
    card: dict[str, Any] = {"license": licence, "language": ["en"], "tags": [family, library]}
    if parents:
        card["base_model"] = list(parents) if parents[1:] else parents[0]
        if rng.random() < 1 / 3:
            card["base_model_relation"] = model.relation
    if rng.random() < 0.25:
        card["datasets"] = [f"user{rng.randrange(900)}/set-{rng.randrange(9000)}"]
    if rng.random() < 0.25:
        task_of = {"type": task, "name": "Text"}
        metric = [{"type": "accuracy", "value": round(rng.random(), 4), "name": "Accuracy"}]
        result = {"task": task_of, "dataset": {"name": family, "type": family}, "metrics": metric}
        card["model-index"] = [{"name": model.name, "results": [result]}]
    return {
        "_id": f"{int(created.timestamp()):08x}{model.index:016x}",
        "id": model.name,
        "author": model.name.partition("/")[0],
        "gated": "auto" if rng.random() < 1 / 23 else False,
        "lastModified": changed.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "likes": int(rng.paretovariate(1.2)) - 1,
        "trendingScore": rng.randrange(3),
        "private": False,
        "sha": f"{rng.getrandbits(160):040x}",
        "downloads": int(rng.paretovariate(0.8) * 5),
        "tags": [
            library, "safetensors", family, task, "en", f"license:{licence}", "region:us",
            *(f"base_model:{parent}" for parent in parents),
            *(f"base_model:{model.relation}:{parent}" for parent in parents),
        ],
        "pipeline_tag": task,
        "library_name": library,
        "createdAt": created.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "modelId": model.name,
        "cardData": card,
        "siblings": _siblings(rng, count),
    }  # fmt: skip


def _siblings(rng: Random, count: int) -> list[dict[str, Any]]:
    more = sorted(rng.sample(_FILES, min(_poisson(rng, 8), len(_FILES))))
    paths = [".gitattributes", "README.md", *more]
    if rng.random() >= 0.1:
        return [{"rfilename": path} for path in paths]
    copies = max(1, count // 1000)  # a fifth share their files with about twenty others
    source = rng.randrange(copies) if rng.random() < 0.2 else rng.getrandbits(64)
    return [_file(source, path) for path in paths]


def _file(source: int, path: str) -> dict[str, Any]:
    digest = hashlib.sha256(f"{source}/{path}".encode()).hexdigest()
    size = int(digest[:8], 16)
    file: dict[str, Any] = {"rfilename": path, "size": size, "blobId": digest[:40]}
    if path.endswith(_WEIGHTS):
        file["lfs"] = {"sha256": digest, "size": size, "pointerSize": 135}
    return file


def _poisson(rng: Random, mean: float) -> int:
    """Knuth's method (The Art of Computer Programming, volume 2, 3.4.1)."""
    drawn, product, floor = -1, 1.0, math.exp(-mean)
    while product > floor:
        drawn += 1
        product *= rng.random()
    return drawn
