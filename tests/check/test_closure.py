"""Best paths: checked against every path there is, on small random graphs."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelaudit.check import closure
from modelaudit.check.verdict import path_cap
from modelaudit.domain.edge import Edge, Flag, pack, unpack
from modelaudit.domain.entry import Documentation, Entry, EntryStatus, Scope
from modelaudit.domain.words import Grade, Relation, Verdict

FULL = dict.fromkeys((Relation.COPY, Relation.FINETUNE, Relation.MERGE), Verdict.TAKE_DOWN) | {
    Relation.ADAPTER: Verdict.REVIEW,
    Relation.COMPONENT: Verdict.NOTE,
}


def entry(name: str = "list/a", *, max_hops: int | None = None) -> Entry:
    return Entry(
        id=name,
        title=name,
        status=EntryStatus.ACTIVE,
        kind="model",
        policy=Verdict.TAKE_DOWN,
        documentation=Documentation.DOCUMENTED,
        claim_relation="trained-on",
        scope=Scope(caps=FULL, max_hops=max_hops, min_merge_weight=0.05),
    )


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    made = sqlite3.connect(":memory:")
    yield made
    made.close()


Graph = list[tuple[int, int, Edge]]


def run(
    connection: sqlite3.Connection,
    graph: Graph,
    roots: dict[int, list[int]],
    entries: dict[int, Entry],
    standard: Grade = Grade.DECLARED,
) -> dict[tuple[int, int], tuple[int, int, int, int]]:
    closure.create_tables(connection)
    connection.executemany(
        "INSERT OR IGNORE INTO lineage_edge VALUES (?, ?, 0, ?)",
        [(parent, child, pack(edge)) for parent, child, edge in graph],
    )
    connection.executemany(
        "INSERT INTO lineage_root VALUES (?, ?)",
        [(number, node) for number, nodes in roots.items() for node in nodes],
    )
    closure.close_over(connection, entries, standard)
    return {
        (row[0], row[1]): row[2:]
        for row in connection.execute(
            "SELECT r.entry, r.node, s.pred, r.depth, r.verdict, r.grade FROM lineage_reach AS r"
            " JOIN lineage_step AS s USING (tier, entry, node)"
        )
    }


def test_an_edge_survives_packing() -> None:
    edge = Edge(Relation.MERGE, Grade.RECORDED, Flag.CYCLE | Flag.UNDATED, 0.25)
    assert unpack(pack(edge)) == edge
    unknown = Edge(Relation.COPY, Grade.EXACT)
    assert unpack(pack(unknown)) == unknown


def test_a_longer_path_with_a_higher_verdict_wins(connection: sqlite3.Connection) -> None:
    adapter = Edge(Relation.ADAPTER, Grade.EXACT)
    tune = Edge(Relation.FINETUNE, Grade.DECLARED)
    graph = [(1, 3, adapter), (1, 2, tune), (2, 3, tune)]
    found = run(connection, graph, {1: [1]}, {1: entry()})
    assert found[1, 3] == (2, 2, Verdict.TAKE_DOWN, Grade.DECLARED)


def test_the_same_verdict_takes_the_stronger_evidence(connection: sqlite3.Connection) -> None:
    graph = [
        (1, 3, Edge(Relation.FINETUNE, Grade.DECLARED)),
        (1, 2, Edge(Relation.COPY, Grade.EXACT)),
        (2, 3, Edge(Relation.FINETUNE, Grade.RECORDED)),
    ]
    found = run(connection, graph, {1: [1]}, {1: entry()})
    assert found[1, 3] == (2, 2, Verdict.TAKE_DOWN, Grade.RECORDED)


def test_a_cycle_ends_by_itself(connection: sqlite3.Connection) -> None:
    tune = Edge(Relation.FINETUNE, Grade.DECLARED, Flag.CYCLE)
    graph = [(1, 2, tune), (2, 3, tune), (3, 2, tune), (3, 1, tune)]
    found = run(connection, graph, {1: [1]}, {1: entry()})
    assert found[1, 3] == (2, 2, Verdict.REVIEW, Grade.DECLARED)
    assert (1, 1) not in found


def test_hops_beyond_the_limit_are_no_finding(connection: sqlite3.Connection) -> None:
    tune = Edge(Relation.FINETUNE, Grade.DECLARED)
    found = run(connection, [(1, 2, tune), (2, 3, tune)], {1: [1]}, {1: entry(max_hops=1)})
    assert set(found) == {(1, 2)}


def test_a_chain_is_followed_to_its_depth_and_what_is_cut_off_is_told(
    connection: sqlite3.Connection,
) -> None:
    tune = Edge(Relation.FINETUNE, Grade.DECLARED)
    graph = [(n, n + 1, tune) for n in range(1, 3000)]
    found = run(connection, graph, {1: [1]}, {1: entry()})
    assert max(found) == (1, 1 + closure.DEEPEST)
    assert closure.cut_off(connection) == 1


edges = st.builds(
    Edge,
    relation=st.sampled_from([Relation.COPY, Relation.FINETUNE, Relation.MERGE, Relation.ADAPTER]),
    grade=st.sampled_from(list(Grade)),
    flags=st.sampled_from([Flag.NONE, Flag.NONE, Flag.DATE, Flag.UNDIRECTED]),
    weight=st.sampled_from([None, 0.01, 0.5]),
)


@settings(max_examples=150, deadline=None)
@given(
    graph=st.lists(st.tuples(st.integers(1, 6), st.integers(1, 6), edges), max_size=14),
    standard=st.sampled_from(list(Grade)),
)
def test_no_simple_path_beats_the_one_chosen(graph: Graph, standard: Grade) -> None:
    graph = [(parent, child, edge) for parent, child, edge in graph if parent != child]
    rule = entry()
    connection = sqlite3.connect(":memory:")
    try:
        found = run(connection, graph, {1: [1]}, {1: rule}, standard)
        for tier, node, depth, verdict, grade in connection.execute(
            "SELECT tier, node, depth, verdict, grade FROM lineage_reach"
        ).fetchall():
            path = [unpack(code) for _, code in closure.path_of(connection, tier, 1, node)]
            assert len(path) == depth
            assert path_cap(rule, path, standard).verdict == verdict
            assert min(edge.grade for edge in path) == grade
    finally:
        connection.close()
    best: dict[int, tuple[int, int, int]] = {}

    def follow(node: int, path: list[Edge], visited: set[int]) -> None:
        for parent, child, edge in graph:
            if parent != node or child in visited:
                continue
            longer = [edge, *path]
            verdict = path_cap(rule, longer, standard).verdict
            key = (verdict, min(e.grade for e in longer), -len(longer))
            if verdict and key > best.get(child, (0, 0, -99)):
                best[child] = key
            follow(child, longer, visited | {child})

    follow(1, [], {1})
    assert {n: (v, g, -d) for (_, n), (_, d, v, g) in found.items()} == best
