"""Audits of the loopback world by the real clients."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.audit.auditing import Auditor
from tests.audit.world import World, world


@pytest.fixture
def earth() -> Iterator[World]:
    """The world in good health."""
    with world() as served:
        yield served


@pytest.fixture
def auditing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Auditor]:
    """An auditor of a world, its database and its archive in a folder of the test's own."""

    def make(served: World, name: str = "audit") -> Auditor:
        monkeypatch.setenv("HF_ENDPOINT", served.hub.url)
        monkeypatch.setenv("CIVITAI_ENDPOINT", served.civitai.url)
        monkeypatch.setenv("HF_TOKEN", "token-of-hf")
        monkeypatch.setenv("CIVITAI_API_KEY", "key-of-civitai")
        return Auditor(tmp_path / f"{name}.db")

    return make
