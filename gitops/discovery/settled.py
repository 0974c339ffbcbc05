"""A snapshot as Argo CD's own configuration makes of it: excluded resources are not applied, and a cluster that is
named here by name and there by URL is one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from gitops.applications.application import IN_CLUSTER, IN_CLUSTER_SERVER, Destination
from gitops.applications.argocd_config import ArgoCdConfig
from gitops.applications.clusters import KnownCluster
from gitops.discovery.snapshot import Part, Snapshot, State
from gitops.resources.rendering import Note, Rendered
from gitops.resources.resource import Resource


def settle(snapshot: Snapshot, config: ArgoCdConfig, declared: Sequence[KnownCluster] = ()) -> Snapshot:
    """`declared` are the clusters of the repository's configuration, which go before those of files."""
    servers = _servers([*declared, *config.clusters], declared)
    written = {state.application.destination.server.rstrip("/") for state in snapshot.states}
    states = tuple(_state(state, config, servers, written) for state in snapshot.states)
    projects = {(cluster.server.rstrip("/"), cluster.project) for cluster in config.clusters}
    return replace(
        snapshot, states=states, clusters=servers, cluster_projects=frozenset(projects), defined=config.scopes
    )


def _servers(known: Sequence[KnownCluster], declared: Sequence[KnownCluster]) -> Mapping[str, str]:
    """The URL behind each name. A name that stands for two of them, as in two Argo CDs, tells nothing."""
    found: dict[str, set[str]] = {}
    for cluster in known:
        found.setdefault(cluster.name, set()).add(cluster.server.rstrip("/"))
    settled = {name: servers.pop() for name, servers in found.items() if len(servers) == 1}
    return settled | {cluster.name: cluster.server.rstrip("/") for cluster in declared}


def _state(state: State, config: ArgoCdConfig, servers: Mapping[str, str], written: set[str]) -> State:
    application = state.application
    destination = _placed(application.destination, servers, written)
    server = _server(destination, servers)
    parts = _settled_parts(state, state.parts, config, server)
    if destination is application.destination and all(a is b for a, b in zip(parts, state.parts, strict=True)):
        return state
    return State(replace(application, destination=destination), parts)


def _settled_parts(state: State, parts: Sequence[Part], config: ArgoCdConfig, server: str | None) -> tuple[Part, ...]:
    return tuple(_part(part, config, server, state) for part in parts)


def settle_parts(
    state: State, parts: Sequence[Part], config: ArgoCdConfig, servers: Mapping[str, str]
) -> tuple[Part, ...]:
    """New renderings of a state that has been settled before."""
    return _settled_parts(state, parts, config, _server(state.application.destination, servers))


def _placed(destination: Destination, servers: Mapping[str, str], written: set[str]) -> Destination:
    """With the word for its cluster that the others use: the URL where an Application writes it, else the name."""
    server = servers.get(destination.name, "") if not destination.server else ""
    if server == IN_CLUSTER_SERVER:
        return replace(destination, known_as=IN_CLUSTER)
    return replace(destination, known_as=server) if server and server in written else destination


def _server(destination: Destination, servers: Mapping[str, str]) -> str | None:
    if destination.cluster == IN_CLUSTER:
        return IN_CLUSTER_SERVER
    return destination.server.rstrip("/") or servers.get(destination.name)


def _part(part: Part, config: ArgoCdConfig, server: str | None, state: State) -> Part:
    if not isinstance(part.rendering, Rendered):
        return part
    excluded: list[Resource] = []
    kept: list[Resource] = []
    for resource in part.rendering.resources:
        out = config.excludes(resource.id.group, resource.id.kind, server)
        (excluded if out else kept).append(resource)
    if not excluded:
        return part
    note = _note(excluded, state)
    notes = (*part.rendering.notes, note)
    return replace(part, rendering=replace(part.rendering, resources=tuple(kept), notes=notes))


def _note(excluded: Sequence[Resource], state: State) -> Note:
    kinds = sorted({resource.id.kind for resource in excluded})
    first = excluded[0]
    what = str(first.id) if len(excluded) == 1 else f"{len(excluded)} resources ({', '.join(kinds)})"
    name = state.application.name
    return Note(
        f"Argo CD does not apply {what} of `{name}`: `resource.exclusions` or `resource.inclusions` of argocd-cm, or "
        "the defaults of Argo CD, leave such resources alone (ExcludedResourceWarning)",
        state.application.origin.entry,
        f"Argo CD leaves resources of `{name}` alone",
        "Take them out of git, or let argocd-cm have Argo CD manage them.",
        is_notice=True,
    )
