"""Lint with what the whole program knows: real sketches, and the labels of a platform."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from modelaudit.domain.words import Component
from modelaudit.resolve.evidence._civitai import known_labels
from modelaudit.resolve.weights.sketchfile import dumps
from modelaudit.steps.linting import lint
from tests.check.broken import SENSE, SOUND
from tests.resolve.weights.sketches import network, sketch_of

TODAY = date(2026, 11, 23)


@pytest.mark.parametrize(("stated", "says"), [("unet", None), ("full", None), ("vae", "holds no")])
def test_a_sketch_is_read_for_what_it_holds(tmp_path: Path, stated: str, says: str | None) -> None:
    sketch = sketch_of(network(1), part=Component.UNET, every=True)
    (tmp_path / "base.sketch").write_bytes(dumps(sketch))
    text = SENSE["a sketch that is not there"].text.replace(
        "base.sketch, component: unet", f"base.sketch, component: {stated}"
    )
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    problems = lint([path], today=TODAY)
    assert [problem.fix for problem in problems] == (["it holds: unet"] if says else [])
    assert all(str(says) in problem.text for problem in problems)


def test_every_label_of_the_platform_is_known_but_for_those_that_say_nothing(
    tmp_path: Path,
) -> None:
    path = tmp_path / "mine.yaml"
    labels = ", ".join(f'"{label}"' for label in sorted(known_labels()))
    path.write_text(SOUND.replace('["SD 1.5"]', f"[{labels}]"))
    told = [problem.text for problem in lint([path], today=TODAY)]
    assert len(told) == 2
    assert all("says nothing" in text for text in told)
