"""From edges to stages: every Application as early as its edges allow, and the cycles that stand in the way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from gitops.discovery.snapshot import ApplicationKey
from gitops.facts.order.graph import components, longest_paths, shortest_cycle
from gitops.facts.order.model import Edge, Evidence, Strength, Waves, only

Ends = tuple[ApplicationKey, ApplicationKey]

_MOST_CYCLES = 50  # whoever has more has one problem, not fifty


@dataclass(frozen=True)
class Cycle:
    """A shortest cycle: each Application needs the one before it, the first one the last. `edges` lead from each to
    the next, `cut` is the one with the least behind it: who brings an Application is the last thing to change."""

    applications: tuple[ApplicationKey, ...]
    edges: tuple[Edge, ...]
    cut: Edge


@dataclass(frozen=True)
class Order:
    """`stages` hold every Application once, sorted within. `edges` are kept by the stages; `given_up` are not: the
    cuts of `cycles`, and weaker evidence that contradicts stronger or itself."""

    stages: tuple[tuple[ApplicationKey, ...], ...]
    edges: tuple[Edge, ...]
    cycles: tuple[Cycle, ...]
    given_up: tuple[Edge, ...]


def cycles_of(edges: Iterable[Edge]) -> tuple[Cycle, ...]:
    """The cycles over hard edges; without their cuts there is none left (when there are less than 50)."""
    by_ends = {edge.ends: edge for edge in only(edges, Strength.HARD)}
    found: list[Cycle] = []
    while len(found) < _MOST_CYCLES:
        after = _successors(by_ends)
        tangled = components(sorted(after), after)
        if not tangled:
            break
        for component in sorted(tangled, key=min):
            cycle = _cycle(shortest_cycle(component, after), by_ends)
            found.append(cycle)
            del by_ends[cycle.cut.ends]
    return tuple(found[:_MOST_CYCLES])


def _cycle(applications: tuple[ApplicationKey, ...], by_ends: Mapping[Ends, Edge]) -> Cycle:
    following = (*applications[1:], applications[0])
    edges = tuple(by_ends[pair] for pair in zip(applications, following, strict=True))
    return Cycle(applications, edges, min(edges, key=lambda edge: (_is_parent(edge), _weight(edge), edge.ends)))


def _is_parent(edge: Edge) -> bool:
    return any(reason.evidence is Evidence.PARENT for reason in edge.reasons)


def _weight(edge: Edge) -> int:
    """How much would have to be moved to get rid of an edge."""
    return sum(reason.others + 1 for reason in edge.reasons if reason.strength is Strength.HARD)


def arrange(keys: Iterable[ApplicationKey], edges: Sequence[Edge], waves: Sequence[Waves] = ()) -> Order:
    """The stages: as few as possible, each Application in the first one that its edges allow.

    Hard edges come first (without the cuts of their cycles), then waves, then the weaker evidence; of each kind those
    stay out that would close a cycle with what is there. What stays out does not depend on any order of the input.
    """
    known = set(keys)
    nodes = sorted(known)
    edges = [edge for edge in edges if edge.before in known and edge.after in known]
    cycles = cycles_of(edges)
    cuts = {cycle.cut.ends for cycle in cycles}
    kept: dict[Any, dict[Any, int]] = {}
    everyone: list[Any] = list(nodes)
    _add(everyone, kept, [(*edge.ends, 1) for edge in only(edges, Strength.HARD) if edge.ends not in cuts])
    steps: list[tuple[Any, Any, int]] = []
    for group in waves:
        for (wave, members), (_, following) in pairwise(group.groups):
            barrier = (group.bringer.value, group.parent, wave)  # one more node instead of an edge for each pair
            everyone.append(barrier)
            steps.extend((member, barrier, 0) for member in members if member in known)
            steps.extend((barrier, member, 1) for member in following if member in known)
        # An empty wave between two others still holds the later one back.
        waves_ = [(group.bringer.value, group.parent, wave) for wave, _ in group.groups[:-1]]
        steps.extend((one, other, 0) for one, other in pairwise(waves_))
    _add(everyone, kept, steps)
    for strength in (Strength.SOFT, Strength.HINT):
        _add(everyone, kept, [(*edge.ends, 1) for edge in only(edges, strength)])
    level = longest_paths(everyone, kept)
    stages: list[list[ApplicationKey]] = [[] for _ in range(max((level[key] for key in nodes), default=-1) + 1)]
    for key in nodes:
        stages[level[key]].append(key)
    held = tuple(edge for edge in edges if edge.after in kept.get(edge.before, {}))
    given_up = tuple(edge for edge in edges if edge.after not in kept.get(edge.before, {}))
    return Order(tuple(tuple(stage) for stage in stages), held, cycles, given_up)


def _add(nodes: Sequence[Any], kept: dict[Any, dict[Any, int]], steps: Sequence[tuple[Any, Any, int]]) -> None:
    """Put the steps in, apart from those that lie on a cycle then."""
    together = {node: dict(successors) for node, successors in kept.items()}
    for before, after, length in steps:
        together.setdefault(before, {}).setdefault(after, length)
    tangle = {node: number for number, c in enumerate(components(nodes, together)) for node in c}
    for before, after, length in steps:
        if before not in tangle or tangle[before] != tangle.get(after):
            kept.setdefault(before, {}).setdefault(after, length)


def _successors(by_ends: Iterable[Ends]) -> dict[ApplicationKey, list[ApplicationKey]]:
    after: dict[ApplicationKey, list[ApplicationKey]] = {}
    for before, behind in by_ends:
        after.setdefault(before, []).append(behind)
    return after
