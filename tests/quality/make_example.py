"""``python -m tests.quality.make_example``: write ``examples/catalogue.jsonl`` anew.

Real records come from the recorded data, cut to what speaks of lineage; accounts of private people
are replaced by invented ones. The same data gives the same bytes.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.quality import invented
from tests.quality.convert import Line, facts_model, hub_listings, line
from tests.shared import shared

EXAMPLE = Path(__file__).parents[2] / "examples" / "catalogue.jsonl"

_ORGANISATIONS = frozenset({
    "ai-forever", "AIML-TUDA", "ali-vilab", "allenai", "amused", "BAAI", "black-forest-labs",
    "Comfy-Org", "common-canvas", "CompVis", "context-labs", "damo-vilab", "DeepFloyd",
    "deepset", "diffusers", "google", "google-bert", "HuggingFaceM4", "inference-net",
    "kakaobrain", "kandinsky-community", "laion", "latent-consistency", "meta-llama", "NovelAI",
    "nvidia", "openflamingo", "OpenGVLab", "Qwen", "rinna", "Salesforce", "sd-legacy",
    "sd2-community", "segmind", "sentence-transformers", "shi-labs", "Skywork", "stabilityai",
    "stable-diffusion-v1-5", "unsloth", "warp-ai",
})  # fmt: skip
_PARENTS = {
    "waifu-diffusion": "CompVis/stable-diffusion-v1-4",
    "waifu-diffusion-v1-3": "CompVis/stable-diffusion-v1-4",
    "dreamshaper-8": "runwayml/stable-diffusion-v1-5",
}
"""Documented parents of well-known projects."""
_SURE = {"verbatim", "prefix50"}
_RECORD_FIELDS = (
    "_id", "id", "author", "sha", "createdAt", "lastModified", "downloads", "likes", "private",
    "gated", "disabled", "tags", "baseModels", "library_name", "pipeline_tag", "siblings",
)  # fmt: skip

_CIVITAI_BODIES = {4201, 4384, 4823, 4468, 7240, 62437, 7241, 36520, 20865, 11367, 7808, 9251,
                   58390, 2107, 20330, 10003, 4379, 3760, 13647}  # fmt: skip
_CIVITAI_NAMES = re.compile(
    r"(?i)diffusion|protogen|openjourney|synthwave|analog|dreamlike|anything|photon|lyriel|kenshi"
    r"|robo|modelshoot|elysium|pastel|toonyou|epic|realism|seek\.art|absolutereality|openniji"
)
_CIVITAI_LATER = {
    "AAM XL": (269232, 303526, "SDXL 1.0"),
    "AMPonyXL": (288584, 324619, "SDXL 1.0"),
    "AnyLoRA": (23900, 29792, "SD 1.5"),
    "Cheyenne": (198051, 369370, "SDXL 1.0"),
    "Dreamshaper": (4384, 128713, "SD 1.5"),
    "Flux.1-Schnell fp8 (Compact)": (637170, 714945, "Flux.1 S"),
    "Juggernaut XL": (133005, 1759168, "SDXL 1.0"),
    "NEW ERA": (137781, 1502081, "SDXL 1.0"),
    "Nova Anime XL": (376130, 2940478, "SDXL 1.0"),
    "Nova Flat XL": (1240874, 2610015, "SDXL 1.0"),
    "Prefect Pony": (439889, 828380, "SDXL 1.0"),
    "Rev Animated": (7371, 46846, "SD 1.5"),
}
"""Checkpoints that the recorded crawl lacks: their model, version and family."""
_PER_TYPE = {"LORA": 30, "TextualInversion": 12, "Hypernetwork": 4, "Controlnet": 4}


def known_repositories() -> Iterator[Line]:
    """Listed, allowed and well-known repositories, with the digests that are known of them."""
    files: dict[str, list[invented.Weights]] = {}
    for entry in _json("blocklist/hashes.json")["entries"]:
        repo = (entry["repo"] or "").partition(" ;")[0]
        path = entry["file"].removesuffix(" (HF)")
        if re.fullmatch(r"[\w.-]+/[\w.-]+", repo) and re.fullmatch(r"[\w./-]+", path):
            known = files.setdefault(repo, [])
            if entry["verification"] in _SURE:
                known.append((path, entry["sha256"], entry["size_bytes"]))
    repos = dict.fromkeys(files)
    for model in _json("blocklist/models.json")["models"]:
        for place in ("repos", "rehosts"):
            repos |= {found["id"]: None for found in model.get(place, {}).get("huggingface", ())}
    people: dict[str, int] = {}
    for repo in repos:
        owner, _, name = repo.partition("/")
        if "*" in repo or owner == "runwayml":  # patterns, and an account that is gone
            continue
        shown = repo
        if owner not in _ORGANISATIONS:
            if not files.get(repo):
                continue
            shown = f"example-author-{people.setdefault(owner, len(people) + 1):02}/{name}"
        yield invented.repository(
            shown,
            base=_PARENTS.get(name),
            relation="finetune" if name in _PARENTS else None,
            files=tuple(files.get(repo, ())),
        )


def recorded_repositories() -> Iterator[Line]:
    """Recorded answers of the Hub, cut to what speaks of lineage."""
    paths = [*shared("huggingface/models").glob("*__*.json")]
    paths += shared("huggingface/lists").glob("*.json")
    for path in sorted(paths):
        found = json.loads(path.read_bytes())
        for record in found if isinstance(found, list) else [found]:
            if record["id"].partition("/")[0] in _ORGANISATIONS:
                kept = {key: record[key] for key in _RECORD_FIELDS if key in record}
                base = (record.get("cardData") or {}).get("base_model")
                kept["cardData"] = {"base_model": base} if base else {}
                yield line("hf", "model", kept, "2026-10-01T00:00:00Z")
    for listing in hub_listings():
        if listing["record"]["id"].partition("/")[0] in _ORGANISATIONS:
            record = listing["record"]
            record["siblings"] = [file for file in record["siblings"] if "lfs" in file]
            yield listing


def civitai_recorded() -> Iterator[Line]:
    """Recorded Civitai models, without their creators, words and images."""
    for body in _json("civitai/bodies/models_2023-07.json")["items"]:
        if body["id"] in _CIVITAI_BODIES:
            yield _civitai(body)
    left = dict(_PER_TYPE)
    with gzip.open(shared("civitai/civitai_2023-07_facts.half.jsonl.gz"), "rb") as lines:
        for text in lines:
            facts = json.loads(text)
            if facts["nsfw"] or facts["poi"] or facts["id"] in _CIVITAI_BODIES:
                continue
            named = not facts["name"].startswith("model-") and _CIVITAI_NAMES.search(facts["name"])
            if not named:
                left[facts["type"]] = left.get(facts["type"], 0) - 1
            if named or left[facts["type"]] >= 0:
                yield _civitai(facts_model(facts))
    for entry in _json("blocklist/derivatives_aihorde.json")["entries"]:
        if entry["name"] not in _CIVITAI_LATER:
            continue
        model, version, label = _CIVITAI_LATER[entry["name"]]
        digest = {"SHA256": entry["sha256"].upper()}
        file = {"name": entry["file"], "type": "Model", "hashes": digest}
        versions = [{"id": version, "baseModel": label, "files": [file]}]
        yield _civitai(
            {"id": model, "name": entry["name"], "type": "Checkpoint", "modelVersions": versions}
        )


def _civitai(model: Line) -> Line:
    kept = {
        key: model[key] for key in ("id", "name", "type", "poi", "nsfw", "mode") if key in model
    }
    kept["creator"] = {"username": f"example-creator-{model['id']}"}
    kept["modelVersions"] = [_version(version) for version in model["modelVersions"]]
    return line("civitai", "list", kept, "2023-07-04T00:00:00Z")


def _version(version: Line) -> Line:
    kept = {
        key: version[key] for key in ("id", "name", "createdAt", "baseModel") if version.get(key)
    }
    if "stats" in version:
        kept["stats"] = {"downloadCount": version["stats"]["downloadCount"]}
    kept["files"] = [
        {key: file[key] for key in ("name", "type", "sizeKB", "metadata", "hashes") if key in file}
        for file in version["files"]
    ]
    return kept


def example() -> Iterator[Line]:
    """Every line, in the order of the file."""
    yield from known_repositories()
    yield from recorded_repositories()
    yield from invented.hub()
    yield from civitai_recorded()
    yield from invented.civitai()


def rendered() -> str:
    """The file's text."""
    return "".join(json.dumps(found, separators=(",", ":")) + "\n" for found in example())


def _json(name: str) -> Any:
    return json.loads(shared(name).read_bytes())


if __name__ == "__main__":
    EXAMPLE.parent.mkdir(exist_ok=True)
    EXAMPLE.write_text(rendered(), encoding="utf-8", newline="\n")
    print(f"{EXAMPLE}: {EXAMPLE.stat().st_size} bytes")
