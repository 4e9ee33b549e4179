from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelaudit.domain.sketch import Block
from modelaudit.domain.words import Component
from modelaudit.resolve.weights._rounding import roundings


@pytest.mark.parametrize(("dtype", "kept"), [("F16", np.float16), ("F32", np.float32)])
@given(values=st.lists(st.floats(-60000, 60000, width=16), min_size=4, max_size=4))
def test_a_step_is_the_distance_to_the_next_float(
    dtype: str, kept: type[np.floating[Any]], values: list[float]
) -> None:
    block = Block(
        name="t", key="t", component=Component.UNET, dtype=dtype, shape=(4,), start=0, count=4,
        data=b"",
    )  # fmt: skip
    found = roundings(block, np.abs(values))
    steps = np.spacing(np.abs(np.array(values, kept))).astype(float)
    if found is not None:
        assert found * 12**0.5 == pytest.approx(np.maximum(steps, steps.max() / 1024))
