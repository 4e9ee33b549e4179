"""Edges inside cycles, checked against reachability on small random graphs."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from modelaudit.check.cycles import edges_in_cycles

graphs = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=16)


def reaches(edges: list[tuple[int, int]], start: int, goal: int) -> bool:
    seen, waiting = {start}, [start]
    while waiting:
        node = waiting.pop()
        if node == goal:
            return True
        found = {child for parent, child in edges if parent == node} - seen
        seen |= found
        waiting += found
    return False


@given(edges=graphs)
def test_an_edge_lies_in_a_cycle_where_its_child_leads_back(edges: list[tuple[int, int]]) -> None:
    expected = {edge for edge in edges if reaches(edges, edge[1], edge[0])}
    assert edges_in_cycles(edges) == expected


def test_a_chain_has_none_and_a_ring_is_all_of_it() -> None:
    chain = [(n, n + 1) for n in range(20_000)]
    assert edges_in_cycles(chain) == set()
    assert edges_in_cycles([*chain, (20_000, 0)]) == {*chain, (20_000, 0)}


def test_what_hangs_on_a_cycle_is_outside_of_it() -> None:
    assert edges_in_cycles([(0, 1), (1, 2), (2, 1), (2, 3)]) == {(1, 2), (2, 1)}
