"""What is done to language models only, and to checkpoints of several parts."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from modelaudit.domain.words import Component, Kinship
from tests.quality.zoo import edits, files, permutations, surgery
from tests.quality.zoo.cases import Made, parents
from tests.quality.zoo.families import Job, Zoo
from tests.quality.zoo.tape import Weights

_ALL_SAME = {Component.VAE: Kinship.IDENTICAL, Component.TEXT_ENCODER: Kinship.IDENTICAL}
_ALL_FOREIGN = dict.fromkeys(_ALL_SAME, Kinship.SAME_ARCHITECTURE_ONLY)
_GGML = (
    ("Q8_0", "q8_0"), ("Q4_0", "q4_0"), ("Q5_0", "q4_0"), ("Q4_1", "q4_0"),
    ("Q4_K", "k-quant"), ("Q6_K", "k-quant"),
)  # fmt: skip


def of_language(zoo: Zoo, seed: int, other: int) -> Iterator[Made]:
    """Layers, names, vocabulary and files of llama.cpp; ``other`` is an independent base."""
    base, foreign = zoo[Job("language", seed)], zoo[Job("language", other)]
    tuned = parents(zoo, "language", seed)[0]
    for dtype, kind in _GGML:
        yield Made(kind, base, dtype, dtype)
    yield Made("quantised-reference", tuned, beside=base, beside_dtype="Q4_0", detail="Q4_0")
    yield Made("layer-dropped", surgery.layers(base, (0, 2)), detail="the middle one")
    yield Made("layer-dropped", surgery.layers(base, (1, 2)), detail="the first one")
    yield Made("layer-doubled", surgery.layers(base, (0, 0, 1, 1, 2, 2)), detail="each twice")
    yield Made("layer-doubled", surgery.layers(base, (0, 1, 0, 1, 2)), detail="passed through")
    yield Made("layers-reordered", surgery.layers(base, (2, 0, 1)))
    yield Made("renamed", surgery.renamed(base), detail="as they lie")
    yield Made("renamed", surgery.renamed(surgery.transposed(base)), detail="and transposed")
    yield Made("transposed", surgery.transposed(base))
    yield Made("vocabulary", surgery.vocabulary(base, 272), detail="16 more")
    yield Made("vocabulary", surgery.vocabulary(base, 254), detail="2 fewer")
    yield Made("training-state", surgery.with_training_state(base), "F32")
    yield Made("inner-permuted", permutations.inside_language(base, seed))
    turned = permutations.turned_language(base, seed)
    yield Made("channels-turned", turned, detail="signs alone")
    for spread in (1, 2):
        scaled = permutations.scaled_language(base, seed, spread)
        yield Made("channels-scaled", scaled, "BF16", f"spread {spread}")
        turned = permutations.turned_language(scaled, seed)
        yield Made("channels-turned", turned, "BF16", f"and scaled, spread {spread}")
    permuted = permutations.of_language(base, seed)
    yield Made("permuted", permuted, "Q4_0", detail="in 4 bits")
    yield Made("shared-buffers", surgery.with_buffers(foreign), stranger=False)
    student = Job("language", 900 + seed, distilled=True)
    if student in zoo:
        yield Made("distilled", zoo[student], stranger=False)


def checkpoint(unet: Weights, vae: Weights, text: Weights) -> Weights:
    """All parts of a text-to-image model in one file."""
    parts = {f"{files.VAE}{name}": value for name, value in vae.items()}
    parts |= {f"{files.TEXT}{name}": value for name, value in text.items()}
    return files.latent({**unet, **parts})


def of_denoiser(
    zoo: Zoo, seed: int, other: int, own: tuple[Weights, Weights], theirs: tuple[Weights, Weights]
) -> Iterator[Made]:
    """Parts, layouts and widths of checkpoints; ``own`` and ``theirs`` are VAE and text encoder."""
    base, foreign = zoo[Job("denoiser", seed)], zoo[Job("denoiser", other)]
    tuned = parents(zoo, "denoiser", seed)[0]
    yield Made("other-layout", checkpoint(base, *own), "F32", "latent-diffusion's", parts=_ALL_SAME)
    yield Made(
        "foreign-unet",
        checkpoint(foreign, *own),
        detail="the same VAE and text encoder",
        parts=_ALL_SAME,
    )
    yield Made("foreign-parts", checkpoint(base, *theirs), parts=_ALL_FOREIGN)
    yield Made("foreign-parts", checkpoint(tuned, *theirs), detail="tuned", parts=_ALL_FOREIGN)
    averaged = edits.mixed((0.9, tuned), (0.1, base))
    yield Made("ema-only", files.averaged(averaged), "F32")
    beside = {**checkpoint(foreign, *own), **files.averaged(base)}
    yield Made("ema-beside", beside, detail="a foreign UNet's file", stranger=False)
    yield Made("training-state", surgery.with_training_state(checkpoint(base, *own)), "F32")
    drawn = np.random.default_rng([seed, 41])
    wide = drawn.standard_normal((64, 5, 3, 3), np.float32) * np.float32(0.02)
    widened = {**tuned, "conv_in.weight": np.concatenate([tuned["conv_in.weight"], wide], axis=1)}
    yield Made("widened-input", widened, detail="for inpainting")


def encoder_alone(base: Weights) -> Iterator[Made]:
    """Descendants of a language model that all the checkpoints hold as their text encoder."""
    for share in (0.1, 0.5):
        noisy = edits.noise(base, share, 42)
        yield Made("encoder-alone", noisy, detail=f"noise {share}", beside=base, stranger=False)
