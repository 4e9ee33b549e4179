"""The invented part of the example catalogue: every owner and creator begins with ``example-``.

Each record is there for one thing that a report shows; ``examples/README.md`` names them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from tests.quality.convert import Line, line

AT = "2026-11-22T00:00:00Z"
CREATED = "2023-05-01T12:00:00.000Z"

SD15 = "stable-diffusion-v1-5/stable-diffusion-v1-5"
GONE_SD15 = "runwayml/stable-diffusion-v1-5"
SDXL = "stabilityai/stable-diffusion-xl-base-1.0"
SD15_FILE = ("6ce0161689b3853acaa03779ec93eafe75a02f4ced659bee03f50797806fa2fa", 4265146304)
"""v1-5-pruned-emaonly.safetensors."""
SD_VAE_FILE = ("735e4c3a447a3255760d7f86845f09f937809baa529c17370d83e4c3758f3c75", 334641190)
"""vae-ft-mse-840000-ema-pruned.safetensors."""

Weights = tuple[str, str, int | None]
"""(path, sha256, size)."""


def weights(path: str, size: int | None = None) -> Weights:
    """A file of its own: its digest is that of its name."""
    return path, hashlib.sha256(f"example {path} {size}".encode()).hexdigest(), size


def repository(
    repo: str,
    *,
    base: str | list[str] | None = None,
    relation: str | None = None,
    tags: tuple[str, ...] = (),
    datasets: tuple[str, ...] = (),
    files: tuple[Weights, ...] = (),
    names: tuple[str, ...] = (),
    **fields: Any,
) -> Line:
    """An archived record of one repository, its files with digests where there are any."""
    parents = [base] if isinstance(base, str) else base or []
    card: dict[str, Any] = {"base_model": base} if base else {}
    if datasets:
        card["datasets"] = list(datasets)
    found = {
        "tags": [
            *tags,
            *(f"base_model:{parent}" for parent in parents),
            *(f"base_model:{relation}:{parent}" for parent in parents if relation),
            *(f"dataset:{dataset}" for dataset in datasets),
        ],
        "cardData": card,
        "siblings": [
            *(
                {"rfilename": path, "size": size, "lfs": {"sha256": sha256, "size": size}}
                for path, sha256, size in files
            ),
            *({"rfilename": name} for name in names),
        ],
    }
    record = {"id": repo, **fields, **{key: value for key, value in found.items() if value}}
    return line("hf", "files" if files else "list", record, AT)


def invented(repo: str, downloads: int, **told: Any) -> Line:
    """A repository that does not exist."""
    return repository(repo, **{"downloads": downloads, "createdAt": CREATED, **told})


def text(repo: str, path: str, content: str) -> Line:
    """An archived small file of a repository."""
    sha = hashlib.sha1(content.encode()).hexdigest()
    record = {"id": repo, "sha": sha, "path": path, "text": content}
    return line("hf", "text", record, AT)


def hub() -> Iterator[Line]:
    """Invented repositories."""
    diffusion = ("diffusers", "text-to-image")
    # Weights outrank words: a byte copy that calls itself a child of something else.
    yield invented(
        "example-studio/aurora-xl",
        18_204,
        base=SDXL,
        relation="finetune",
        tags=diffusion,
        files=(("aurora_xl.safetensors", *SD15_FILE),),
    )
    yield invented(
        "example-mirror-01/sd15-archive",
        951,
        files=(("v1-5-pruned-emaonly.safetensors", *SD15_FILE),),
        tags=diffusion,
    )
    # The VAE of a listed family proves nothing about the model that uses it.
    yield invented(
        "example-studio/harbour-xl",
        4_410,
        base=SDXL,
        relation="finetune",
        tags=diffusion,
        files=(
            weights("unet/diffusion_pytorch_model.safetensors", 5_135_149_760),
            ("vae/diffusion_pytorch_model.safetensors", *SD_VAE_FILE),
        ),
    )
    # Recorded by the training tool, though the card says nothing.
    yield invented(
        "example-painter/ink-lora",
        2_377,
        tags=("peft", "lora"),
        files=(weights("adapter_model.safetensors", 3_227_904),),
        names=("adapter_config.json", "README.md"),
    )
    adapter = {"base_model_name_or_path": GONE_SD15, "peft_type": "LORA", "r": 8}
    yield text("example-painter/ink-lora", "adapter_config.json", json.dumps(adapter))
    # Recorded by the merging tool.
    yield invented(
        "example-mixer/harbour-mix",
        733,
        tags=("mergekit", "merge", *diffusion),
        files=(weights("harbour_mix.safetensors", 2_132_625_644),),
        names=("mergekit_config.yml",),
    )
    merge = (
        "merge_method: linear\nmodels:\n"
        f"- model: {SD15}\n  parameters: {{weight: 0.6}}\n"
        "- model: example-tuner/lantern-v2\n  parameters: {weight: 0.4}\n"
    )
    yield text("example-mixer/harbour-mix", "mergekit_config.yml", merge)
    # A chain of declarations, two hops from a repository that is gone.
    yield invented(
        "example-tuner/lantern-v2", 60_118, base=GONE_SD15, relation="finetune", tags=diffusion
    )
    yield invented(
        "example-quantizer/lantern-v2-GGUF",
        9_020,
        base="example-tuner/lantern-v2",
        relation="quantized",
        tags=("gguf",),
        files=(weights("lantern-v2-Q4_0.gguf", 1_566_768_416),),
    )
    yield invented(
        "example-quantizer/lantern-v2-GGUF-mirror",
        12,
        base="example-quantizer/lantern-v2-GGUF",
        files=(weights("lantern-v2-Q4_0.gguf", 1_566_768_416),),
    )
    yield invented(
        "example-tuner/lantern-v3",
        2_900,
        base="/home/user/.cache/huggingface/hub/models--runwayml--stable-diffusion-v1-5/snapshots/"
        "1d0c4ebf6ff58a5caecab40fa1406526bca4b5b9",
        tags=diffusion,
    )
    # Two cards that name each other; one of them names a listed model as well.
    yield invented("example-circle/left", 44, base="example-circle/right", relation="finetune")
    yield invented("example-circle/right", 41, base=["example-circle/left", SD15], relation="merge")
    # Data sets: the name was passed on to a cleaned set, so that the date decides.
    laion = ("laion/relaion2B-en-research-safe",)
    yield invented("example-lab/pixel-prior", 510, datasets=("laion/laion2B-en",), tags=diffusion)
    yield invented("example-lab/pixel-2023", 505, datasets=laion, tags=diffusion)
    yield invented(
        "example-lab/pixel-2025",
        515,
        datasets=laion,
        tags=diffusion,
        createdAt="2025-03-01T12:00:00.000Z",
    )
    # What could not be examined.
    yield invented("example-closed/gallery", 800, base=SD15, relation="finetune", gated="manual")
    yield invented("example-closed/withdrawn", 0, disabled=True, tags=diffusion)
    yield line("hf", "list", {"_id": "65000000000000000000000a", "tags": ["diffusers"]}, AT)
    # Said in words only, and no parent said at all.
    yield invented("example-tuner/sd-v1-5-evening", 77, tags=diffusion)
    yield invented("example-tuner/quiet", 3, tags=diffusion)
    for number, (base, relation) in enumerate(
        (base, relation)
        for base in (SD15, "CompVis/stable-diffusion-v1-4", "stabilityai/stable-diffusion-2-1",
                     SDXL, "common-canvas/CommonCanvas-S-C", "Qwen/Qwen2.5-7B")
        for relation in ("finetune", "adapter", "quantized", "merge")
    ):  # fmt: skip
        yield invented(
            f"example-publisher-{number:02}/study-{relation}",
            40 + 7 * number,
            base=base,
            relation=relation,
        )


def civitai_model(
    number: int, kind: str, label: str, *files: Weights, **told: Any
) -> dict[str, Any]:
    """A Civitai model object with one version; ids from 2,000,000,000 on are invented."""
    return {
        "id": 2_000_000_000 + number,
        "name": told.pop("name"),
        "type": kind,
        "poi": False,
        "nsfw": False,
        "creator": {"username": f"example-creator-{number:02}"},
        **told,
        "modelVersions": [
            {
                "id": 2_000_100_000 + number,
                "name": "v1",
                "createdAt": CREATED,
                "publishedAt": CREATED,
                "baseModel": label,
                "stats": {"downloadCount": 100 + number},
                "files": [
                    {
                        "name": path,
                        "type": "Model",
                        "sizeKB": None if size is None else size / 1024,
                        "metadata": {"format": "SafeTensor"},
                        "hashes": {"SHA256": sha256.upper()},
                    }
                    for path, sha256, size in files
                ],
            }
        ],
    }


def civitai() -> Iterator[Line]:
    """Invented Civitai models."""
    models = (
        civitai_model(
            1, "Checkpoint", "SDXL 1.0", ("dawn_xl.safetensors", *SD15_FILE), name="Dawn XL"
        ),
        civitai_model(2, "Checkpoint", "Example Base 9", weights("dusk.ckpt"), name="Dusk"),
        civitai_model(3, "LORA", "SD 1.5", weights("dots.safetensors"), name="Dots"),
        civitai_model(
            4, "Checkpoint", "SD 1.5", name="Withdrawn Example", mode="Archived"
        ),
        civitai_model(5, "VAE", "SD 1.5", ("vae.safetensors", *SD_VAE_FILE), name="VAE Example"),
        civitai_model(
            6, "Checkpoint", "SD 1.5", weights("mix.safetensors"), name="Mix Example",
            checkpointType="Merge",
        ),
    )  # fmt: skip
    for model in models:
        yield line("civitai", "list", model, AT)
    # Recorded by the platform's own trainer.
    trained = civitai_model(7, "LORA", "SD 1.5", weights("strokes.safetensors"), name="Strokes")
    version = trained["modelVersions"][0] | {
        "modelId": trained["id"],
        "uploadType": "Trained",
        "trainingDetails": {"type": "Style", "baseModel": "civitai:4384@128713"},
        "model": {"name": trained["name"], "type": "LORA", "nsfw": False, "poi": False},
    }
    yield line("civitai", "version", version, AT)
