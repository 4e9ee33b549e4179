"""Recorded data that some tests try the real thing on; they are skipped where it is absent."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_PLACES = (os.environ.get("MODELAUDIT_TEST_DATA"), Path(__file__).parents[2] / "shared" / "data")


def shared(name: str) -> Path:
    """The path of a recorded file, or a skip."""
    for place in _PLACES:
        if place and (Path(place) / name).exists():
            return Path(place) / name
    pytest.skip(f"recorded data not present: {name}")
