"""Lineage from weights: many references searched, a large file sketched, a small zoo told apart."""

from __future__ import annotations

import hashlib
import itertools
import json
import math
import os
import struct
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.measure import Row, peak_memory, stopwatch

if TYPE_CHECKING:
    from modelaudit.domain.sketch import Sketch

COUNT = 10_000
BASES = 8
SOME = 200
"""References that are compared one by one; the others would take as long each."""
TITLE = f"weights: {COUNT:,} references, a file of 2 GB, a zoo; by the clock, best of several"

Model = dict[str, NDArray[Any]]


def rows() -> Iterator[Row]:
    """Each part beside what one would do without it."""
    yield from searched()
    yield from sketched()
    yield from told_apart()


def searched() -> Iterator[Row]:
    """One suspect against all references: by matrix product, and in the plain ways."""
    from modelaudit.resolve.weights.compare import compare
    from modelaudit.resolve.weights.library import VALUES, Library

    library, before = Library(), peak_memory()
    for number in range(COUNT):
        library.add(str(number), _sketch(number))
    memory = peak_memory() - before
    suspect, some = _sketch(COUNT), [_sketch(number) for number in range(SOME)]
    rng = np.random.default_rng(0)
    half = rng.standard_normal((COUNT, 16 * VALUES), dtype=np.float32).astype(np.float16)
    row = rng.standard_normal(16 * VALUES, dtype=np.float32)

    ours = _clock(lambda: library.search(suspect), 30)
    scan = _clock(lambda: half.astype(np.float32) @ row, 5)
    loop = _clock(lambda: [compare(suspect, one) for one in some], 3) * COUNT / SOME
    yield Row("search: ours", f"{ours * 1e3:.1f} ms", "goal: at most 10 ms")
    yield Row("search: the same values kept in float16", f"{scan * 1e3:.0f} ms", _times(scan, ours))
    yield Row("search: compared one by one", f"{loop:.1f} s", f"{_times(loop, ours)}; of {SOME}")
    yield Row("search: memory", f"{memory:.0f} MB", "at its peak, when its room was doubled")


def sketched() -> Iterator[Row]:
    """A file of 2 GB without a block on the disk: it is read as fast as memory is."""
    layers = {
        f"model.layers.{layer}.{role}.weight": (8 * rows, 8 * columns)
        for layer in range(17)
        for role, (rows, columns) in _ROLES.items()
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "large.safetensors")
        size = _write(path, {**dict.fromkeys(_ENDS, (32_000, 2048)), **layers})
        ours = _clock(lambda: _read(path), 5)
        whole = _clock(lambda: _whole(path, lambda piece: None), 2)
        digest = _clock(lambda: _whole(path, hashlib.sha256().update), 2)
        read = _read(path).bytes_read
    remark = f"{read / 1e3:.0f} kB of {size / 1e9:.2f} GB, beside the header"
    yield Row("a file: header, architecture and sketch", f"{ours * 1e3:.1f} ms", remark)
    yield Row("a file: read, and no more", f"{whole:.2f} s", _times(whole, ours))
    yield Row("a file: sha256", f"{digest:.2f} s", _times(digest, ours))


def told_apart() -> Iterator[Row]:
    """Sketches of small files against the cosine of all their weights."""
    from modelaudit.domain.words import Kinship
    from modelaudit.resolve.weights.compare import compare

    models: dict[str, Model] = {f"base {seed}": _base(seed) for seed in range(BASES)}
    pairs = list(itertools.combinations(models, 2))
    first = models["base 0"]
    changed = dict(_changed(first, models["base 1"]))
    models |= changed
    with tempfile.TemporaryDirectory() as folder:
        sketches = {}
        for name, model in models.items():
            path = Path(folder, "small.safetensors")
            size = _write(path, {key: values.shape for key, values in model.items()}, model)
            sketches[name] = _read(path)
        made = _clock(lambda: _read(path), 5)
        full = _clock(lambda: _cosine(_load(path), first), 5)
    ours = _clock(lambda: compare(sketches["fine-tune, relL2 0.5"], sketches["base 0"]), 5)
    apart = [compare(sketches[one], sketches[other]).overall for one, other in pairs]
    close = {name: compare(sketches[name], sketches["base 0"]).overall for name in changed}
    cosines = [_cosine(models[one], models[other]) for one, other in pairs]
    for name, found in close.items():
        cosine = _cosine(models[name], first)
        yield Row(f"zoo: {name}", f"{found.score:.3f}", f"cosine {cosine:.3f}; {found.grade}")
    most, highest = max(abs(found.score) for found in apart), max(map(abs, cosines))
    least = min(abs(found.score) for found in close.values())
    lowest = min(abs(_cosine(model, first)) for model in changed.values())
    alarms = sum(found.grade > Kinship.SAME_ARCHITECTURE_ONLY for found in apart)
    remark = f"cosine {highest:.3f}; {alarms} of {len(pairs)} graded as more"
    yield Row("zoo: independent, the most", f"{most:.3f}", remark)
    yield Row("zoo: margin", f"{least - most:.3f}", f"cosine {lowest - highest:.3f}")
    read = sketches["base 0"].bytes_read
    remark = f"cosine {size / 1e6:.1f} MB, {size / read:.0f}x"
    yield Row("zoo: read of a file", f"{read / 1e3:.0f} kB", remark)
    remark = f"cosine, of a file in memory: {full * 1e3:.1f} ms"
    yield Row("zoo: sketched, and compared", f"{made * 1e3:.1f} + {ours * 1e3:.1f} ms", remark)


_ENDS = ("model.embed_tokens.weight", "lm_head.weight")
_ROLES = {
    **{f"self_attn.{letter}_proj": (256, 256) for letter in "qkvo"},
    **dict.fromkeys(("mlp.gate_proj", "mlp.up_proj"), (704, 256)),
    "mlp.down_proj": (256, 704),
}


def _sketch(seed: int) -> Sketch:
    """16 blocks of noise: what is in them takes no time."""
    from modelaudit.domain.sketch import Block, Sketch
    from modelaudit.domain.weights import Architecture
    from modelaudit.domain.words import Component

    values = np.random.default_rng(seed).standard_normal((16, 1024), dtype=np.float32)
    blocks = tuple(
        Block(
            name=f"blocks.{number}.weight",
            key=f"blocks.{number}.weight",
            component=Component.UNET,
            dtype="F16",
            shape=(320, 320),
            start=51_200,
            count=1024,
            data=row.astype("<f2").tobytes(),
        )
        for number, row in enumerate(values)
    )
    return Sketch(source=str(seed), architecture=Architecture(family="sd1"), blocks=blocks)


def _base(seed: int) -> Model:
    """A language model like trained ones: some of it of low rank, columns of different sizes."""
    rng = np.random.default_rng(seed)
    shapes = dict.fromkeys(_ENDS, (2048, 256))
    for layer, (role, shape) in itertools.product(range(4), _ROLES.items()):
        shapes[f"model.layers.{layer}.{role}.weight"] = shape
    return {name: 0.02 * _matrix(rng, shape) for name, shape in shapes.items()}


def _matrix(rng: np.random.Generator, shape: tuple[int, int]) -> NDArray[Any]:
    low = rng.standard_normal((shape[0], 4)) @ rng.standard_normal((4, shape[1])) / 4
    sizes = np.exp(0.4 * rng.standard_normal(shape[1]))
    return np.asarray((rng.standard_normal(shape) + low) * sizes, np.float32)


def _changed(base: Model, foreign: Model) -> Iterator[tuple[str, Model]]:
    """What is made of a base; quantised ones as the values that are left of it."""
    from gguf import GGMLQuantizationType, quants

    rng = np.random.default_rng(99)
    for size in (0.05, 0.2, 0.5, 1.0):
        yield f"fine-tune, relL2 {size}", {name: _tuned(rng, w, size) for name, w in base.items()}
    bits = {name: w.view(np.uint32) + 0x8000 for name, w in base.items()}
    yield "cast to bfloat16", {n: (w & 0xFFFF0000).view(np.float32) for n, w in bits.items()}
    for kind in (GGMLQuantizationType.Q8_0, GGMLQuantizationType.Q4_0):
        kept = {n: quants.dequantize(quants.quantize(w, kind), kind) for n, w in base.items()}
        yield f"quantised, {kind.name}", kept
    yield (
        "30 % of a merge with a foreign model",
        {name: 0.3 * w + 0.7 * foreign[name] for name, w in base.items()},
    )


def _tuned(rng: np.random.Generator, weights: NDArray[Any], size: float) -> NDArray[Any]:
    """A change of low rank and heavy tails, ``size`` times as long as the weights."""
    change = rng.standard_normal((len(weights), 4)) @ rng.standard_normal((4, weights.shape[1]))
    change += rng.standard_t(3, weights.shape)
    return np.asarray(weights + change * size * np.linalg.norm(weights) / np.linalg.norm(change))


def _write(path: Path, shapes: Mapping[str, tuple[int, ...]], model: Model | None = None) -> int:
    """A file in float16, of zeros where there is no model; its size."""
    entries, end = {}, 0
    for name, shape in shapes.items():
        begin, end = end, end + 2 * math.prod(shape)
        entries[name] = {"dtype": "F16", "shape": shape, "data_offsets": (begin, end)}
    header = json.dumps(entries).encode()
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(header)) + header)
        for name in model or ():
            file.write((model or {})[name].astype("<f2").tobytes())
    os.truncate(path, 8 + len(header) + end)
    return 8 + len(header) + end


def _read(path: Path) -> Sketch:
    """As the audit does it."""
    from modelaudit.crawl.local import LocalReader
    from modelaudit.resolve.architecture import detect
    from modelaudit.resolve.formats import read_header
    from modelaudit.resolve.weights.sketch import make

    with LocalReader(path) as reader:
        header = read_header(reader)
        found = detect(header.tensors, header.metadata)
        return make(lambda file: reader, header, found, source=path.name)


def _load(path: Path) -> Model:
    from safetensors.numpy import load_file

    return load_file(path)


def _cosine(one: Model, other: Model) -> float:
    """Of all weights in a row, not centred."""
    sums = np.zeros(3)
    for name, values in one.items():
        a, b = values.astype(np.float32).ravel(), other[name].astype(np.float32).ravel()
        sums += (a @ b, a @ a, b @ b)
    return float(sums[0] / np.sqrt(sums[1] * sums[2]))


def _whole(path: Path, use: Callable[[bytes], object]) -> None:
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            use(piece)


def _clock(function: Callable[[], object], times: int) -> float:
    """The least seconds by the clock: products of matrices use every core."""
    seconds = []
    for _ in range(times):
        with stopwatch() as watch:
            function()
        seconds.append(watch.wall)
    return min(seconds)


def _times(theirs: float, ours: float) -> str:
    return f"{float(f'{theirs / ours:.2g}'):,g}x ours"
