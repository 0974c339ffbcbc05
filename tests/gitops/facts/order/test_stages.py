"""Stages and cycles of any graph: every edge is respected, cycles are always found, stages are minimal."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops.applications.application import Application, Destination, Origin, SyncPolicy
from gitops.discovery.snapshot import ApplicationKey, Owned, Part, State
from gitops.facts.order.graph import components, longest_paths, shortest_cycle
from gitops.facts.order.model import Bringer, Edge, Evidence, Reason, Strength, Waves
from gitops.facts.order.stages import Order, arrange, cycles_of
from gitops.files.spans import Span
from gitops.files.tree import Tree
from gitops.resources.rendering import Rendered
from gitops.resources.resource import Resource, ResourceId

Ends = tuple[ApplicationKey, ApplicationKey]


def key(name: str | int) -> ApplicationKey:
    return ("root", "argocd", f"{name:02}" if isinstance(name, int) else name)


def edge(before: str | int, after: str | int, strength: Strength = Strength.HARD, others: int = 0) -> Edge:
    application = Application(
        key(after)[2], "argocd", "default", (), Destination("", "", ""), 0, SyncPolicy(), Origin(Span("a.yaml", 1, 1))
    )
    part = Part(0, Rendered(()))
    rid = ResourceId("", "Namespace", "", key(before)[2])
    owned = Owned(State(application, (part,)), part, Resource(rid, b""), Tree.of({}))
    reason = Reason(Evidence.NAMESPACE, strength, rid, owned, application, others=others)
    return Edge(key(before), key(after), (reason,))


def where(order: Order) -> Mapping[ApplicationKey, int]:
    found = {member: number for number, stage in enumerate(order.stages) for member in stage}
    assert len(found) == sum(len(stage) for stage in order.stages)
    return found


NODES = st.integers(0, 11)
PAIRS = st.lists(st.tuples(NODES, NODES).filter(lambda pair: pair[0] != pair[1]), max_size=30, unique=True)
FORWARD = PAIRS.map(lambda pairs: sorted({(min(pair), max(pair)) for pair in pairs}))
STRENGTHS = st.sampled_from(list(Strength))
MIXED = st.dictionaries(st.tuples(NODES, NODES).filter(lambda pair: pair[0] != pair[1]), STRENGTHS, max_size=30).map(
    lambda found: [edge(a, b, strength) for (a, b), strength in found.items()]
)


def reaches(pairs: Sequence[tuple[object, object]], start: object, end: object) -> bool:
    """Whether a path of at least one step leads there, found the slow way."""
    seen: set[object] = set()
    front = {start}
    while front:
        front = {b for a, b in pairs if a in front} - seen
        seen |= front
    return end in seen


@given(FORWARD)
def test_without_cycles_every_edge_is_respected_and_no_stage_is_superfluous(pairs: list[tuple[int, int]]) -> None:
    order = arrange([key(n) for n in range(12)], [edge(a, b) for a, b in pairs])
    stage = where(order)
    assert all(stage[key(a)] < stage[key(b)] for a, b in pairs)
    assert not order.cycles
    assert not order.given_up
    # Minimal: whoever is not in the first stage needs somebody of the stage right before it.
    for member, number in stage.items():
        assert number == 0 or any(key(b) == member and stage[key(a)] == number - 1 for a, b in pairs)
    assert all(order.stages)


@given(PAIRS)
def test_cycles_are_found_exactly_where_there_are_any(pairs: list[tuple[int, int]]) -> None:
    edges = [edge(a, b) for a, b in pairs]
    ends = [e.ends for e in edges]
    cycles = cycles_of(edges)
    assert bool(cycles) == any(reaches(ends, key(n), key(n)) for n in range(12))
    for cycle in cycles:
        following = (*cycle.applications[1:], cycle.applications[0])
        assert [e.ends for e in cycle.edges] == list(zip(cycle.applications, following, strict=True))
        assert all(e.ends in ends for e in cycle.edges)
        assert len(set(cycle.applications)) == len(cycle.applications)
        assert cycle.cut in cycle.edges
    cuts = {cycle.cut.ends for cycle in cycles}
    left = [pair for pair in ends if pair not in cuts]
    assert not any(reaches(left, key(n), key(n)) for n in range(12))
    if cycles:
        assert len(cycles[0].applications) == min(_shortest(ends, e) for e in _first_component(ends, cycles[0]))


def _first_component(ends: list[Ends], cycle: object) -> list[ApplicationKey]:
    start = cycle.applications[0]  # type: ignore[attr-defined]
    return [n for n in map(key, range(12)) if reaches(ends, start, n) and reaches(ends, n, start)]


def _shortest(ends: list[Ends], start: ApplicationKey) -> int:
    front, steps = {start}, 0
    while True:
        front = {b for a, b in ends if a in front}
        steps += 1
        if start in front:
            return steps


@given(MIXED, st.randoms(use_true_random=False))
def test_the_order_in_which_evidence_is_found_changes_nothing(edges: list[Edge], chance: random.Random) -> None:
    keys = [key(n) for n in range(12)]
    once = arrange(keys, edges)
    chance.shuffle(keys)
    shuffled = list(edges)
    chance.shuffle(shuffled)
    again = arrange(keys, shuffled)
    assert again.stages == once.stages
    assert [c.applications for c in again.cycles] == [c.applications for c in once.cycles]
    assert [c.cut.ends for c in again.cycles] == [c.cut.ends for c in once.cycles]
    assert sorted(e.ends for e in again.given_up) == sorted(e.ends for e in once.given_up)


@given(MIXED)
def test_weaker_evidence_never_overrules_stronger_and_is_given_up_only_for_a_cycle(edges: list[Edge]) -> None:
    order = arrange([key(n) for n in range(12)], edges)
    stage = where(order)
    assert all(stage[e.before] < stage[e.after] for e in order.edges)
    assert len(order.edges) + len(order.given_up) == len(edges)
    cuts = {cycle.cut.ends for cycle in order.cycles}
    for given_up in order.given_up:
        if given_up.strength is Strength.HARD:
            assert given_up.ends in cuts
        else:
            as_strong = [e.ends for e in edges if e.strength >= given_up.strength]
            assert reaches(as_strong, given_up.after, given_up.before)


@given(PAIRS)
def test_components_are_what_reaches_each_other(pairs: list[tuple[int, int]]) -> None:
    after: dict[int, list[int]] = {}
    for a, b in pairs:
        after.setdefault(a, []).append(b)
    found = components(range(12), after)
    expected = {
        frozenset(m for m in range(12) if m == n or (reaches(pairs, n, m) and reaches(pairs, m, n)))
        for n in range(12)
    }
    assert {frozenset(c) for c in found} == {c for c in expected if len(c) > 1}


def test_deep_graphs_do_not_end_the_stack() -> None:
    after = {n: [n + 1] for n in range(50_000)} | {50_000: [0]}
    (ring,) = components(range(50_001), after)
    assert len(ring) == 50_001
    assert longest_paths(range(50_001), {n: {n + 1: 1} for n in range(50_000)})[50_000] == 50_000


def test_longest_paths_refuse_a_cycle() -> None:
    with pytest.raises(ValueError, match="cycle"):
        longest_paths([1, 2], {1: {2: 1}, 2: {1: 1}})


def test_the_shortest_of_several_cycles_is_told() -> None:
    after = {1: [2], 2: [3], 3: [1, 4], 4: [3]}
    assert shortest_cycle([1, 2, 3, 4], after) == (3, 4)


def test_the_edge_to_cut_is_the_one_with_the_least_behind_it() -> None:
    (cycle,) = cycles_of([edge("a", "b", others=4), edge("b", "a", others=1)])
    assert cycle.cut.ends == (key("b"), key("a"))


def test_a_tangle_of_everything_with_everything_is_bounded() -> None:
    edges = [edge(a, b) for a in range(40) for b in range(40) if a != b]
    order = arrange([key(n) for n in range(40)], edges)
    assert len(order.cycles) == 50
    assert sorted(where(order)) == [key(n) for n in range(40)]


def test_waves_hold_back_what_comes_later_and_give_way_to_hard_evidence() -> None:
    keys = [key(name) for name in "abcd"]
    waves = [Waves(Bringer.APPLICATION, key("p"), ((0, (key("c"), key("d"))), (1, ()), (5, (key("a"), key("b")))))]
    order = arrange(keys, [], waves)
    assert order.stages == ((key("c"), key("d")), (key("a"), key("b")))
    order = arrange(keys, [edge("a", "c")], waves)
    stage = where(order)
    assert stage[key("a")] < stage[key("c")]  # the sync of c fails without a, whatever the waves say
    assert stage[key("d")] < stage[key("b")]
    order = arrange(keys, [edge("a", "c", Strength.SOFT)], waves)
    assert where(order)[key("c")] < where(order)[key("a")]
