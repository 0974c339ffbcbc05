"""What the edge speaks to argocd-server, and what the server is set to."""

from __future__ import annotations

import json
from typing import Any

import pytest

from checks.model import Severity
from tests.checks.argocd.stage import judged, messages, of_files, params, workload
from tests.scenarios import Files, application, documents, manifest

LOOP, PROTOCOL = "argocd-redirect-loop", "argocd-backend-protocol"
HOST = "argocd.example.com"
HANDED = {"ARGOCD_SERVER_INSECURE": {"key": "server.insecure"}}
TLS = workload("argocd-server", env=HANDED)
INSECURE = workload("argocd-server", "--insecure")


def service(*, metadata: dict[str, Any] | None = None, port: dict[str, Any] | None = None, **spec: Any) -> str:
    ports = [
        {"name": "http", "port": 80, "targetPort": 8080, **(port or {})},
        {"name": "https", "port": 443, "targetPort": 8080},
    ]
    spec = {"selector": {"app.kubernetes.io/name": "argocd-server"}, "ports": ports, **spec}
    return manifest("Service", "argocd-server", "argocd", spec=spec, metadata=metadata or {})


def middleware(**spec: Any) -> str:
    return manifest("Middleware", "first", "argocd", "traefik.io/v1alpha1", spec=spec)


def ingress(port: int | str = 80, cls: str = "nginx", path: str = "/", tls: bool = True, **annotations: str) -> str:
    named = {"number": port} if isinstance(port, int) else {"name": port}
    backend = {"service": {"name": "argocd-server", "port": named}}
    spec: dict[str, Any] = {
        "ingressClassName": cls,
        "rules": [{"host": HOST, "http": {"paths": [{"path": path, "backend": backend}]}}],
    }
    spec |= {"tls": [{"hosts": [HOST], "secretName": "tls"}]} if tls else {}
    written = {_KEYS[key]: value for key, value in annotations.items()}
    return manifest(
        "Ingress", "argocd", "argocd", "networking.k8s.io/v1", spec=spec, metadata={"annotations": written}
    )


_KEYS = {
    "nginx": "nginx.ingress.kubernetes.io/backend-protocol",
    "passthrough": "nginx.ingress.kubernetes.io/ssl-passthrough",
    "f5": "nginx.org/ssl-services",
    "alb": "alb.ingress.kubernetes.io/backend-protocol",
    "certificate": "alb.ingress.kubernetes.io/certificate-arn",
    "haproxy": "haproxy.org/server-ssl",
    "router": "traefik.ingress.kubernetes.io/router.entrypoints",
    "middlewares": "traefik.ingress.kubernetes.io/router.middlewares",
    "gateway": "appgw.ingress.kubernetes.io/backend-protocol",
}


def gateway_route(kind: str = "HTTPRoute", port: int = 80) -> str:
    spec = {
        "parentRefs": [{"name": "edge", "sectionName": "https"}],
        "hostnames": [HOST],
        "rules": [{"backendRefs": [{"name": "argocd-server", "port": port}]}],
    }
    return manifest(kind, "argocd", "argocd", "gateway.networking.k8s.io/v1", spec=spec)


def gateway(protocol: str = "HTTPS", mode: str = "Terminate") -> str:
    listener = {"name": "https", "port": 443, "protocol": protocol, "tls": {"mode": mode}}
    return manifest("Gateway", "edge", "argocd", "gateway.networking.k8s.io/v1", spec={"listeners": [listener]})


def istio_route() -> str:
    route = [{"destination": {"host": "argocd-server.argocd.svc.cluster.local", "port": {"number": 80}}}]
    spec = {"hosts": [HOST], "gateways": ["edge"], "http": [{"route": route}]}
    return manifest("VirtualService", "argocd", "argocd", "networking.istio.io/v1", spec=spec)


def istio_gateway(mode: str = "SIMPLE", **tls: Any) -> str:
    spec = {"servers": [{"port": {"number": 443}, "tls": {"mode": mode, **tls} if mode else tls}]}
    return manifest("Gateway", "edge", "argocd", "networking.istio.io/v1", spec=spec)


def traefik(scheme: str = "", port: int | str = 80, tls: bool = True, first: str = "") -> str:
    """An IngressRoute, behind the middleware `first`."""
    backend = {"name": "argocd-server", "port": port} | ({"scheme": scheme} if scheme else {})
    spec: dict[str, Any] = {"routes": [{"match": f"Host(`{HOST}`)", "services": [backend]}]}
    spec["routes"][0] |= {"middlewares": [{"name": first}]} if first else {}
    more: dict[str, Any] = {"tls": {}} if tls else {"entryPoints": ["web"]}
    spec |= more
    return manifest("IngressRoute", "argocd", "argocd", "traefik.io/v1alpha1", spec=spec)


def openshift(termination: str) -> str:
    spec = {
        "host": HOST,
        "to": {"name": "argocd-server"},
        "port": {"targetPort": "http"},
        "tls": {"termination": termination},
    }
    return manifest("Route", "argocd", "argocd", "route.openshift.io/v1", spec=spec)


def proxy(protocol: str = "", passthrough: bool = False) -> str:
    backend = {"name": "argocd-server", "port": 80} | ({"protocol": protocol} if protocol else {})
    spec = {"virtualhost": {"fqdn": HOST, "tls": {"passthrough": passthrough}}, "routes": [{"services": [backend]}]}
    return manifest("HTTPProxy", "argocd", "argocd", "projectcontour.io/v1", spec=spec)


def tunnel(url: str = "http://argocd-server.argocd.svc.cluster.local:80", token: bool = False) -> str:
    text = f"tunnel: x\ningress:\n- hostname: {HOST}\n  service: {url}\n- service: http_status:404\n"
    container = {
        "name": "c",
        "image": "cloudflare/cloudflared:2024.1.0",
        "args": ["tunnel", "run", *(["--token=x"] * token)],
    }
    pods = {"template": {"spec": {"containers": [container]}}}
    return documents(
        manifest("ConfigMap", "tunnel", "edge", data={"config.yaml": text}),
        manifest("Deployment", "cloudflared", "edge", "apps/v1", spec=pods),
    )


@pytest.mark.parametrize(
    "edge",
    [
        [ingress()],
        [ingress(443)],  # the port's number decides nothing
        [ingress(nginx="HTTP")],
        [ingress("http", cls="traefik")],
        [ingress(cls="alb", tls=False, certificate="arn:x")],
        [ingress(cls="haproxy")],
        [ingress(cls="azure-application-gateway")],
        [ingress(cls="tailscale", tls=False)],
        [gateway_route(), gateway()],
        [istio_route(), istio_gateway()],
        [traefik()],
        [openshift("edge")],
        [proxy()],
        [tunnel()],
        [tunnel("http://argocd-server.argocd")],
    ],
)
def test_plain_http_behind_tls_to_a_server_that_is_not_insecure_loops(edge: list[str]) -> None:
    (found,) = judged(LOOP, TLS, service(), *edge, params(other="x"))
    assert found.severity is Severity.ERROR
    assert found.message.startswith(f"`https://{HOST}` loops: ")
    assert found.topic.commands == 'data:\n  server.insecure: "true"'
    for server in (INSECURE, workload("argocd-server", env={"ARGOCD_SERVER_INSECURE": "true"})):
        assert judged(LOOP, server, service(), *edge) == []
    assert judged(LOOP, TLS, service(), *edge, params(server__insecure="true")) == []


@pytest.mark.parametrize(
    "edge",
    [
        [ingress(nginx="HTTPS")],
        [ingress(nginx="GRPCS")],
        [ingress(passthrough="true")],
        [ingress(f5="argocd-server")],
        [ingress(443, cls="traefik")],
        [ingress("https", cls="traefik")],
        [ingress(cls="alb", alb="HTTPS")],
        [ingress(cls="haproxy", haproxy="true")],
        [ingress(cls="azure-application-gateway", gateway="https")],
        [ingress(443, cls="tailscale")],
        [gateway_route("TLSRoute", 443), gateway("TLS", "Passthrough")],
        [
            gateway_route(),
            gateway(),
            manifest(
                "BackendTLSPolicy",
                "b",
                "argocd",
                "gateway.networking.k8s.io/v1",
                spec={"targetRefs": [{"kind": "Service", "name": "argocd-server"}]},
            ),
        ],
        [
            istio_route(),
            istio_gateway(),
            manifest(
                "DestinationRule",
                "d",
                "argocd",
                "networking.istio.io/v1",
                spec={"host": "argocd-server", "trafficPolicy": {"tls": {"mode": "SIMPLE"}}},
            ),
        ],
        [traefik("https")],
        [traefik(port=443)],
        [openshift("reencrypt")],
        [openshift("passthrough")],
        [proxy("tls")],
        [proxy(passthrough=True)],
        [tunnel("https://argocd-server.argocd")],
    ],
)
def test_https_to_the_server_is_right_for_one_with_tls_and_wrong_for_one_without(edge: list[str]) -> None:
    assert messages(judged(LOOP, TLS, service(), *edge, params(other="x"))) == []
    assert messages(judged(PROTOCOL, TLS, service(), *edge, params(other="x"))) in ([], _only_grpc(edge))
    (found,) = judged(PROTOCOL, INSECURE, service(), *edge)
    assert found.severity is Severity.ERROR and HOST in found.message


def _only_grpc(edge: list[str]) -> list[str]:
    grpc = any("GRPCS" in each for each in edge)
    return [
        f"`https://{HOST}`: the nginx Ingress speaks gRPC alone, and no other route leads to `argocd-server`"
    ] * grpc


@pytest.mark.parametrize(
    "edge",
    [
        [
            ingress(nginx="GRPC"),
            manifest("Ingress", "ui", "argocd", "networking.k8s.io/v1", spec=json.loads(ingress())["spec"]),
        ],
        [gateway_route("GRPCRoute"), gateway()],
        [traefik("h2c")],
        [proxy("h2c")],
    ],
)
def test_grpc_without_tls_needs_an_insecure_server(edge: list[str]) -> None:
    (found,) = judged(PROTOCOL, TLS, service(), *edge, params(other="x"))
    assert "speaks gRPC without TLS to an `argocd-server` that is not insecure" in found.message
    assert judged(PROTOCOL, INSECURE, service(), *edge) == []


@pytest.mark.parametrize(
    ("edge", "doubt"),
    [
        ([ingress(tls=False)], "it lists no certificate"),
        ([gateway_route()], "its Gateway argocd/edge is not in this repository"),
        ([istio_route()], "its Gateway argocd/edge is not in this repository"),
        ([tunnel(token=True)], "runs by a token"),
    ],
)
def test_what_git_does_not_show_makes_it_a_warning(edge: list[str], doubt: str) -> None:
    (found,) = judged(LOOP, TLS, service(), *edge, params(other="x"))
    assert found.severity is Severity.WARNING and doubt in found.topic.message


@pytest.mark.parametrize(
    "made",
    [
        # Nothing on the way but the server.
        [TLS, service(type="LoadBalancer"), params(other="x")],
        [TLS, service(), ingress(cls="unheard-of"), params(other="x")],
        [TLS, service(), ingress(cls="traefik", tls=False, router="web"), params(other="x")],
        [TLS, service(), gateway_route(), gateway("HTTP"), params(other="x")],
        # What the server is set to is not in git.
        [TLS, service(), ingress()],
        [
            workload("argocd-server", "$(MORE)", command=["sh", "-c", "argocd-server $MORE; true"]),
            service(),
            ingress(),
        ],
        # Another path than the server's own.
        [workload("argocd-server", "--rootpath=/argocd"), service(), ingress(path="/other")],
        # The Service leads to the metrics.
        [workload("argocd-server"), service(port={"targetPort": 8083}), ingress()],
        [workload("argocd-server"), service(selector={"app": "shop"}), ingress()],
    ],
)
def test_where_nothing_loops_or_nobody_can_tell_there_is_nothing(made: list[str]) -> None:
    assert messages(judged(LOOP, *made)) == []


def test_a_webhook_is_answered_with_307_and_does_not_loop() -> None:
    (found,) = judged(LOOP, workload("argocd-server"), service(), ingress(path="/api/webhook"))
    assert found.severity is Severity.WARNING and "is answered with 307" in found.message


@pytest.mark.parametrize(
    ("text", "silent"),
    [
        ('kubectl -n argocd patch configmap argocd-cmd-params-cm -p \'{"data":{"server.insecure":"true"}}\'\n', True),
        ("helm upgrade argocd argo/argo-cd --set 'configs.params.server\\.insecure=true'\n", True),
        ("kubectl get pods\nargocd login argocd.example.com --insecure\n", False),
        ("# kubectl patch ... server.insecure\nkubectl get pods -n argocd\n", False),
    ],
)
def test_a_script_may_bring_what_git_does_not(text: str, silent: bool) -> None:
    found = judged(LOOP, workload("argocd-server"), service(), ingress(), files={"scripts/setup.sh": text})
    assert (found == []) is silent


@pytest.mark.parametrize(
    ("server", "place"),
    [
        (workload("argocd-server"), "- --insecure"),
        (workload("argocd-server", env=HANDED), 'data:\n  server.insecure: "true"'),
        (workload("argocd-server", env={"ARGOCD_SERVER_INSECURE": "false"}), ""),
    ],
)
def test_the_advice_is_about_the_place_where_the_server_is_told(server: str, place: str) -> None:
    (found,) = judged(LOOP, server, service(), ingress(), params(other="x"))
    assert found.topic.commands == place and "restart argocd-server" in found.topic.advice


def test_another_route_by_https_has_to_change_with_it() -> None:
    (found,) = judged(LOOP, workload("argocd-server"), service(), ingress(), traefik("https"))
    assert "argocd/3.yaml:1 speaks HTTPS to the server and has to change too" in found.topic.advice


def in_a_file(server: str) -> Files:
    """The tunnel is deployed, and the server's manifests are not."""
    edge = application("edge", "edge", namespace="edge")
    return {"apps.yaml": edge, "edge/t.yaml": tunnel(), "ops/server.yaml": documents(server, service())}


def test_a_server_that_only_a_file_makes_insecure_may_loop() -> None:
    for server in (INSECURE, workload("argocd-server")):
        (found,) = of_files(LOOP, in_a_file(server))
        assert found.severity is Severity.WARNING and found.span.path == "edge/t.yaml"
    script = {"deploy.sh": "kubectl -n argocd patch cm argocd-cmd-params-cm --patch 'server.insecure: true'"}
    assert of_files(LOOP, {**in_a_file(INSECURE), **script}) == []


@pytest.mark.parametrize(
    "edge",
    [
        [service(), traefik().replace('"port": 80', '"port": 80, "serversTransport": "skip"')],
        [
            service(metadata={"annotations": {"traefik.ingress.kubernetes.io/service.serverstransport": "a-skip@x"}}),
            traefik(),
        ],
    ],
)
def test_what_a_transport_of_traefik_s_speaks_nobody_tells(edge: list[str]) -> None:
    for rule, server in ((LOOP, TLS), (PROTOCOL, INSECURE)):
        assert judged(rule, server, *edge, params(other="x")) == []
