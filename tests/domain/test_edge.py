"""An edge as one integer, and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelaudit.domain.edge import FLAG_BITS, WEIGHT_STEPS, Edge, Flag, pack, unpack
from modelaudit.domain.words import Grade, Relation

edges = st.builds(
    Edge,
    relation=st.sampled_from(Relation),
    grade=st.sampled_from(Grade),
    flags=st.builds(Flag, st.integers(0, sum(Flag))),
    weight=st.none() | st.integers(0, WEIGHT_STEPS).map(lambda steps: steps / WEIGHT_STEPS),
)


@given(edges)
def test_a_code_is_its_edge(edge: Edge) -> None:
    assert unpack(pack(edge)) == edge
    assert 0 <= pack(edge) < 1 << 63  # an integer of SQLite


@given(edges, edges)
def test_other_edges_have_other_codes(one: Edge, other: Edge) -> None:
    assert (pack(one) == pack(other)) == (one == other)


def test_all_flags_have_room() -> None:
    assert sum(Flag) <= FLAG_BITS
    assert {member.value.bit_count() for member in Flag} == {1}


@pytest.mark.parametrize(("weight", "packed"), [(-1.0, 0.0), (7.0, 1.0), (0.333333333, 0.33333)])
def test_a_share_is_kept_in_steps_between_none_and_all(weight: float, packed: float) -> None:
    assert unpack(pack(Edge(Relation.MERGE, Grade.MEASURED, Flag.NONE, weight))).weight == packed
