"""Which edges of claimed lineage lie inside a cycle (Tarjan 1972, without recursion)."""

from __future__ import annotations

from collections.abc import Iterable


def edges_in_cycles(edges: Iterable[tuple[int, int]]) -> set[tuple[int, int]]:
    """The edges whose two ends lie in one strongly connected component."""
    edges = list(edges)
    children: dict[int, list[int]] = {}
    for parent, child in edges:
        children.setdefault(parent, []).append(child)
    component = _components(children)
    return {
        (parent, child)
        for parent, child in edges
        if parent in component and component.get(parent) == component.get(child)
    }


def _components(children: dict[int, list[int]]) -> dict[int, int]:
    """Node → number of its component, for nodes that have children."""
    index: dict[int, int] = {}
    low: dict[int, int] = {}
    component: dict[int, int] = {}
    stack: list[int] = []
    waiting: set[int] = set()
    for start in children:
        if start in index:
            continue
        work = [(start, iter(children[start]))]
        index[start] = low[start] = len(index)
        stack.append(start)
        waiting.add(start)
        while work:
            node, remaining = work[-1]
            for child in remaining:
                if child not in children:
                    continue  # a leaf lies in no cycle
                if child not in index:
                    index[child] = low[child] = len(index)
                    stack.append(child)
                    waiting.add(child)
                    work.append((child, iter(children[child])))
                    break
                if child in waiting:
                    low[node] = min(low[node], index[child])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    while True:
                        member = stack.pop()
                        waiting.discard(member)
                        component[member] = node
                        if member == node:
                            break
    return component
