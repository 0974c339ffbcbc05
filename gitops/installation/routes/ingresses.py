"""Ingresses, by the controller that reads them.

Sources: ingress-nginx docs/user-guide/nginx-configuration/annotations.md (backend-protocol, ssl-passthrough; the port
decides nothing); traefik pkg/provider/kubernetes/ingress (port 443 and names that begin with https; routers for
`websecure`); aws-load-balancer-controller docs/guide/ingress/annotations.md; GKE's ingress features; haproxy.org and
haproxy-ingress annotations; docs.konghq.com; tailscale cmd/k8s-operator/ingress.go; Azure application-gateway
annotations; docs.cilium.io (Ingress); projectcontour.io.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from gitops.installation.model import Member
from gitops.installation.routes.model import (
    Backend,
    Protocol,
    Route,
    Surroundings,
    Tls,
    annotations_of,
    mappings,
    texts,
    unique,
)
from gitops.resources.manifests import text_of


@dataclass(frozen=True, slots=True)
class _Asked:
    """One backend of an Ingress: its annotations, those of the Service, the Service's port, whether `spec.tls` has
    the host."""

    annotations: Mapping[str, str]
    service: Mapping[str, str]
    backend: Backend
    port: Mapping[str, Any]
    listed: bool


Answer = tuple[Tls, Protocol, tuple[str, ...]]
# Middlewares of Traefik that hand each request on.
_HANDS_ON: Final = frozenset(
    {
        *("addPrefix", "basicAuth", "buffering", "circuitBreaker", "compress", "contentType", "digestAuth", "errors"),
        *("grpcWeb", "headers", "inFlightReq", "rateLimit", "replacePath", "replacePathRegex", "retry"),
        *("stripPrefix", "stripPrefixRegex"),
    }
)
_NO_CERTIFICATE: Final = "it lists no certificate for the host, and the controller may serve one of its own"


def routes_of(member: Member, around: Surroundings) -> Iterator[Route]:
    """The routes of an Ingress; nothing of one whose controller is not known."""
    spec = member.manifest.get("spec")
    if not isinstance(spec, dict):
        return
    annotations = annotations_of(member)
    controller = _controller(spec, annotations, around)
    if controller is None:
        return
    name, judge = controller
    covered = {host for entry in mappings(spec.get("tls")) for host in texts(entry.get("hosts"))}
    everything = any(not texts(entry.get("hosts")) for entry in mappings(spec.get("tls")))
    for host, path, backend in _backends(spec, member.id.namespace):
        service = annotations_of(around.service(backend))
        wild = f"*.{host.partition('.')[2]}"
        listed = everything or host in covered or wild in covered
        asked = _Asked(annotations, service, backend, around.port_of(backend), listed)
        tls, protocol, doubts = judge(asked)
        away = tls is Tls.NOWHERE and judge is _traefik and turns_away(_middlewares(annotations), around)
        words = unique([host, backend.name])
        yield Route(member, name, backend, tls, protocol, unique([host]), unique([path]), doubts, words, away)


def _backends(spec: Mapping[str, Any], namespace: str) -> Iterator[tuple[str, str, Backend]]:
    default = _backend(spec.get("defaultBackend"), namespace)
    if default is not None:
        yield "", "", default
    for rule in mappings(spec.get("rules")):
        for path in mappings((rule.get("http") or {}).get("paths") if isinstance(rule.get("http"), dict) else None):
            backend = _backend(path.get("backend"), namespace)
            if backend is not None:
                yield text_of(rule.get("host")), text_of(path.get("path")), backend


def _backend(value: Any, namespace: str) -> Backend | None:
    service = value.get("service") if isinstance(value, dict) else None
    if not isinstance(service, dict):
        return None
    port = service.get("port")
    number = (port.get("number") or port.get("name")) if isinstance(port, dict) else None
    return Backend(namespace, text_of(service.get("name")), number if isinstance(number, int | str) else None)


def _controller(
    spec: Mapping[str, Any], annotations: Mapping[str, str], around: Surroundings
) -> tuple[str, Callable[[_Asked], Answer]] | None:
    named = text_of(spec.get("ingressClassName")) or annotations.get("kubernetes.io/ingress.class", "")
    classes = list(around.of_kind("IngressClass"))
    told = [one for one in classes if one.id.name == named] if named else []
    controllers = " ".join(text_of((one.manifest.get("spec") or {}).get("controller")) for one in told)
    said = f"{named} {controllers}".lower()
    if named:
        return next((each[1:] for each in _CONTROLLERS if any(word in said for word in each[0][0])), None)
    # Without a class, annotations that only one of them reads tell who was meant.
    prefixes = [each for each in _CONTROLLERS if any(key.startswith(each[0][1]) for key in annotations)]
    return prefixes[0][1:] if len(prefixes) == 1 else None


def _edge(asked: _Asked, certain: bool = False) -> tuple[Tls, tuple[str, ...]]:
    if asked.listed or certain:
        return Tls.EDGE, ()
    return Tls.UNKNOWN, (_NO_CERTIFICATE,)


def _nginx(asked: _Asked) -> Answer:
    prefix = "nginx.ingress.kubernetes.io/"
    if asked.annotations.get(f"{prefix}ssl-passthrough") == "true":
        return Tls.SERVER, Protocol.HTTPS, ()
    told = asked.annotations.get(f"{prefix}backend-protocol", "HTTP").upper()
    if asked.annotations.get(f"{prefix}secure-backends") == "true":
        told = "HTTPS"
    for name, protocol in (("ssl-services", "HTTPS"), ("grpc-services", "GRPC")):  # NGINX's own controller
        if asked.backend.name in asked.annotations.get(f"nginx.org/{name}", "").split(","):
            told = protocol
    known = {"HTTP": Protocol.HTTP, "HTTPS": Protocol.HTTPS, "GRPC": Protocol.GRPC, "GRPCS": Protocol.GRPCS}
    tls, doubts = _edge(asked)
    return tls, known.get(told, Protocol.UNKNOWN), doubts


def _traefik(asked: _Asked) -> Answer:
    prefix = "traefik.ingress.kubernetes.io/"
    entry_points = asked.annotations.get(f"{prefix}router.entrypoints", "").split(",")
    ends = asked.listed or asked.annotations.get(f"{prefix}router.tls") == "true" or "websecure" in entry_points
    scheme = asked.service.get(f"{prefix}service.serversscheme", "")
    if scheme in ("https", "h2c"):
        protocol = Protocol.HTTPS if scheme == "https" else Protocol.GRPC
    else:
        protocol = Protocol.HTTPS if is_https_port(asked.backend, asked.port) else Protocol.HTTP
    if not asked.port and isinstance(asked.backend.port, str):
        protocol = Protocol.UNKNOWN
    return Tls.EDGE if ends else Tls.NOWHERE, protocol, ()


def _middlewares(annotations: Mapping[str, str]) -> list[str]:
    named = annotations.get("traefik.ingress.kubernetes.io/router.middlewares", "")
    return [one.strip().partition("@")[0] for one in named.split(",") if one.strip()]


def turns_away(middlewares: Iterable[str], around: Surroundings) -> bool:
    """Whether Traefik may answer by itself, with a redirect to https or a refusal, before a request gets to the
    Service: by one of these middlewares (`NAMESPACE-NAME`), of which those that are not in git may do anything."""
    known = {
        f"{one.id.namespace}-{one.id.name}": one.manifest.get("spec") or {} for one in around.of_kind("Middleware")
    }
    return any(name not in known or set(known[name]) - _HANDS_ON for name in middlewares)


def is_https_port(backend: Backend, port: Mapping[str, Any]) -> bool:
    """Whether Traefik speaks HTTPS to a port by itself."""
    number, name = port.get("port", backend.port), text_of(port.get("name"))
    return number == 443 or name.startswith("https")


def _alb(asked: _Asked) -> Answer:
    prefix = "alb.ingress.kubernetes.io/"
    told = asked.annotations.get(f"{prefix}backend-protocol", "HTTP").upper()
    version = asked.annotations.get(f"{prefix}backend-protocol-version", "HTTP1").upper()
    ends = f"{prefix}certificate-arn" in asked.annotations or "HTTPS" in asked.annotations.get(
        f"{prefix}listen-ports", ""
    )
    tls, doubts = _edge(asked, ends)
    if version in ("GRPC", "HTTP2"):
        return tls, Protocol.GRPCS if told == "HTTPS" else Protocol.GRPC, doubts
    return tls, Protocol.HTTPS if told == "HTTPS" else Protocol.HTTP, doubts


def _gce(asked: _Asked) -> Answer:
    named = ("networking.gke.io/managed-certificates", "ingress.gcp.kubernetes.io/pre-shared-cert")
    tls, doubts = _edge(asked, any(name in asked.annotations for name in named))
    protocol = Protocol.HTTP
    for name in ("cloud.google.com/app-protocols", "service.alpha.kubernetes.io/app-protocols"):
        try:
            told = json.loads(asked.service.get(name, "{}"))
        except ValueError:
            return tls, Protocol.UNKNOWN, doubts
        wanted = told.get(text_of(asked.port.get("name"))) if isinstance(told, dict) else None
        if wanted is not None:
            protocol = {"HTTPS": Protocol.HTTPS, "HTTP2": Protocol.GRPCS}.get(wanted, Protocol.HTTP)
    return tls, protocol, doubts


def _flag(*names: str, passthrough: tuple[str, ...] = (), always: bool = False) -> Callable[[_Asked], Answer]:
    """A controller with annotations (of the Ingress or the Service) that switch HTTPS to the server on."""

    def judge(asked: _Asked) -> Answer:
        both = {**asked.service, **asked.annotations}
        if any(both.get(name, "").lower() in ("true", "enabled") for name in passthrough):
            return Tls.SERVER, Protocol.HTTPS, ()
        values = {both.get(name, "").lower() for name in names}
        tls, doubts = _edge(asked, always)
        if values & {"true", "https", "h1-ssl"}:
            return tls, Protocol.HTTPS, doubts
        if values & {"grpcs", "h2-ssl"}:
            return tls, Protocol.GRPCS, doubts
        if values & {"grpc", "h2"}:
            return tls, Protocol.GRPC, doubts
        return tls, Protocol.HTTP, doubts

    return judge


def _tailscale(asked: _Asked) -> Answer:
    secure = asked.port.get("port", asked.backend.port) == 443 or "https" in (
        asked.backend.port,
        asked.port.get("name"),
    )
    return Tls.EDGE, Protocol.HTTPS if secure else Protocol.HTTP, ()


def _contour(asked: _Asked) -> Answer:
    tls, doubts = _edge(asked)
    ports = {each.strip() for each in asked.service.get("projectcontour.io/upstream-protocol.tls", "").split(",")}
    secure = str(asked.backend.port) in ports or str(asked.port.get("port")) in ports
    return tls, Protocol.HTTPS if secure else Protocol.HTTP, doubts


# Words in the class, the prefix of its annotations; what people call it; how it decides.
_CONTROLLERS: Final[tuple[tuple[tuple[tuple[str, ...], str], str, Callable[[_Asked], Answer]], ...]] = (
    ((("nginx",), "nginx.ingress.kubernetes.io/"), "the nginx Ingress", _nginx),
    ((("traefik",), "traefik.ingress.kubernetes.io/"), "the Traefik Ingress", _traefik),
    ((("alb", "ingress.k8s.aws"), "alb.ingress.kubernetes.io/"), "the ALB Ingress", _alb),
    ((("gce",), "networking.gke.io/"), "the GKE Ingress", _gce),
    (
        (("haproxy",), "haproxy"),
        "the HAProxy Ingress",
        _flag(
            "haproxy.org/server-ssl",
            "haproxy-ingress.github.io/backend-protocol",
            "haproxy-ingress.github.io/secure-backends",
            "ingress.kubernetes.io/secure-backends",
            passthrough=("haproxy.org/ssl-passthrough", "haproxy-ingress.github.io/ssl-passthrough"),
        ),
    ),
    ((("kong",), "konghq.com/"), "the Kong Ingress", _flag("konghq.com/protocol")),
    ((("tailscale",), "tailscale.com/"), "the Tailscale Ingress", _tailscale),
    (
        (("azure-application-gateway", "azure/application-gateway"), "appgw.ingress.kubernetes.io/"),
        "the Application Gateway Ingress",
        _flag("appgw.ingress.kubernetes.io/backend-protocol"),
    ),
    (
        (("cilium",), "ingress.cilium.io/"),
        "the Cilium Ingress",
        _flag(passthrough=("ingress.cilium.io/tls-passthrough",)),
    ),
    ((("contour",), "projectcontour.io/"), "the Contour Ingress", _contour),
)
