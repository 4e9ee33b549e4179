"""Each shipped list on the cases beside it, through the command that a maintainer would use."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from modelaudit.check import blocklist
from tests.cli.running import Ran


@pytest.mark.parametrize("name", blocklist.shipped())
def test_a_shipped_list_passes_its_cases(name: str, invoke: Callable[..., Ran]) -> None:
    ran = invoke("blocklist", "test", name)
    assert ran.code == 0, ran.out + ran.err
