"""Sync waves of Applications: who has to obey them, and where they contradict the evidence.

Source: gitops-engine, sync waves; argo-cd docs "Sync Phases and Waves" and "Progressive Syncs": waves on Applications
work inside a parent Application whose Argo CD knows how to tell an Application's health; the ApplicationSet
controller ignores them, and goes through the steps of a RollingSync strategy instead, each when everything in the one
before is healthy (applicationset/progressivesync). What no step takes is not synced by it at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from gitops.applications.application import Application
from gitops.applicationsets.declared import ApplicationSet
from gitops.discovery.snapshot import ApplicationKey, Snapshot
from gitops.facts.order.model import Bringer, Edge, Evidence, Strength, Waves
from gitops.files.documents import child, first_line, read_documents
from gitops.files.errors import GitopsError
from gitops.files.spans import Span
from gitops.files.tree import Tree

ANNOTATION = "argocd.argoproj.io/sync-wave"


@dataclass(frozen=True)
class Contradiction:
    """`edge` says that one goes before the other. Below `parent`, `first` is or brings the former and `second` the
    latter, and `first_wave` is later than `second_wave`. With `rolling` those are steps of a RollingSync."""

    edge: Edge
    parent: ApplicationKey
    first: Application
    second: Application
    first_wave: int
    second_wave: int
    rolling: bool = False


def waves_of(snapshot: Snapshot, edges: Iterable[Edge]) -> tuple[Waves, ...]:
    """Waves that differ among Applications that come together, sorted by who brings them."""
    parents, steps = _parents(edges), _steps(snapshot)
    found: dict[tuple[str, ApplicationKey], dict[int, list[ApplicationKey]]] = {}
    for state in snapshot.states:
        application = state.application
        root = application.root
        wave: int | None = application.sync_wave
        if application.key in steps:
            slot, wave = (Bringer.ROLLING.value, _set_key(application)), steps[application.key]
        elif application.generated and application.parents:
            slot = (Bringer.SET.value, _set_key(application))
        elif application.key in parents:
            slot = (Bringer.APPLICATION.value, parents[application.key])
        else:
            slot = (Bringer.NOBODY.value, (root, "", ""))
        if wave is None:
            continue
        found.setdefault(slot, {}).setdefault(wave, []).append(application.key)
    return tuple(
        Waves(Bringer(bringer), parent, tuple((wave, tuple(sorted(keys))) for wave, keys in sorted(groups.items())))
        for (bringer, parent), groups in sorted(found.items())
        if len(groups) > 1
    )


def is_obeyed(waves: Waves, snapshot: Snapshot) -> bool | None:
    """Whether Argo CD obeys these waves; None when nothing here tells."""
    if waves.bringer is Bringer.ROLLING:
        return True
    return snapshot.application_health if waves.bringer is Bringer.APPLICATION else False


def contradictions(snapshot: Snapshot, edges: Sequence[Edge]) -> Iterator[Contradiction]:
    """Edges of some weight whose first Application comes in a later wave than its second one."""
    parents, steps = _parents(edges), _steps(snapshot)
    states = snapshot.by_key
    lines = {
        key: [*_in_set(state.application, steps), *_line(key, parents, state.application.generated, snapshot)]
        for key, state in states.items()
    }
    for edge in edges:
        if edge.strength is Strength.HINT:
            continue
        below = dict(lines[edge.after])
        for parent, member in lines[edge.before]:
            other = below.get(parent)
            if other is None:
                continue
            first, second = states[member].application, states[other].application
            one, two = (steps.get(key, states[key].application.sync_wave) for key in (member, other))
            if one is not None and two is not None and one > two:
                yield Contradiction(edge, parent, first, second, one, two, member in steps)
            break


def _parents(edges: Iterable[Edge]) -> dict[ApplicationKey, ApplicationKey]:
    return {
        edge.after: edge.before
        for edge in edges
        if any(reason.evidence is Evidence.PARENT for reason in edge.reasons)
    }


def left_out(snapshot: Snapshot) -> Iterator[tuple[ApplicationSet, list[Application]]]:
    """What no step of its set's RollingSync takes, by set."""
    found: dict[ApplicationKey, list[Application]] = {}
    for key, step in _steps(snapshot).items():
        if step is None:
            application = snapshot.by_key[key].application
            found.setdefault(_set_key(application), []).append(application)
    for one in snapshot.sets:
        if one.key in found:
            yield one, found[one.key]


def _steps(snapshot: Snapshot) -> dict[ApplicationKey, int | None]:
    """The step of each Application that an ApplicationSet with a RollingSync makes; None when no step takes it."""
    rolling = {each.key: each for each in snapshot.sets if each.steps}
    found: dict[ApplicationKey, int | None] = {}
    for state in snapshot.states:
        application = state.application
        made_by = rolling.get(_set_key(application)) if application.generated and application.parents else None
        if made_by is not None:
            found[application.key] = made_by.step_of(dict(application.labels))
    return found


def _set_key(application: Application) -> ApplicationKey:
    return (application.root, application.namespace, application.parents[-1])


def _in_set(
    application: Application, steps: Mapping[ApplicationKey, int | None]
) -> Iterator[tuple[ApplicationKey, ApplicationKey]]:
    if application.key in steps:
        yield _set_key(application), application.key


def _line(
    key: ApplicationKey, parents: Mapping[ApplicationKey, ApplicationKey], generated: bool, snapshot: Snapshot
) -> list[tuple[ApplicationKey, ApplicationKey]]:
    """(parent, the one of its children that leads to `key`), from the nearest parent up. What a set makes has its
    place in the set, not in the set's parent."""
    found: list[tuple[ApplicationKey, ApplicationKey]] = []
    seen = {key}
    while key in parents and parents[key] not in seen:
        if not generated:
            found.append((parents[key], key))
        key = parents[key]
        generated = snapshot.by_key[key].application.generated
        seen.add(key)
    return found


def wave_at(tree: Tree, application: Application) -> Span:
    """The line of an Application's sync wave; its first line when it is not written there."""
    span = application.origin.span
    try:
        line = tree.once(_wave_lines, span.path).get(span.line, span.line)
    except (GitopsError, KeyError):
        return span
    return Span(span.path, line, line)


def _wave_lines(path: str, data: bytes) -> Mapping[int, int]:
    """The line of the sync wave in each document that has one, by the document's first line."""
    nodes = ((d.line, child(d.node, "metadata", "annotations", ANNOTATION)) for d in read_documents(path, data))
    return {line: first_line(node) for line, node in nodes if node is not None}
