"""How large the zoo is, and all of its cases in a fixed order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, combinations
from typing import Final

from modelaudit.domain.sketch import Sketch
from modelaudit.resolve.weights.compare import commons_of
from tests.quality.zoo import files, surgery
from tests.quality.zoo.cases import Case, Made, edited, jobs
from tests.quality.zoo.families import Job, Zoo
from tests.quality.zoo.special import checkpoint, encoder_alone, of_denoiser, of_language
from tests.quality.zoo.tape import Weights


@dataclass(frozen=True, slots=True)
class Size:
    """How many of each."""

    bases: int
    """Independent ones of each family."""
    edited: int
    """Those of them that descendants are made of."""
    rungs: int
    """Of the ladder of further training."""
    distilled: bool = True
    families: tuple[str, ...] = ("language", "denoiser")


FULL: Final = Size(bases=24, edited=4, rungs=6)


def all_jobs(size: Size) -> list[Job]:
    """Every training."""
    found = [Job(family, seed) for family in size.families for seed in range(size.bases)]
    for family in size.families:
        for seed in range(size.edited):
            found += jobs(family, seed, size.rungs)
    if "denoiser" in size.families:
        found += [Job("vae", 0), Job("vae", 1), Job("language", 1), Job("language", size.bases - 1)]
    if size.distilled and "language" in size.families:
        found += [Job("language", 900, distilled=True)]
    return found


class Bases:
    """The sketches of the independent bases: as references, and as suspects."""

    def __init__(self, zoo: Zoo, size: Size) -> None:
        self.zoo = zoo
        self.encoder = size.bases - 1
        jobs = [Job(family, seed) for family in size.families for seed in range(size.bases)]
        self.references = {
            job: files.sketch(self._whole(job), source=f"{job.family}-{job.seed}", every=True)
            for job in jobs
        }
        # Of suspects every second one is a UNet alone, in the names of diffusers.
        self.suspects = {
            job: files.sketch(
                zoo[job] if job.seed % 2 else self._whole(job), "F16", source=f"suspect {job.seed}"
            )
            for job in jobs
        }
        self.commons = commons_of((found.source, found) for found in self.references.values())

    def parts(self, number: int) -> tuple[Weights, Weights]:
        """A VAE and a text encoder; the first encoder is a reference of its own as well."""
        text = self.zoo[Job("language", self.encoder if number == 0 else 1)]
        return self.zoo[Job("vae", number)], surgery.text_encoder(text)

    def _whole(self, job: Job) -> Weights:
        """Checkpoints share their VAE and text encoder, as those of Stable Diffusion do."""
        weights = self.zoo[job]
        return checkpoint(weights, *self.parts(0)) if job.family == "denoiser" else weights


def independent(bases: Bases) -> Iterator[Case]:
    """Every pair of bases of a family."""
    for one, other in combinations(bases.references, 2):
        if one.family == other.family:
            yield Case(
                kind="independent",
                family=one.family,
                detail=f"{one.seed} and {other.seed}",
                suspect=bases.suspects[one],
                reference=bases.references[other],
                commons=bases.commons,
            )


def related(zoo: Zoo, bases: Bases, size: Size) -> Iterator[Case]:
    """Descendants beside their base, and beside one that they have nothing of."""
    for family in size.families:
        for seed in range(size.edited):
            other, third = (seed + 1) % size.bases, (seed + 2) % size.bases
            base, stranger = (bases.references[Job(family, number)] for number in (seed, third))
            common = edited(zoo, family, seed, other, size.rungs)
            for made in chain(common, _special(zoo, bases, family, seed, other)):
                source = f"{made.kind} {made.detail}"
                suspect = files.sketch(made.weights, made.dtype, source=source)
                yield Case(
                    kind=made.kind,
                    family=family,
                    detail=f"{base.source} {made.detail}",
                    suspect=suspect,
                    reference=base if made.beside is None else _beside(made),
                    commons=bases.commons,
                    whole=made.whole,
                    parts=made.parts,
                )
                if made.stranger:
                    yield Case(
                        kind="stranger",
                        family=family,
                        detail=f"{source} of {base.source} and {stranger.source}",
                        suspect=suspect,
                        reference=stranger,
                        commons=bases.commons,
                    )


def _beside(made: Made) -> Sketch:
    return files.sketch(made.beside or {}, made.beside_dtype, source="the reference", every=True)


def _special(zoo: Zoo, bases: Bases, family: str, seed: int, other: int) -> Iterator[Made]:
    if family == "language":
        return of_language(zoo, seed, other)
    encoder = Job("language", bases.encoder)
    return chain(
        of_denoiser(zoo, seed, other, bases.parts(0), bases.parts(1)),
        encoder_alone(zoo[encoder]) if seed == 0 else (),
    )
