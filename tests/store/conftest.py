"""A fresh database for every test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from modelaudit.store.db import writing
from tests.steps.catalogue import Catalogue


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    with writing(tmp_path / "audit.db") as connection:
        yield Catalogue(connection)
