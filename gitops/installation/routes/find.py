"""The routes that lead to argocd-server."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from gitops.applications.application import Application
from gitops.discovery.snapshot import Snapshot
from gitops.facts.secrets.pods import POD_SPECS, at, mapping
from gitops.installation.find import Loose, loose_of, member_of
from gitops.installation.model import Installation, Member, Process
from gitops.installation.routes.edges import of_contour, of_openshift, of_traefik, of_tunnel
from gitops.installation.routes.gateways import GATEWAY_API, ISTIO, of_gateway_api, of_istio
from gitops.installation.routes.ingresses import routes_of
from gitops.installation.routes.model import Backend, Route, Surroundings, mappings
from gitops.installation.settings import setting
from gitops.resources.manifests import text_of
from gitops.resources.resource import Resource

SERVER: Final = "argocd-server"
_READERS: Final[Mapping[tuple[str, str], Callable[[Member, Surroundings], Iterator[Route]]]] = {
    ("networking.k8s.io", "Ingress"): routes_of,
    (GATEWAY_API, "HTTPRoute"): of_gateway_api,
    (GATEWAY_API, "GRPCRoute"): of_gateway_api,
    (GATEWAY_API, "TLSRoute"): of_gateway_api,
    (ISTIO, "VirtualService"): of_istio,
    ("traefik.io", "IngressRoute"): of_traefik,
    ("traefik.io", "IngressRouteTCP"): of_traefik,
    ("traefik.containo.us", "IngressRoute"): of_traefik,
    ("traefik.containo.us", "IngressRouteTCP"): of_traefik,
    ("route.openshift.io", "Route"): of_openshift,
    ("projectcontour.io", "HTTPProxy"): of_contour,
    ("", "ConfigMap"): of_tunnel,
}
_DEPENDED_ON: Final = frozenset(
    {"Service", "IngressClass", "Gateway", "BackendTLSPolicy", "DestinationRule", "Middleware"}
    | {kind for _, kind in _READERS}
)


def surroundings_of(snapshot: Snapshot, installation: Installation) -> Surroundings:
    """What its routes may be made of: everything of its root and cluster, and beside what a script applies also what
    Applications bring. Of an installation in files all that is
    rendered anywhere, and what stands beside it."""
    return Surroundings(tuple(_members(snapshot, installation)))


def _members(snapshot: Snapshot, installation: Installation) -> Iterator[Member]:
    for copy in snapshot.copies(having=_is_depended_on):
        if installation.directory or is_beside(installation, copy.application):
            yield member_of(snapshot, copy)
    if installation.directory:
        beside: Iterable[Loose] = snapshot.once(loose_of)
        yield from (one.member for one in beside if one.directory == installation.directory)


def is_beside(installation: Installation, application: Application) -> bool:
    """Whether an Application brings something to the cluster of an installation."""
    if application.destination.cluster != installation.cluster:
        return False
    if application.root == installation.root:
        return True
    # What scripts apply file by file may go to any cluster that they know, and an overlay to its own.
    return installation.scripted and (bool(application.name) or any(one.directory for one in application.sources))


def _is_depended_on(resource: Resource) -> bool:
    rid = resource.id
    told = rid.kind != "ConfigMap" or b"ingress:" in resource.text
    return told and (rid.kind in _DEPENDED_ON or (rid.group, rid.kind) in POD_SPECS)


def routes_to_server(snapshot: Snapshot, installation: Installation) -> tuple[tuple[Route, Process], ...]:
    """Each route whose Service leads to a process of argocd-server, on the port that it serves."""
    servers = installation.of(SERVER)
    if not servers:
        return ()
    around = surroundings_of(snapshot, installation)
    found: list[tuple[Route, Process]] = []
    for route in routes_in(around):
        if route.backend.namespace not in (installation.namespace, ""):
            continue
        process = behind(installation, around, route.backend, servers)
        if process is not None:
            found.append((route, process))
    return tuple(found)


def routes_in(around: Surroundings) -> Iterator[Route]:
    """Every route, wherever it leads."""
    for member in around.members:
        reader = _READERS.get((member.id.group, member.id.kind))
        yield from reader(member, around) if reader is not None else ()


def everywhere(snapshot: Snapshot) -> Surroundings:
    """What routes may be made of in all clusters together. For `snapshot.once`."""
    return Surroundings(tuple(member_of(snapshot, copy) for copy in snapshot.copies(having=_is_depended_on)))


def every_route(snapshot: Snapshot) -> tuple[Route, ...]:
    """The routes of all clusters together. For `snapshot.once`."""
    return tuple(routes_in(snapshot.once(everywhere)))


def behind(
    installation: Installation, around: Surroundings, backend: Backend, servers: tuple[Process, ...]
) -> Process | None:
    """The process of `servers` to which a backend leads; None where none is known."""
    service = around.service(backend)
    if service is None:
        return None
    port = around.port_of(backend)
    for process in servers:
        if selects(service, process) and leads_to(port, process, main_port(installation, process)):
            return process
    return None


def main_port(installation: Installation, process: Process) -> int:
    """The port that argocd-server serves HTTP, HTTPS and gRPC on."""
    told = setting(installation, process, "port").value
    return int(told) if told is not None and told.isdigit() else 8080


def selects(service: Member, process: Process) -> bool:
    """Whether a Service's selector fits the pods of a process."""
    selector = mapping(mapping(service.manifest.get("spec")).get("selector"))
    return fits(selector, labels_of(process.member))


def fits(selector: Mapping[str, Any], labels: Mapping[str, Any]) -> bool:
    """Whether a Service's selector, or `matchLabels`, select these labels."""
    return bool(selector) and all(labels.get(key) == value for key, value in selector.items())


def labels_of(member: Member) -> Mapping[str, Any]:
    """The labels of the pods that a workload makes."""
    route = POD_SPECS[member.id.group, member.id.kind]
    return mapping(mapping(at(member.manifest, (*route[:-1], "metadata"))).get("labels"))


def leads_to(port: Mapping[str, Any], process: Process, wanted: int) -> bool:
    """Whether a port of a Service ends at `wanted` of a process; where that is not in git, it is taken to."""
    if not port:
        return True
    target = port.get("targetPort", port.get("port"))
    if isinstance(target, str) and not target.isdigit():
        ports = mappings(process.manifest.get("ports"))
        named = next((one.get("containerPort") for one in ports if text_of(one.get("name")) == target), None)
        return named in (None, wanted)
    return text_of(target) == str(wanted)
