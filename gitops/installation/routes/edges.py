"""Routes of Traefik's and Contour's own kinds, of OpenShift, and of Cloudflare's tunnels.

Sources: doc.traefik.io (IngressRoute, IngressRouteTCP); docs.openshift.com (secured routes); projectcontour.io
(HTTPProxy); developers.cloudflare.com (ingress rules, origin parameters) and cloudflared issues 633 and 1029 (a
tunnel that runs by a token takes its rules from the dashboard).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from gitops.facts.secrets.pods import POD_SPECS, at, mapping, sequence
from gitops.files.documents import read_documents
from gitops.files.errors import GitopsError
from gitops.installation.model import Member, data_of
from gitops.installation.routes.ingresses import is_https_port, turns_away
from gitops.installation.routes.model import (
    Backend,
    Protocol,
    Route,
    Surroundings,
    Tls,
    annotations_of,
    host_of,
    mappings,
    unique,
)
from gitops.resources.manifests import text_of

_HOST: Final = re.compile(r"Host(?:SNI)?\(([^)]*)\)")
_PATH: Final = re.compile(r"Path(?:Prefix)?\(([^)]*)\)")
_QUOTED: Final = re.compile(r"[`'\"]([^`'\"]+)[`'\"]")
_FROM_DASHBOARD: Final = (
    "the tunnel runs by a token, so that its rules are those of Cloudflare's dashboard and this file is not read"
)


def of_traefik(member: Member, around: Surroundings) -> Iterator[Route]:
    """The routes of an IngressRoute or an IngressRouteTCP."""
    spec = mapping(member.manifest.get("spec"))
    raw = member.id.kind == "IngressRouteTCP"
    tls = spec.get("tls")
    entry_points = [text_of(one) for one in sequence(spec.get("entryPoints"))]
    ends = isinstance(tls, dict) or "websecure" in entry_points
    passes = raw and mapping(tls).get("passthrough") is True
    for rule in mappings(spec.get("routes")):
        match = text_of(rule.get("match"))
        hosts, paths = hosts_named(rule), _named(_PATH, match)
        middlewares = [
            f"{text_of(one.get('namespace')) or member.id.namespace}-{text_of(one.get('name'))}"
            for one in mappings(rule.get("middlewares"))
        ]
        away = not ends and turns_away(middlewares, around)
        for service in mappings(rule.get("services")):
            if text_of(service.get("kind")) not in ("", "Service"):
                continue
            port = service.get("port")
            namespace = text_of(service.get("namespace")) or member.id.namespace
            backend = Backend(namespace, text_of(service.get("name")), port if isinstance(port, int | str) else None)
            protocol = Protocol.HTTPS if passes else _scheme(service, backend, around, raw)
            where = Tls.SERVER if passes else Tls.EDGE if ends else Tls.NOWHERE
            words = unique([*hosts, backend.name])
            yield Route(member, f"the {member.id.kind}", backend, where, protocol, hosts, paths, (), words, away)


def _scheme(service: Mapping[str, Any], backend: Backend, around: Surroundings, raw: bool) -> Protocol:
    told = text_of(service.get("scheme"))
    told = told or annotations_of(around.service(backend)).get(
        "traefik.ingress.kubernetes.io/service.serversscheme", ""
    )
    if told in ("https", "h2c"):
        return Protocol.HTTPS if told == "https" else Protocol.GRPC
    if raw:
        return Protocol.HTTPS if service.get("tls") is True else Protocol.HTTP
    port = around.port_of(backend)
    if not port and isinstance(backend.port, str) and not backend.port.startswith("https"):
        return Protocol.UNKNOWN
    secure = is_https_port(backend, port) or (isinstance(backend.port, str) and backend.port.startswith("https"))
    if not secure and _has_transport(service, backend, around):
        return Protocol.UNKNOWN  # it is about TLS to the server, whatever it does for this port
    return Protocol.HTTPS if secure else Protocol.HTTP


def _has_transport(service: Mapping[str, Any], backend: Backend, around: Surroundings) -> bool:
    told = annotations_of(around.service(backend)).get("traefik.ingress.kubernetes.io/service.serverstransport")
    return bool(text_of(service.get("serversTransport")) or told)


def hosts_named(rule: Mapping[str, Any]) -> tuple[str, ...]:
    """The hosts that a rule of Traefik's matches by name."""
    return _named(_HOST, text_of(rule.get("match")))


def _named(pattern: re.Pattern[str], match: str) -> tuple[str, ...]:
    return unique(name for group in pattern.findall(match) for name in _QUOTED.findall(group))


def of_openshift(member: Member, around: Surroundings) -> Iterator[Route]:
    """The route of an OpenShift Route."""
    spec = mapping(member.manifest.get("spec"))
    termination = text_of(mapping(spec.get("tls")).get("termination")).lower()
    tls, protocol = {
        "edge": (Tls.EDGE, Protocol.HTTP),
        "reencrypt": (Tls.EDGE, Protocol.HTTPS),
        "passthrough": (Tls.SERVER, Protocol.HTTPS),
    }.get(termination, (Tls.NOWHERE, Protocol.HTTP))
    port = mapping(spec.get("port")).get("targetPort")
    backend = Backend(
        member.id.namespace,
        text_of(mapping(spec.get("to")).get("name")),
        port if isinstance(port, int | str) else None,
    )
    hosts = unique([text_of(spec.get("host"))])
    words = unique([*hosts, backend.name])
    yield Route(member, "the Route", backend, tls, protocol, hosts, unique([text_of(spec.get("path"))]), (), words)


def of_contour(member: Member, around: Surroundings) -> Iterator[Route]:
    """The routes of an HTTPProxy with a host of its own."""
    spec = mapping(member.manifest.get("spec"))
    host = mapping(spec.get("virtualhost"))
    if not host:
        return
    tls = host.get("tls")
    passes = mapping(tls).get("passthrough") is True
    where = Tls.SERVER if passes else Tls.EDGE if isinstance(tls, dict) else Tls.NOWHERE
    rules = mappings(spec.get("routes"))
    if isinstance(spec.get("tcpproxy"), dict):
        rules = [mapping(spec.get("tcpproxy"))]
    for rule in rules:
        paths = [text_of(one.get("prefix") or one.get("exact")) for one in mappings(rule.get("conditions"))]
        for service in mappings(rule.get("services")):
            port = service.get("port")
            name = text_of(service.get("name"))
            backend = Backend(member.id.namespace, name, port if isinstance(port, int) else None)
            protocol = Protocol.HTTPS if passes else _contour_protocol(service, backend, around)
            hosts = unique([text_of(host.get("fqdn"))])
            words = unique([*hosts, name])
            yield Route(member, "the HTTPProxy", backend, where, protocol, hosts, unique(paths), (), words)


def _contour_protocol(service: Mapping[str, Any], backend: Backend, around: Surroundings) -> Protocol:
    told = text_of(service.get("protocol"))
    annotations = annotations_of(around.service(backend))
    for each in ("tls", "h2", "h2c"):
        ports = annotations.get(f"projectcontour.io/upstream-protocol.{each}", "").split(",")
        if not told and str(backend.port) in (port.strip() for port in ports):
            told = each
    return {"tls": Protocol.HTTPS, "h2": Protocol.GRPCS, "h2c": Protocol.GRPC}.get(told, Protocol.HTTP)


def of_tunnel(member: Member, around: Surroundings) -> Iterator[Route]:
    """The routes of a tunnel's configuration in a ConfigMap."""
    doubts = (_FROM_DASHBOARD,) if _runs_by_token(member, around) else ()
    for text in data_of(member).values():
        if not isinstance(text, str) or "ingress:" not in text or "service:" not in text:
            continue
        try:
            values = [
                document.value() for document in read_documents("tunnel", text.encode("utf-8", "surrogateescape"))
            ]
        except GitopsError:
            continue
        for rule in (rule for value in values for rule in mappings(mapping(value).get("ingress"))):
            url = text_of(rule.get("service"))
            backend, protocol = _origin(url, member.id.namespace)
            if backend is not None:
                hosts, paths = unique([text_of(rule.get("hostname"))]), unique([text_of(rule.get("path"))])
                words = unique([url, *hosts])
                yield Route(member, "the tunnel", backend, Tls.EDGE, protocol, hosts, paths, doubts, words)


def _origin(url: str, namespace: str) -> tuple[Backend | None, Protocol]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None, Protocol.UNKNOWN
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return None, Protocol.UNKNOWN
    place = host_of(parts.hostname, namespace)
    secure = parts.scheme == "https"
    backend = Backend(*place, port or (443 if secure else 80)) if place is not None else None
    return backend, Protocol.HTTPS if secure else Protocol.HTTP


def _runs_by_token(member: Member, around: Surroundings) -> bool:
    """Whether a tunnel of the same namespace runs by a token."""
    for workload in around.members:
        route = POD_SPECS.get((workload.id.group, workload.id.kind))
        if route is None or workload.id.namespace != member.id.namespace:
            continue
        for container in mappings(mapping(at(workload.manifest, route)).get("containers")):
            if "cloudflared" not in text_of(container.get("image")):
                continue
            said = [text_of(one) for one in (*sequence(container.get("command")), *sequence(container.get("args")))]
            named = {text_of(one.get("name")) for one in mappings(container.get("env"))}
            if "TUNNEL_TOKEN" in named or any(one.partition("=")[0] in ("--token", "--token-file") for one in said):
                return True
    return False
