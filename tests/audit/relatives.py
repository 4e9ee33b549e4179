"""A folder of small language models of known origin, and a list that knows one by its sketch."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

import numpy as np

from modelaudit.check.blocklist import load
from modelaudit.crawl.registry import open_platforms
from modelaudit.domain.entry import Blocklist
from modelaudit.resolve.weights.sketchfile import dumps
from modelaudit.steps.parts import find_parts
from modelaudit.steps.sketching import sketch_of
from tests.quality.zoo import edits, ggml, language, permutations, surgery
from tests.quality.zoo.stored import packed, safetensors
from tests.quality.zoo.tape import Array, Weights
from tests.quality.zoo.training import initial

ENTRY: Final = "own/base"
NODE: Final = f"sketch:{ENTRY}"

_LIST: Final = """
schema: modelaudit.blocklist/1
list:
  id: own
  title: Models of our own concern
  version: "2026.11.27"
  updated: "2026-11-27"
  maintainer: A researcher
  license: CC0-1.0
entries:
  - id: own/base
    title: Our base
    status: active
    kind: model
    policy: take-down
    claim: {relation: trained-on, of: ["dataset:own/set"], confidence: documented, TAINTED}
    scope: {copy: take-down, conversion: take-down, finetune: take-down, quantized: take-down,
            merge: take-down, pruned: take-down}
    match: {sketches: [{ref: base.sketch, component: COMPONENT}]}
    evidence:
      - {url: "https://example.org/base", kind: primary, retrieved: "2026-11-27", supports: [claim]}
    added: "2026-11-27"
    review_by: "2027-05-22"
"""


def base() -> Weights:
    """The listed model, which is nowhere but in the list."""
    return initial(language.SHAPES, 1)


def twin() -> Weights:
    """One of the same shapes, from another beginning."""
    return initial(language.SHAPES, 2)


def tuned(seed: int, size: float = 0.1) -> Weights:
    """A fine-tune of the base: low-rank where attention is, and a little everywhere."""
    changed = edits.adapted(base(), 4, size, seed)
    return edits.noise(changed, size / 2, seed)


def content(weights: Weights, dtype: str = "F16") -> bytes:
    """The bytes of a safetensors file."""
    return safetensors(packed(weights, dtype))


def put(path: Path, weights: Weights, dtype: str = "F16") -> Path:
    """A safetensors file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content(weights, dtype))
    return path


def listed_file(folder: Path, model: str, content: bytes, size: int | None = None) -> Blocklist:
    """A list in the folder that knows a model and the digest of its file."""
    folder.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256(content).hexdigest()
    told = f", size: {size}" if size else ""
    file = f'{{sha256: "{digest}", component: transformer{told}}}'
    match = f'{{models: ["{model}"], files: [{file}]}}'
    text = _LIST.replace("{sketches: [{ref: base.sketch, component: COMPONENT}]}", match)
    (folder / "own.yaml").write_text(text.replace("TAINTED", "tainted: [transformer]"), "utf-8")
    return load(folder / "own.yaml")


def blocklist(
    folder: Path, weights: Weights, component: str = "transformer", origin: Weights | None = None
) -> Blocklist:
    """A list in the folder whose only handle is a sketch of these weights.

    ``origin``: what they were themselves made from, which the list brings as well.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _sketch(folder, "base", weights)
    if origin is not None:
        _sketch(folder, "origin", origin)
    tainted = "" if component == "full" else f"tainted: [{component}]"
    text = _LIST.replace("COMPONENT", component).replace("TAINTED", tainted)
    if origin is not None:
        text = text.replace("base.sketch,", "base.sketch, base: origin.sketch,")
    (folder / "own.yaml").write_text(text, "utf-8")
    return load(folder / "own.yaml")


def _sketch(folder: Path, name: str, weights: Weights) -> None:
    whole = put(folder / f"{name}.safetensors", weights)
    platforms = open_platforms(offline=True, wait=lambda why, seconds: None)
    made = sketch_of(find_parts(str(whole), platforms, offline=True), every=True)
    (folder / f"{name}.sketch").write_bytes(dumps(made))
    whole.unlink()


def family(folder: Path) -> None:
    """A fine-tune, a merge of two, a quantised one, a permuted copy, a twin and others."""
    one, other = tuned(11), tuned(12)
    put(folder / "tuned.safetensors", one)
    put(folder / "sister.safetensors", other)
    put(folder / "mixed.safetensors", edits.mixed((0.6, one), (0.4, other)))
    ggml.write(folder / "small.gguf", tuned(13), "Q4_0")
    put(folder / "turned.safetensors", permutations.of_language(base(), 5))
    put(folder / "twin.safetensors", twin())
    put(folder / "renamed.safetensors", surgery.renamed(tuned(14)))
    put(folder / "recast.safetensors", edits.each(base(), _halved), "BF16")
    put(folder / "copy.safetensors", base())
    put(folder / "shuffled.safetensors", permutations.shuffled_input(twin(), 6))


def _halved(value: Array) -> Array:
    """As the list's sketch has it: the file that it was made of keeps 16 bits."""
    return value.astype(np.float16).astype(np.float32)
