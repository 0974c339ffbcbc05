"""Which kinds of a commit are namespaced, and so what its resources are in clusters."""

from __future__ import annotations

from collections.abc import Iterable

from gitops.discovery.snapshot import Owned, OwnedId, Part, Scopes, Snapshot, State
from gitops.resources.definitions import defines, scopes_of
from gitops.resources.resource import Resource

Placed = tuple[OwnedId, Part, Resource]


def scopes_in(snapshot: Snapshot) -> Scopes:
    """(group, kind) -> "is namespaced" for custom resources: those that the Applications define, else files."""
    earlier = snapshot.earlier
    if earlier is not None and not _defined_by((*earlier.before, *earlier.after(snapshot))):
        return earlier.snapshot.once(scopes_in)
    return {**snapshot.defined, **_defined_by(snapshot.states)}


def id_of(snapshot: Snapshot, copy: Owned) -> OwnedId:
    """What a copy is in the cluster that it is for."""
    destination = copy.application.destination
    return OwnedId(destination.cluster, copy.resource.id.placed(destination.namespace, snapshot.once(scopes_in)))


def placed_by(state: State, scopes: Scopes) -> tuple[Placed, ...]:
    """What each rendered resource of an Application is in its cluster, in order. For `state.once`."""
    destination = state.application.destination
    cluster, namespace = destination.cluster, destination.namespace
    return tuple(
        (OwnedId(cluster, resource.id.placed(namespace, scopes)), part, resource)
        for part in state.parts
        for resource in part.resources
    )


def _defined_by(states: Iterable[State]) -> dict[tuple[str, str], bool]:
    found: dict[tuple[str, str], bool] = {}
    for state in states:
        for part in state.parts:
            for resource in part.having(defines):
                found.update(scopes_of(resource))
    return found
