"""Routes that a gateway serves: the Gateway API, and Istio.

Sources: gateway-api.sigs.k8s.io (Gateway listeners, HTTPRoute, GRPCRoute, TLSRoute, BackendTLSPolicy, GEP-1911 for
`appProtocol`); istio.io/latest/docs/reference/config/networking (Gateway, VirtualService, DestinationRule).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from gitops.installation.model import Member
from gitops.installation.routes.model import (
    Backend,
    Protocol,
    Route,
    Surroundings,
    Tls,
    host_of,
    mappings,
    texts,
    unique,
)
from gitops.resources.manifests import text_of

GATEWAY_API: Final = "gateway.networking.k8s.io"
ISTIO: Final = "networking.istio.io"
_SERVES: Final = {"HTTPRoute": {"HTTP", "HTTPS"}, "GRPCRoute": {"HTTP", "HTTPS"}, "TLSRoute": {"TLS"}}


def of_gateway_api(member: Member, around: Surroundings) -> Iterator[Route]:
    """The routes of an HTTPRoute, a GRPCRoute or a TLSRoute."""
    spec = _mapping(member.manifest.get("spec"))
    hosts = texts(spec.get("hostnames"))
    tls, doubts = _listeners(member, spec, around)
    for rule in mappings(spec.get("rules")):
        paths = tuple(text_of(_mapping(one.get("path")).get("value")) for one in mappings(rule.get("matches")))
        for reference in mappings(rule.get("backendRefs")):
            if text_of(reference.get("kind")) not in ("", "Service"):
                continue
            port = reference.get("port")
            namespace = text_of(reference.get("namespace")) or member.id.namespace
            backend = Backend(namespace, text_of(reference.get("name")), port if isinstance(port, int) else None)
            protocol = _behind(member.id.kind, backend, around)
            if member.id.kind == "TLSRoute":
                protocol = Protocol.HTTPS
            words = unique([*hosts, backend.name])
            edge = f"the {member.id.kind}"
            yield Route(member, edge, backend, tls, protocol, hosts, unique(paths), doubts, words)


def _listeners(member: Member, spec: Mapping[str, Any], around: Surroundings) -> tuple[Tls, tuple[str, ...]]:
    """Where TLS ends at the listeners that a route is attached to."""
    found: set[Tls] = set()
    doubts: list[str] = []
    for parent in mappings(spec.get("parentRefs")):
        if text_of(parent.get("kind")) not in ("", "Gateway"):
            continue
        name, namespace = text_of(parent.get("name")), text_of(parent.get("namespace")) or member.id.namespace
        gateways = [one for one in around.of_kind("Gateway", GATEWAY_API) if one.id.name == name]
        gateway = next((one for one in gateways if one.id.namespace == namespace), None)
        if gateway is None:
            doubts.append(f"its Gateway {namespace}/{name} is not in this repository")
            continue
        wanted = text_of(parent.get("sectionName"))
        for listener in mappings(_mapping(gateway.manifest.get("spec")).get("listeners")):
            if wanted and text_of(listener.get("name")) != wanted:
                continue
            protocol = text_of(listener.get("protocol"))
            if protocol not in _SERVES[member.id.kind] or not _port_fits(parent, listener):
                continue
            mode = text_of(_mapping(listener.get("tls")).get("mode")) or "Terminate"
            secure = protocol in ("HTTPS", "TLS")
            found.add((Tls.EDGE if mode == "Terminate" else Tls.SERVER) if secure else Tls.NOWHERE)
    for tls in (Tls.EDGE, Tls.SERVER):
        if tls in found:
            return tls, ()
    if doubts:
        return Tls.UNKNOWN, tuple(doubts)
    return Tls.NOWHERE, ()


def _port_fits(parent: Mapping[str, Any], listener: Mapping[str, Any]) -> bool:
    return parent.get("port") in (None, listener.get("port"))


def _behind(kind: str, backend: Backend, around: Surroundings) -> Protocol:
    for policy in around.of_kind("BackendTLSPolicy"):
        spec = _mapping(policy.manifest.get("spec"))
        targets = [*mappings(spec.get("targetRefs")), _mapping(spec.get("targetRef"))]
        if policy.id.namespace == backend.namespace and any(
            text_of(one.get("kind")) == "Service" and text_of(one.get("name")) == backend.name for one in targets
        ):
            return Protocol.GRPCS if kind == "GRPCRoute" else Protocol.HTTPS
    told = text_of(around.port_of(backend).get("appProtocol")).lower()
    if told in ("https", "kubernetes.io/wss"):
        return Protocol.GRPCS if kind == "GRPCRoute" else Protocol.HTTPS
    return Protocol.GRPC if kind == "GRPCRoute" or told == "kubernetes.io/h2c" else Protocol.HTTP


def of_istio(member: Member, around: Surroundings) -> Iterator[Route]:
    """The routes of a VirtualService that a gateway serves."""
    spec = _mapping(member.manifest.get("spec"))
    gateways = [name for name in texts(spec.get("gateways")) if name != "mesh"]
    if not gateways:
        return
    hosts = texts(spec.get("hosts"))
    tls, doubts, away = _servers(member, gateways, around)
    for field in ("http", "tls", "tcp"):
        for rule in mappings(spec.get(field)):
            paths = [
                text_of(value) for one in mappings(rule.get("match")) for value in _mapping(one.get("uri")).values()
            ]
            for target in mappings(rule.get("route")):
                destination = _mapping(target.get("destination"))
                place = host_of(text_of(destination.get("host")), member.id.namespace)
                number = _mapping(destination.get("port")).get("number")
                if place is None:
                    continue
                backend = Backend(*place, number if isinstance(number, int) else None)
                passes = field == "tls"
                protocol = Protocol.HTTPS if passes or _originates(backend, around) else Protocol.HTTP
                ends = Tls.SERVER if passes else tls
                words = unique([*hosts, text_of(destination.get("host"))])
                edge = "the Istio gateway"
                yield Route(
                    member, edge, backend, ends, protocol, hosts, unique(paths), () if passes else doubts, words, away
                )


def _servers(member: Member, gateways: list[str], around: Surroundings) -> tuple[Tls, tuple[str, ...], bool]:
    """Where TLS ends at the servers of the gateways, with doubts; whether all that they do is send to https."""
    found: set[Tls] = set()
    redirects = False
    doubts: list[str] = []
    for named in gateways:
        namespace, slash, name = named.rpartition("/")
        place = (namespace if slash else member.id.namespace, name)
        gateway = next((g for g in around.of_kind("Gateway", ISTIO) if (g.id.namespace, g.id.name) == place), None)
        if gateway is None:
            doubts.append(f"its Gateway {place[0]}/{place[1]} is not in this repository")
            continue
        for server in mappings(_mapping(gateway.manifest.get("spec")).get("servers")):
            mode = text_of(_mapping(server.get("tls")).get("mode"))
            if _mapping(server.get("tls")).get("httpsRedirect") is True:
                redirects = True
            elif mode in ("SIMPLE", "MUTUAL", "OPTIONAL_MUTUAL"):
                found.add(Tls.EDGE)
            elif mode in ("PASSTHROUGH", "AUTO_PASSTHROUGH"):
                found.add(Tls.SERVER)
            else:
                found.add(Tls.NOWHERE)
    if Tls.EDGE in found:
        return Tls.EDGE, (), False
    if doubts:
        return Tls.UNKNOWN, tuple(doubts), False
    return Tls.SERVER if Tls.SERVER in found else Tls.NOWHERE, (), redirects and not found


def _originates(backend: Backend, around: Surroundings) -> bool:
    """Whether a DestinationRule has the gateway speak TLS to the Service."""
    for rule in around.of_kind("DestinationRule"):
        spec = _mapping(rule.manifest.get("spec"))
        if host_of(text_of(spec.get("host")), rule.id.namespace) != (backend.namespace, backend.name):
            continue
        policy = _mapping(spec.get("trafficPolicy"))
        for each in (policy, *mappings(policy.get("portLevelSettings"))):
            if text_of(_mapping(each.get("tls")).get("mode")) in ("SIMPLE", "MUTUAL"):
                return True
    return False


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
