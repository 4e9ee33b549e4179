"""The recorded data as one catalogue: ``python -m tests.quality.convert OUT.jsonl``.

Every model object, card and file listing becomes one line as a crawl would have archived it.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.shared import shared

Line = dict[str, Any]

_FILE_TYPES = {"M": "Model", "P": "Pruned Model", "V": "VAE"}
_FORMATS = {"S": "SafeTensor", "P": "PickleTensor", "O": "Other"}
_BASELINES = {"sd1": "SD 1.5", "sd2": "SD 2.1", "sdxl": "SDXL 1.0", "flux1": "Flux.1 S"}
_UNKNOWN_VERSION = 2_000_000_000
"""Versions whose id was not recorded are numbered from here, far above any real one."""


def line(platform: str, kind: str, record: Any, at: str) -> Line:
    """One line as the archive writes it, as far as it was recorded."""
    return {"platform": platform, "kind": kind, "status": 200, "at": at, "record": record}


def civitai_horde() -> Iterator[Line]:
    """Checkpoints of a public model reference, as one model object per Civitai page."""
    models: dict[int, Line] = {}
    for place, entry in enumerate(_json("blocklist/derivatives_aihorde.json")["entries"]):
        _, civitai, page = (entry["homepage"] or "").partition("civitai.com/models/")
        if not civitai:
            continue
        model, _, version = page.partition("?modelVersionId=")
        item = models.setdefault(
            int(model),
            {"id": int(model), "name": entry["name"], "type": "Checkpoint", "modelVersions": []},
        )
        file = _file("Model", entry["file"], entry["sha256"])
        number = int(version) if version else _UNKNOWN_VERSION + place
        for known in item["modelVersions"]:
            if known["id"] == number:
                known["files"].append(file)
                break
        else:
            base = _BASELINES.get(entry["baseline"], "Other")
            item["modelVersions"].append({"id": number, "baseModel": base, "files": [file]})
    for item in models.values():
        yield line("civitai", "list", item, "2026-11-22T00:00:00Z")


def civitai_facts() -> Iterator[Line]:
    """The facts of 8,991 models of July 2023, back in the API's shape."""
    with gzip.open(shared("civitai/civitai_2023-07_facts.half.jsonl.gz"), "rb") as lines:
        for text in lines:
            yield line("civitai", "list", facts_model(json.loads(text)), "2023-07-04T00:00:00Z")


def facts_model(facts: Line) -> Line:
    """One line of the facts file as a Civitai model object."""
    return {
        **{
            key: facts[key] for key in ("id", "name", "type", "poi", "nsfw", "mode") if key in facts
        },
        "modelVersions": [
            {
                "id": version["id"],
                "baseModel": version["bm"],
                "createdAt": f"{version['at']}T00:00:00.000Z",
                "files": [
                    _file(
                        _FILE_TYPES[file["t"]],
                        f"{facts['name']}-{version['id']}-{place}",
                        file.get("sha256"),
                        autov1=file.get("av1"),
                        kib=file["kb"],
                        form=_FORMATS[file["fmt"]],
                    )
                    for place, file in enumerate(version["f"])
                ],
            }
            for version in facts["v"]
        ],
    }


def civitai_bodies() -> Iterator[Line]:
    """Recorded answers of three years, and a version with training details."""
    for item in _json("civitai/bodies/models_2023-07.json")["items"]:
        yield line("civitai", "list", item, "2023-07-04T00:00:00Z")
    yield line(
        "civitai", "model", _json("civitai/bodies/model_2025-02.json"), "2025-02-09T00:00:00Z"
    )
    for name in ("model_version_2024-11", "synthetic_version_trained"):
        body = _json(f"civitai/bodies/{name}.json")
        yield line("civitai", "version", body, "2024-11-12T00:00:00Z")


def hub_models() -> Iterator[Line]:
    """Recorded answers for single repositories and list pages."""
    for path in sorted(shared("huggingface/models").glob("*__*.json")):
        yield line("hf", "model", json.loads(path.read_bytes()), "2026-10-01T00:00:00Z")
    for path in sorted(shared("huggingface/lists").glob("*.json")):
        for record in json.loads(path.read_bytes()):
            yield line("hf", "list", record, "2026-10-01T00:00:00Z")


def hub_cards() -> Iterator[Line]:
    """Front matter of 73 cards, and the README of those that hold a mergekit block."""
    for card in _lines("huggingface/card_front_matter/cards_half.jsonl"):
        repo = f"cards/{card['card']}"
        data = yaml.safe_load(card["front_matter"])
        record = {"id": repo, "tags": data.get("tags") or [], "cardData": data}
        yield line("hf", "list", record, "2024-06-01T00:00:00Z")
        if card["mergekit_blocks"]:
            blocks = "".join(f"\n```yaml\n{block}\n```\n" for block in card["mergekit_blocks"])
            text = f"---\n{card['front_matter']}\n---\n{blocks}"
            sha = hashlib.sha1(text.encode()).hexdigest()
            record = {"id": repo, "sha": sha, "path": "README.md", "text": text}
            yield line("hf", "text", record, "2024-06-01T00:00:00Z")


def hub_listings() -> Iterator[Line]:
    """File listings with digests, and the parents that were declared."""
    for repo in _json("huggingface/file_listings/listings_half.json")["repos"]:
        declared = repo["declared"] or {"metadata": [], "relation": None, "card": []}
        tags = [f"base_model:{parent}" for parent in declared["metadata"]]
        tags += [f"base_model:{declared['relation']}:{parent}" for parent in declared["metadata"]]
        record = {
            "id": repo["id"],
            "tags": tags,
            "cardData": {"base_model": declared["card"]} if declared["card"] else {},
            "siblings": [
                {"rfilename": file["path"], "size": file["size"], "blobId": file["blob_id"]}
                | (
                    {"lfs": {"sha256": file["sha256"], "size": file["size"]}}
                    if file["sha256"]
                    else {}
                )
                for file in repo["files"]
            ],
        }
        yield line("hf", "files", record, "2026-02-01T00:00:00Z")


def hub_mess() -> Iterator[Line]:
    """Twenty real declarations that are malformed or misleading."""
    for case in _lines("huggingface/observed_mess.jsonl"):
        repo = f"mess/case-{case['n']}"
        key = case.get("front_matter_key", "base_model")
        card = {key: case["base_model"]} if "base_model" in case else {}
        record = {"id": repo, "tags": case.get("tags", []), "cardData": card}
        if "library_name" in case:
            record["library_name"] = case["library_name"]
        yield line("hf", "list", record, "2026-10-01T00:00:00Z")
        if "mergekit_model" in case:
            block = yaml.safe_dump(
                {"models": [{"model": case["mergekit_model"]}], "merge_method": "linear"}
            )
            text = f"---\ntags:\n- merge\n---\n```yaml\n{block}```\n"
            sha = hashlib.sha1(text.encode()).hexdigest()
            record = {"id": repo, "sha": sha, "path": "README.md", "text": text}
            yield line("hf", "text", record, "2026-10-01T00:00:00Z")


def hub_odd() -> Iterator[Line]:
    """Forty invented records with odd values, each under its own name."""
    for number, case in enumerate(_lines("huggingface/synthetic_odd_records.jsonl")):
        text = json.dumps(case["record"]).replace('"acme/odd"', f'"acme/odd-{number}"')
        yield line("hf", "list", json.loads(text), "2026-11-01T00:00:00Z")


PARTS: tuple[Callable[[], Iterable[Line]], ...] = (
    # What was recorded in full comes last, so that it stands.
    civitai_horde, civitai_facts, civitai_bodies,
    hub_models, hub_cards, hub_listings, hub_mess, hub_odd,
)  # fmt: skip


def convert(out: Path) -> Counter[str]:
    """Write every part; the number of lines of each."""
    counts: Counter[str] = Counter()
    with out.open("w", encoding="utf-8", newline="\n") as lines:
        for part in PARTS:
            for found in part():
                lines.write(json.dumps(found, ensure_ascii=True, default=str) + "\n")
                counts[part.__name__] += 1
    return counts


def _file(
    kind: str,
    name: str,
    sha256: str | None,
    *,
    autov1: str | None = None,
    kib: int | None = None,
    form: str = "SafeTensor",
) -> Line:
    hashes = {"SHA256": (sha256 or "").upper(), "AutoV1": (autov1 or "").upper()}
    return {
        "name": name,
        "type": kind,
        "sizeKB": kib,
        "metadata": {"format": form},
        "hashes": {name: value for name, value in hashes.items() if value},
    }


def _json(name: str) -> Any:
    return json.loads(shared(name).read_bytes())


def _lines(name: str) -> list[Line]:
    return [json.loads(text) for text in shared(name).read_bytes().splitlines()]


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m tests.quality.convert OUT.jsonl")
    for part_name, lines_written in convert(Path(sys.argv[1])).items():
        print(f"{lines_written:6} {part_name}")
