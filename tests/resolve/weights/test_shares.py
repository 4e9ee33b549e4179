from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from modelaudit.resolve.weights._shares import nonnegative


@given(st.integers(0, 10_000), st.integers(1, 6), st.booleans())
def test_least_squares_without_negative_weights_cannot_be_improved(
    seed: int, count: int, alike: bool
) -> None:
    rng = np.random.default_rng(seed)
    columns, target = rng.standard_normal((8, count)), rng.standard_normal(8)
    if alike:
        columns[:, -1] = columns[:, 0]
    weights = nonnegative(columns, target)
    slope = columns.T @ (target - columns @ weights)
    assert np.all(weights >= 0)
    assert np.all(slope <= 1e-8)
    assert np.all(np.abs(slope[weights > 0]) <= 1e-8)
