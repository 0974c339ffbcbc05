"""Directed graphs: strongly connected components, shortest cycles, longest paths.

Nothing here knows what the nodes are. Results depend on the graph alone, not on the order in which it is written down
(nodes can be sorted), and nothing recurses, since real graphs are deeper than Python's stack.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

Node = TypeVar("Node", bound=Hashable)

_MOST_STARTS = 64  # nodes of one component from which the shortest cycle is looked for


def components(nodes: Iterable[Node], after: Mapping[Node, Collection[Node]]) -> list[list[Node]]:
    """Strongly connected components with more than one node (Tarjan's algorithm): every cycle lies in one of them."""
    index: dict[Node, int] = {}
    low: dict[Node, int] = {}
    stack: list[Node] = []
    on_stack: set[Node] = set()
    found: list[list[Node]] = []
    for start in nodes:
        if start in index:
            continue
        index[start] = low[start] = len(index)
        stack.append(start)
        on_stack.add(start)
        work: list[tuple[Node, Iterator[Node]]] = [(start, iter(after.get(start, ())))]
        while work:
            node, rest = work[-1]
            for other in rest:
                if other not in index:
                    index[other] = low[other] = len(index)
                    stack.append(other)
                    on_stack.add(other)
                    work.append((other, iter(after.get(other, ()))))
                    break
                if other in on_stack:
                    low[node] = min(low[node], index[other])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    component: list[Node] = []
                    while not component or component[-1] != node:
                        component.append(stack.pop())
                        on_stack.discard(component[-1])
                    if len(component) > 1:
                        found.append(component)
    return found


def shortest_cycle(component: Sequence[Any], after: Mapping[Any, Collection[Any]]) -> tuple[Any, ...]:
    """A shortest cycle of a strongly connected component, beginning at its smallest node; the first of several.

    In a component of more than 64 nodes it is the shortest of those through the first 64.
    """
    inside = set(component)
    best: tuple[Any, ...] = ()
    for start in sorted(inside)[:_MOST_STARTS]:
        came: dict[Any, Any] = {start: None}
        queue = deque([start])
        cycle: tuple[Any, ...] = ()
        while queue and not cycle:
            node = queue.popleft()
            for other in sorted(n for n in after.get(node, ()) if n in inside):
                if other == start:
                    cycle = _path(came, node)
                    break
                if other not in came:
                    came[other] = node
                    queue.append(other)
        if cycle and (not best or (len(cycle), _rotated(cycle)) < (len(best), best)):
            best = _rotated(cycle)
        if len(best) == 2:
            break
    return best


def _path(came: Mapping[Any, Any], node: Any) -> tuple[Any, ...]:
    path = [node]
    while came[path[-1]] is not None:
        path.append(came[path[-1]])
    return tuple(reversed(path))


def _rotated(cycle: tuple[Any, ...]) -> tuple[Any, ...]:
    first = cycle.index(min(cycle))
    return cycle[first:] + cycle[:first]


def longest_paths(nodes: Iterable[Node], after: Mapping[Node, Mapping[Node, int]]) -> dict[Node, int]:
    """How long the longest path to each node is; `after` maps a node to its successors and the length of that step.

    Raises `ValueError` for a graph with a cycle.
    """
    listed = list(nodes)
    waiting = dict.fromkeys(listed, 0)
    for successors in after.values():
        for other in successors:
            waiting[other] += 1
    longest = dict.fromkeys(listed, 0)
    ready = [node for node in listed if waiting[node] == 0]
    done = 0
    while ready:
        node = ready.pop()
        done += 1
        for other, length in after.get(node, {}).items():
            longest[other] = max(longest[other], longest[node] + length)
            waiting[other] -= 1
            if waiting[other] == 0:
                ready.append(other)
    if done != len(listed):
        raise ValueError("the graph has a cycle")
    return longest
