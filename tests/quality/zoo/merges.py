"""Merges with recorded shares, and whether they are told from the same bytes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from modelaudit.domain.sketch import Recipe, Sketch
from modelaudit.resolve.weights.merge import recipe
from tests.quality.zoo import edits, files
from tests.quality.zoo.cases import block_share, further, parents
from tests.quality.zoo.families import Job, Zoo
from tests.quality.zoo.stored import cast
from tests.quality.zoo.tape import Weights

_NUMBER = re.compile(r"\d\.\d|\d ?%")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mixture:
    """A merge, the shares that it was made with, and what is known of its parents."""

    detail: str
    family: str
    suspect: Sketch
    parents: tuple[tuple[str, Sketch], ...]
    base: tuple[str, Sketch] | None
    shares: Mapping[str, float]
    complete: bool
    """All its parents are among those given."""
    by_tensor: Mapping[str, float] = field(default_factory=dict)
    """Tensor → share of the second parent, where it differs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Baked:
    """What was told of a mixture."""

    mixture: Mixture
    recipe: Recipe | None
    error: float | None
    """The largest of any share; ``None`` where none were told."""

    @property
    def invented(self) -> bool:
        """Shares of what cannot be known, or numbers in what is said of it."""
        told = self.recipe
        if self.mixture.complete or told is None:
            return False
        return told.complete or bool(told.parents) or bool(_NUMBER.search(told.wording))

    def __str__(self) -> str:
        told = self.recipe
        what = "nothing" if told is None else f"rho {told.residual_ratio:.2f} {told.wording}"
        given = "complete" if self.mixture.complete else "withheld"
        error = "" if self.error is None else f" error {self.error:.4f}"
        return f"{self.mixture.family} {self.mixture.detail} ({given}){error}: {what}"


def mixtures(zoo: Zoo, family: str, seed: int) -> Iterator[Mixture]:
    """Merges of fine-tunes of one base, each with all parents known and with one withheld."""
    base = zoo[Job(family, seed)]
    names = tuple("ABC")
    tuned = {
        name: _halved(weights)
        for name, weights in zip(names, parents(zoo, family, seed), strict=True)
    }
    a, b, c = (tuned[name] for name in names)
    sketches = [(n, files.sketch(w, "F16", source=n, every=True)) for n, w in tuned.items()]
    root = ("base", files.sketch(base, source="base", every=True))
    made: list[tuple[str, Weights, dict[str, float]]] = [
        ("two", edits.mixed((0.6, a), (0.4, b)), {"A": 0.6, "B": 0.4}),
        ("three", edits.mixed((0.5, a), (0.3, b), (0.2, c)), {"A": 0.5, "B": 0.3, "C": 0.2}),
        ("add difference", edits.added(a, b, base, 0.7), {"A": 1.0, "B": 0.7, "base": -0.7}),
        ("base and one", edits.mixed((0.35, base), (0.65, b)), {"base": 0.35, "B": 0.65}),
    ]
    for detail, weights, shares in made:
        for dtype in ("F16", "BF16"):
            suspect = files.sketch(weights, dtype, source=detail)
            whole = Mixture(
                detail=f"{detail} of {family}-{seed} in {dtype}",
                family=family,
                suspect=suspect,
                parents=tuple(sketches),
                base=root,
                shares=shares,
                complete=True,
            )
            yield whole
            if "base" not in shares:
                yield replace(whole, base=None)
            for missing in sorted(shares.keys() - {"base"}):
                left = tuple(pair for pair in sketches if pair[0] != missing)
                yield replace(whole, parents=left, complete=False)
    for detail, weights in (
        ("no merge: trained further", zoo[further(family, seed, 3)]),
        ("no merge: a low-rank change", edits.adapted(a, 4, 0.2, seed)),
    ):
        yield Mixture(
            detail=f"{detail} of {family}-{seed}",
            family=family,
            suspect=files.sketch(weights, "F16", source=detail),
            parents=tuple(sketches),
            base=root,
            shares={},
            complete=False,
        )
    for detail, weights, by_tensor in (
        ("block-weighted", edits.by_block(a, b, block_share), {n: block_share(n) for n in a}),
        (
            "SLERP",
            edits.spherical(a, b, 0.4),
            {n: edits.arc(a[n], b[n], 0.4)[1] for n in a},
        ),
    ):
        yield Mixture(
            detail=f"{detail} of {family}-{seed}",
            family=family,
            suspect=files.sketch(weights, "F16", source=detail),
            parents=tuple(sketches),
            base=root,
            shares={},
            complete=True,
            by_tensor=by_tensor,
        )


def baked(mixture: Mixture) -> Baked:
    """The recipe that is told, and how far its shares are off."""
    told = recipe(mixture.suspect, mixture.parents, base=mixture.base)
    return Baked(mixture=mixture, recipe=told, error=_error(mixture, told))


def _error(mixture: Mixture, told: Recipe | None) -> float | None:
    if told is None or not told.complete:
        return None
    if mixture.by_tensor:
        return max(
            (
                abs(shares.get("B", 0.0) - mixture.by_tensor[name])
                for name, shares in told.by_tensor.items()
            ),
            default=None,
        )
    found = {share.reference: share.weight for share in told.parents}
    return max(
        abs(found.get(name, 0.0) - mixture.shares.get(name, 0.0))
        for name in found.keys() | mixture.shares.keys()
    )


def _halved(weights: Weights) -> Weights:
    """As a file in half precision gives them back: what merge tools read."""
    return {name: cast(value, "F16") for name, value in weights.items()}
