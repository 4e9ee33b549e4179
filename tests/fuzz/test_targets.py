"""The fuzzer's targets take their own seeds, and a little of what it will make of them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelaudit.resolve import formats
from tests.fuzz.targets import TARGETS, seeds
from tests.readers import Bytes


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_takes_its_seeds(name: str) -> None:
    for seed in seeds(name):
        TARGETS[name](seed)


@pytest.mark.parametrize("kind", [kind.name for kind in formats.formats()])
def test_the_first_seed_of_a_format_is_a_whole_file(kind: str) -> None:
    header = formats.read_header(Bytes(seeds(kind)[0]))
    assert header.format == kind


@settings(max_examples=60, deadline=None)
@given(name=st.sampled_from(sorted(TARGETS)), data=st.data())
def test_a_seed_with_a_few_bytes_changed_breaks_no_promise(name: str, data: st.DataObject) -> None:
    seed = bytearray(data.draw(st.sampled_from(seeds(name))))
    for place in data.draw(st.lists(st.integers(0, len(seed) - 1), max_size=6)):
        seed[place] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(seed)))
    TARGETS[name](bytes(seed[:cut] if cut % 3 == 0 else seed))
