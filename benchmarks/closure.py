"""Who descends from listed roots: ours inside SQLite, a scan of the edges, and networkx."""

from __future__ import annotations

import importlib.util
import sqlite3
from collections.abc import Iterator

from benchmarks import synthetic
from benchmarks.measure import Row, best

COUNT = 300_000
ROOTS = 300
TITLE = f"closure: lineage of {COUNT:,} models from {ROOTS} roots, best of 3"


def rows() -> Iterator[Row]:
    """Seconds, and how many times a scan that only reads the edges."""
    from modelaudit.check import closure
    from modelaudit.domain.words import Grade

    edges = _edges(COUNT)
    entries = {1: _entry()}
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute("PRAGMA temp_store = MEMORY")

    def ours() -> None:
        for table in ("lineage_reach", "lineage_step"):
            connection.execute(f"DELETE FROM {table}")
        closure.close_over(connection, entries, Grade.DECLARED)

    def scan() -> None:
        connection.execute("SELECT sum(parent + child) FROM lineage_edge").fetchone()

    closure.create_tables(connection)
    connection.executemany("INSERT OR IGNORE INTO lineage_edge VALUES (?, ?, 0, ?)", edges)
    connection.executemany(
        "INSERT INTO lineage_root VALUES (1, ?)", [(i,) for i in range(0, ROOTS * 10, 10)]
    )
    scanned, walked = best(scan, 3), best(ours, 3)
    reached = connection.execute("SELECT count(*) FROM lineage_reach").fetchone()[0]
    connection.close()
    yield Row("edges", f"{len(edges):,}")
    yield Row("scan of the edges", f"{scanned * 1e3:.0f} ms")
    yield Row("ours: best path of every node reached", f"{walked * 1e3:.0f} ms", f"{reached:,}")
    yield Row("ours / scan", f"{walked / scanned:.1f}x", "two tiers, three walks, paths kept")
    yield Row("ours, a node reached", f"{walked / reached * 1e6:.1f} us")
    if importlib.util.find_spec("networkx") is None:
        yield Row("networkx", "-", "not installed: skipped")
        return
    built, searched = _networkx(edges)
    yield Row("networkx: build, then search", f"{built:.2f} + {searched:.2f} s")
    yield Row("networkx / ours", f"{(built + searched) / walked:.1f}x", "goal: at least 10x")


def _edges(count: int) -> list[tuple[int, int, int]]:
    """(parent, child, code) with the number of a model for its name."""
    from modelaudit.domain.edge import Edge, pack
    from modelaudit.domain.words import Grade, Relation

    models = list(synthetic.models(count))
    numbers = {model.name: model.index for model in models}
    codes = {
        relation.word: pack(Edge(relation, Grade.DECLARED))
        for relation in (Relation.FINETUNE, Relation.ADAPTER, Relation.QUANTIZED, Relation.MERGE)
    }
    return [
        (numbers.setdefault(parent, len(numbers)), model.index, codes[model.relation])
        for model in models
        for parent in model.parents
    ]


def _entry() -> object:
    from modelaudit.domain.entry import Documentation, Entry, EntryStatus, Scope
    from modelaudit.domain.words import Relation, Verdict

    caps = dict.fromkeys((Relation.FINETUNE, Relation.QUANTIZED, Relation.MERGE), Verdict.TAKE_DOWN)
    return Entry(
        id="synthetic/roots",
        title="Invented roots",
        status=EntryStatus.ACTIVE,
        kind="model",
        policy=Verdict.TAKE_DOWN,
        documentation=Documentation.DOCUMENTED,
        claim_relation="trained-on",
        scope=Scope(caps={**caps, Relation.ADAPTER: Verdict.REVIEW}),
    )


def _networkx(edges: list[tuple[int, int, int]]) -> tuple[float, float]:
    import networkx

    graph = networkx.DiGraph()

    def build() -> None:
        graph.add_edges_from((parent, child) for parent, child, _ in edges)

    def search() -> None:
        roots = range(0, ROOTS * 10, 10)
        graph.add_edges_from((-1, root) for root in roots)
        for _ in networkx.bfs_predecessors(graph, -1):
            pass

    return best(build, 1), best(search, 1)
