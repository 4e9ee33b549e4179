"""Who is trained from which seed: independent bases of one architecture, and their descendants.

All bases of a family learn the same data, so that what data alone makes alike is in the null.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import repeat
from typing import Final, NamedTuple

from tests.quality.zoo import denoiser, language
from tests.quality.zoo.tape import Weights
from tests.quality.zoo.training import Course, Forward, initial, train


@dataclass(frozen=True, slots=True)
class Family:
    """One architecture, its task, and how its bases are trained."""

    name: str
    shapes: Mapping[str, tuple[int, ...]]
    learning: Callable[[int], Forward]
    course: Course
    ladder: tuple[Course, ...]
    """Further training, from a touch to what leaves little of the base."""


LANGUAGE: Final = Family(
    "language",
    language.SHAPES,
    language.learning,
    Course(200, 1e-2),
    (
        Course(20, 3e-4), Course(40, 1e-3), Course(60, 3e-3),
        Course(80, 6e-3), Course(100, 1e-2), Course(150, 2e-2),
    ),
)  # fmt: skip
DENOISER: Final = Family(
    "denoiser",
    denoiser.SHAPES,
    denoiser.learning,
    Course(100, 8e-3),
    (
        Course(10, 1e-4), Course(15, 1e-3), Course(25, 3e-3),
        Course(40, 5e-3), Course(60, 1e-2), Course(80, 1.6e-2),
    ),
)  # fmt: skip
VAE: Final = Family("vae", denoiser.VAE, denoiser.compressing, Course(100, 8e-3), ())
_THREADS: Final = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
FAMILIES: Final = {family.name: family for family in (LANGUAGE, DENOISER, VAE)}


class Job(NamedTuple):
    """One training; its numbers are all that it depends on."""

    family: str
    seed: int
    """Of the initial values, and with ``draw`` of the order of the data."""
    dialect: int = 0
    """Of the data; 0 is what every base learns."""
    rung: int = -1
    """Of the ladder, from the base of this seed; -1 trains the base itself."""
    draw: int = 0
    only: str = ""
    distilled: bool = False
    """Learn from the answers of base 0, and not from the data."""


def done(job: Job, base: Weights | None = None, pace: float = 1.0) -> Weights:
    """The trained weights; further and distilled training start from, or learn of, ``base``.

    ``pace`` is the share of the steps that are gone.
    """
    family = FAMILIES[job.family]
    learning = family.learning(job.dialect)
    course = family.course if job.rung < 0 else family.ladder[job.rung]
    begun = initial(family.shapes, job.seed) if job.rung < 0 or base is None else base
    if job.distilled:
        learning = language.learning(job.dialect, base)
    course = Course(max(5, int(pace * course.steps)), course.rate, job.only)
    return train(begun, learning, course, job.seed * 1000 + job.dialect * 100 + job.draw)


class Zoo:
    """Trained weights by job."""

    def __init__(self, pace: float = 1.0) -> None:
        self._known: dict[Job, Weights] = {}
        self._pace = pace

    def __getitem__(self, job: Job) -> Weights:
        return self._known[job]

    def __contains__(self, job: Job) -> bool:
        return job in self._known

    def grow(self, jobs: Iterable[Job]) -> None:
        """Train what is missing: bases first, then what comes from them."""
        wanted = [job for job in dict.fromkeys(jobs) if job not in self._known]
        bases = [_teacher(job) for job in wanted]
        missing = [base for base in bases if base and base not in self._known]
        for batch in (list(dict.fromkeys(missing)), wanted):
            todo = [job for job in batch if job not in self._known]
            given = [self._known[base] if (base := _teacher(job)) else None for job in todo]
            self._known.update(zip(todo, self._all(todo, given), strict=True))

    def _all(self, jobs: Sequence[Job], bases: Sequence[Weights | None]) -> Sequence[Weights]:
        context = multiprocessing.get_context("spawn")
        with _one_thread_each(), ProcessPoolExecutor(mp_context=context) as pool:
            return list(pool.map(done, jobs, bases, repeat(self._pace)))


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Processes begun here multiply matrices in one thread: those are too small to share, and
    threads that wait for one another on a busy machine take many times as long.
    """
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _teacher(job: Job) -> Job | None:
    """The base that a job starts from or learns of."""
    if job.distilled:
        return Job(job.family, 0)
    return Job(job.family, job.seed) if job.rung >= 0 else None
