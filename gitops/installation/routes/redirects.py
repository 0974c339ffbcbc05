"""Who answers a plain HTTP request with a redirect to HTTPS.

Sources: argo-cd server/server.go (newRedirectServer: 307); ingress-nginx docs (`ssl-redirect` is on for hosts with
TLS, 308); docs.openshift.com (`insecureEdgeTerminationPolicy: Redirect`, 302); projectcontour.io (HTTPProxy with TLS,
301); istio.io (`httpsRedirect`, 301); gateway-api.sigs.k8s.io (RequestRedirect, 302 unless it says otherwise).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult

from gitops.facts.secrets.pods import mapping
from gitops.installation.model import Installation, Member
from gitops.installation.routes.find import SERVER, behind
from gitops.installation.routes.gateways import GATEWAY_API, ISTIO
from gitops.installation.routes.model import (
    Backend,
    Protocol,
    Route,
    Surroundings,
    Tls,
    annotations_of,
    host_of,
    mappings,
    texts,
)
from gitops.installation.settings import setting
from gitops.resources.manifests import text_of

_NGINX: Final = "nginx.ingress.kubernetes.io/"


@dataclass(frozen=True, slots=True)
class Redirect:
    """The status, and who answers with it."""

    status: int
    who: str


def redirect_of(
    url: SplitResult, around: Surroundings, routes: Sequence[Route], installations: Iterable[Installation]
) -> Redirect | None:
    """What answers `url` (with a host) with a redirect to HTTPS; None where nothing is known to."""
    host = url.hostname or ""
    if url.scheme != "http":
        return None
    servers = list(installations)
    place = host_of(host, "")
    if place is not None and place[0] and around.service(named := Backend(*place, url.port or 80)) is not None:
        return _by_server(named, around, servers)
    leading = [route for route in routes if host in route.hosts]
    for member in dict.fromkeys(route.member for route in leading):
        status = _of_edge(member, next(one for one in leading if one.member is member), host, around)
        if status:
            return Redirect(status, f"{member.id}")
    for member in around.of_kind("HTTPRoute", GATEWAY_API):
        spec = mapping(member.manifest.get("spec"))
        if host in texts(spec.get("hostnames")) and (status := _of_filters(spec)):
            return Redirect(status, f"{member.id}")
    plain = [one for one in leading if one.tls is Tls.NOWHERE and one.protocol is Protocol.HTTP]
    found = [_by_server(one.backend, around, servers) for one in plain if len(plain) == len(leading)]
    return found[0] if found else None


def _by_server(backend: Backend, around: Surroundings, installations: Iterable[Installation]) -> Redirect | None:
    """What an argocd-server does with HTTP that is not insecure."""
    for installation in installations:
        if installation.namespace == backend.namespace and not installation.directory:
            process = behind(installation, around, backend, installation.of(SERVER))
            if process is not None and setting(installation, process, "insecure").on is False:
                return Redirect(307, f"`argocd-server` in {installation.namespace}, which is not insecure,")
    return None


def _of_edge(member: Member, route: Route, host: str, around: Surroundings) -> int:
    """The status; 0 where it is not known to redirect."""
    annotations, spec = annotations_of(member), mapping(member.manifest.get("spec"))
    if member.id.kind == "Ingress" and "nginx" in route.edge:
        forced = annotations.get(f"{_NGINX}force-ssl-redirect") == "true"
        on = route.tls is Tls.EDGE and annotations.get(f"{_NGINX}ssl-redirect") != "false"
        return 308 if forced or on else 0
    if member.id.kind == "Route":
        policy = text_of(mapping(spec.get("tls")).get("insecureEdgeTerminationPolicy"))
        return 302 if policy == "Redirect" else 0
    if member.id.kind == "HTTPProxy":
        permits = any(one.get("permitInsecure") is True for one in mappings(spec.get("routes")))
        return 301 if route.tls is Tls.EDGE and not permits else 0
    if member.id.kind == "VirtualService":
        named = {name.rpartition("/")[2] for name in texts(spec.get("gateways"))}
        return (
            301
            if any(_sends_on(one, host) for one in around.of_kind("Gateway", ISTIO) if one.id.name in named)
            else 0
        )
    return 0


def _sends_on(gateway: Member, host: str) -> bool:
    for server in mappings(mapping(gateway.manifest.get("spec")).get("servers")):
        hosts = {name.rpartition("/")[2] for name in texts(server.get("hosts"))}
        serves = hosts & {host, "*", f"*.{host.partition('.')[2]}"}
        if serves and mapping(server.get("tls")).get("httpsRedirect") is True:
            return True
    return False


def _of_filters(spec: object) -> int:
    """The status of a route that does nothing but redirect to HTTPS."""
    rules = mappings(mapping(spec).get("rules"))
    found = [next(_redirects(rule.get("filters")), 0) for rule in rules]
    return found[0] if found and all(found) else 0


def _redirects(filters: object) -> Iterator[int]:
    for one in mappings(filters):
        told = mapping(one.get("requestRedirect"))
        if text_of(told.get("scheme")) == "https":
            status = told.get("statusCode", 302)
            yield status if isinstance(status, int) else 302
